// Demonstrations in LIBERO's HDF5 schema as an episode source.
#include <algorithm>
#include <filesystem>
#include <mutex>

#include "libra/core/error.h"
#include "libra/data/demo_file.h"
#include "libra/data/episode_source.h"
#include "libra/data/hdf5_file.h"

namespace libra::data {

namespace fs = std::filesystem;

std::vector<std::string> find_demo_files(const std::string& path) {
  if (!fs::exists(path)) {
    throw Error(ErrorCode::kNotFound, {.where = path, .problem = "no such file or folder"});
  }
  if (!fs::is_directory(path)) return {path};
  std::vector<std::string> demos, others;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || entry.path().extension() != ".hdf5") continue;
    if (name == "scenes.hdf5" || entry.path().string().find(".parts/") != std::string::npos)
      continue;
    (name.ends_with("_demo.hdf5") ? demos : others).push_back(entry.path().string());
  }
  std::vector<std::string>& files = demos.empty() ? others : demos;
  if (files.empty()) {
    throw Error(ErrorCode::kNotFound,
                {.where = path,
                 .problem = "there are no episodes",
                 .expected = "a LeRobot data set (meta/info.json), or HDF5 files in LIBERO's or "
                             "robomimic's schema",
                 .next = "make some with `libra collect`"});
  }
  std::sort(files.begin(), files.end());
  return files;
}

namespace {

class Hdf5Source final : public EpisodeSource {
 public:
  Hdf5Source(const std::string& path, const Embodiment& embodiment) : embodiment_(embodiment) {
    for (const std::string& file : find_demo_files(path)) {
      files_.emplace_back(file);
      for (int i = 0; i < files_.back().size(); ++i) {
        episodes_.push_back({files_.size() - 1, i});
      }
    }
  }
  const Embodiment& embodiment() const override { return embodiment_; }
  std::string format() const override { return "LIBERO HDF5"; }
  int size() const override { return static_cast<int>(episodes_.size()); }
  Demo read(int episode, bool with_states) const override {
    const std::lock_guard lock(hdf5_mutex());
    const auto& [file, demo] = episodes_.at(static_cast<size_t>(episode));
    return files_[file].read(demo, {.states = with_states, .images = false});
  }
  void decode(int episode, const TakeFrame& take) const override {
    Demo demo;
    {
      const std::lock_guard lock(hdf5_mutex());
      const auto& [file, index] = episodes_.at(static_cast<size_t>(episode));
      demo = files_[file].read(index, {.states = false});
    }
    hand_over(demo, take);
  }

 private:
  struct Place {
    size_t file;
    int demo;
  };
  Embodiment embodiment_;
  std::vector<DemoFile> files_;
  std::vector<Place> episodes_;
};

}  // namespace

std::unique_ptr<EpisodeSource> open_hdf5(const std::string& path, const std::string& name) {
  const Embodiment embodiment = name.empty() ? libero_panda() : load_embodiment(name);
  require_same(embodiment, "--embodiment", libero_panda(), "LIBERO's HDF5 schema");
  return std::make_unique<Hdf5Source>(path, embodiment);
}

}  // namespace libra::data
