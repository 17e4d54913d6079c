#include "libra/runtime/virtual_driver.h"

#include <algorithm>
#include <cmath>

#include "libra/core/error.h"
#include "libra/core/rng.h"

namespace libra {

VirtualDriver::VirtualDriver(const ScheduleConfig& config, const PolicySpec& policy,
                             bool has_planner, const VirtualTime& time)
    : schedule_(config, policy, has_planner),
      policy_(policy),
      time_(time),
      step_ms_(1000.0 / policy.embodiment.control_hz),
      roll_forward_(policy.embodiment, policy.embodiment.control_hz),
      job_(sized_job(policy)),
      past_(static_cast<size_t>(policy.embodiment.action_dim())) {
  check_schedule(config, policy, has_planner);
  if (time.pause && schedule_.overlapped()) {
    throw Error(ErrorCode::kBadInput, {.where = "--waiting pause",
                                       .problem = "overlapped does not wait for the networks",
                                       .next = "use --waiting hold, or --schedule amortised"});
  }
}

void VirtualDriver::reset(const std::string& instruction, const std::string& task, uint64_t seed,
                          uint64_t episode) {
  instruction_ = instruction;
  seed_ = {seed, hash_name(task), episode};
  plan_calls_ = chunk_calls_ = 0;
  schedule_.reset(hash_name(instruction));
  planner_ = refiner_ = {};
  planner_lead_.clear();
  refiner_lead_.clear();
  schedule_.set_lead(0, 0);
  combined_ = false;
  past_.clear();
  paused_ms_ = chunk_latency_ms_ = 0.0;
}

void VirtualDriver::record_span(TraceKind kind, double begin_ms, double end_ms) {
  if (trace_ == nullptr) return;
  const auto ns = [](double ms) { return static_cast<int64_t>(std::llround(ms * 1e6)); };
  trace_->record(kind == TraceKind::kPlan ? TraceLane::kPlanner : TraceLane::kRefiner,
                 {kind, ns(begin_ms), ns(end_ms), step_, job_.obs_step});
}

void VirtualDriver::land(Flight& flight, int64_t step) {
  flight.busy = false;
  if (flight.has_plan) schedule_.take_plan(flight.id, flight.plan);
  if (flight.has_chunk) {
    schedule_.take_chunk(flight.id, flight.chunk, step);
    chunk_latency_ms_ += flight.ready_ms - flight.asked_ms;
  }
}

void VirtualDriver::land_ready(int64_t step) {
  for (Flight* flight : {&planner_, &refiner_}) {
    if (!flight->busy) continue;
    if (time_.pause && flight->ready_ms > now_ms(step)) {
      paused_ms_ += flight->ready_ms - now_ms(step);
    }
    // A nanosecond of grace: n steps of latency arrive at the n-th step.
    if (flight->ready_ms <= now_ms(step) + 1e-6) land(*flight, step);
  }
}

bool VirtualDriver::needs_observation(int64_t step) {
  step_ = step;
  land_ready(step);
  schedule_.set_lead(planner_lead_.steps(step_ms_), refiner_lead_.steps(step_ms_));
  return schedule_.needs_observation(step);
}

void VirtualDriver::set_trace(Trace* trace, const action::Binner& binner) {
  trace_ = trace;
  if (trace_ != nullptr) trace_->make_room(policy_, binner);
}

void VirtualDriver::prepare(const Observation& observation) {
  schedule_.see(observation.proprio);
  roll_forward_(observation.proprio, past_, job_.committed, static_cast<size_t>(job_.rolled),
                proprio_);
}

const Job* VirtualDriver::plan_due(int64_t step, const Observation& observation) {
  if (!schedule_.plan_job(step, job_)) return nullptr;
  prepare(observation);
  return &job_;
}

PlanRequest VirtualDriver::plan_request(const Observation& observation) const {
  return libra::plan_request(job_, observation, instruction_, proprio_, seed_.chunk(job_.obs_step));
}

void VirtualDriver::planned(const IntentPlan& plan) {
  const double ms = time_.planner.draw(seed_.chunk(-1), plan_calls_++);
  record_span(TraceKind::kPlan, now_ms(step_), now_ms(step_) + ms);
  planner_lead_.add(ms);
  if (job_.refine) {
    if (well_formed(plan)) {
      combined_ = true;
      plan_ms_ = ms;
      plan_ = plan;
      use_plan(job_, plan);
    } else {
      schedule_.take_plan(job_.id, plan, false);
    }
    return;
  }
  planner_.has_plan = true;
  planner_.has_chunk = false;
  planner_.plan = plan;
  take_off(planner_, ms);
}

const Job* VirtualDriver::chunk_due(int64_t step, const Observation& observation) {
  if (!combined_) {
    if (!schedule_.chunk_job(step, job_)) return nullptr;
    prepare(observation);
  }
  if (trace_ != nullptr) {
    trace_->record(job_, static_cast<int64_t>(now_ms(step) * 1e6));
  }
  return &job_;
}

RefineRequest VirtualDriver::refine_request(const Observation& observation) const {
  return libra::refine_request(job_, observation, instruction_, proprio_,
                               seed_.chunk(job_.obs_step));
}

void VirtualDriver::refined(const ActionChunk& chunk) {
  if (!finite(chunk)) {
    throw Error(ErrorCode::kFailed, "the policy's action is not a finite number");
  }
  const double ms = time_.refiner.draw(seed_.chunk(-2), chunk_calls_++);
  const double before = combined_ ? plan_ms_ : 0.0;
  record_span(TraceKind::kRefine, now_ms(step_) + before, now_ms(step_) + before + ms);
  refiner_lead_.add(ms);
  refiner_.has_plan = combined_;
  refiner_.has_chunk = true;
  if (combined_) refiner_.plan = plan_;
  refiner_.chunk = chunk;
  combined_ = false;
  take_off(refiner_, before + ms);
}

void VirtualDriver::take_off(Flight& flight, double latency_ms) {
  flight.busy = true;
  flight.id = job_.id;
  flight.asked_ms = now_ms(step_);
  flight.ready_ms = flight.asked_ms + latency_ms;
  land_ready(step_);
}

const Tick& VirtualDriver::tick(int64_t step) {
  const Tick& tick = schedule_.tick(step);
  if (tick.source != Tick::Source::kChunk && trace_ != nullptr) {
    const auto now = static_cast<int64_t>(now_ms(step) * 1e6);
    trace_->record(TraceLane::kControl,
                   {tick.source == Tick::Source::kHold ? TraceKind::kHold : TraceKind::kStop, now,
                    now, step, 0});
  }
  past_.push(tick.action);
  return tick;
}

}  // namespace libra
