#include "libra/data/lerobot_meta.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/data/parquet_file.h"

namespace libra::data {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr int kMostEpisodes = 10'000'000;

// "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet" with its numbers.
std::string fill_in(const std::string& pattern, const std::map<std::string, std::string>& words,
                    const std::string& where) {
  std::string out;
  for (size_t i = 0; i < pattern.size();) {
    if (pattern[i] != '{') {
      out += pattern[i++];
      continue;
    }
    const size_t end = pattern.find('}', i);
    const std::string field = pattern.substr(i + 1, end == std::string::npos ? 0 : end - i - 1);
    const size_t colon = field.find(':');
    const auto word = words.find(field.substr(0, colon));
    if (end == std::string::npos || word == words.end()) {
      throw Error(ErrorCode::kBadInput, {.where = where,
                                         .problem = "a path has a field that is not known",
                                         .found = pattern.substr(0, 200)});
    }
    std::string text = word->second;
    size_t width = 0;
    if (colon != std::string::npos) width = size_t(std::atoi(field.c_str() + colon + 1));
    if (text.size() < width && width < 20) text.insert(0, width - text.size(), '0');
    out += text;
    i = end + 1;
  }
  return out;
}

class MetaReader {
 public:
  explicit MetaReader(const std::string& root) {
    meta_.root = root;
    read_info();
    check_tables();
    read_tasks();
    if (meta_.version == "v3.0") {
      list_episodes_v3();
    } else {
      list_episodes_v2();
    }
    if (meta_.episodes.empty()) refuse_lerobot(meta_.root, "the data set has no episodes");
  }
  LeRobotMeta take() { return std::move(meta_); }

 private:
  void read_info() {
    const std::string file = meta_.path("meta/info.json");
    const json info = json::parse(read_file(file, "a LeRobot data set"), nullptr, false);
    const auto text = [&](const char* key) {
      return info.contains(key) && info[key].is_string() ? info[key].get<std::string>() : "";
    };
    if (!info.is_object() || !info.contains("features") || !info["features"].is_object()) {
      refuse_lerobot(file, "is no description of a LeRobot data set", "an object with 'features'");
    }
    meta_.version = text("codebase_version");
    if (meta_.version != "v3.0" && meta_.version != "v2.1") {
      refuse_lerobot(
          file, "is of a version that libra does not read", "v2.1 or v3.0",
          meta_.version.empty() ? "none" : meta_.version,
          "convert it with lerobot: python -m lerobot.datasets.v30.convert_dataset_v21_to_v30, "
          "after convert_dataset_v20_to_v21 where it is v2.0");
    }
    if (!info.contains("fps") || !info["fps"].is_number() || !(info["fps"].get<double>() > 0)) {
      refuse_lerobot(file, "does not say its rate", "'fps', a number above 0");
    }
    meta_.fps = info["fps"].get<double>();
    meta_.robot_type = text("robot_type");
    data_path_ = text("data_path");
    video_path_ = text("video_path");
    if (info.contains("chunks_size") && info["chunks_size"].is_number_integer()) {
      chunks_size_ = std::max<int64_t>(1, info["chunks_size"].get<int64_t>());
    }
    if (data_path_.empty()) refuse_lerobot(file, "does not say where its data are", "'data_path'");
    for (const auto& [name, value] : info["features"].items()) {
      LeRobotFeature feature;
      if (!value.is_object()) continue;
      if (value.contains("dtype") && value["dtype"].is_string()) feature.dtype = value["dtype"];
      if (value.contains("shape") && value["shape"].is_array()) {
        for (const auto& n : value["shape"]) {
          if (n.is_number_integer()) feature.shape.push_back(n.get<int64_t>());
        }
      }
      if (value.contains("names")) collect_names(value["names"], feature.names);
      meta_.features[name] = feature;
    }
    for (const char* needed : {"action", "observation.state"}) {
      if (!meta_.features.contains(needed)) {
        refuse_lerobot(file, std::string("the data set has no feature '") + needed + "'", "",
                       join_names(meta_.feature_names()));
      }
    }
  }

  // Where no table is whole, a copy that was broken off is told before anything else is asked of
  // the data; single ones are their episodes' business.
  void check_tables() const {
    std::string first;
    std::error_code error;
    for (const auto& found : fs::recursive_directory_iterator(meta_.path("data"), error)) {
      if (found.path().extension() != ".parquet") continue;
      if (is_whole(found.path().string())) return;
      if (first.empty() || found.path().string() < first) first = found.path().string();
    }
    if (first.empty()) return;
    refuse_lerobot(first, "of a LeRobot " + meta_.version + " data set is cut or damaged",
                   "a Parquet file, which begins and ends with PAR1",
                   std::to_string(fs::file_size(first, error)) + " bytes",
                   "copy or download it again");
  }
  static bool is_whole(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    std::array<char, 4> head{}, tail{};
    stream.read(head.data(), head.size());
    stream.seekg(-static_cast<std::streamoff>(tail.size()), std::ios::end);
    stream.read(tail.data(), tail.size());
    const auto marked = [](const auto& bytes) {
      return std::string_view(bytes.data(), bytes.size()) == "PAR1";
    };
    return stream && marked(head) && marked(tail);
  }

  // A list, or lists by group.
  static void collect_names(const json& names, std::vector<std::string>& out) {
    if (names.is_array()) {
      for (const auto& name : names) {
        if (name.is_string()) out.push_back(name.get<std::string>());
      }
    } else if (names.is_object()) {
      for (const auto& [group, list] : names.items()) collect_names(list, out);
    }
  }

  void read_tasks() {
    std::error_code error;
    if (meta_.version == "v3.0") {
      const std::string list = meta_.path("meta/tasks.parquet");
      if (!fs::exists(list, error)) {
        refuse_lerobot(list, "there is no such file, which a LeRobot v3.0 data set has");
      }
      const ParquetFile file(list);
      const auto indices = file.integers("task_index");
      // pandas keeps the texts as the table's index.
      const char* column = file.has("task") ? "task" : "__index_level_0__";
      const auto texts = file.texts(column);
      for (size_t i = 0; i < indices.size(); ++i) meta_.tasks[indices[i]] = texts[i];
      return;
    }
    for_each_line("meta/tasks.jsonl", [&](const json& line, const std::string& where) {
      if (!line.contains("task_index") || !line["task_index"].is_number_integer() ||
          !line.contains("task") || !line["task"].is_string()) {
        refuse_lerobot(where, "is no task", "task_index and task");
      }
      meta_.tasks[line["task_index"].get<int64_t>()] = line["task"].get<std::string>();
    });
  }

  void for_each_line(const std::string& inside,
                     const std::function<void(const json&, const std::string&)>& use) const {
    const std::string file = meta_.path(inside);
    std::istringstream lines(read_file(file, "a LeRobot " + meta_.version + " data set"));
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      const json value = json::parse(line, nullptr, false);
      const std::string where = file + ":" + std::to_string(number);
      if (!value.is_object()) refuse_lerobot(where, "is not a JSON object");
      use(value, where);
    }
  }

  std::string video_file(const std::string& feature,
                         const std::map<std::string, std::string>& words) {
    if (video_path_.empty())
      refuse_lerobot(meta_.path("meta/info.json"), "does not say where its videos are");
    auto all = words;
    all["video_key"] = feature;
    return meta_.path(fill_in(video_path_, all, meta_.path("meta/info.json")));
  }

  void list_episodes_v2() {
    for_each_line("meta/episodes.jsonl", [&](const json& line, const std::string& where) {
      LeRobotEpisode e;
      for (const auto& [key, target] :
           {std::pair{"episode_index", &e.index}, std::pair{"length", &e.length}}) {
        if (!line.contains(key) || !line[key].is_number_integer()) {
          refuse_lerobot(where, std::string("has no ") + key);
        }
        *target = line[key].get<int64_t>();
      }
      check_length(e, where);
      if (line.contains("tasks")) collect_names(line["tasks"], e.tasks);
      const std::map<std::string, std::string> words = {
          {"episode_chunk", std::to_string(e.index / chunks_size_)},
          {"episode_index", std::to_string(e.index)}};
      e.data = meta_.path(fill_in(data_path_, words, where));
      for (const auto& [name, feature] : meta_.features) {
        if (feature.dtype == "video") e.videos[name] = {video_file(name, words), 0.0};
      }
      meta_.episodes.push_back(std::move(e));
    });
  }

  void check_length(const LeRobotEpisode& e, const std::string& where) const {
    if (e.index < 0 || e.length < 1 || e.length > (1 << 24) ||
        meta_.episodes.size() > size_t(kMostEpisodes)) {
      refuse_lerobot(where, "an episode of an impossible length or number", "",
                     std::to_string(e.length));
    }
  }

  void list_episodes_v3() {
    std::vector<std::string> files;
    std::error_code error;
    for (const auto& found : fs::recursive_directory_iterator(meta_.path("meta/episodes"), error)) {
      if (found.path().extension() == ".parquet") files.push_back(found.path().string());
    }
    std::sort(files.begin(), files.end());
    if (files.empty())
      refuse_lerobot(meta_.path("meta/episodes"), "there is no list of episodes", "*.parquet");
    std::map<std::string, int64_t> file_begins;  // index of a data file's first row in the set
    for (const std::string& name : files) {
      const ParquetFile file(name);
      const auto index = file.integers("episode_index"), length = file.integers("length"),
                 chunk = file.integers("data/chunk_index"), part = file.integers("data/file_index"),
                 from = file.integers("dataset_from_index");
      const auto tasks = file.text_lists("tasks");
      struct VideoColumns {
        std::string feature;
        std::vector<int64_t> chunk, file;
        std::vector<double> from;
      };
      std::vector<VideoColumns> videos;
      for (const auto& [feature, about] : meta_.features) {
        if (about.dtype != "video") continue;
        const std::string prefix = "videos/" + feature + "/";
        videos.push_back({feature, file.integers(prefix + "chunk_index"),
                          file.integers(prefix + "file_index"),
                          file.numbers(prefix + "from_timestamp")});
      }
      for (size_t i = 0; i < index.size(); ++i) {
        LeRobotEpisode e;
        e.index = index[i];
        e.length = length[i];
        check_length(e, name);
        const auto words = [](int64_t chunk_index, int64_t file_index) {
          return std::map<std::string, std::string>{{"chunk_index", std::to_string(chunk_index)},
                                                    {"file_index", std::to_string(file_index)}};
        };
        e.data = meta_.path(fill_in(data_path_, words(chunk[i], part[i]), name));
        file_begins.try_emplace(e.data, from[i]);
        e.first_row = from[i] - file_begins[e.data];
        if (e.first_row < 0) refuse_lerobot(name, "episodes of a file are not in order");
        e.tasks = tasks[i];
        for (const VideoColumns& v : videos) {
          e.videos[v.feature] = {video_file(v.feature, words(v.chunk[i], v.file[i])), v.from[i]};
        }
        meta_.episodes.push_back(std::move(e));
      }
    }
  }

  LeRobotMeta meta_;
  std::string data_path_, video_path_;
  int64_t chunks_size_ = 1000;
};

}  // namespace

void refuse_lerobot(const std::string& where, const std::string& problem,
                    const std::string& expected, const std::string& found,
                    const std::string& next) {
  throw Error(
      ErrorCode::kBadInput,
      {.where = where, .problem = problem, .expected = expected, .found = found, .next = next});
}

std::string LeRobotMeta::path(const std::string& inside) const {
  return (fs::path(root) / inside).string();
}

std::string LeRobotMeta::own_table(const LeRobotEpisode& episode) const {
  return path("libra/" + fs::path(episode.data).lexically_relative(path("data")).generic_string());
}

std::vector<std::string> LeRobotMeta::camera_names() const {
  std::vector<std::string> names;
  for (const auto& [name, feature] : features) {
    if (name.starts_with(kLeRobotPictures)) {
      names.push_back(name.substr(std::string(kLeRobotPictures).size()));
    }
  }
  return names;
}

std::vector<std::string> LeRobotMeta::feature_names() const {
  std::vector<std::string> names;
  for (const auto& [name, feature] : features) names.push_back(name);
  return names;
}

LeRobotMeta read_lerobot_meta(const std::string& root) { return MetaReader(root).take(); }

}  // namespace libra::data
