#include "libra/serving/session.h"

#include <algorithm>

namespace libra::serving {

Session::Session(const PolicySpec& policy, const ScheduleConfig& schedule, uint64_t seed,
                 uint64_t number, bool counted)
    : horizon_(policy.horizon),
      expansion_(schedule.schedule == ScheduleKind::kSync ? 1 : schedule.expansion),
      has_planner_(policy.expansion > 0),
      overlapped_(schedule.schedule == ScheduleKind::kOverlapped),
      every_time_(schedule.schedule == ScheduleKind::kSync),
      counted_(counted),
      buffer_(IntentPlan(std::max(1, policy.expansion), policy.horizon,
                         static_cast<size_t>(policy.embodiment.model_dim()), policy.bins)),
      own_{seed, hash_name("connection") ^ number, 0} {}

bool Session::observe(const EpisodeMark& mark, const std::string& instruction,
                      Observation& observation) {
  const bool first = step_ < 0;
  const bool back = mark.step && *mark.step <= step_;
  const bool other = mark.episode && *mark.episode != seed_.episode;
  const bool fresh = first || back || other || mark.reset || instruction != instruction_;
  if (fresh) {
    // Another number for every episode of the connection, unless the client knows better.
    if (!first) ++own_.episode;
    instruction_ = instruction;
    buffer_.reset(++epoch_, hash_name(instruction_));
    ahead_.reset();
    seed_ = {mark.seed.value_or(own_.seed), mark.task ? hash_name(*mark.task) : own_.task,
             mark.episode.value_or(own_.episode)};
  }
  knows_step_ = mark.step.has_value();
  step_ = mark.step.value_or(fresh ? 0 : step_ + horizon_);
  observation.step = step_;
  return fresh;
}

bool Session::needs_plan() const {
  if (!has_planner_) return false;
  if (every_time_ || (!knows_step_ && !counted_)) return true;
  const IntentPlan& plan = buffer_.plan();
  const int64_t end =
      plan.first_step + int64_t{std::min(plan.expansion, expansion_)} * plan.horizon();
  return plan.expansion == 0 || end - step_ < horizon_;
}

void Session::plan_later(const Observation& observation) {
  ahead_ = std::make_unique<Ahead>(Ahead{observation, noise()});
}

}  // namespace libra::serving
