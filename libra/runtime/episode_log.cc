#include "libra/runtime/episode_log.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "libra/action/describe.h"
#include "libra/core/error.h"

namespace libra {
namespace {

using LogJson = nlohmann::ordered_json;

constexpr int kFormat = 1;
constexpr size_t kMostLines = 20000;
constexpr size_t kLongestFile = size_t{64} << 20;
constexpr int kDeepest = 6;

std::string dump(const LogJson& json) {
  return json.dump(-1, ' ', false, LogJson::error_handler_t::replace);
}

// Three digits are what a picture can show.
double rounded(double x) { return std::isfinite(x) ? std::round(x * 1000.0) / 1000.0 : 0.0; }

LogJson rounded_list(std::span<const float> values) {
  LogJson list = LogJson::array();
  for (const float x : values) list.push_back(rounded(x));
  return list;
}

LogJson bin_list(std::span<const uint8_t> bins) {
  LogJson list = LogJson::array();
  for (const uint8_t bin : bins) list.push_back(int{bin});
  return list;
}

const char* source_word(Tick::Source source) {
  switch (source) {
    case Tick::Source::kChunk:
      return "chunk";
    case Tick::Source::kHold:
      return "hold";
    case Tick::Source::kStopped:
      break;
  }
  return "stopped";
}

}  // namespace

EpisodeLog::EpisodeLog(const PolicySpec& policy, const action::Binner& binner,
                       const EpisodeFacts& facts)
    : embodiment_(policy.embodiment), binner_(binner) {
  head_ = dump({{"libra_episode", kFormat},
                {"suite", facts.suite},
                {"task", facts.task},
                {"episode", facts.episode},
                {"instruction", facts.instruction},
                {"schedule", facts.schedule},
                {"policy", policy.name},
                {"max_steps", facts.max_steps},
                {"hz", policy.embodiment.control_hz},
                {"horizon", policy.horizon},
                {"chunks", facts.plan_chunks},
                {"bins", policy.bins},
                {"dims", policy.embodiment.model_names()},
                {"cameras", policy.embodiment.camera_names()}});
}

void EpisodeLog::add(std::string line) {
  lines_.push_back(std::move(line));
  if (lines_.size() <= kMostLines) return;
  lines_.pop_front();
  ++first_;
}

void EpisodeLog::plan(int64_t step, const IntentPlan& plan) {
  LogJson bins = LogJson::array(), sure = LogJson::array(), words = LogJson::array();
  for (int m = 0; m < plan.expansion; ++m) {
    const Intent& intent = plan.intents[static_cast<size_t>(m)];
    for (size_t i = 0; i < static_cast<size_t>(intent.horizon); ++i) {
      bins.push_back(bin_list(intent.bin[i]));
      sure.push_back(rounded_list(intent.probability[i]));
    }
    words.push_back(action::describe(intent, binner_, embodiment_));
  }
  add(dump({{"e", "plan"},
            {"s", step},
            {"seen", plan.obs_step},
            {"first", plan.first_step},
            {"bins", bins},
            {"sure", sure},
            {"words", words}}));
  planned_at_ = plan.obs_step;
  planned_epoch_ = plan.epoch;
}

void EpisodeLog::tick(int64_t step, const Tick& tick, std::span<const float> action,
                      const IntentPlan& newest) {
  if (newest.expansion > 0 && (newest.obs_step != planned_at_ || newest.epoch != planned_epoch_)) {
    plan(step, newest);
  }
  add(dump({{"e", "step"},
            {"s", step},
            {"a", rounded_list(action)},
            {"b", bin_list(tick.told)},
            {"src", source_word(tick.source)}}));
}

void EpisodeLog::chunk(int64_t first_step, const Rows<float>& actions, int count,
                       const Intent* told) {
  LogJson rows = LogJson::array(), bins = LogJson::array();
  const size_t size = std::min(actions.size(), static_cast<size_t>(std::max(0, count)));
  for (size_t i = 0; i < size; ++i) {
    rows.push_back(rounded_list(actions[i]));
    if (told != nullptr && i < told->bin.size()) bins.push_back(bin_list(told->bin[i]));
  }
  add(dump({{"e", "chunk"}, {"s", first_step}, {"a", rows}, {"b", bins}}));
}

void EpisodeLog::call(const char* network, int64_t step, double ms) {
  add(dump({{"e", "call"}, {"s", step}, {"net", network}, {"ms", rounded(ms)}}));
}

void EpisodeLog::note(const char* kind, int64_t step, const std::string& text) {
  add(dump({{"e", "note"}, {"s", step}, {"kind", kind}, {"text", text}}));
}

std::string EpisodeLog::text() const {
  std::string text = head_ + "\n";
  for (const std::string& line : lines_) text += line + "\n";
  return text;
}

EpisodeLog EpisodeLog::parse(const std::string& text, const std::string& where) {
  const auto refuse = [&](int line, const std::string& problem) {
    throw Error(ErrorCode::kBadInput,
                {.where = std::string(where).append(":").append(std::to_string(line)),
                 .problem = problem,
                 .expected = "an episode that libra eval or libra inspect has written"});
  };
  if (text.size() > kLongestFile) refuse(1, "is too long");
  EpisodeLog log;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const auto watch = [&](int depth, LogJson::parse_event_t, LogJson&) {
      if (depth > kDeepest) refuse(number, "is nested too deep");
      return true;
    };
    const LogJson json = LogJson::parse(line, watch, false);
    if (!json.is_object()) refuse(number, "is no record of an episode");
    if (number > 1) {
      log.add(dump(json));
      continue;
    }
    const auto format = json.find("libra_episode");
    if (format == json.end()) refuse(number, "is no record of an episode");
    if (*format != kFormat) refuse(number, "is of another format, " + dump(*format));
    log.head_ = dump(json);
  }
  if (number == 0) refuse(1, "is empty");
  return log;
}

}  // namespace libra
