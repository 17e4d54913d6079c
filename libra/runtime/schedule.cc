#include "libra/runtime/schedule.h"

#include <algorithm>
#include <limits>

#include "libra/core/error.h"

namespace libra {
namespace {

[[noreturn]] void refuse(const char* where, const std::string& expected, const std::string& found) {
  throw Error(ErrorCode::kBadInput,
              {.where = where, .problem = "not possible", .expected = expected, .found = found});
}

}  // namespace

void AdaptiveConfig::list(ConfigFields& f) {
  f.add("enabled", enabled, "replan before M chunks are used up where there is reason to");
  f.add("replan_entropy", replan_entropy,
        "replan when the next chunk's intents are less certain (share of log N)", {0, 1});
  f.add("replan_outside", replan_outside,
        "replan when more of the last chunk's actions left their bins (share)", {0, 1});
}

void ScheduleConfig::list(ConfigFields& f) {
  f.add("schedule", schedule,
        "sync: plan every chunk; amortised: every M-th; overlapped: every M-th, while the robot "
        "moves",
        {"sync", "amortised", "overlapped"});
  f.add("M", expansion, "chunks per plan (amortised, overlapped)", {1.0, double(kMaxExpansion)});
  f.add("starvation", starvation, "what happens when no intent covers a step",
        {"hold_intent", "hold_position", "stop"});
  f.add("stale", stale, "overlapped: what is done about the steps that pass while it refines",
        {"drop", "inpaint", "roll_forward"});
  f.add("max_roll", max_roll,
        "roll_forward: oldest observation of a plan (control steps); 0: a chunk",
        {0.0, double(kMaxHorizon)});
  f.add("execute", execute, "overlapped: actions of a chunk before the next takes over; 0: all",
        {0.0, double(kMaxHorizon)});
  f.add("eager", eager, "overlapped: the planner never rests");
  f.section("adaptive", adaptive);
}

void check_schedule(const ScheduleConfig& config, const PolicySpec& policy, bool has_planner) {
  if (has_planner && config.schedule != "sync" && config.expansion > policy.expansion) {
    throw Error(
        ErrorCode::kBadInput,
        {.where = "--M " + std::to_string(config.expansion),
         .problem = "the policy plans " + std::to_string(policy.expansion) + " chunks ahead",
         .next = "use --M " + std::to_string(policy.expansion) + " or less"});
  }
}

EpisodeSchedule::EpisodeSchedule(const ScheduleConfig& config, int horizon, bool uses_intents)
    : horizon_(horizon),
      expansion_(config.expansion),
      execute_(config.execute),
      uses_intents_(uses_intents),
      eager_(config.eager),
      adaptive_(config.adaptive) {
  if (config.schedule == "sync") {
    expansion_ = 1;
  } else if (config.schedule == "overlapped") {
    overlapped_ = true;
  } else if (config.schedule != "amortised") {
    refuse("schedule", "sync, amortised or overlapped", config.schedule);
  }
  if (expansion_ < 1 || expansion_ > kMaxExpansion) {
    refuse("M", "1 to " + std::to_string(kMaxExpansion), std::to_string(expansion_));
  }
  if (horizon < 1 || horizon > kMaxHorizon) {
    refuse("H", "1 to " + std::to_string(kMaxHorizon), std::to_string(horizon));
  }
  if (execute_ < 0 || execute_ > horizon) {
    refuse("execute", "0 to H = " + std::to_string(horizon), std::to_string(execute_));
  }
  if (config.max_roll < 0 || config.max_roll > horizon) {
    refuse("max roll", "0 to H = " + std::to_string(horizon), std::to_string(config.max_roll));
  }
  if (execute_ == 0) execute_ = horizon;
  max_roll_ = config.max_roll > 0 ? std::min(config.max_roll, execute_) : execute_;
  if (config.starvation == "hold_intent") {
    starvation_ = Starvation::kHoldIntent;
  } else if (config.starvation == "hold_position") {
    starvation_ = Starvation::kHoldPosition;
  } else if (config.starvation == "stop") {
    starvation_ = Starvation::kStop;
  } else {
    refuse("starvation", "hold_intent, hold_position or stop", config.starvation);
  }
  if (config.stale == "drop") {
    stale_ = Stale::kDrop;
  } else if (config.stale == "inpaint") {
    stale_ = Stale::kInpaint;
  } else if (config.stale == "roll_forward") {
    stale_ = Stale::kRollForward;
  } else {
    refuse("stale", "drop, inpaint or roll_forward", config.stale);
  }
}

void EpisodeSchedule::reset(uint64_t instruction_id) {
  ++epoch_;
  instruction_id_ = instruction_id;
  buffer_.reset(epoch_, instruction_id);
  queue_.clear();
  planner_ = refiner_ = {};
  stats_ = {};
  takeover_ = hold_until_ = 0;
  failed_plan_ = -1;
  outside_ = 0.0f;
  stopped_ = false;
  gripper_ = -1.0f;
}

void EpisodeSchedule::set_lead(int planner_steps, int refiner_steps) {
  planner_lead_ = std::max(0, planner_steps);
  refiner_lead_ = std::max(0, refiner_steps);
}

int64_t EpisodeSchedule::border(int64_t step) const {
  if (refiner_.id != 0) {
    const int64_t held = stats_.held - refiner_.held_before;
    const int64_t ends = std::min(refiner_.takeover + execute_,  //
                                  refiner_.chunk_first + refiner_.covered);
    return std::max(step, ends + held);
  }
  return std::clamp(takeover_ + execute_, step, std::max(step, queue_.end(step)));
}

int64_t EpisodeSchedule::plan_end() const {
  const IntentPlan& plan = buffer_.plan();
  if (plan.expansion == 0) return std::numeric_limits<int64_t>::min() / 2;
  return plan.first_step + int64_t{std::min(expansion_, plan.expansion)} * plan.horizon();
}

bool EpisodeSchedule::chunk_due(int64_t step) const {
  if (stopped_ || refiner_.id != 0) return false;
  if (overlapped_) return step >= border(step) - refiner_lead_;
  return queue_.at(step) == nullptr && step >= hold_until_;
}

bool EpisodeSchedule::unsure(int64_t step) const {
  const IntentPlan& plan = buffer_.plan();
  if (!adaptive_.enabled || plan.obs_step >= step || !chunk_due(step)) return false;
  if (outside_ > adaptive_.replan_outside) return true;
  Intent next;
  const int covered = plan.window(std::max(step, plan.first_step), next);
  double entropy = 0.0;
  for (int i = 0; i < covered; ++i) entropy += next.entropy[static_cast<size_t>(i)];
  return covered > 0 && entropy / covered > adaptive_.replan_entropy;
}

// On one thread: no slice is left for the chunk that begins here. overlapped: the first chunk to
// come that the plan does not cover whole needs the next one, and the planner its time before that.
bool EpisodeSchedule::plan_runs_out(int64_t step) const {
  if (buffer_.plan().expansion == 0) return true;
  if (!overlapped_) return plan_end() - step < horizon_;
  if (eager_) return step > buffer_.plan().obs_step;
  const bool rolls = stale_ == Stale::kRollForward;
  const int64_t cadence =
      std::max(1, rolls ? execute_ : std::min(execute_, horizon_ - refiner_lead_));
  int64_t takeover = border(step);
  int64_t asked = std::max(step, takeover - refiner_lead_);
  while (plan_end() - (rolls ? takeover : asked) >= horizon_) {
    takeover += cadence;
    asked += cadence;
  }
  // Proprio is rolled forward through what is committed: at most one chunk.
  const int lead = rolls ? std::min(planner_lead_, max_roll_) : planner_lead_;
  return step + lead >= asked;
}

bool EpisodeSchedule::plan_due(int64_t step) const {
  if (!uses_intents_ || stopped_) return false;
  const bool free = overlapped_ ? planner_.id == 0 : chunk_due(step) && failed_plan_ != step;
  if (!free || !(plan_runs_out(step) || unsure(step))) return false;
  // The chunk that the plan in hand still covers comes first: the plan is rolled through it.
  const bool chunk_first = overlapped_ && stale_ == Stale::kRollForward && chunk_due(step) &&
                           plan_end() - border(step) >= horizon_ && planner_lead_ > 0;
  return !chunk_first;
}

bool EpisodeSchedule::needs_observation(int64_t step) const {
  return plan_due(step) || chunk_due(step);
}

Job EpisodeSchedule::new_job(int64_t step) {
  Job job;
  job.id = next_id_++;
  job.obs_step = job.plan_first = job.chunk_first = job.takeover = step;
  job.epoch = epoch_;
  job.instruction_id = instruction_id_;
  job.covered = horizon_;
  return job;
}

void EpisodeSchedule::depart(InFlight& flight, const Job& job) {
  flight = {job.id,         job.plan,        job.obs_step,
            job.plan_first, job.chunk_first, job.takeover,
            job.covered,    stats_.held,     0};
  if (job.has_intent) flight.plan_age = job.takeover - buffer_.plan().first_step;
}

void EpisodeSchedule::roll(Job& job, int64_t until) const {
  while (job.rolled < kMaxHorizon && job.obs_step + job.rolled < until) {
    const Action* action = queue_.at(job.obs_step + job.rolled);
    if (action == nullptr) return;
    job.committed[static_cast<size_t>(job.rolled++)] = *action;
  }
}

void EpisodeSchedule::promise(Job& job) const {
  // Frozen up to the takeover, then fading with what the old chunk would have done.
  const int64_t end = std::min(queue_.end(job.obs_step), job.obs_step + horizon_);
  const int frozen = static_cast<int>(std::min(end, job.takeover) - job.obs_step);
  job.prior.count = static_cast<int32_t>(std::max<int64_t>(0, end - job.obs_step));
  for (int i = 0; i < job.prior.count; ++i) {
    job.prior.actions[static_cast<size_t>(i)] = *queue_.at(job.obs_step + i);
    const float faded = 1.0f - float(i - frozen + 1) / float(job.prior.count - frozen + 1);
    job.prior.weight[static_cast<size_t>(i)] = i < frozen ? 1.0f : faded;
  }
}

bool EpisodeSchedule::plan_job(int64_t step, Job& job) {
  if (!plan_due(step)) return false;
  if (!plan_runs_out(step)) ++stats_.early_plans;
  job = new_job(step);
  job.plan = true;
  if (overlapped_) {
    // To the takeover of the first chunk that will be made from it.
    if (stale_ == Stale::kRollForward) {
      roll(job, step + std::min(planner_lead_, max_roll_) + refiner_lead_);
    }
    job.plan_first = step + job.rolled;
    depart(planner_, job);
  } else {
    job.refine = true;
    depart(refiner_, job);
  }
  return true;
}

bool EpisodeSchedule::acquire(Job& job, int64_t step) {
  if (!uses_intents_) return true;
  const AcquiredIntent got = buffer_.acquire(std::max(step, buffer_.plan().first_step), expansion_);
  job.intent_state = got.state;
  job.plan_obs_step = buffer_.plan().obs_step;
  const Intent* intent = got.intent;
  if (intent != nullptr) {
    if (got.state == IntentState::kLate) ++stats_.late;
    job.covered = got.covered;
  } else if (got.state == IntentState::kEmpty && overlapped_) {
    return false;  // the first plan is on its way
  } else {
    ++stats_.starved;
    if (starvation_ == Starvation::kHoldIntent) {
      intent = buffer_.last(step);
    } else if (starvation_ == Starvation::kStop) {
      stopped_ = true;
    }
  }
  if (intent == nullptr) {
    if (!overlapped_) hold_until_ = step + horizon_;
    return false;
  }
  job.has_intent = true;
  job.intent = *intent;
  return true;
}

bool EpisodeSchedule::chunk_job(int64_t step, Job& job) {
  if (!chunk_due(step)) return false;
  if (!overlapped_ && plan_due(step)) return false;
  Job fresh = new_job(step);
  fresh.refine = true;
  if (overlapped_) {
    fresh.takeover = border(step);
    if (stale_ == Stale::kRollForward) {
      roll(fresh, fresh.takeover);
      fresh.chunk_first = step + fresh.rolled;
    } else if (stale_ == Stale::kInpaint) {
      promise(fresh);
    }
  }
  if (!acquire(fresh, fresh.chunk_first)) return false;
  job = fresh;
  depart(refiner_, job);
  return true;
}

bool EpisodeSchedule::take_plan(uint64_t id, IntentPlan plan, bool ok) {
  const bool combined = refiner_.plan && refiner_.id == id;
  if (id == 0 || (planner_.id != id && !combined)) {
    ++stats_.dropped;
    return false;
  }
  const InFlight flight = combined ? refiner_ : planner_;
  if (!combined) planner_ = {};
  // The stamps say what the plan was asked for, whoever made it.
  plan.obs_step = flight.obs_step;
  plan.first_step = flight.plan_first + stats_.held - flight.held_before;
  plan.epoch = epoch_;
  plan.instruction_id = instruction_id_;
  if (ok && buffer_.publish(plan, /*used=*/combined)) {
    ++stats_.plans;
    return true;
  }
  ++stats_.refused;
  if (combined) {
    refiner_ = {};
    failed_plan_ = flight.obs_step + stats_.held - flight.held_before;
  }
  return false;
}

bool EpisodeSchedule::take_chunk(uint64_t id, ActionChunk chunk, int64_t step, bool ok) {
  if (id == 0 || refiner_.id != id) {
    ++stats_.dropped;
    return false;
  }
  const InFlight flight = refiner_;
  refiner_ = {};
  chunk.horizon = std::clamp(chunk.horizon, 0, std::min(horizon_, flight.covered));
  if (!ok || chunk.horizon == 0 || !finite(chunk)) {
    ++stats_.refused;
    return false;
  }
  const int64_t held = stats_.held - flight.held_before;
  chunk.obs_step = flight.obs_step;
  chunk.first_step = flight.chunk_first + held;
  takeover_ = std::max(flight.takeover + held, step);
  queue_.push(chunk, takeover_);
  outside_ = chunk.outside;
  ++stats_.chunks;
  stats_.stale_actions += std::max<int64_t>(0, takeover_ - chunk.first_step);
  stats_.plan_age += flight.plan_age;
  return true;
}

Tick EpisodeSchedule::tick(int64_t step) {
  Tick tick;
  if (const Action* action = stopped_ ? nullptr : queue_.at(step)) {
    tick.source = Tick::Source::kChunk;
    tick.action = *action;
    gripper_ = tick.action[kActionDim - 1];
    return tick;
  }
  tick.source = stopped_ ? Tick::Source::kStopped : Tick::Source::kHold;
  tick.action[kActionDim - 1] = gripper_;
  ++stats_.held;
  buffer_.shift();
  return tick;
}

}  // namespace libra
