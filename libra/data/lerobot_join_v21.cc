// LeRobot v2.1: a table and a film a camera for each episode.
#include <filesystem>

#include "libra/core/file.h"
#include "libra/data/lerobot_join.h"

namespace libra::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class JoinV21 final : public LeRobotJoin {
 public:
  using LeRobotJoin::LeRobotJoin;

 private:
  void describe(json& info) const override {
    info["data_path"] = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet";
    info["total_videos"] = films() ? episodes() * static_cast<int64_t>(robot().cameras.size()) : 0;
    info["total_chunks"] = (episodes() + kChunk - 1) / kChunk;
    if (!films()) return;
    info["video_path"] =
        "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4";
  }
  const char* list_type() const override { return "Sequence"; }

  void add(Row& row, int64_t task) override {
    const LeRobotPart& part = row.part;
    const std::string chunk = "chunk-" + padded(episodes() / kChunk, 3) + "/",
                      name = "episode_" + padded(episodes(), 6);
    ParquetWriter writer(root() + "/data/" + chunk + name + ".parquet", column_types());
    writer.append(table_of(row, task));
    writer.finish();
    if (own()) save(own_table_of(part), root() + "/libra/" + chunk + name + ".parquet");
    for (const auto& [camera, codec] : part.codecs) {
      const std::string folder = root() + "/videos/" + chunk + kLeRobotPictures + camera + "/";
      fs::create_directories(folder);
      const std::string fresh = folder + name + ".mp4.part";
      fs::copy_file(part.film(camera), fresh, fs::copy_options::overwrite_existing);
      replace_path(fresh, folder + name + ".mp4");
    }
  }

  void write_lists() override {
    std::string list, stats, texts;
    if (before()) {
      list = read_file(root() + "/meta/episodes.jsonl");
      stats = read_file(root() + "/meta/episodes_stats.jsonl");
    }
    for (const Row& row : rows()) {
      list += json{{"episode_index", row.index},
                   {"tasks", {row.part.instruction}},
                   {"length", row.part.length}}
                  .dump() +
              "\n";
      json line;
      for (const auto& [feature, values] : row.stats) line[feature] = to_json(values);
      stats += json{{"episode_index", row.index}, {"stats", line}}.dump() + "\n";
    }
    for (const auto& [index, text] : tasks()) {
      texts += json{{"task_index", index}, {"task", text}}.dump() + "\n";
    }
    write_file(fresh() + "/episodes.jsonl", list);
    write_file(fresh() + "/episodes_stats.jsonl", stats);
    write_file(fresh() + "/tasks.jsonl", texts);
  }
};

}  // namespace

std::unique_ptr<LeRobotJoin> join_v21(const std::string& root, const Embodiment& robot,
                                      const LeRobotOptions& options, const json& info) {
  return std::make_unique<JoinV21>(root, robot, options, info);
}

}  // namespace libra::data
