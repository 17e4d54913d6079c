// Where episodes go, whatever they are stored in: one after the other, each on the disk when it is
// finished, and a data set when all are there. A run that was killed goes on where it was.
#pragma once

#include <cstdint>
#include <functional>
#include <set>

#include "libra/data/demo.h"

namespace libra::data {

class EpisodeWriter {
 public:
  virtual ~EpisodeWriter() = default;
  // Numbers of the episodes that are there, of this run and of those before.
  virtual std::set<int64_t> finished() const = 0;
  // Hands the episode's pictures to `take`.
  using Pictures = std::function<void(const TakeFrame& take)>;
  // On the disk when it returns; without `pictures` those that the demonstration holds. Throws
  // Error(kBadInput) for an episode that the format cannot hold, Error(kFailed) when the disk does
  // not take it, with what was finished before intact. May be called from several threads.
  virtual void add(int64_t number, Demo demo, const Pictures& pictures = {}) = 0;
  // Makes the data set of all that is finished, in the order of the numbers; behind what earlier
  // runs joined, where the format only grows at its end.
  virtual void join() = 0;
};

}  // namespace libra::data
