#include "libra/serving/recorder.h"

#include <cstdio>

#include "libra/core/error.h"
#include "libra/data/lerobot_writer.h"
#include "libra/preprocess/image.h"

namespace libra::serving {
namespace {

constexpr size_t kMostWaiting = 512;  // frames that the disk may be behind

}  // namespace

struct Track {
  Track() : frames(std::tmpfile()) {}
  ~Track() {
    if (frames != nullptr) std::fclose(frames);
  }
  Track(const Track&) = delete;
  Track& operator=(const Track&) = delete;

  // The connection's.
  int64_t next_step = 0;
  bool whole = true;
  std::string peer;

  // The recorder's thread's.
  std::FILE* frames;
  data::Demo demo;
};

Recorder::Recorder(const std::string& root, const Embodiment& embodiment, Metrics& metrics,
                   Log& log)
    : metrics_(metrics), log_(log), writer_(data::write_lerobot(root, embodiment, {})) {
  const std::set<int64_t> there = writer_->finished();
  if (!there.empty()) next_number_ = *there.rbegin() + 1;
  thread_ = std::thread([this] { run(); });
}

Recorder::~Recorder() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
  try {
    writer_->join();
  } catch (const std::exception& e) {
    log_.line("recording failed", {{"error", e.what()}});
  }
}

void Recorder::post(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void Recorder::run() {
  for (;;) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return ending_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    try {
      job();
    } catch (const std::exception& e) {
      log_.line("recording failed", {{"error", e.what()}});
    }
  }
}

void Recorder::add(std::shared_ptr<Track>& track, Observation observation,
                   const std::string& instruction, std::span<const float> action,
                   const std::string& peer) {
  if (track == nullptr) {
    track = std::make_shared<Track>();
    track->peer = peer;
    track->demo.instruction = instruction;
    track->next_step = observation.step;
  }
  if (!track->whole) return;
  size_t waiting = 0;
  {
    const std::lock_guard lock(mutex_);
    waiting = jobs_.size();
  }
  const bool in_step = observation.step == track->next_step;
  if (!in_step || waiting > kMostWaiting || track->frames == nullptr) {
    track->whole = false;
    log_.line("episode not recorded",
              {{"peer", peer},
               {"reason", !in_step ? "an episode needs an observation of every control step"
                                   : "the disk is too slow, or takes no temporary file"}});
    return;
  }
  ++track->next_step;
  post([this, track, seen = std::make_shared<Observation>(std::move(observation)),
        numbers = std::vector<float>(action.begin(), action.end())] {
    write_frame(*track, *seen, numbers);
  });
}

void Recorder::finish(std::shared_ptr<Track> track, bool success) {
  if (track == nullptr || !track->whole) return;
  post([this, track = std::move(track), success] { write_episode(*track, success); });
}

// A data set's pictures of a camera are all of one size: that of the first.
void Recorder::fit(std::vector<Image>& images) {
  if (sizes_.empty()) {
    for (const Image& image : images) {
      // Films have even sides; a camera that is missing has a picture too.
      sizes_.emplace_back(std::max(16, image.height & ~1), std::max(16, image.width & ~1));
    }
  }
  for (size_t c = 0; c < images.size(); ++c) {
    const auto [height, width] = sizes_[c];
    if (images[c].height == height && images[c].width == width) continue;
    images[c] = images[c].rgb.empty() ? Image(height, width)
                                      : preprocess::resize_with_pad(images[c], height, width);
  }
}

void Recorder::write_frame(Track& track, Observation& observation,
                           const std::vector<float>& action) {
  fit(observation.images);
  for (const Image& image : observation.images) {
    if (std::fwrite(image.rgb.data(), 1, image.rgb.size(), track.frames) != image.rgb.size()) {
      track.demo.frames = -1;  // the disk is full: write_episode says so
      return;
    }
  }
  if (track.demo.frames < 0) return;
  track.demo.proprio.push_back(observation.proprio);
  track.demo.actions.push_back(action);
  ++track.demo.frames;
}

void Recorder::write_episode(Track& track, bool success) {
  data::Demo& demo = track.demo;
  if (demo.frames < 0) throw Error(ErrorCode::kFailed, "there is no room for an episode's frames");
  if (demo.frames == 0) return;
  const auto frames = static_cast<size_t>(demo.frames);
  demo.cameras = sizes_.size();
  demo.height = sizes_.empty() ? 0 : sizes_[0].first;
  demo.width = sizes_.empty() ? 0 : sizes_[0].second;
  demo.expert_actions = demo.actions;
  demo.perturbed.assign(frames, 0);
  demo.success.assign(frames, 0);
  demo.success.back() = success ? 1 : 0;
  demo.episode = static_cast<uint64_t>(next_number_);
  std::rewind(track.frames);
  const auto pictures = [&](const data::TakeFrame& take) {
    for (int t = 0; t < track.demo.frames; ++t) {
      std::vector<Image> cameras;
      for (const auto& [height, width] : sizes_) {
        Image image(height, width);
        if (std::fread(image.rgb.data(), 1, image.rgb.size(), track.frames) != image.rgb.size()) {
          throw Error(ErrorCode::kFailed, "an episode's frames cannot be read back");
        }
        cameras.push_back(std::move(image));
      }
      take(t, cameras);
    }
  };
  const int64_t number = next_number_++;
  data::Demo episode = demo;
  writer_->add(number, std::move(episode), pictures);
  metrics_.recorded(static_cast<int>(frames));
  log_.line("episode recorded", {{"number", number}, {"frames", frames}, {"peer", track.peer}});
}

}  // namespace libra::serving
