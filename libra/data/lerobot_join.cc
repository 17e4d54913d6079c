#include "libra/data/lerobot_join.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <set>

#include "libra/core/error.h"
#include "libra/core/file.h"

namespace libra::data {

namespace fs = std::filesystem;
using nlohmann::json;

LeRobotJoin::LeRobotJoin(const std::string& root, const Embodiment& robot,
                         const LeRobotOptions& options, const json& info)
    : root_(root), fresh_(root + "/meta.part"), robot_(robot), options_(options), info_(info) {
  if (!info_.is_null()) {
    before_ = read_lerobot_meta(root_);
    episodes_ = static_cast<int64_t>(before_->episodes.size());
    for (const auto& e : before_->episodes) frames_ += e.length;
    tasks_ = before_->tasks;
  }
  std::error_code ignored;
  fs::remove_all(fresh_, ignored);
  fs::create_directories(fresh_, ignored);
}

json LeRobotJoin::run(const std::vector<LeRobotPart>& parts) {
  remove_strangers();
  own_ = fs::exists(root_ + "/libra") ||
         std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part.own; });
  for (const LeRobotPart& part : parts) {
    if (info_.is_null()) info_ = describe_features(part);
    const int64_t task = task_index(part.instruction);
    Row& row = rows_.emplace_back();
    row.part = part;
    row.index = episodes_;
    row.from = frames_;
    row.stats = part.stats;
    note_indices(row, task);
    add(row, task);
    ++episodes_;
    frames_ += part.length;
  }
  close();
  write_lists();
  write_own_list();
  write_file(fresh_ + "/embodiment.toml", list_fields(robot_).to_toml());
  describe(info_);
  info_["total_episodes"] = episodes_;
  info_["total_frames"] = frames_;
  info_["total_tasks"] = tasks_.size();
  info_["splits"] = {{"train", "0:" + std::to_string(episodes_)}};
  write_file(fresh_ + "/info.json", info_.dump(4) + "\n");
  replace_path(fresh_, root_ + "/meta");
  return info_;
}

// What a join left that was killed: readers that take every file would trip over it.
void LeRobotJoin::remove_strangers() const {
  std::set<std::string> known;
  if (before_) {
    for (const LeRobotEpisode& e : before_->episodes) {
      known.insert(e.data);
      known.insert(before_->own_table(e));
      for (const auto& [feature, film] : e.videos) known.insert(film.path);
    }
  }
  for (const char* folder : {"data", "libra", "videos"}) {
    std::error_code error;
    std::vector<fs::path> strangers;
    for (const auto& file : fs::recursive_directory_iterator(fs::path(root_) / folder, error)) {
      if (file.is_regular_file(error) && !known.contains(file.path().string())) {
        strangers.push_back(file.path());
      }
    }
    for (const auto& file : strangers) fs::remove(file, error);
  }
}

json LeRobotJoin::describe_features(const LeRobotPart& part) const {
  const auto numbers = [](const std::vector<std::string>& names) {
    return json{{"dtype", "float32"}, {"shape", {names.size()}}, {"names", names}};
  };
  json features = {{"observation.state", numbers(robot_.proprio_names())},
                   {"action", numbers(robot_.action_names())},
                   {"timestamp", {{"dtype", "float32"}, {"shape", {1}}, {"names", nullptr}}}};
  for (const char* index : {"frame_index", "episode_index", "index", "task_index"}) {
    features[index] = {{"dtype", "int64"}, {"shape", {1}}, {"names", nullptr}};
  }
  const int64_t whole_hz = std::llround(robot_.control_hz);
  const json hz = robot_.control_hz == double(whole_hz) ? json(whole_hz) : json(robot_.control_hz);
  for (const auto& [camera, size] : part.sizes) {
    json feature = {{"dtype", films() ? "video" : "image"},
                    {"shape", {size.first, size.second, 3}},
                    {"names", {"height", "width", "channels"}}};
    if (films()) {
      feature["info"] = {{"video.height", size.first},
                         {"video.width", size.second},
                         {"video.codec", part.codecs.at(camera)},
                         {"video.pix_fmt", "yuv420p"},
                         {"video.is_depth_map", false},
                         {"video.fps", hz},
                         {"video.channels", 3},
                         {"has_audio", false}};
    }
    features[kLeRobotPictures + camera] = feature;
  }
  return {{"codebase_version", options_.version},
          {"robot_type", robot_.name},
          {"fps", hz},
          {"chunks_size", kChunk},
          {"video_path", nullptr},
          {"features", features}};
}

// What Hugging Face's datasets wants to know of a table's columns.
ParquetWriter::Metadata LeRobotJoin::column_types() const {
  json features;
  for (const auto& [name, feature] : info_["features"].items()) {
    const std::string type = feature["dtype"];
    if (type == "video") continue;
    const json value = {{"dtype", type}, {"_type", "Value"}};
    if (type == "image") {
      features[name] = {{"_type", "Image"}};
    } else if (type == "float32" && name != "timestamp") {
      features[name] = {
          {"feature", value}, {"length", feature["shape"][0]}, {"_type", list_type()}};
    } else {
      features[name] = value;
    }
  }
  return {{"huggingface", json{{"info", {{"features", features}}}}.dump()}};
}

std::string LeRobotJoin::padded(int64_t number, int width) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*lld", width, static_cast<long long>(number));
  return text;
}

int64_t LeRobotJoin::task_index(const std::string& instruction) {
  for (const auto& [index, text] : tasks_) {
    if (text == instruction) return index;
  }
  const int64_t index = tasks_.empty() ? 0 : tasks_.rbegin()->first + 1;
  tasks_[index] = instruction;
  return index;
}

ParquetTable LeRobotJoin::table_of(const Row& row, int64_t task) const {
  ParquetTable table(row.part.table());
  const auto frames = static_cast<size_t>(row.part.length);
  std::vector<int64_t> index;
  for (size_t t = 0; t < frames; ++t) index.push_back(row.from + static_cast<int64_t>(t));
  table.set("episode_index", std::vector<int64_t>(frames, row.index));
  table.set("index", index);
  table.set("task_index", std::vector<int64_t>(frames, task));
  return table;
}

ParquetTable LeRobotJoin::own_table_of(const LeRobotPart& part) const {
  return part.own ? ParquetTable(part.own_table()) : no_own_columns(part.length);
}

void LeRobotJoin::note_indices(Row& row, int64_t task) const {
  std::vector<double> frame, index;
  for (int64_t t = 0; t < row.part.length; ++t) {
    frame.push_back(static_cast<double>(t));
    index.push_back(static_cast<double>(row.from + t));
  }
  row.stats["frame_index"] = stats_of(frame);
  row.stats["index"] = stats_of(index);
  row.stats["episode_index"] =
      stats_of(std::vector<double>(frame.size(), static_cast<double>(row.index)));
  row.stats["task_index"] = stats_of(std::vector<double>(frame.size(), static_cast<double>(task)));
}

// Which episodes are there, by the numbers of the run that made them, and of what scene.
void LeRobotJoin::write_own_list() const {
  ParquetTable table;
  const auto column = [&](const char* name, const auto& value) {
    std::vector<std::remove_cvref_t<decltype(value(rows_[0].part))>> values;
    for (const Row& row : rows_) values.push_back(value(row.part));
    table.set(name, values);
  };
  column("number", [](const LeRobotPart& part) { return part.number; });
  column("own", [](const LeRobotPart& part) { return int64_t(part.own); });
  for (const auto& [name, number] : EpisodeLabel::kNumbers) {
    column(name, [&](const LeRobotPart& part) { return int64_t(part.label.*number); });
  }
  for (const auto& [name, text] : EpisodeLabel::kTexts) {
    column(name, [&](const LeRobotPart& part) { return part.label.*text; });
  }
  column("items", [](const LeRobotPart& part) { return part.label.items; });
  ParquetWriter writer(fresh_ + kLeRobotOwnList);
  if (before_) writer.append(ParquetTable(root_ + "/meta" + kLeRobotOwnList));
  writer.append(table);
  writer.finish();
}

}  // namespace libra::data
