#include "libra/training/training_log.h"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

namespace libra::training {

using nlohmann::json;

std::vector<json> read_training_log(const std::string& run) {
  std::istringstream rows(read_file(run + "/log.jsonl"));
  std::vector<json> lines;
  for (std::string row; std::getline(rows, row);) {
    json line = json::parse(row, nullptr, false);
    const bool tells =
        line.is_object() && line.contains("step") && line["step"].is_number_integer();
    if (tells) lines.push_back(std::move(line));
  }
  return lines;
}

void TrainingLog::add(int64_t step, const StepReport& report, const InjectionSwitch& injection,
                      double learning_rate, double samples_per_second, int64_t skipped) {
  append(step, json{{"step", step},
                    {"plan", report.plan},
                    {"accuracy", report.accuracy},
                    {"pointing", report.pointing},
                    {"keyframe", report.keyframe},
                    {"diffusion", report.diffusion},
                    {"planner_norm", report.planner_norm},
                    {"refiner_norm", report.refiner_norm},
                    {"accuracy_short", injection.short_average()},
                    {"accuracy_long", injection.long_average()},
                    {"injection", report.sampled ? "free" : "teacher"},
                    {"lr", learning_rate},
                    {"skipped", skipped},
                    {"samples_per_second", samples_per_second},
                    {"ms",
                     {{"batch", report.batch_ms},
                      {"planner", report.planner_ms},
                      {"refiner", report.refiner_ms},
                      {"update", report.update_ms}}}});
}

void TrainingLog::add(int64_t step, const ValidationReport& report) {
  append(step, json{{"step", step},
                    {"validation",
                     {{"plan", report.plan},
                      {"accuracy", report.accuracy},
                      {"diffusion", report.diffusion},
                      {"grounding_hit", report.hit},
                      {"direction_deg", report.direction_deg},
                      {"pointing_px", report.pointing_px},
                      {"action_mse", report.action_mse},
                      {"centre_mse", report.centre_mse},
                      {"bin_accuracy", report.bin_accuracy}}}});
}

void TrainingLog::add(int64_t step, const WatchReport& report,
                      const std::vector<std::string>& names) {
  append(step, json{{"step", step}, {"watch", to_json(report, names)}});
}

namespace {

// Every number of a line under its path, "ms/batch".
void collect_scalars(const json& value, const std::string& path,
                     std::map<std::string, double>& scalars) {
  if (value.is_number() || value.is_boolean()) {
    scalars[path] = value.is_boolean() ? double(value.get<bool>()) : value.get<double>();
    return;
  }
  for (const auto& [key, part] : value.items()) {
    if (value.is_structured()) {
      collect_scalars(part, path.empty() ? key : path + "/" + key, scalars);
    }
  }
}

}  // namespace

void TrainingLog::append(int64_t step, const json& line) {
  if (!file_) file_.emplace(path());
  file_->append(line.dump());
  if (!events_) events_.emplace(folder_, begins_);
  std::map<std::string, double> scalars;
  collect_scalars(line, "", scalars);
  scalars.erase("step");
  if (line.contains("injection")) scalars["free_intents"] = line["injection"] == "free" ? 1.0 : 0.0;
  events_->add(step, scalars);
}

void TrainingLog::drop_after(int64_t step, int64_t watched) {
  std::error_code error;
  begins_ = step;
  events_.reset();
  if (!std::filesystem::exists(path(), error)) return;
  std::string kept;
  for (const json& line : read_training_log(folder_)) {
    const int64_t of = line["step"].get<int64_t>();
    if (of <= (line.contains("watch") ? watched : step)) kept += line.dump() + "\n";
  }
  file_.reset();
  write_file(path(), kept);
}

}  // namespace libra::training
