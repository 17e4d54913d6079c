// Demonstrations of one task on disk: LIBERO's HDF5 schema (robomimic flavour) with a few datasets
// more, which other readers ignore. docs/data_formats.md lists every field.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libra/data/demo.h"

namespace libra::data {

// Name of the file of a task: "<task>_demo.hdf5".
std::string demo_file_name(const std::string& task);

// The files of demonstrations below `path`, sorted: those named *_demo.hdf5, or where there are
// none all *.hdf5; `path` itself when it is a file. Throws Error(kNotFound) when there is none.
std::vector<std::string> find_demo_files(const std::string& path);

// What all demonstrations of a file share.
struct DemoFileInfo {
  std::string suite, task, instruction;
  std::string bddl_file_name, bddl_file_content;
  std::string problem_name = "libero_floor_manipulation";  // the task file's problem class
  std::string domain_name = "robosuite";
  double control_hz = 20.0;
  int gzip = 1;  // of images, 0 to 9; 0: as they are, ten times the size and no time
};

// What the error of a demonstration without any motion says.
inline constexpr const char* kIdleEpisode = "no action of the episode does anything";

class DemoFile;
class Hdf5File;

// Writes "<path>.part" and renames it to `path` in finish(): a file of the final name is complete.
class DemoFileWriter {
 public:
  // expected_bytes: of the whole file, roughly; small ones are made in memory.
  DemoFileWriter(const std::string& path, const DemoFileInfo& info, uint64_t expected_bytes = 0);
  ~DemoFileWriter();  // without finish() the partial file is removed
  DemoFileWriter(const DemoFileWriter&) = delete;
  DemoFileWriter& operator=(const DemoFileWriter&) = delete;

  // Appends demo_0, demo_1, ... `number`: which of a run's demonstrations it is; -1: none. Throws
  // Error(kBadInput) when the demonstration's parts do not fit together, Error(kFailed) when the
  // disk does not take it.
  void append(const Demo& demo, int64_t number = -1);
  // The same with one that another file holds, as it lies there.
  void append_from(const DemoFile& file, int demo);
  int count() const;
  // Puts the totals and the final name in place; with no demonstration there will be no file.
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Reads files of ours, of LIBERO and of OpenVLA. In LIBERO's own files the observation of index i
// was taken after action i; then the first action and the last observation are left out, so that
// what is returned is always "seen before the action". Of files that are not ours, steps whose
// action does nothing are left out by OpenVLA's test: ||a[0..5]|| < 1e-4 and the gripper command of
// the action kept before. What training does not need may be
// missing (joint states, rewards, dones), and obs may have robomimic's names. Every shape, type and
// length is checked: a missing, damaged or foreign
// file throws Error(kNotFound or kBadInput) that names file and object.
class DemoFile {
 public:
  explicit DemoFile(const std::string& path);
  ~DemoFile();
  DemoFile(DemoFile&&) noexcept;

  const std::string& path() const;
  const DemoFileInfo& info() const;
  int size() const;                // demonstrations
  int64_t number(int demo) const;  // as given to DemoFileWriter::append; -1 none
  bool observed_before_action() const;
  const std::vector<std::string>& names() const;  // "demo_0", ... by number
  // Frames and the size of pictures (px), without reading them.
  int frames(int demo) const;
  struct Shape {
    int height = 0, width = 0;
  };
  Shape image_shape(int demo) const;
  // Some of it: the numbers of every frame always, Demo::states and Demo::model_xml and the
  // pictures where they are wanted.
  struct Parts {
    bool states = true, images = true;
  };
  Demo read(int demo, Parts parts) const;
  Demo read(int demo) const { return read(demo, Parts{}); }

 private:
  struct Impl;
  friend class DemoFileWriter;  // copies from it
  const Hdf5File& hdf5() const;
  std::unique_ptr<Impl> impl_;
};

}  // namespace libra::data
