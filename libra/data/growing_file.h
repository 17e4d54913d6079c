// Demonstrations of a task while they are being made: each one is on the disk when it is finished,
// and they become the task's file together. A run that was killed goes on where it was.
#pragma once

#include <map>
#include <set>
#include <string>

#include "libra/data/demo_file.h"

namespace libra::data {

// While it grows, demonstration i is the file <path>.parts/i.hdf5. Thread: one at a time.
class GrowingDemoFile {
 public:
  // Looks at what is there already: in `path`, and in parts of a run that did not finish. Throws
  // Error(kBadInput) when `path` holds demonstrations without numbers, as other programs write.
  GrowingDemoFile(const std::string& path, const DemoFileInfo& info);

  const std::set<int>& finished() const { return finished_; }
  // On the disk when it returns. Throws Error(kFailed) when the disk does not take it, with what
  // was finished before intact.
  void add(int number, const Demo& demo);
  // Joins what is finished into `path`, by number, and removes the parts.
  void join();

 private:
  std::string part(int number) const;
  std::string path_, parts_;
  DemoFileInfo info_;
  std::set<int> finished_;
  std::map<int, int> joined_;  // those that `path` holds: number -> place in it
};

}  // namespace libra::data
