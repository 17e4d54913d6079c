// LeRobot v3.0: many episodes a file.
#include <cmath>
#include <filesystem>
#include <functional>
#include <set>

#include "libra/core/file.h"
#include "libra/data/lerobot_join.h"
#include "libra/media/video.h"

namespace libra::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// As the official package fills its files.
constexpr uint64_t kMib = uint64_t{1} << 20;
constexpr uint64_t kTableBytes = 100 * kMib, kFilmBytes = 200 * kMib;

// What pandas wants to know, so that a table's texts are its index.
std::string pandas_index(const std::string& column) {
  return json{{"index_columns", {column}},
              {"column_indexes", json::array()},
              {"columns",
               {{{"name", "task_index"},
                 {"field_name", "task_index"},
                 {"pandas_type", "int64"},
                 {"numpy_type", "int64"},
                 {"metadata", nullptr}},
                {{"name", nullptr},
                 {"field_name", column},
                 {"pandas_type", "unicode"},
                 {"numpy_type", "object"},
                 {"metadata", nullptr}}}},
              {"pandas_version", "2.0.0"}}
      .dump();
}

class JoinV30 final : public LeRobotJoin {
 public:
  using LeRobotJoin::LeRobotJoin;

 private:
  struct Film {
    std::unique_ptr<media::VideoJoiner> joiner;
    int64_t file = -1;
    uint64_t bytes = 0;
    double seconds = 0;
  };

  static std::string numbered_file(int64_t number) {
    return "chunk-" + padded(number / kChunk, 3) + "/file-" + padded(number % kChunk, 3);
  }

  void describe(json& info) const override {
    info["data_files_size_in_mb"] = kTableBytes / kMib;
    info["video_files_size_in_mb"] = kFilmBytes / kMib;
    info["data_path"] = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet";
    if (!films()) return;
    info["video_path"] = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4";
  }
  const char* list_type() const override { return "List"; }

  // The number of the first file that no episode of before is in.
  int64_t files_before(const std::function<std::string(const LeRobotEpisode&)>& file_of) const {
    std::set<std::string> files;
    if (before()) {
      for (const auto& e : before()->episodes) files.insert(file_of(e));
    }
    return static_cast<int64_t>(files.size());
  }

  void finish_tables() {
    if (table_ != nullptr) table_->finish();
    if (own_table_ != nullptr) own_table_->finish();
    table_.reset();
    own_table_.reset();
  }

  void add(Row& row, int64_t task) override {
    const LeRobotPart& part = row.part;
    const uint64_t bytes = fs::file_size(part.table());
    if (table_file_ < 0) {
      table_file_ = files_before([](const auto& e) { return e.data; }) - 1;
    }
    if (table_ == nullptr || table_bytes_ + bytes > kTableBytes) {
      finish_tables();
      ++table_file_;
      table_bytes_ = 0;
      const std::string file = numbered_file(table_file_) + ".parquet";
      table_ = std::make_unique<ParquetWriter>(root() + "/data/" + file, column_types());
      if (own()) own_table_ = std::make_unique<ParquetWriter>(root() + "/libra/" + file);
    }
    table_bytes_ += bytes;
    table_->append(table_of(row, task));
    if (own()) own_table_->append(own_table_of(part));
    row.table = table_file_;
    for (const auto& [camera, codec] : part.codecs) add_film(row, camera);
  }

  void add_film(Row& row, const std::string& camera) {
    const LeRobotPart& part = row.part;
    const std::string feature = kLeRobotPictures + camera, source = part.film(camera);
    Film& film = films_[camera];
    const uint64_t bytes = fs::file_size(source);
    if (film.file < 0) {
      film.file = files_before([&](const auto& e) { return e.videos.at(feature).path; }) - 1;
    }
    for (bool anew = film.joiner == nullptr || film.bytes + bytes > kFilmBytes;; anew = true) {
      if (anew) {
        if (film.joiner != nullptr) film.joiner->finish();
        ++film.file;
        const std::string path =
            root() + "/videos/" + feature + "/" + numbered_file(film.file) + ".mp4";
        fs::create_directories(fs::path(path).parent_path());
        film = {std::make_unique<media::VideoJoiner>(path), film.file, 0, 0.0};
      }
      if (film.joiner->append(source, film.seconds)) break;
    }
    row.films[camera] = {film.file, film.seconds};
    film.bytes += bytes;
    film.seconds += double(part.length) / robot().control_hz;
  }

  void close() override {
    finish_tables();
    for (auto& [camera, film] : films_) {
      if (film.joiner != nullptr) film.joiner->finish();
    }
  }

  void write_lists() override {
    const std::string lists = "/episodes/" + numbered_file(0) + ".parquet";
    ParquetWriter episodes(fresh() + lists);
    if (before()) episodes.append(ParquetTable(root() + "/meta" + lists));
    episodes.append(list_of_episodes());
    episodes.finish();
    std::vector<int64_t> indices;
    std::vector<std::string> texts;
    for (const auto& [index, text] : tasks()) {
      indices.push_back(index);
      texts.push_back(text);
    }
    const char* column = "__index_level_0__";  // as pandas names an index without a name
    ParquetTable tasks;
    tasks.set("task_index", indices);
    tasks.set(column, texts);
    save(tasks, fresh() + "/tasks.parquet", {{"pandas", pandas_index(column)}});
    json all;
    for (const auto& [feature, stats] : rows()[0].stats) {
      std::vector<FeatureStats> parts;
      if (before()) {
        const std::string file = root() + "/meta/stats.json";
        parts.push_back(stats_from_json(json::parse(read_file(file))[feature], file));
      }
      for (const Row& row : rows()) parts.push_back(row.stats.at(feature));
      all[feature] = to_json(merge(parts));
    }
    write_file(fresh() + "/stats.json", all.dump(4) + "\n");
  }

  ParquetTable list_of_episodes() const {
    ParquetTable table;
    const auto integers = [&](const std::string& column, const auto& value) {
      std::vector<int64_t> values;
      for (const Row& row : rows()) values.push_back(value(row));
      table.set(column, values);
    };
    const auto numbers = [&](const std::string& column, const auto& value) {
      std::vector<double> values;
      for (const Row& row : rows()) values.push_back(value(row));
      table.set(column, values);
    };
    integers("episode_index", [](const Row& row) { return row.index; });
    std::vector<std::vector<std::string>> tasks;
    for (const Row& row : rows()) tasks.push_back({row.part.instruction});
    table.set("tasks", tasks);
    integers("length", [](const Row& row) { return row.part.length; });
    integers("data/chunk_index", [](const Row& row) { return row.table / kChunk; });
    integers("data/file_index", [](const Row& row) { return row.table % kChunk; });
    integers("dataset_from_index", [](const Row& row) { return row.from; });
    integers("dataset_to_index", [](const Row& row) { return row.from + row.part.length; });
    for (const auto& [camera, film] : rows()[0].films) {
      const std::string prefix = "videos/" + (kLeRobotPictures + camera) + "/";
      const std::string& name = camera;
      integers(prefix + "chunk_index",
               [&](const Row& row) { return row.films.at(name).first / kChunk; });
      integers(prefix + "file_index",
               [&](const Row& row) { return row.films.at(name).first % kChunk; });
      numbers(prefix + "from_timestamp", [&](const Row& row) { return row.films.at(name).second; });
      numbers(prefix + "to_timestamp", [&](const Row& row) {
        return row.films.at(name).second + double(row.part.length) / robot().control_hz;
      });
    }
    for (const auto& [feature, first] : rows()[0].stats) {
      for (size_t i = 0; i < FeatureStats::kNames.size(); ++i) {
        std::vector<std::vector<double>> lists;
        for (const Row& row : rows()) lists.push_back(row.stats.at(feature).values[i]);
        const std::string column = "stats/" + feature + "/" + FeatureStats::kNames[i];
        first.picture ? table.set_channels(column, lists) : table.set(column, lists);
      }
      std::vector<std::vector<double>> counts;
      for (const Row& row : rows()) counts.push_back({double(row.stats.at(feature).count)});
      table.set("stats/" + feature + "/count", counts);
    }
    integers("meta/episodes/chunk_index", [](const Row&) { return 0; });
    integers("meta/episodes/file_index", [](const Row&) { return 0; });
    return table;
  }

  std::unique_ptr<ParquetWriter> table_, own_table_;
  int64_t table_file_ = -1;
  uint64_t table_bytes_ = 0;
  std::map<std::string, Film> films_;
};

}  // namespace

std::unique_ptr<LeRobotJoin> join_v30(const std::string& root, const Embodiment& robot,
                                      const LeRobotOptions& options, const json& info) {
  return std::make_unique<JoinV30>(root, robot, options, info);
}

}  // namespace libra::data
