// What the files in a LeRobot data set's meta/ say (internal to data): its rate, robot, features
// and tasks, and where each episode lies. v2.1 and v3.0.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace libra::data {

inline constexpr const char* kLeRobotPictures = "observation.images.";
// In meta/: what libra knows of each episode beside (data/lerobot_part.h).
inline constexpr const char* kLeRobotOwnList = "/libra.parquet";

struct LeRobotFeature {
  std::string dtype;
  std::vector<int64_t> shape;
  std::vector<std::string> names;
};

struct LeRobotVideo {
  std::string path;
  double from = 0.0;  // s in the file
};

struct LeRobotEpisode {
  int64_t index = 0;  // as the data set counts
  int64_t length = 0;
  std::string data;       // Parquet file
  int64_t first_row = 0;  // in it
  std::vector<std::string> tasks;
  std::map<std::string, LeRobotVideo> videos;  // by feature
};

struct LeRobotMeta {
  std::string root, version, robot_type;
  double fps = 0.0;
  std::map<std::string, LeRobotFeature> features;
  std::map<int64_t, std::string> tasks;
  std::vector<LeRobotEpisode> episodes;

  // A file inside the data set.
  std::string path(const std::string& inside) const;
  // Of libra's own columns beside an episode's table.
  std::string own_table(const LeRobotEpisode& episode) const;
  std::vector<std::string> camera_names() const;
  std::vector<std::string> feature_names() const;
};

// Throws Error(kBadInput).
[[noreturn]] void refuse_lerobot(const std::string& where, const std::string& problem,
                                 const std::string& expected = "", const std::string& found = "",
                                 const std::string& next = "");
// Throws Error(kNotFound, kBadInput) that names the file and what is missing in it.
LeRobotMeta read_lerobot_meta(const std::string& root);

}  // namespace libra::data
