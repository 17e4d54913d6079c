// What happened when, for people to look at: spans of the networks and marks of everything
// unusual for Perfetto or chrome://tracing, and the intents as a timeline in plain words.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libra/action/bins.h"
#include "libra/core/intent.h"
#include "libra/runtime/job.h"
#include "libra/runtime/ring.h"

namespace libra {

enum class TraceLane : uint8_t { kControl, kPlanner, kRefiner };
inline constexpr size_t kTraceLanes = 3;

enum class TraceKind : uint8_t {
  kPlan,        // span: the planner worked; value: its observation's step
  kRefine,      // span: the refiner worked; value: its observation's step
  kTick,        // span: the control thread's work of a step
  kReset,       // a new episode or instruction
  kHold,        // nothing was committed for the step
  kStop,        // told to stop
  kOverrun,     // value: deadlines missed
  kFault,       // a network failed, was silent or gave numbers that are none; value: GuardKind
  kIntervened,  // a guard changed the action; value: GuardKind
};

struct TraceEvent {
  TraceKind kind = TraceKind::kTick;
  int64_t begin_ns = 0, end_ns = 0;  // equal: a mark
  int64_t step = 0;
  int64_t value = 0;
};

// The intent that a chunk was asked for with.
struct IntentRecord {
  int64_t time_ns = 0;
  int64_t first_step = 0;     // of the chunk
  int64_t plan_obs_step = 0;  // what its plan had seen
  IntentState state = IntentState::kEmpty;
  bool has_intent = false;  // false: of a policy without a planner
  Intent intent;
};

// Recording never waits: each lane has its ring, and whoever drains them (collect) may be slow.
// Thread: each lane one thread; collect and what follows it one other, or the same later.
class Trace {
 public:
  // Events and intents that fit between two calls of collect(); what does not fit is counted.
  explicit Trace(size_t events = 1 << 15, size_t intents = 1 << 10);
  // Slots for intents of this policy, whose bins say what they mean. Not while somebody records.
  void make_room(const PolicySpec& policy, const action::Binner& binner);

  void record(TraceLane lane, const TraceEvent& event) {
    lanes_[static_cast<size_t>(lane)]->push(event);
  }
  // The intent of a job that was asked for now. Control lane.
  void record(const Job& job, int64_t time_ns);

  void collect();
  // What was collected of a lane.
  const std::vector<TraceEvent>& events(TraceLane lane) const {
    return events_[static_cast<size_t>(lane)];
  }
  // Forgets what was collected.
  void clear();
  uint64_t lost() const;
  // Chrome's JSON trace format, readable by Perfetto; times count from the first event.
  std::string chrome_json() const;
  // One line per chunk: step, time, age of its plan, the intent in words, and what was unusual.
  std::string timeline() const;

 private:
  int64_t origin_ns() const;
  std::array<std::unique_ptr<Ring<TraceEvent>>, kTraceLanes> lanes_;
  size_t intent_slots_;
  std::unique_ptr<Ring<IntentRecord>> intents_;
  Embodiment embodiment_;
  action::Binner binner_;
  std::array<std::vector<TraceEvent>, kTraceLanes> events_;
  std::vector<IntentRecord> timeline_;
};

}  // namespace libra
