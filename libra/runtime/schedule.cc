#include "libra/runtime/schedule.h"

#include <algorithm>

#include "libra/core/error.h"

namespace libra {

void ScheduleConfig::list(ConfigFields& f) {
  f.add("schedule", schedule, "when the planner runs: before every chunk, or every M-th",
        {"sync", "amortised"});
  f.add("M", expansion, "chunks per plan (amortised)", {1.0, double(kMaxExpansion)});
  f.add("starvation", starvation, "what happens when no intent covers a step",
        {"hold_intent", "hold_position", "stop"});
}

EpisodeSchedule::EpisodeSchedule(const ScheduleConfig& config, int horizon, bool uses_intents)
    : horizon_(horizon), expansion_(config.expansion), uses_intents_(uses_intents) {
  const auto refuse = [](const char* where, const std::string& expected, const std::string& found) {
    throw Error(ErrorCode::kBadInput,
                {.where = where, .problem = "not possible", .expected = expected, .found = found});
  };
  if (config.schedule == "sync") {
    expansion_ = 1;
  } else if (config.schedule != "amortised") {
    refuse("schedule", "sync or amortised", config.schedule);
  }
  if (expansion_ < 1 || expansion_ > kMaxExpansion) {
    refuse("M", "1 to " + std::to_string(kMaxExpansion), std::to_string(expansion_));
  }
  if (horizon < 1 || horizon > kMaxHorizon) {
    refuse("H", "1 to " + std::to_string(kMaxHorizon), std::to_string(horizon));
  }
  if (config.starvation == "hold_intent") {
    starvation_ = Starvation::kHoldIntent;
  } else if (config.starvation == "hold_position") {
    starvation_ = Starvation::kHoldPosition;
  } else if (config.starvation == "stop") {
    starvation_ = Starvation::kStop;
  } else {
    refuse("starvation", "hold_intent, hold_position or stop", config.starvation);
  }
}

void EpisodeSchedule::reset(uint64_t instruction_id) {
  ++epoch_;
  buffer_.reset(epoch_, instruction_id);
  queue_.clear();
  acquired_ = {};
  hold_until_ = 0;
  stopped_ = false;
  gripper_ = -1.0f;
}

bool EpisodeSchedule::needs_plan(int64_t step) const {
  if (!uses_intents_ || stopped_ || !at_border(step)) return false;
  const int64_t planned = buffer_.plan_step();
  return planned < 0 || step >= planned + int64_t{expansion_} * horizon_;
}

bool EpisodeSchedule::needs_chunk(int64_t step) {
  if (stopped_ || !at_border(step)) return false;
  if (!uses_intents_) return true;
  acquired_ = buffer_.acquire(step);
  if (acquired_.intent != nullptr) return true;
  if (starvation_ == Starvation::kHoldIntent && buffer_.last() != nullptr) {
    acquired_.intent = buffer_.last();
    return true;
  }
  if (starvation_ == Starvation::kStop) {
    stopped_ = true;
  } else {
    hold_until_ = step + horizon_;
  }
  return false;
}

void EpisodeSchedule::take_chunk(ActionChunk chunk, int64_t step) {
  chunk.horizon = std::clamp(chunk.horizon, 0, std::min(horizon_, kMaxHorizon));
  chunk.obs_step = step;
  queue_.push(chunk);
}

Tick EpisodeSchedule::tick(int64_t step) {
  Tick tick;
  if (const Action* action = queue_.at(step)) {
    tick.source = Tick::Source::kChunk;
    tick.action = *action;
    gripper_ = tick.action[kActionDim - 1];
    return tick;
  }
  tick.source = stopped_ ? Tick::Source::kStopped : Tick::Source::kHold;
  tick.action[kActionDim - 1] = gripper_;
  return tick;
}

}  // namespace libra
