// The state machine of one episode: says at each control step which network has to work on the
// observation of that step, takes what comes back, whenever that is, and yields the action of the
// tick. It calls no network, reads no clock and owns no thread: virtual time (virtual_driver.h) and
// real threads (async_runtime.h) drive the same machine.
//
//   if (s.plan_job(step, job)) ...  planner works; later s.take_plan(job.id, plan, ok)
//   if (s.chunk_job(step, job)) ... refiner works; later s.take_chunk(job.id, chunk, ok)
//   if (s.plan_job(step, job)) ...  once more: some plans begin behind the chunk
//   Tick tick = s.tick(step);
//
// sync and amortised (the paper) ask for both from one observation when no action is left, and the
// robot holds still until the answer is there. overlapped asks ahead of need, by the latencies it
// is told, so that the robot goes on with the actions that are committed.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "libra/runtime/action_queue.h"
#include "libra/runtime/held_action.h"
#include "libra/runtime/intent_buffer.h"
#include "libra/runtime/job.h"
#include "libra/runtime/schedule_config.h"

namespace libra {

// What one control tick executes.
struct Tick {
  enum class Source {
    kChunk,    // an action of the refiner's chunk
    kHold,     // nothing is committed: no motion, the gripper as it was last commanded
    kStopped,  // starved and told to stop: end the episode
  };
  Source source = Source::kHold;
  Action action;
  // The bins that the action was made for, a number for each that policies predict; empty where
  // nothing is committed or nothing was planned. Valid until the next tick.
  std::span<const uint8_t> told = {};
};

// Counts since the last reset.
struct ScheduleStats {
  int64_t plans = 0, chunks = 0;  // taken
  int64_t early_plans = 0;        // asked for by the adaptive rule
  int64_t held = 0;               // ticks without a committed action
  int64_t starved = 0;            // steps at which a chunk was wanted and no plan covered it
  int64_t late = 0;               // chunks made with the first use of a plan that had lost a slice
  int64_t stale_actions = 0;      // actions that time had overtaken before their chunk was there
  int64_t dropped = 0;            // answers to jobs of another epoch or that nobody waits for
  int64_t refused = 0;            // answers that were malformed, not finite, or errors
  int64_t plan_age = 0;           // sum over chunks: the plan's tokens that lay behind its takeover
};

// A job that a network works on.
struct InFlight {
  uint64_t id = 0;  // 0: nothing
  bool plan = false;
  int64_t obs_step = 0, plan_first = 0, chunk_first = 0, takeover = 0;
  int covered = 0;
  int64_t held_before = 0;  // stats_.held when it was asked for
  int64_t plan_age = 0;     // of the intent's plan when the chunk takes over
};

// Thread: one thread only. Nothing allocates, locks or throws after construction, with jobs, plans
// and chunks of the policy's size.
class EpisodeSchedule {
 public:
  // uses_intents: false for policies without a planner, which need chunks only.
  // Throws Error(kBadInput) for values out of range.
  EpisodeSchedule(const ScheduleConfig& config, const PolicySpec& policy, bool uses_intents = true);

  // A new episode (or a new instruction at any step): drops plan, actions and what is in flight.
  void reset(uint64_t instruction_id);
  uint32_t epoch() const { return epoch_; }
  bool overlapped() const { return overlapped_; }

  // How long the networks take (control steps, rounded up): by so much overlapped asks ahead.
  void set_lead(int planner_steps, int refiner_steps);

  // False: neither network will be asked at this step.
  bool needs_observation(int64_t step) const;
  // True: the planner (for a combined job the refiner after it) should work on the observation of
  // `step`; `job` says how. A true answer is a promise to take_plan or take_chunk this id.
  bool plan_job(int64_t step, Job& job);
  // The same for the refiner. Not for a combined job, which plan_job has announced.
  bool chunk_job(int64_t step, Job& job);
  // What has come of a job; `ok` false: it failed, and will be asked for again. False: not used.
  bool take_plan(uint64_t id, const IntentPlan& plan, bool ok = true);
  bool take_chunk(uint64_t id, const ActionChunk& chunk, int64_t step, bool ok = true);

  // What the robot's state is: where robots that are told places hold still until the first action.
  void see(std::span<const double> proprio) { held_.see(proprio); }
  // The action of `step`. Call once per step; valid until the next call.
  const Tick& tick(int64_t step);

  const ScheduleStats& stats() const { return stats_; }
  const IntentPlan& plan() const { return buffer_.plan(); }
  // Control step at which the job in flight was asked for; -1 with none.
  int64_t planner_waits_since() const { return planner_.id != 0 ? planner_.obs_step : -1; }
  int64_t refiner_waits_since() const { return refiner_.id != 0 ? refiner_.obs_step : -1; }
  void stop() { stopped_ = true; }

 private:
  // The control step at which the chunk after the ones in hand and in flight takes over.
  int64_t border(int64_t step) const;
  bool chunk_due(int64_t step) const;
  bool plan_due(int64_t step) const;
  bool plan_runs_out(int64_t step) const;
  bool unsure(int64_t step) const;  // the adaptive rule
  int64_t plan_end() const;         // first step behind the slices in use
  void new_job(int64_t step, Job& job);
  bool fits(const IntentPlan& plan) const;
  void depart(InFlight& flight, const Job& job);
  // The intent of a job's chunk; false: none, and the robot holds or stops.
  bool acquire(Job& job, int64_t step);
  // What is committed between the job's observation and `until`, to roll proprio through.
  void roll(Job& job, int64_t until) const;
  void promise(Job& job) const;  // what is committed for the chunk's own steps

  // constant after construction
  int horizon_, expansion_, execute_, max_roll_;
  bool uses_intents_, overlapped_ = false, eager_;
  Starvation starvation_;
  Stale stale_;
  AdaptiveConfig adaptive_;

  IntentBuffer buffer_;
  ActionQueue queue_;
  InFlight planner_, refiner_;
  Rows<uint8_t> told_;  // bins of the chunk in flight; no rows without a plan
  ScheduleStats stats_;
  uint64_t next_id_ = 1;
  uint32_t epoch_ = 0;
  uint64_t instruction_id_ = 0;
  int planner_lead_ = 0, refiner_lead_ = 0;
  int64_t takeover_ = 0;      // of the chunk taken last
  int64_t hold_until_ = 0;    // starved and holding, on one thread: when to ask again
  int64_t failed_plan_ = -1;  // step whose plan failed, on one thread
  float outside_ = 0.0f;      // of the chunk taken last
  bool stopped_ = false;
  HeldAction held_;
  size_t model_dim_;  // numbers of an action that a plan foresees
  Tick tick_;
};

}  // namespace libra
