// LeRobot data sets as an episode writer, v3.0 and v2.1: what other programs read, and beside it
// what libra knows more. docs/data_formats.md lists the files.
#pragma once

#include <memory>
#include <string>

#include "libra/core/embodiment.h"
#include "libra/data/episode_writer.h"

namespace libra::data {

struct LeRobotOptions {
  std::string version = "v3.0";  // or "v2.1"
  bool films = true;             // pictures as H.264; else as PNG in the tables, without loss
};

// A writer of the data set in the folder `root`, which may hold one already that libra wrote.
// Until join() each episode is a folder in <root>/parts. Throws Error(kBadInput) when the set that
// is there is of another robot, version or kind of pictures, or of another program.
std::unique_ptr<EpisodeWriter> write_lerobot(const std::string& root, const Embodiment& embodiment,
                                             const LeRobotOptions& options);

// Removes what write_lerobot() writes, and nothing else.
void remove_lerobot(const std::string& root);

}  // namespace libra::data
