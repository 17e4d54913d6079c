// The pictures that a camera took of an episode, out of a film or out of the table (internal to
// data).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libra/core/embodiment.h"
#include "libra/core/observation.h"
#include "libra/data/lerobot_meta.h"
#include "libra/data/parquet_file.h"
#include "libra/media/video_reader.h"

namespace libra::data {

class LeRobotCamera {
 public:
  // `where` names the episode in messages. Throws Error(kNotFound, kBadInput).
  LeRobotCamera(const LeRobotMeta& meta, const CameraSpec& spec, const LeRobotEpisode& episode,
                const ParquetFile& table, std::string where);
  // The picture of a step, as it lies there; black where the data have no such camera. Steps are
  // asked for in order, with the time that the table gives them (s). Throws Error(kBadInput) for a
  // film that is shorter than the table, or has no frame within a quarter of a step.
  void read(int64_t step, double time, Image& out);

 private:
  void read_film(int64_t step, double time, Image& out);

  std::string where_, feature_;  // "": the data have none
  double tolerance_;             // s
  bool in_table_ = false;
  std::vector<std::string> encoded_;  // of the whole episode, where they are in the table
  std::unique_ptr<media::VideoReader> film_;
  double from_ = 0.0;     // where the episode begins in the film (s)
  bool pending_ = false;  // the reader stands on a frame that was not used yet
  double at_ = 0.0;       // its time
};

}  // namespace libra::data
