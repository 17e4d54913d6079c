#include "libra/eval/latency_probe.h"

#include <algorithm>

#include "libra/action/codec.h"

namespace libra::eval {

void time_networks(Policy& policy, const RolloutRequest& request, const Observation& observation,
                   const std::string& instruction, RolloutOutcome& out) {
  constexpr int kWarmUp = 3, kChunks = 60;
  constexpr double kBudgetMs = 10'000.0;
  const int expansion =
      request.schedule.schedule == ScheduleKind::kSync ? 1 : request.schedule.expansion;
  const bool has_planner = policy.planner() != nullptr;
  const bool plans = has_planner && request.executor != Executor::kTeacher;
  const bool refines = request.executor != Executor::kPlannerOnly;
  const PolicySpec& spec = policy.spec();
  const Intent blank(spec.horizon, policy.codec().model_dim(),
                     std::max(1, spec.bins));  // stands in where no planner runs
  IntentPlan plan;
  ActionChunk actions;
  const Clock::time_point begin = Clock::now();
  for (int chunk = -kWarmUp; chunk < kChunks; ++chunk) {
    if (chunk > 0 && milliseconds_since(begin) > kBudgetMs) break;
    double total = 0.0;
    if (plans && (chunk < 0 || chunk % expansion == 0)) {
      const PlanRequest asked{&observation, instruction, 0};
      const Clock::time_point start = Clock::now();
      policy.planner()->plan({&asked, 1}, {&plan, 1});
      total += milliseconds_since(start);
      if (chunk >= 0) out.planner.add(total);
    }
    if (refines) {
      const Intent* intent = plans ? &plan.intents[0] : &blank;
      const RefineRequest asked{&observation, has_planner ? intent : nullptr, instruction,
                                static_cast<uint64_t>(chunk + kWarmUp)};
      const Clock::time_point start = Clock::now();
      policy.refiner().refine({&asked, 1}, {&actions, 1});
      const double ms = milliseconds_since(start);
      total += ms;
      if (chunk >= 0) out.refiner.add(ms);
    }
    if (chunk >= 0) out.per_chunk.add(total);
  }
}

}  // namespace libra::eval
