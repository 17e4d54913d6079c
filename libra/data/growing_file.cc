#include "libra/data/growing_file.h"

#include <charconv>
#include <filesystem>
#include <optional>
#include <utility>

#include "libra/core/error.h"
#include "libra/core/file.h"

namespace libra::data {

namespace fs = std::filesystem;

GrowingDemoFile::GrowingDemoFile(const std::string& path, const DemoFileInfo& info)
    : path_(path), parts_(path + ".parts"), info_(info) {
  if (fs::exists(path_)) {
    const DemoFile file(path_);
    for (int i = 0; i < file.size(); ++i) {
      const int64_t number = file.number(i);
      if (number < 0) {
        throw Error(ErrorCode::kBadInput,
                    {.where = path_,
                     .problem = "its demonstrations have no numbers, so none can be added",
                     .next = "name another folder, or replace it with --overwrite"});
      }
      joined_[static_cast<int>(number)] = i;
      finished_.insert(static_cast<int>(number));
    }
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parts_, error)) {
    const std::string name = entry.path().stem().string();
    int number = -1;
    const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (problem == std::errc() && end == name.data() + name.size() &&
        entry.path().extension() == ".hdf5") {
      finished_.insert(number);
    } else {
      fs::remove(entry.path(), error);  // what a kill left half done
    }
  }
}

std::string GrowingDemoFile::part(int number) const {
  return parts_ + "/" + std::to_string(number) + ".hdf5";
}

void GrowingDemoFile::add(int number, const Demo& demo) {
  std::error_code error;
  fs::create_directories(parts_, error);
  uint64_t bytes = 1 << 20;  // all but the images
  for (const auto& images : demo.images) bytes += images.size();
  require_space(parts_, bytes, "a demonstration");
  DemoFileWriter writer(part(number), info_);
  writer.append(demo, number);
  writer.finish();
  finished_.insert(number);
}

void GrowingDemoFile::join() {
  if (finished_.size() != joined_.size()) {
    uint64_t bytes = 1 << 20;
    for (const int number : finished_) {
      if (!joined_.contains(number)) bytes += fs::file_size(part(number));
    }
    if (fs::exists(path_)) bytes += fs::file_size(path_);
    require_space(fs::path(path_).parent_path().string(), bytes,
                  fs::path(path_).filename().string());
    DemoFileWriter writer(path_, info_, bytes);
    std::optional<DemoFile> old;
    if (!joined_.empty()) old.emplace(path_);
    std::map<int, int> joined;
    for (const int number : finished_) {
      joined.emplace(number, writer.count());
      if (joined_.contains(number)) {
        writer.append_from(*old, joined_.at(number));
      } else {
        writer.append_from(DemoFile(part(number)), 0);
      }
    }
    old.reset();
    writer.finish();
    joined_ = std::move(joined);
  }
  std::error_code error;
  fs::remove_all(parts_, error);
}

}  // namespace libra::data
