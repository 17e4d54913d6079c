// One episode in virtual time: the schedule's state machine, with networks whose answers arrive
// when a latency model says so instead of when this machine is done. What latency does to success
// is thus exact and repeatable, on any machine. With no latency an answer arrives in the step that
// asked for it.
//
//   each step:  if (d.needs_observation(step)) observe
//               if (d.plan_due(step, o))  d.planned(planner's answer to d.plan_request(...))
//               if (d.chunk_due(step, o)) d.refined(refiner's answer to d.refine_request(...))
//               if (d.plan_due(step, o))  as above: some plans begin behind the chunk
//               action = d.tick(step)
//
// The networks are called by whoever drives it, so that many episodes in lockstep share a batch.
#pragma once

#include <cstdint>
#include <string>

#include "libra/runtime/latency.h"
#include "libra/runtime/roll_forward.h"
#include "libra/runtime/schedule.h"
#include "libra/runtime/trace.h"

namespace libra {

struct VirtualTime {
  LatencyModel planner, refiner;
  // sync and amortised, while the networks work: false, time passes and the robot holds still;
  // true, the world stands still with it (the usual evaluation: latency costs time, not success).
  bool pause = false;
  bool zero() const { return planner.zero() && refiner.zero(); }
};

// Thread: one thread only.
class VirtualDriver {
 public:
  // Throws Error(kBadInput) when the schedule is not possible, wants more chunks of a plan than the
  // policy predicts, or contradicts `time`.
  VirtualDriver(const ScheduleConfig& config, const PolicySpec& policy, bool has_planner,
                const VirtualTime& time = {});

  // A new episode, or the wheel given back after somebody else had it: drops plan and actions.
  void reset(const std::string& instruction, const std::string& task, uint64_t seed,
             uint64_t episode);
  // `binner`: what the policy's intents mean.
  void set_trace(Trace* trace, const action::Binner& binner);

  // Hands over what has arrived by `step`; true where a network may be due. Call first.
  bool needs_observation(int64_t step);
  // The job, or null when none is due. A job must be answered before the tick.
  const Job* plan_due(int64_t step, const Observation& observation);
  PlanRequest plan_request(const Observation& observation) const;
  void planned(const IntentPlan& plan);
  const Job* chunk_due(int64_t step, const Observation& observation);
  RefineRequest refine_request(const Observation& observation) const;
  void refined(const ActionChunk& chunk);  // throws Error(kFailed) for actions that are no numbers
  const Tick& tick(int64_t step);

  const ScheduleStats& stats() const { return schedule_.stats(); }
  const IntentPlan& plan() const { return schedule_.plan(); }  // the newest; expansion 0: none
  // Since the reset, ms: how long the chunks took from their observation, in sum; how long the
  // world stood still.
  double chunk_latency_ms() const { return chunk_latency_ms_; }
  double paused_ms() const { return paused_ms_; }

 private:
  struct Flight {
    bool busy = false, has_plan = false, has_chunk = false;
    uint64_t id = 0;
    double asked_ms = 0.0, ready_ms = 0.0;
    IntentPlan plan;
    ActionChunk chunk;
  };
  double now_ms(int64_t step) const { return static_cast<double>(step) * step_ms_ + paused_ms_; }
  void prepare(const Observation& observation);
  void take_off(Flight& flight, double latency_ms);
  void land(Flight& flight, int64_t step);
  void land_ready(int64_t step);
  void record_span(TraceKind kind, double begin_ms, double end_ms);

  EpisodeSchedule schedule_;
  PolicySpec policy_;
  VirtualTime time_;
  double step_ms_;
  RollForward roll_forward_;
  Trace* trace_ = nullptr;

  std::string instruction_;
  EpisodeSeed seed_;
  uint64_t plan_calls_ = 0, chunk_calls_ = 0;
  int64_t step_ = 0;
  Job job_;  // the one being worked on
  bool combined_ = false;
  double plan_ms_ = 0.0;  // of the combined job's planner
  IntentPlan plan_;
  Proprio proprio_;
  Flight planner_, refiner_;
  LeadEstimate planner_lead_, refiner_lead_;
  RecentActions past_;
  double paused_ms_ = 0.0, chunk_latency_ms_ = 0.0;
};

}  // namespace libra
