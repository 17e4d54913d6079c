#include "libra/runtime/network_worker.h"

#include <algorithm>
#include <exception>
#include <string>

#include "libra/runtime/periodic.h"

namespace libra {
namespace {

JobOrder order_slot(const PolicySpec& policy, const Observation& example) {
  JobOrder order;
  order.job = sized_job(policy);
  order.observation = example;
  order.proprio = example.proprio;
  return order;
}

}  // namespace

NetworkWorker::NetworkWorker(Policy& policy, TraceLane lane, const Observation& example,
                             const Clock& clock, Trace* trace)
    : policy_(policy),
      lane_(lane),
      clock_(clock),
      trace_(trace),
      orders_(order_slot(policy.spec(), example)),
      thread_([this] { run(); }) {}

NetworkWorker::~NetworkWorker() {
  stop_.store(true, std::memory_order_relaxed);
  posted_.fetch_add(1);
  posted_.notify_one();
  thread_.join();
}

void NetworkWorker::post() {
  if (orders_.publish()) replaced_.fetch_add(1, std::memory_order_relaxed);
  posted_.fetch_add(
      1);  // sequentially consistent, or the notifier might miss that it is waited for
  posted_.notify_one();
}

void NetworkWorker::run() {
  leave_realtime();
  uint32_t seen = 0;
  for (;;) {
    posted_.wait(seen, std::memory_order_acquire);
    seen = posted_.load(std::memory_order_acquire);
    if (stop_.load(std::memory_order_relaxed)) return;
    if (orders_.update()) {
      serve(orders_.front(), answers_.back());
      if (answers_.publish()) replaced_.fetch_add(1, std::memory_order_relaxed);
    }
    handled_.store(seen, std::memory_order_release);
  }
}

void NetworkWorker::serve(const JobOrder& order, JobAnswer& answer) {
  Job job = order.job;
  // Plan and chunk keep their memory; what they hold counts only where `has` says so.
  answer.has_plan = answer.has_chunk = answer.plan_ok = answer.chunk_ok = false;
  answer.error = {};
  answer.id = job.id;
  answer.asked_ns = order.asked_ns;
  answer.begin_ns = answer.planned_ns = clock_.now_ns();
  const auto span = [&](TraceKind kind, int64_t begin, int64_t end) {
    if (trace_ != nullptr) trace_->record(lane_, {kind, begin, end, job.chunk_first, job.obs_step});
  };
  try {
    if (job.plan) {
      answer.has_plan = true;
      const PlanRequest request =
          plan_request(job, order.observation, order.text(), order.proprio, order.seed);
      policy_.planner()->plan({&request, 1}, {&answer.plan, 1});
      answer.plan_ok = well_formed(answer.plan);
      answer.planned_ns = clock_.now_ns();
      span(TraceKind::kPlan, answer.begin_ns, answer.planned_ns);
      if (answer.plan_ok && job.refine) use_plan(job, answer.plan);
    }
    if (job.refine && (!job.plan || answer.plan_ok)) {
      answer.has_chunk = true;
      const RefineRequest request =
          refine_request(job, order.observation, order.text(), order.proprio, order.seed);
      policy_.refiner().refine({&request, 1}, {&answer.chunk, 1});
      answer.chunk_ok = true;
    }
  } catch (const std::exception& error) {
    const std::string what = error.what();
    const size_t length = std::min(what.size(), answer.error.size() - 1);
    std::copy_n(what.begin(), length, answer.error.begin());
  } catch (...) {
    answer.error = {"an exception of unknown type"};
  }
  answer.end_ns = clock_.now_ns();
  if (answer.has_chunk) span(TraceKind::kRefine, answer.planned_ns, answer.end_ns);
}

}  // namespace libra
