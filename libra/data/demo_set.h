// A data set in memory.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "libra/data/demo.h"

namespace libra::data {

// Two camera images of 128 px cost 98 KB a frame: 1000 demonstrations of 110 frames take 11 GB.
class DemoSet {
 public:
  // Reads all *_demo.hdf5 files below the folders (or the files named), with a progress bar,
  // without Demo::states and Demo::model_xml. Order: as given, then by path, then by demonstration
  // number. Throws Error(kNotFound) when there are none, Error(kBadInput) when their images differ
  // in size, Error(kInterrupted) once `stop` is set, and what DemoFile throws.
  static DemoSet load(const std::vector<std::string>& folders,
                      const std::atomic<bool>* stop = nullptr);
  explicit DemoSet(std::vector<Demo> demos) : demos_(std::move(demos)) {}

  const std::vector<Demo>& demos() const { return demos_; }
  const Demo& demo(int index) const { return demos_[size_t(index)]; }
  int64_t frames() const;  // of all demonstrations

 private:
  std::vector<Demo> demos_;
};

// The *_demo.hdf5 files below `path`, sorted; `path` itself when it is a file. Throws
// Error(kNotFound) when there is none.
std::vector<std::string> find_demo_files(const std::string& path);

}  // namespace libra::data
