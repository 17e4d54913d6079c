#include "libra/data/episode_set.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "libra/core/error.h"
#include "libra/core/progress.h"
#include "libra/data/check.h"
#include "libra/data/demo_file.h"

namespace libra::data {
namespace {

namespace fs = std::filesystem;

// What decoded pictures follow from: the same key, the same bytes.
std::string key_of(const std::vector<std::string>& paths, const EpisodeSetOptions& options,
                   const std::vector<int>& pictures) {
  std::string key = options.fit_name + ";" + options.embodiment;
  for (const int side : options.sides) key += ";" + std::to_string(side);
  std::error_code error;
  for (const std::string& path : paths) {
    std::vector<std::string> files;
    const auto add = [&](const fs::path& file) {
      const auto time = fs::last_write_time(file, error).time_since_epoch().count();
      files.push_back(fs::absolute(file).string() + ":" +
                      std::to_string(fs::file_size(file, error)) + ":" + std::to_string(time));
    };
    if (fs::is_regular_file(path, error)) add(path);
    for (auto it = fs::recursive_directory_iterator(path, error);
         !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
      if (it->is_regular_file(error)) add(it->path());
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) key += ";" + file;
  }
  for (const int count : pictures) key += "," + std::to_string(count);
  return key;
}

// Told which picture it is, where a source says which frame.
TakeFrame numbered(const Demo& demo, const TakeFrame& take) {
  return [every = demo.every, &take](int frame, std::vector<Image>& cameras) {
    take(frame / every, cameras);
  };
}

}  // namespace

std::unique_ptr<EpisodeSet> EpisodeSet::open(const std::vector<std::string>& paths,
                                             const EpisodeSetOptions& options,
                                             const std::atomic<bool>* stop) {
  std::unique_ptr<EpisodeSet> set(new EpisodeSet);
  int64_t total = 0;
  for (const std::string& path : paths) {
    auto source = open_source(path, options.embodiment);
    if (!set->sources_.empty()) {
      require_same(source->embodiment(), path, set->embodiment_, paths[0]);
    } else {
      set->embodiment_ = source->embodiment();
    }
    total += source->size();
    set->sources_.push_back(std::move(source));
  }
  Progress progress("reading episodes", total);
  std::vector<int> pictures;
  for (size_t s = 0; s < set->sources_.size(); ++s) {
    for (int i = 0; i < set->sources_[s]->size(); ++i, progress.advance()) {
      if (stop != nullptr && *stop) {
        throw Error(ErrorCode::kInterrupted,
                    {.where = paths[s], .problem = "interrupted while reading"});
      }
      try {
        set->demos_.push_back(set->sources_[s]->read(i));
      } catch (const Error& error) {
        // Somebody pressed a button twice: nothing is lost by leaving that out.
        const bool idle = std::string(error.what()).find(kIdleEpisode) != std::string::npos;
        if (!idle && (!options.skip_bad || error.code() != ErrorCode::kBadInput)) throw;
        set->skipped_.emplace_back(error.what());
        continue;
      }
      set->origins_.push_back({s, i});
      pictures.push_back(set->demos_.back().pictures());
    }
  }
  progress.finish();
  if (!options.gripper.empty()) {
    for (Demo& demo : set->demos_) {
      rewrite_gripper(demo, set->embodiment_, options.gripper == "01");
    }
  }
  if (set->demos_.empty()) {
    throw Error(ErrorCode::kBadInput, {.where = paths.empty() ? "--data" : paths[0],
                                       .problem = "no episode can be read",
                                       .found = set->skipped_.empty() ? "" : set->skipped_[0]});
  }
  FrameStoreOptions store;
  store.sides = options.sides;
  set->side_ = options.sides.at(0);
  store.memory = options.memory;
  store.cache = options.cache;
  store.key = [paths, options, pictures] { return key_of(paths, options, pictures); };
  store.workers = options.workers;
  store.fit = options.fit;
  const EpisodeSet* self = set.get();
  set->store_ = std::make_unique<FrameStore>(
      pictures, set->embodiment_.cameras.size(),
      [self](size_t demo, const TakeFrame& take) {
        const Origin& origin = self->origins_[demo];
        self->sources_[origin.source]->decode(origin.episode, numbered(self->demos_[demo], take));
      },
      std::move(store));
  return set;
}

EpisodeSet::EpisodeSet(std::vector<Demo> demos, const Embodiment& embodiment)
    : embodiment_(embodiment), demos_(std::move(demos)) {
  std::vector<int> pictures;
  for (const Demo& demo : demos_) pictures.push_back(demo.pictures());
  FrameStoreOptions store;
  side_ = demos_.empty() ? 1 : demos_[0].height;
  store.sides = {side_};
  store.memory = ~uint64_t{0};
  store.workers = 0;
  store.fit = [](const Image& camera, int, Image& out) { out = camera; };
  store_ = std::make_unique<FrameStore>(
      pictures, embodiment.cameras.size(),
      [this](size_t index, const TakeFrame& take) {
        hand_over(demos_[index], numbered(demos_[index], take));
      },
      std::move(store));
}

action::NormStats statistics(const EpisodeSet& set, const Embodiment& embodiment, int horizon) {
  action::NormStatsAccumulator accumulator(embodiment, horizon);
  for (const Demo& demo : set.demos()) accumulator.add(demo.expert_actions, demo.proprio);
  return accumulator.finish();
}

int64_t EpisodeSet::frames() const {
  int64_t sum = 0;
  for (const Demo& demo : demos_) sum += demo.frames;
  return sum;
}

std::vector<Image> EpisodeSet::pictures(int demo, int frame) const {
  std::vector<Image> out(embodiment_.cameras.size(), Image(side_, side_));
  const size_t bytes = out[0].rgb.size();
  std::vector<uint8_t> all(out.size() * bytes);
  images(demo, frame, 0, all.data());
  for (size_t c = 0; c < out.size(); ++c) {
    std::copy_n(all.begin() + std::ptrdiff_t(c * bytes), bytes, out[c].rgb.begin());
  }
  return out;
}

void EpisodeSet::decode(int demo, const TakeFrame& take) const {
  if (sources_.empty()) return hand_over(demos_[size_t(demo)], take);
  const Origin& origin = origins_[size_t(demo)];
  sources_[origin.source]->decode(origin.episode, take);
}

void EpisodeSet::images(int demo, int frame, size_t which, uint8_t* out) const {
  store_->read(size_t(demo), frame / demos_[size_t(demo)].every, which, out);
}

}  // namespace libra::data
