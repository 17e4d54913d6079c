// Recorded episodes as Python sees them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "convert.h"
#include "libra/data/episode_source.h"

namespace libra::python {

// Numbers in memory, pictures decoded when they are asked for.
class PyEpisode {
 public:
  PyEpisode(std::shared_ptr<const data::EpisodeSource> source, int index);

  const data::Demo& demo() const { return demo_; }
  // Cameras by name, uint8 [frames, height, width, 3] each, from frame `start` to before `stop`;
  // `stop` negative: to the end. Every call decodes anew.
  nb::dict pictures(int start, int stop) const;

 private:
  std::shared_ptr<const data::EpisodeSource> source_;
  int index_;
  data::Demo demo_;
};

class PyDataset {
 public:
  PyDataset(const std::string& path, const std::string& embodiment);

  const data::EpisodeSource& source() const { return *source_; }
  // Negative indices count from the end. Throws nb::index_error, as lists do.
  std::unique_ptr<PyEpisode> episode(int64_t index) const;

 private:
  std::shared_ptr<const data::EpisodeSource> source_;
};

}  // namespace libra::python
