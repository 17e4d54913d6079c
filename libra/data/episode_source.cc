#include "libra/data/episode_source.h"

#include <filesystem>

#include "libra/core/error.h"

namespace libra::data {
namespace {

namespace fs = std::filesystem;

struct Foreign {
  const char* name;
  const char* cure;
};

// Data that others convert.
const Foreign* foreign_kind(const fs::path& path) {
  static constexpr Foreign kRlds = {
      "an RLDS (TensorFlow Datasets) set",
      "convert it to LeRobot, for instance with any4lerobot's openx2lerobot"};
  static constexpr Foreign kZarr = {"a Zarr store",
                                    "convert it to LeRobot with a short script of its "
                                    "LeRobotDataset.create and add_frame"};
  static constexpr Foreign kBag = {"a ROS bag",
                                   "convert it to LeRobot, for instance with rosbag2lerobot"};
  std::error_code error;
  const std::string extension = path.extension().string();
  if (extension == ".zarr" || fs::exists(path / ".zgroup", error) ||
      fs::exists(path / "zarr.json", error)) {
    return &kZarr;
  }
  if (extension == ".bag" || extension == ".mcap" || extension == ".db3") return &kBag;
  if (fs::exists(path / "dataset_info.json", error) || fs::exists(path / "features.json", error)) {
    return &kRlds;
  }
  if (!fs::is_directory(path, error)) return extension == ".tfrecord" ? &kRlds : nullptr;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    const std::string name = entry.path().filename().string();
    if (name.find(".tfrecord") != std::string::npos) return &kRlds;
    const std::string kind = entry.path().extension().string();
    if (kind == ".db3" || kind == ".mcap" || kind == ".bag") return &kBag;
  }
  return nullptr;
}

}  // namespace

std::unique_ptr<EpisodeSource> open_source(const std::string& path, const std::string& embodiment) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    throw Error(ErrorCode::kNotFound, {.where = path, .problem = "no such file or folder"});
  }
  if (fs::exists(fs::path(path) / "meta" / "info.json", error)) {
    return open_lerobot(path, embodiment);
  }
  if (const Foreign* foreign = foreign_kind(path)) {
    throw Error(ErrorCode::kBadInput,
                {.where = path,
                 .problem = std::string("is ") + foreign->name + ", which libra does not read",
                 .next = foreign->cure});
  }
  return open_hdf5(path, embodiment);
}

}  // namespace libra::data
