#include "libra/data/lerobot_writer.h"

#include <charconv>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/data/lerobot_join.h"
#include "libra/data/lerobot_meta.h"
#include "libra/data/parquet_file.h"

namespace libra::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr uint64_t kMebibyte = uint64_t{1} << 20;

class LeRobotWriter final : public EpisodeWriter {
 public:
  LeRobotWriter(const std::string& root, const Embodiment& robot, const LeRobotOptions& options)
      : root_(root), parts_(root + "/parts"), robot_(robot), options_(options) {
    look_at_what_is_there();
  }

  std::set<int64_t> finished() const override {
    const std::lock_guard lock(mutex_);
    std::set<int64_t> all = joined_;
    all.insert(waiting_.begin(), waiting_.end());
    return all;
  }

  void add(int64_t number, Demo demo, const Pictures& pictures) override {
    std::error_code ignored;
    fs::create_directories(parts_, ignored);
    require_space(parts_, 16 * kMebibyte, "an episode");
    write_part(parts_ + "/" + std::to_string(number), number, demo, pictures, robot_,
               options_.films);
    const std::lock_guard lock(mutex_);
    waiting_.insert(number);
  }

  void join() override {
    const std::lock_guard lock(mutex_);
    if (!waiting_.empty()) {
      std::vector<LeRobotPart> parts;
      uint64_t bytes = 0;
      for (const int64_t number : waiting_) {
        parts.push_back(read_part(parts_ + "/" + std::to_string(number)));
        for (const auto& file : fs::directory_iterator(parts.back().folder))
          bytes += file.file_size();
      }
      require_space(root_, bytes + kMebibyte, "the data set");
      const auto join = options_.version == "v3.0" ? join_v30(root_, robot_, options_, info_)
                                                   : join_v21(root_, robot_, options_, info_);
      info_ = join->run(parts);
      joined_.insert(waiting_.begin(), waiting_.end());
      waiting_.clear();
    }
    std::error_code ignored;
    fs::remove_all(parts_, ignored);
  }

 private:
  void look_at_what_is_there() {
    const std::string file = root_ + "/meta/info.json", list = root_ + "/meta" + kLeRobotOwnList;
    if (fs::exists(file)) {
      info_ = json::parse(read_file(file), nullptr, false);
      const auto refuse = [&](const std::string& problem, const std::string& expected,
                              const std::string& found) {
        throw Error(ErrorCode::kBadInput, {.where = file,
                                           .problem = problem,
                                           .expected = expected,
                                           .found = found,
                                           .next = "name another folder"});
      };
      if (!fs::exists(list)) refuse("libra did not write it, so it adds nothing to it", "", "");
      const LeRobotMeta meta = read_lerobot_meta(root_);
      if (meta.version != options_.version) {
        refuse("is a data set of another version", options_.version, meta.version);
      }
      require_same(load_embodiment(root_ + "/meta/embodiment.toml"), root_, robot_,
                   "what is added");
      const char* kind = options_.films ? "video" : "image";
      for (const std::string& camera : meta.camera_names()) {
        const std::string& is = meta.features.at(kLeRobotPictures + camera).dtype;
        if (is != kind) refuse("keeps its pictures otherwise", kind, is);
      }
      for (const int64_t number : ParquetFile(list).integers("number")) joined_.insert(number);
    }
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(parts_, error)) {
      const std::string name = entry.path().filename().string();
      int64_t number = -1;
      const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
      if (problem == std::errc() && end == name.data() + name.size() && !joined_.contains(number)) {
        waiting_.insert(number);
      } else {
        fs::remove_all(entry.path(), error);  // what a kill left half done, or is joined already
      }
    }
  }

  std::string root_, parts_;
  Embodiment robot_;
  LeRobotOptions options_;
  mutable std::mutex mutex_;
  json info_;  // null: there is no data set yet
  std::set<int64_t> joined_, waiting_;
};

}  // namespace

std::unique_ptr<EpisodeWriter> write_lerobot(const std::string& root, const Embodiment& embodiment,
                                             const LeRobotOptions& options) {
  return std::make_unique<LeRobotWriter>(root, embodiment, options);
}

void remove_lerobot(const std::string& root) {
  std::error_code error;
  // The lists first: without them there is no data set, and never half of one.
  for (const char* folder : {"meta", "meta.part", "data", "videos", "libra", "parts"}) {
    fs::remove_all(root + "/" + folder, error);
  }
}

}  // namespace libra::data
