// Where episodes come from, whatever they are stored in. A format is one class here: see
// docs/data_formats.md for how to add one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libra/core/embodiment.h"
#include "libra/data/demo.h"

namespace libra::data {

// Thread: constant after construction; all calls may come from several threads.
class EpisodeSource {
 public:
  virtual ~EpisodeSource() = default;
  virtual const Embodiment& embodiment() const = 0;
  // What it is, for people: "LIBERO HDF5", "LeRobot v3.0".
  virtual std::string format() const = 0;
  virtual int size() const = 0;  // episodes
  // An episode without its pictures; simulator states and models only where they are asked for.
  // Throws Error(kBadInput) that names file and episode.
  virtual Demo read(int episode, bool with_states = false) const = 0;
  // Hands over the pictures of every pictured frame in order. Throws as read() does.
  virtual void decode(int episode, const TakeFrame& take) const = 0;
};

// The source of a path: a file or folder of demonstrations in LIBERO's HDF5 schema, or a folder
// that holds a LeRobot data set. `embodiment`: a name in configs/embodiments/ or a file; "": what
// the data say. Throws Error(kNotFound, kBadInput); data of a kind that is known but not read are
// named with what converts them.
std::unique_ptr<EpisodeSource> open_source(const std::string& path, const std::string& embodiment);

// The formats behind open_source().
std::unique_ptr<EpisodeSource> open_hdf5(const std::string& path, const std::string& embodiment);
std::unique_ptr<EpisodeSource> open_lerobot(const std::string& path, const std::string& embodiment);

}  // namespace libra::data
