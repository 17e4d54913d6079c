// The thread that infers: takes what all connections ask for, plans and refines it together within
// a latency budget, and hands the answers back. No other thread calls the policy.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "libra/core/policy.h"
#include "libra/runtime/trace.h"
#include "libra/serving/session.h"

namespace libra::serving {

class Metrics;

// One observation, and what is wanted of it. Whoever asks makes it, and gets it back in `done`.
struct Work {
  // Whose episode it belongs to, which decides about step, seed and plan; null: as asked here.
  std::shared_ptr<Session> session;
  EpisodeMark mark;
  Observation observation;
  std::string instruction;
  uint64_t seed = 0;
  bool wants_plan = false, wants_chunk = false;
  bool has_intent = false;  // without a session: given with the request
  Intent intent;
  ActionPrior prior;

  // Answers.
  IntentPlan plan;
  ActionChunk chunk;
  IntentState intent_state = IntentState::kEmpty;
  bool fresh = false;          // an episode began
  bool planned = false;        // the planner worked on this observation
  int batch = 0;               // observations that the networks worked on together
  double wait_ms = 0.0;        // from the request to the networks' start
  double infer_ms = 0.0;       // of the networks
  std::exception_ptr failure;  // instead of an answer

  // On the thread that infers; must not throw or wait.
  std::function<void(std::unique_ptr<Work>)> done;
  std::chrono::steady_clock::time_point asked;
};

struct InferenceOptions {
  int max_batch = 16;
  double batch_wait_ms = 2.0;  // for other connections that are at work; a lone one never waits
};

// Thread: any.
class Inference {
 public:
  // The policy is called from the thread started here, and from no other. `trace` may be null; both
  // and the metrics must outlive this.
  Inference(Policy& policy, const InferenceOptions& options, Metrics& metrics, Trace* trace);
  // Answers what was asked for, then ends.
  ~Inference();
  Inference(const Inference&) = delete;
  Inference& operator=(const Inference&) = delete;

  void ask(std::unique_ptr<Work> work);
  const InferenceOptions& options() const { return options_; }
  size_t waiting() const;

 private:
  using Clock = std::chrono::steady_clock;
  using Batch = std::vector<std::unique_ptr<Work>>;

  void run();
  Batch take_batch();  // empty: the end, or time for what may wait
  bool others_may_come() const;
  void work(Batch& batch);
  void plan_late(Batch& batch);
  void plan(std::vector<Work*> works);
  void refine(std::vector<Work*> works);
  void plan_ahead();  // overlapped: while nobody waits
  // Calls `network` for all; where that fails one by one, so that only whose it is fails.
  void guarded(std::vector<Work*>& works, TraceKind kind,
               const std::function<void(std::vector<Work*>&)>& network);

  Policy& policy_;
  InferenceOptions options_;
  Metrics& metrics_;
  Trace* trace_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Work>> queue_;
  bool ending_ = false;
  std::deque<std::weak_ptr<Session>> ahead_;  // this thread's: sessions whose plan is due
  std::vector<std::pair<std::weak_ptr<Session>, Clock::time_point>> active_;  // asked lately
  std::thread thread_;
};

}  // namespace libra::serving
