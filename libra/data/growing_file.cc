#include "libra/data/growing_file.h"

#include <cctype>
#include <charconv>
#include <filesystem>
#include <optional>
#include <utility>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/data/hdf5_file.h"

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
      joined_[number] = i;
      finished_.insert(number);
    }
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parts_, error)) {
    const std::string name = entry.path().stem().string();
    int64_t number = -1;
    const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (problem == std::errc() && end == name.data() + name.size() &&
        entry.path().extension() == ".hdf5") {
      finished_.insert(number);
    } else {
      fs::remove(entry.path(), error);  // what a kill left half done
    }
  }
}

std::string GrowingDemoFile::part(int64_t number) const {
  return parts_ + "/" + std::to_string(number) + ".hdf5";
}

std::set<int64_t> GrowingDemoFile::finished() const {
  const std::lock_guard lock(hdf5_mutex());
  return finished_;
}

void GrowingDemoFile::add(int64_t number, Demo demo, const Pictures& pictures) {
  if (pictures) {
    pictures([&](int, std::vector<Image>& cameras) {
      demo.images.resize(cameras.size());
      for (size_t c = 0; c < cameras.size(); ++c) {
        demo.images[c].insert(demo.images[c].end(), cameras[c].rgb.begin(), cameras[c].rgb.end());
        demo.height = cameras[c].height;
        demo.width = cameras[c].width;
      }
    });
  }
  const std::lock_guard lock(hdf5_mutex());
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
  const std::lock_guard lock(hdf5_mutex());
  if (finished_.size() != joined_.size()) {
    uint64_t bytes = 1 << 20;
    for (const int64_t number : finished_) {
      if (!joined_.contains(number)) bytes += fs::file_size(part(number));
    }
    if (fs::exists(path_)) bytes += fs::file_size(path_);
    require_space(fs::path(path_).parent_path().string(), bytes,
                  fs::path(path_).filename().string());
    DemoFileWriter writer(path_, info_, bytes);
    std::optional<DemoFile> old;
    if (!joined_.empty()) old.emplace(path_);
    std::map<int64_t, int> joined;
    for (const int64_t number : finished_) {
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

namespace {

// "Put the bowl away" as a file's name.
std::string as_file_name(const std::string& task) {
  std::string name;
  for (const char c : task) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    name += plain ? c : '_';
  }
  return name.empty() ? "task" : name.substr(0, 200);
}

class Hdf5Folder final : public EpisodeWriter {
 public:
  Hdf5Folder(const std::string& folder, int gzip) : folder_(folder), gzip_(gzip) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder_, error)) {
      const std::string path = entry.path().string(), parts = ".parts";
      const bool grows = path.ends_with(parts);
      const std::string file = grows ? path.substr(0, path.size() - parts.size()) : path;
      if (!file.ends_with("_demo.hdf5") || files_.contains(file)) continue;
      if (const auto info = info_of(file)) open(file, *info);
    }
  }

  std::set<int64_t> finished() const override {
    std::set<int64_t> all;
    const std::lock_guard lock(mutex_);
    for (const auto& [path, file] : files_) all.merge(file->finished());
    return all;
  }
  void add(int64_t number, Demo demo, const Pictures& pictures) override {
    const std::string file = folder_ + "/" + demo_file_name(as_file_name(demo.task));
    EpisodeWriter* writer;
    {
      const std::lock_guard lock(mutex_);
      if (!files_.contains(file)) {
        DemoFileInfo info;
        info.suite = demo.suite;
        info.task = as_file_name(demo.task);
        info.instruction = demo.instruction;
        open(file, info);
      }
      writer = files_.at(file).get();
    }
    writer->add(number, std::move(demo), pictures);
  }
  void join() override {
    const std::lock_guard lock(mutex_);
    for (const auto& [path, file] : files_) file->join();
  }

 private:
  // What a file of before says of its task, whether it is whole or still grows.
  static std::optional<DemoFileInfo> info_of(const std::string& file) {
    if (fs::exists(file)) return DemoFile(file).info();
    std::error_code error;
    for (const auto& part : fs::directory_iterator(file + ".parts", error)) {
      if (part.path().extension() == ".hdf5") return DemoFile(part.path().string()).info();
    }
    return std::nullopt;
  }
  void open(const std::string& file, DemoFileInfo info) {
    info.gzip = gzip_;
    files_[file] = std::make_unique<GrowingDemoFile>(file, info);
  }

  std::string folder_;
  int gzip_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<GrowingDemoFile>> files_;
};

}  // namespace

std::unique_ptr<EpisodeWriter> write_hdf5(const std::string& folder, int gzip) {
  return std::make_unique<Hdf5Folder>(folder, gzip);
}

}  // namespace libra::data
