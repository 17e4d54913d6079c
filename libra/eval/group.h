// One worker of the rollouts and the lockstep of its groups (internal to eval).
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libra/eval/episode_film.h"
#include "libra/eval/rollout.h"
#include "libra/runtime/episode_log.h"

namespace libra::eval {

// Episodes of one task that step together.
struct Group {
  int suite = 0, task = 0, variation = 0;  // indices into the request
  std::vector<uint64_t> episodes;
};

struct GroupOutcome {
  std::vector<EpisodeRecord> episodes;
  double planner_ms = 0.0, refiner_ms = 0.0;
  int64_t planner_elements = 0, refiner_elements = 0;
  std::vector<std::string> log;
};

// The driver of an episode. Throws Error(kBadInput) for schedules that are not possible.
VirtualDriver make_driver(const RolloutRequest& request, PolicySpec spec, bool has_planner);

// An episode of a group.
struct Slot {
  std::unique_ptr<Env> env;
  std::unique_ptr<IntentOracle> oracle;
  std::optional<VirtualDriver> driver;  // none by the clock
  const Job* job = nullptr;             // being worked on
  EpisodeFilm film;
  EpisodeLog log;  // of episodes that are filmed
  Observation observation;
  IntentPlan plan;
  ActionChunk chunk;
  EpisodeRecord record;
  bool alive = false, details = false;
};

// Thread: one thread only; it owns a policy and the environments of the task it last worked on.
class Worker {
 public:
  explicit Worker(const RolloutRequest& request);
  const PolicySpec& spec() const { return policy_->spec(); }
  bool has_planner() const { return policy_->planner() != nullptr; }
  // Plays the group to its end; nothing when `stop` was set meanwhile.
  std::optional<GroupOutcome> run(const Group& group, const std::atomic<bool>* stop);
  // Times single plan and refine calls on the first observation of the group's first episode.
  void probe_latency(const Group& group, RolloutOutcome& out);

 private:
  const Task& task_of(const Group& group) const;
  // Name of the group's or episode's variation; "" in plain episodes.
  std::string variation_of(int index) const;
  // Throws Error(kBadInput) for an environment of another robot than the policy's.
  std::unique_ptr<Env> make_env(const Task& task) const;
  void begin(Slot& slot, const Group& group, uint64_t episode);
  // Resets the environment and says to what.
  EpisodeKey reset_env(Slot& slot, const Group& group, uint64_t episode);
  void open_video(Slot& slot, const Task& task);
  void observe(Slot& slot, int64_t step);
  void plan(int64_t step);
  void refine(int64_t step);
  void act(Slot& slot, const Task& task, int64_t step);
  // What a step has the environment do; `plan`: the newest.
  void execute(Slot& slot, const Task& task, int64_t step, const Tick& tick,
               const IntentPlan& plan);
  // The whole episode by the clock; false: it was stopped.
  bool play_by_clock(Slot& slot, const Task& task, const std::atomic<bool>* stop);
  void finish(Slot& slot, bool success, int64_t steps);
  void fail(Slot& slot, int64_t step, const std::string& why);
  void collect(GroupOutcome& out);
  // Calls work(slot); an exception breaks the slot's episode off.
  template <class Work>
  void guarded(Slot& slot, int64_t step, Work&& work);
  // Calls `batch` on all slots, and on each alone when that throws, so that one bad episode does
  // not take the others with it.
  template <class Batch>
  void guarded_batch(std::vector<Slot*>& slots, int64_t step, double& ms, int64_t& elements,
                     Batch&& batch);

  const RolloutRequest& request_;
  std::unique_ptr<Policy> policy_;
  std::unique_ptr<Policy> slowed_;  // by the clock: the same with the latencies that are wished for
  std::vector<Slot> slots_;
  int suite_ = -1, task_ = -1;  // what the slots' environments were made for
  GroupOutcome out_;
};

}  // namespace libra::eval
