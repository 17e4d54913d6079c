// What a run tells as it goes: log.jsonl, a line a step that is told and one a validation; the same
// as TensorBoard's events.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "libra/core/file.h"
#include "libra/training/event_file.h"
#include "libra/training/step/injection.h"
#include "libra/training/validation.h"
#include "libra/training/watch.h"

namespace libra::training {

// The lines of <run>/log.jsonl that tell a step; what is not such a line is passed over. Throws
// Error(kNotFound) without a log.
std::vector<nlohmann::json> read_training_log(const std::string& run);

// Thread: one. Throws Error(kFailed) when the disk does not take a line.
class TrainingLog {
 public:
  // Of the run in `folder`.
  explicit TrainingLog(std::string folder) : folder_(std::move(folder)) {}
  // skipped: steps so far that were left out because they were not finite.
  void add(int64_t step, const StepReport& report, const InjectionSwitch& injection,
           double learning_rate, double samples_per_second, int64_t skipped);
  void add(int64_t step, const ValidationReport& report);
  // names: of an action's numbers.
  void add(int64_t step, const WatchReport& report, const std::vector<std::string>& names);
  // What a resumed run does again goes: lines of steps after `step`, looks after step `watched`.
  void drop_after(int64_t step, int64_t watched);

 private:
  std::string path() const { return folder_ + "/log.jsonl"; }
  void append(int64_t step, const nlohmann::json& line);
  std::string folder_;
  int64_t begins_ = 0;               // the step that this process goes on from
  std::optional<LineJournal> file_;  // opened with the first line, as the next
  std::optional<EventFile> events_;
};

}  // namespace libra::training
