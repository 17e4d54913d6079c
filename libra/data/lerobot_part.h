// One episode on its way into a LeRobot data set: a folder with its table, its films, and what else
// there is to know of it (internal to data).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libra/core/embodiment.h"
#include "libra/data/episode_writer.h"
#include "libra/data/lerobot_stats.h"
#include "libra/data/parquet_table.h"

namespace libra::data {

// What libra keeps of an episode beside LeRobot's features: columns of their own in a file beside
// the table's ("libra/" instead of "data/", row by row the same), read back by libra alone.
ParquetTable own_columns(const Demo& demo);
// Rows for an episode that has nothing of that.
ParquetTable no_own_columns(int64_t frames);

struct LeRobotPart {
  std::string folder;
  int64_t number = 0, length = 0;
  std::string instruction;
  bool own = false;
  std::map<std::string, std::string> codecs;  // of films, by camera; none: pictures in the table
  std::map<std::string, std::pair<int, int>> sizes;  // height, width (px) by camera
  std::map<std::string, FeatureStats> stats;         // by feature
  EpisodeLabel label;

  std::string table() const { return folder + "/frames.parquet"; }
  std::string own_table() const { return folder + "/libra.parquet"; }
  std::string film(const std::string& camera) const { return folder + "/" + camera + ".mp4"; }
};

// Writes <folder>, whole or not at all. `films`: pictures become films, else PNG in the table.
// Throws Error(kBadInput, kFailed).
void write_part(const std::string& folder, int64_t number, const Demo& demo,
                const EpisodeWriter::Pictures& pictures, const Embodiment& embodiment, bool films);
// Throws Error(kBadInput).
LeRobotPart read_part(const std::string& folder);

}  // namespace libra::data
