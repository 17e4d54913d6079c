// Parts become a LeRobot data set, or are added to one (internal to data). Tables and films come
// first, under names that nothing refers to yet; then everything in meta/, which takes its place in
// one step.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "libra/core/embodiment.h"
#include "libra/data/lerobot_meta.h"
#include "libra/data/lerobot_part.h"
#include "libra/data/lerobot_writer.h"

namespace libra::data {

// What the versions have in common. Thread: one; used once.
class LeRobotJoin {
 public:
  // `info`: meta/info.json of the set that is there; null: none. Throws Error(kBadInput).
  LeRobotJoin(const std::string& root, const Embodiment& robot, const LeRobotOptions& options,
              const nlohmann::json& info);
  virtual ~LeRobotJoin() = default;
  LeRobotJoin(const LeRobotJoin&) = delete;
  LeRobotJoin& operator=(const LeRobotJoin&) = delete;

  // Returns meta/info.json of the set that is there then. Throws Error(kBadInput, kFailed); until
  // the last moment the set is as before.
  nlohmann::json run(const std::vector<LeRobotPart>& parts);

 protected:
  static constexpr int64_t kChunk = 1000;  // files a folder
  // A row of the list of episodes.
  struct Row {
    LeRobotPart part;
    int64_t index = 0, from = 0;                // among all episodes, and frames
    std::map<std::string, FeatureStats> stats;  // by feature
    // Where a version joins episodes in files: the table's number, and by camera the film's and
    // where it begins in it (s).
    int64_t table = 0;
    std::map<std::string, std::pair<int64_t, double>> films;
  };

  // Puts a part's table and films in place.
  virtual void add(Row& row, int64_t task) = 0;
  // No more come.
  virtual void close() {}
  // The lists of tasks and episodes, and the statistics, in fresh().
  virtual void write_lists() = 0;
  virtual void describe(nlohmann::json& info) const = 0;  // of the version alone
  virtual const char* list_type() const = 0;              // of lists, in Hugging Face's words

  const std::string& root() const { return root_; }
  const std::string& fresh() const { return fresh_; }  // what becomes meta/
  const std::optional<LeRobotMeta>& before() const { return before_; }
  const Embodiment& robot() const { return robot_; }
  const std::vector<Row>& rows() const { return rows_; }
  const std::map<int64_t, std::string>& tasks() const { return tasks_; }
  int64_t episodes() const { return episodes_; }
  bool films() const { return options_.films; }
  bool own() const { return own_; }  // there are columns of libra's own
  ParquetTable table_of(const Row& row, int64_t task) const;
  ParquetTable own_table_of(const LeRobotPart& part) const;
  // What Hugging Face's datasets wants to know of a table's columns.
  std::vector<std::pair<std::string, std::string>> column_types() const;
  static std::string padded(int64_t number, int width);

 private:
  nlohmann::json describe_features(const LeRobotPart& part) const;
  void remove_strangers() const;
  int64_t task_index(const std::string& instruction);
  void note_indices(Row& row, int64_t task) const;
  void write_own_list() const;

  std::string root_, fresh_;
  Embodiment robot_;
  LeRobotOptions options_;
  bool own_ = false;
  nlohmann::json info_;
  std::optional<LeRobotMeta> before_;
  int64_t episodes_ = 0, frames_ = 0;
  std::map<int64_t, std::string> tasks_;
  std::vector<Row> rows_;
};

std::unique_ptr<LeRobotJoin> join_v30(const std::string& root, const Embodiment& robot,
                                      const LeRobotOptions& options, const nlohmann::json& info);
std::unique_ptr<LeRobotJoin> join_v21(const std::string& root, const Embodiment& robot,
                                      const LeRobotOptions& options, const nlohmann::json& info);

}  // namespace libra::data
