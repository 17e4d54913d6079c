#include "libra/serving/inference.h"

#include <algorithm>

#include "libra/core/error.h"
#include "libra/serving/metrics.h"

namespace libra::serving {
namespace {

// A connection that asked within this time is taken to ask again soon.
constexpr std::chrono::milliseconds kAtWork{1000};

double ms_between(std::chrono::steady_clock::time_point from,
                  std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

int64_t nanoseconds_of(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

std::unique_ptr<Work> take_ahead(const std::shared_ptr<Session>& session) {
  auto ahead = session->take_ahead();
  if (ahead == nullptr) return nullptr;
  auto work = std::make_unique<Work>();
  work->session = session;
  work->observation = std::move(ahead->observation);
  work->instruction = session->instruction();
  work->seed = ahead->noise;
  return work;
}

}  // namespace

Inference::Inference(Policy& policy, const InferenceOptions& options, Metrics& metrics,
                     Trace* trace)
    : policy_(policy), options_(options), metrics_(metrics), trace_(trace) {
  thread_ = std::thread([this] { run(); });
}

Inference::~Inference() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Inference::ask(std::unique_ptr<Work> work) {
  work->asked = Clock::now();
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
  }
  changed_.notify_one();
}

size_t Inference::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void Inference::run() {
  for (;;) {
    Batch batch = take_batch();
    if (!batch.empty()) {
      work(batch);
    } else if (!ahead_.empty()) {
      plan_ahead();
    } else {
      return;
    }
  }
}

// Whether a connection that was at work lately has nothing in the queue. Requires the lock.
bool Inference::others_may_come() const {
  return std::any_of(active_.begin(), active_.end(), [&](const auto& entry) {
    const auto session = entry.first.lock();
    return session != nullptr && std::none_of(queue_.begin(), queue_.end(), [&](const auto& work) {
             return work->session == session;
           });
  });
}

Inference::Batch Inference::take_batch() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ending_ || !queue_.empty() || !ahead_.empty(); });
  if (queue_.empty()) return {};
  const auto most = static_cast<size_t>(options_.max_batch);
  const auto until = queue_.front()->asked +
                     std::chrono::duration_cast<Clock::duration>(
                         std::chrono::duration<double, std::milli>(options_.batch_wait_ms));
  std::erase_if(active_, [now = Clock::now()](const auto& entry) {
    return entry.first.expired() || now - entry.second > kAtWork;
  });
  while (queue_.size() < most && !ending_ && others_may_come() &&
         changed_.wait_until(lock, until) != std::cv_status::timeout) {
  }
  Batch batch;
  while (!queue_.empty() && batch.size() < most) {
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  for (const auto& work : batch) {
    if (work->session == nullptr) continue;
    const auto known = std::find_if(active_.begin(), active_.end(), [&](const auto& entry) {
      return entry.first.lock() == work->session;
    });
    if (known == active_.end()) {
      active_.emplace_back(work->session, work->asked);
    } else {
      known->second = work->asked;
    }
  }
  return batch;
}

void Inference::guarded(std::vector<Work*>& works, TraceKind kind,
                        const std::function<void(std::vector<Work*>&)>& network) {
  if (works.empty()) return;
  const auto start = Clock::now();
  try {
    network(works);
  } catch (const std::exception&) {  // whose it is will be seen one by one
    for (Work* work : works) {
      std::vector<Work*> one = {work};
      try {
        network(one);
      } catch (const std::exception&) {
        work->failure = std::current_exception();
      }
    }
  }
  const auto end = Clock::now();
  const bool planner = kind == TraceKind::kPlan;
  for (Work* work : works) work->infer_ms += ms_between(start, end);
  metrics_.call(planner, static_cast<int>(works.size()), ms_between(start, end) / 1000.0);
  if (trace_ != nullptr) {
    trace_->record(planner ? TraceLane::kPlanner : TraceLane::kRefiner,
                   {kind, nanoseconds_of(start), nanoseconds_of(end),
                    works.front()->observation.step, static_cast<int64_t>(works.size())});
  }
}

void Inference::plan(std::vector<Work*> works) {
  guarded(works, TraceKind::kPlan, [&](std::vector<Work*>& part) {
    std::vector<PlanRequest> requests;
    std::vector<IntentPlan> plans(part.size());
    for (const Work* work : part) {
      requests.push_back({.observation = &work->observation,
                          .instruction = work->instruction,
                          .epoch = work->session != nullptr ? work->session->epoch() : 0,
                          .seed = work->seed});
    }
    policy_.planner()->plan(requests, plans);
    for (size_t i = 0; i < part.size(); ++i) {
      part[i]->plan = std::move(plans[i]);
      part[i]->planned = true;
      if (part[i]->session != nullptr) part[i]->session->publish(part[i]->plan);
    }
  });
}

void Inference::refine(std::vector<Work*> works) {
  guarded(works, TraceKind::kRefine, [&](std::vector<Work*>& part) {
    std::vector<RefineRequest> requests;
    std::vector<ActionChunk> chunks(part.size());
    for (const Work* work : part) {
      requests.push_back({.observation = &work->observation,
                          .intent = work->has_intent ? &work->intent : nullptr,
                          .instruction = work->instruction,
                          .seed = work->seed,
                          .prior = work->prior.count > 0 ? &work->prior : nullptr});
    }
    policy_.refiner().refine(requests, chunks);
    for (size_t i = 0; i < part.size(); ++i) {
      if (!finite(chunks[i])) {
        throw Error(ErrorCode::kFailed, "the policy's action is not a finite number");
      }
      part[i]->chunk = std::move(chunks[i]);
    }
  });
}

// Plans that were to be made while the robots moved, and were not yet: for what is asked now they
// count as if they had been, so that answers do not depend on how busy the machine is.
void Inference::plan_late(Batch& batch) {
  std::vector<std::unique_ptr<Work>> late;
  std::vector<Work*> works;
  for (const auto& work : batch) {
    auto due = work->session != nullptr ? take_ahead(work->session) : nullptr;
    if (due == nullptr) continue;
    works.push_back(due.get());
    late.push_back(std::move(due));
  }
  plan(works);
}

void Inference::plan_ahead() {
  std::vector<std::unique_ptr<Work>> due;
  std::vector<Work*> works;
  while (!ahead_.empty() && due.size() < static_cast<size_t>(options_.max_batch)) {
    const auto session = ahead_.front().lock();
    ahead_.pop_front();
    auto work = session != nullptr ? take_ahead(session) : nullptr;
    if (work == nullptr) continue;
    works.push_back(work.get());
    due.push_back(std::move(work));
  }
  plan(works);
}

void Inference::work(Batch& batch) {
  const auto start = Clock::now();
  for (const auto& work : batch) {
    work->wait_ms = ms_between(work->asked, start);
    work->batch = static_cast<int>(batch.size());
    if (work->session == nullptr) continue;
    work->fresh = work->session->observe(work->mark, work->instruction, work->observation);
    work->seed = work->session->noise();
  }
  plan_late(batch);
  std::vector<Work*> plans, chunks;
  for (const auto& work : batch) {
    if (work->session != nullptr) work->wants_plan = work->session->needs_plan();
    if (work->wants_plan) plans.push_back(work.get());
  }
  plan(plans);
  for (const auto& work : batch) {
    if (!work->wants_chunk || work->failure) continue;
    if (work->session != nullptr && policy_.planner() != nullptr) {
      const AcquiredIntent acquired = work->session->acquire();
      work->intent_state = acquired.state;
      work->has_intent = acquired.intent != nullptr;
      if (work->has_intent) work->intent = *acquired.intent;
    }
    chunks.push_back(work.get());
  }
  refine(chunks);
  for (auto& work : batch) {
    const auto session = work->session;
    if (session != nullptr && session->overlapped() && !work->planned && !work->failure &&
        policy_.planner() != nullptr) {
      session->plan_later(work->observation);
      ahead_.push_back(session);
    }
    auto done = std::move(work->done);
    done(std::move(work));
  }
}

}  // namespace libra::serving
