// One connection's episode: its own intent buffer, epoch and random stream, so that nothing of
// another connection can reach it. It decides when the planner is needed; it calls no network.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "libra/core/policy.h"
#include "libra/runtime/intent_buffer.h"
#include "libra/runtime/job.h"
#include "libra/runtime/schedule_config.h"

namespace libra::serving {

// What a client says of an observation besides what it shows; all may be missing.
struct EpisodeMark {
  std::optional<uint64_t> seed = {}, episode = {};
  std::optional<std::string> task = {};
  std::optional<int64_t> step = {};  // control steps since the episode began
  bool reset = false;                // a new episode begins here
};

// Thread: one thread only, the one that infers.
class Session {
 public:
  // `number`: of the connection, what its random stream follows from where a client names none.
  // `counted`: a client that says no step executes every action of an answer. Without, and without
  // a step, every observation is planned, because it may be of a new episode.
  Session(const PolicySpec& policy, const ScheduleConfig& schedule, uint64_t seed, uint64_t number,
          bool counted);

  // The next observation; sets its step. Begins an episode where the mark, the instruction or a
  // step that goes back says so; true then.
  bool observe(const EpisodeMark& mark, const std::string& instruction, Observation& observation);

  uint32_t epoch() const { return epoch_; }
  uint64_t noise() const { return seed_.chunk(step_); }
  int64_t step() const { return step_; }
  const std::string& instruction() const { return instruction_; }

  // Whether the chunk of the current step needs a plan of this observation first.
  bool needs_plan() const;
  void publish(const IntentPlan& plan) { buffer_.publish(plan); }
  AcquiredIntent acquire() { return buffer_.acquire(step_, expansion_); }

  // Overlapped: the observation that a plan is made of after the answer, while the robot moves.
  struct Ahead {
    Observation observation;
    uint64_t noise = 0;
  };
  bool overlapped() const { return overlapped_; }
  void plan_later(const Observation& observation);
  std::unique_ptr<Ahead> take_ahead() { return std::move(ahead_); }

 private:
  int horizon_, expansion_;
  bool has_planner_, overlapped_, every_time_, counted_;
  IntentBuffer buffer_;
  EpisodeSeed seed_;
  EpisodeSeed own_;  // without a client's word
  std::string instruction_;
  uint32_t epoch_ = 0;
  int64_t step_ = -1;
  bool knows_step_ = false;
  std::unique_ptr<Ahead> ahead_;
};

}  // namespace libra::serving
