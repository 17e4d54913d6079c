#include "libra/runtime/async_runtime.h"

#include <algorithm>

#include "libra/action/codec.h"

namespace libra {
namespace {

// Copies into memory that is there already; images of another size than the slot's are the one
// case in which it has to grow.
void copy(const Observation& from, Observation& to) {
  to.images.resize(from.images.size());
  for (size_t c = 0; c < from.images.size(); ++c) {
    to.images[c].height = from.images[c].height;
    to.images[c].width = from.images[c].width;
    to.images[c].rgb.assign(from.images[c].rgb.begin(), from.images[c].rgb.end());
  }
  to.proprio.assign(from.proprio.begin(), from.proprio.end());
  to.step = from.step;
  to.time = from.time;
}

}  // namespace

AsyncRuntime::AsyncRuntime(Policy& policy, const AsyncOptions& options, const Observation& example)
    : schedule_(options.schedule, policy.spec(), policy.planner() != nullptr),
      guard_(options.guard, policy.spec().embodiment),
      clock_(options.clock != nullptr ? *options.clock : steady_clock()),
      trace_(options.trace),
      step_ms_(1000.0 / (options.control_hz > 0.0 ? options.control_hz
                                                  : policy.spec().embodiment.control_hz)),
      roll_forward_(policy.spec().embodiment, 1000.0 / step_ms_),
      past_(static_cast<size_t>(policy.spec().embodiment.action_dim())),
      job_(sized_job(policy.spec())),
      together_(job_) {
  if (trace_ != nullptr) {
    trace_->make_room(policy.spec(), policy.codec().binner(policy.spec().bins));
  }
  tick_.action.resize(static_cast<size_t>(policy.spec().embodiment.action_dim()));
  check_schedule(options.schedule, policy.spec(), policy.planner() != nullptr);
  if (schedule_.overlapped() && policy.planner() != nullptr) {
    planner_.emplace(policy, TraceLane::kPlanner, example, clock_, trace_);
  }
  refiner_.emplace(policy, TraceLane::kRefiner, example, clock_, trace_);
}

AsyncRuntime::~AsyncRuntime() = default;

void AsyncRuntime::mark(TraceKind kind, int64_t step, int64_t value) {
  if (trace_ == nullptr) return;
  const int64_t now = clock_.now_ns();
  trace_->record(TraceLane::kControl, {kind, now, now, step, value});
}

void AsyncRuntime::reset(std::string_view instruction, const EpisodeSeed& seed) {
  instruction_length_ = std::min(instruction.size(), instruction_.size());
  std::copy_n(instruction.begin(), instruction_length_, instruction_.begin());
  seed_ = seed;
  schedule_.reset(hash_name(instruction));
  guard_.reset();
  past_.clear();
  planner_warned_ = refiner_warned_ = false;
  mark(TraceKind::kReset, 0);
}

void AsyncRuntime::fault(GuardKind kind, int64_t step, double amount) {
  mark(TraceKind::kFault, step, static_cast<int64_t>(kind));
  if (guard_.fault(kind, step, amount)) {
    schedule_.stop();
    mark(TraceKind::kStop, step);
  }
}

void AsyncRuntime::take(const JobAnswer& answer, int64_t step) {
  ++answered_;
  const int64_t waited_before = schedule_.stats().dropped;
  const bool failed = answer.error[0] != '\0';
  if (failed) error_ = answer.error;
  bool plan_used = false, chunk_used = false;
  if (answer.has_plan) plan_used = schedule_.take_plan(answer.id, answer.plan, answer.plan_ok);
  if (answer.has_chunk && (plan_used || !answer.has_plan)) {
    chunk_used = schedule_.take_chunk(answer.id, answer.chunk, step, answer.chunk_ok);
  }
  if (schedule_.stats().dropped > waited_before) {
    ++void_;
    return;
  }
  if (plan_used && chunk_used) record_together(answer);
  if (answer.has_plan && !plan_used) fault(GuardKind::kPlannerFailed, step);
  if (answer.has_chunk && !chunk_used && (plan_used || !answer.has_plan)) {
    const bool number = failed || finite(answer.chunk);
    fault(number ? GuardKind::kRefinerFailed : GuardKind::kNotFinite, step);
  }
  // A clock that was set back must not make a negative latency.
  const auto ns = [](int64_t begin, int64_t end) { return std::max<int64_t>(0, end - begin); };
  if (plan_used) {
    latency_.planner.add(ns(answer.begin_ns, answer.planned_ns));
    planner_lead_.add(double(ns(answer.asked_ns, answer.planned_ns)) / 1e6);
  }
  if (chunk_used) {
    latency_.refiner.add(ns(answer.planned_ns, answer.end_ns));
    latency_.chunk.add(ns(answer.asked_ns, answer.end_ns));
    chunk_latency_ms_ += double(ns(answer.asked_ns, answer.end_ns)) / 1e6;
    refiner_lead_.add(double(ns(answer.asked_ns, answer.end_ns)) / 1e6);
  }
}

// A chunk that was asked for together with its plan: only now is it known what it was told.
void AsyncRuntime::record_together(const JobAnswer& answer) {
  if (trace_ == nullptr) return;
  use_plan(together_, answer.plan);
  trace_->record(together_, answer.asked_ns);
}

void AsyncRuntime::take_answers(int64_t step) {
  if (planner_ && planner_->update()) take(planner_->answer(), step);
  if (refiner_->update()) take(refiner_->answer(), step);
  schedule_.set_lead(planner_lead_.steps(step_ms_), refiner_lead_.steps(step_ms_));
}

void AsyncRuntime::post(NetworkWorker& worker, const Job& job, const Observation& observation) {
  JobOrder& order = worker.order();
  order.job = job;
  copy(observation, order.observation);
  roll_forward_(observation.proprio, past_, job.committed, static_cast<size_t>(job.rolled),
                order.proprio);
  order.instruction = instruction_;
  order.instruction_length = instruction_length_;
  order.seed = seed_.chunk(job.obs_step);
  order.asked_ns = clock_.now_ns();
  worker.post();
  ++posted_;
}

// Speaks once per silence.
void AsyncRuntime::watch(int64_t step, int64_t now_ns) {
  const auto silent = [&](bool waits, int64_t since_ns, double limit_ms, bool& warned,
                          GuardKind kind) {
    if (!waits) warned = false;
    const double ms = double(now_ns - since_ns) / 1e6;
    if (!waits || warned || limit_ms <= 0.0 || ms < limit_ms) return;
    warned = true;
    fault(kind, step, ms);
  };
  const GuardConfig& limits = guard_.config();
  silent(schedule_.planner_waits_since() >= 0, planner_asked_ns_, limits.planner_timeout_ms,
         planner_warned_, GuardKind::kPlannerSilent);
  silent(schedule_.refiner_waits_since() >= 0, refiner_asked_ns_, limits.refiner_timeout_ms,
         refiner_warned_, GuardKind::kRefinerSilent);
}

const Tick& AsyncRuntime::tick(const Observation& observation, int64_t step) noexcept {
  const int64_t begin_ns = clock_.now_ns();
  take_answers(step);
  schedule_.see(observation.proprio);
  const auto plan_if_due = [&] {
    if (!schedule_.plan_job(step, job_)) return;
    post(planner_ ? *planner_ : *refiner_, job_, observation);
    if (!planner_ && trace_ != nullptr) together_ = job_;
    (planner_ ? planner_asked_ns_ : refiner_asked_ns_) = begin_ns;
  };
  plan_if_due();
  if (schedule_.chunk_job(step, job_)) {
    post(*refiner_, job_, observation);
    refiner_asked_ns_ = begin_ns;
    if (trace_ != nullptr) trace_->record(job_, begin_ns);
  }
  plan_if_due();
  watch(step, begin_ns);
  tick_ = schedule_.tick(step);
  if (tick_.source == Tick::Source::kChunk) {
    const int64_t before = guard_.total();
    guard_.apply(tick_.action, observation.proprio, step);
    if (guard_.total() > before) {
      mark(TraceKind::kIntervened, step, static_cast<int64_t>(guard_.latest()));
    }
  } else {
    mark(tick_.source == Tick::Source::kHold ? TraceKind::kHold : TraceKind::kStop, step);
  }
  past_.push(tick_.action);
  if (trace_ != nullptr) {
    trace_->record(TraceLane::kControl, {TraceKind::kTick, begin_ns, clock_.now_ns(), step, step});
  }
  return tick_;
}

}  // namespace libra
