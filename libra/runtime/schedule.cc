#include "libra/runtime/schedule.h"

#include <algorithm>
#include <limits>

namespace libra {
EpisodeSchedule::EpisodeSchedule(const ScheduleConfig& config, const PolicySpec& policy,
                                 bool uses_intents)
    : horizon_(policy.horizon),
      expansion_(config.expansion),
      execute_(config.execute),
      uses_intents_(uses_intents),
      eager_(config.eager),
      adaptive_(config.adaptive),
      buffer_(IntentPlan(std::max(1, policy.expansion), std::max(0, policy.horizon),
                         static_cast<size_t>(policy.embodiment.model_dim()), policy.bins)),
      queue_(std::max(0, policy.horizon), static_cast<size_t>(policy.embodiment.action_dim()),
             uses_intents ? static_cast<size_t>(policy.embodiment.model_dim()) : 0),
      told_(uses_intents ? static_cast<size_t>(std::max(0, policy.horizon)) : 0,
            static_cast<size_t>(policy.embodiment.model_dim())),
      held_(policy.embodiment),
      model_dim_(static_cast<size_t>(policy.embodiment.model_dim())) {
  config.validate(horizon_);
  tick_.action = held_.value();
  if (config.schedule == ScheduleKind::kSync) expansion_ = 1;
  overlapped_ = config.schedule == ScheduleKind::kOverlapped;
  if (execute_ == 0) execute_ = horizon_;
  max_roll_ = config.max_roll > 0 ? std::min(config.max_roll, execute_) : execute_;
  starvation_ = config.starvation;
  stale_ = config.stale;
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
  held_.reset();
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
  return queue_.at(step).empty() && step >= hold_until_;
}

bool EpisodeSchedule::unsure(int64_t step) const {
  const IntentPlan& plan = buffer_.plan();
  if (!adaptive_.enabled || plan.obs_step >= step || !chunk_due(step)) return false;
  if (outside_ > adaptive_.replan_outside) return true;
  return plan.entropy(std::max(step, plan.first_step)) > adaptive_.replan_entropy;
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

void EpisodeSchedule::new_job(int64_t step, Job& job) {
  job.start(next_id_++, step, horizon_, epoch_, instruction_id_);
}

void EpisodeSchedule::depart(InFlight& flight, const Job& job) {
  flight = {job.id,         job.plan,        job.obs_step,
            job.plan_first, job.chunk_first, job.takeover,
            job.covered,    stats_.held,     0};
  if (job.has_intent) flight.plan_age = job.takeover - buffer_.plan().first_step;
}

void EpisodeSchedule::roll(Job& job, int64_t until) const {
  while (static_cast<size_t>(job.rolled) < job.committed.size() &&
         job.obs_step + job.rolled < until) {
    const std::span<const float> action = queue_.at(job.obs_step + job.rolled);
    if (action.empty()) return;
    job.committed.set(static_cast<size_t>(job.rolled++), action);
  }
}

void EpisodeSchedule::promise(Job& job) const {
  // Frozen up to the takeover, then fading with what the old chunk would have done.
  const int64_t end = std::min(queue_.end(job.obs_step), job.obs_step + horizon_);
  const int frozen = static_cast<int>(std::min(end, job.takeover) - job.obs_step);
  job.prior.count = static_cast<int32_t>(std::max<int64_t>(0, end - job.obs_step));
  for (int i = 0; i < job.prior.count; ++i) {
    job.prior.actions.set(static_cast<size_t>(i), queue_.at(job.obs_step + i));
    const float faded = 1.0f - float(i - frozen + 1) / float(job.prior.count - frozen + 1);
    job.prior.weight[static_cast<size_t>(i)] = i < frozen ? 1.0f : faded;
  }
}

bool EpisodeSchedule::plan_job(int64_t step, Job& job) {
  if (!plan_due(step)) return false;
  if (!plan_runs_out(step)) ++stats_.early_plans;
  new_job(step, job);
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
  new_job(step, job);
  job.refine = true;
  if (overlapped_) {
    job.takeover = border(step);
    if (stale_ == Stale::kRollForward) {
      roll(job, job.takeover);
      job.chunk_first = step + job.rolled;
    } else if (stale_ == Stale::kInpaint) {
      promise(job);
    }
  }
  if (!acquire(job, job.chunk_first)) return false;
  if (job.has_intent) told_ = job.intent.bin;
  depart(refiner_, job);
  return true;
}

bool EpisodeSchedule::fits(const IntentPlan& plan) const {
  return well_formed(plan) && plan.horizon() <= horizon_ && plan.intents[0].dims() == model_dim_;
}

bool EpisodeSchedule::take_plan(uint64_t id, const IntentPlan& plan, bool ok) {
  const bool combined = refiner_.plan && refiner_.id == id;
  if (id == 0 || (planner_.id != id && !combined)) {
    ++stats_.dropped;
    return false;
  }
  const InFlight flight = combined ? refiner_ : planner_;
  if (!combined) planner_ = {};
  // The stamps say what the plan was asked for, whoever made it.
  const PlanStamps stamps = {flight.obs_step, flight.plan_first + stats_.held - flight.held_before,
                             epoch_, instruction_id_};
  if (ok && fits(plan) && buffer_.publish(plan, stamps, /*used=*/combined)) {
    if (combined) told_ = plan.intents[0].bin;
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

bool EpisodeSchedule::take_chunk(uint64_t id, const ActionChunk& chunk, int64_t step, bool ok) {
  if (id == 0 || refiner_.id != id) {
    ++stats_.dropped;
    return false;
  }
  const InFlight flight = refiner_;
  refiner_ = {};
  const int length = std::clamp(chunk.horizon, 0, std::min(horizon_, flight.covered));
  const bool whole = chunk.actions.width() == held_.value().size() &&
                     chunk.actions.size() >= static_cast<size_t>(length);
  if (!ok || length == 0 || !whole || !finite(chunk)) {
    ++stats_.refused;
    return false;
  }
  const int64_t held = stats_.held - flight.held_before;
  const int64_t first_step = flight.chunk_first + held;
  takeover_ = std::max(flight.takeover + held, step);
  queue_.push(chunk, length, first_step, takeover_, told_);
  outside_ = chunk.outside;
  ++stats_.chunks;
  stats_.stale_actions += std::max<int64_t>(0, takeover_ - first_step);
  stats_.plan_age += flight.plan_age;
  return true;
}

const Tick& EpisodeSchedule::tick(int64_t step) {
  const std::span<const float> action = stopped_ ? std::span<const float>() : queue_.at(step);
  tick_.told = {};
  if (!action.empty()) {
    tick_.source = Tick::Source::kChunk;
    tick_.told = queue_.told(step);
    std::copy(action.begin(), action.end(), tick_.action.begin());
    held_.follow(action);
    return tick_;
  }
  tick_.source = stopped_ ? Tick::Source::kStopped : Tick::Source::kHold;
  std::copy(held_.value().begin(), held_.value().end(), tick_.action.begin());
  ++stats_.held;
  buffer_.shift();
  return tick_;
}

}  // namespace libra
