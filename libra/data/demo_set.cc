#include "libra/data/demo_set.h"

#include <algorithm>
#include <filesystem>

#include "libra/core/error.h"
#include "libra/core/progress.h"
#include "libra/data/demo_file.h"

namespace libra::data {

namespace fs = std::filesystem;

std::vector<std::string> find_demo_files(const std::string& path) {
  if (!fs::exists(path)) {
    throw Error(ErrorCode::kNotFound, {.where = path, .problem = "no such file or folder"});
  }
  if (!fs::is_directory(path)) return {path};
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file() && entry.path().filename().string().ends_with("_demo.hdf5")) {
      files.push_back(entry.path().string());
    }
  }
  if (files.empty()) {
    throw Error(ErrorCode::kNotFound, {.where = path,
                                       .problem = "there are no demonstrations",
                                       .expected = "files named *_demo.hdf5",
                                       .next = "make some with `libra collect`"});
  }
  std::sort(files.begin(), files.end());
  return files;
}

DemoSet DemoSet::load(const std::vector<std::string>& folders, const std::atomic<bool>* stop) {
  std::vector<DemoFile> files;
  int64_t total = 0;
  for (const std::string& folder : folders) {
    for (const std::string& path : find_demo_files(folder))
      total += files.emplace_back(path).size();
  }
  std::vector<Demo> demos;
  demos.reserve(static_cast<size_t>(total));
  Progress progress("reading demonstrations", total);
  for (const DemoFile& file : files) {
    for (int i = 0; i < file.size(); ++i) {
      if (stop != nullptr && *stop) {
        throw Error(ErrorCode::kInterrupted,
                    {.where = file.path(), .problem = "interrupted while reading"});
      }
      demos.push_back(file.read(i, false));
      if (demos.back().image_size != demos[0].image_size) {
        throw Error(ErrorCode::kBadInput,
                    {.where = file.path(),
                     .problem = "its images differ in size from " + demos[0].task,
                     .expected = std::to_string(demos[0].image_size) + " px",
                     .found = std::to_string(demos.back().image_size) + " px"});
      }
      progress.advance();
    }
  }
  return DemoSet(std::move(demos));
}

int64_t DemoSet::frames() const {
  int64_t sum = 0;
  for (const Demo& demo : demos_) sum += demo.frames;
  return sum;
}

}  // namespace libra::data
