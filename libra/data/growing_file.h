// Demonstrations of a task while they are being made: each one is on the disk when it is finished,
// and they become the task's file together. A run that was killed goes on where it was.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "libra/data/demo_file.h"
#include "libra/data/episode_writer.h"

namespace libra::data {

// While it grows, demonstration i is the file <path>.parts/i.hdf5.
class GrowingDemoFile final : public EpisodeWriter {
 public:
  // Looks at what is there already: in `path`, and in parts of a run that did not finish. Throws
  // Error(kBadInput) when `path` holds demonstrations without numbers, as other programs write.
  GrowingDemoFile(const std::string& path, const DemoFileInfo& info);

  std::set<int64_t> finished() const override;
  void add(int64_t number, Demo demo, const Pictures& pictures = {}) override;
  void join() override;

 private:
  std::string part(int64_t number) const;
  std::string path_, parts_;
  DemoFileInfo info_;
  std::set<int64_t> finished_;
  std::map<int64_t, int> joined_;  // those that `path` holds: number -> place in it
};

// The same for episodes of many tasks: a file a task, named and described by the demonstrations.
// Their pictures must be those of LIBERO's two cameras.
std::unique_ptr<EpisodeWriter> write_hdf5(const std::string& folder, int gzip);

}  // namespace libra::data
