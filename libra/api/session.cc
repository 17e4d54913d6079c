#include "libra/api/session.h"

#include <utility>

#include "libra/core/error.h"
#include "libra/core/rng.h"

namespace libra::api {

Session::Session(std::shared_ptr<Policy> policy, const ScheduleConfig& schedule, bool realtime)
    : policy_(std::move(policy)),
      schedule_(schedule),
      realtime_(realtime),
      driver_(*policy_, schedule) {}

void Session::reset(const std::string& instruction, const std::string& task, uint64_t seed,
                    uint64_t episode) {
  instruction_ = instruction;
  seed_ = {seed, hash_name(task), episode};
  driver_.reset(instruction, task, seed, episode);
  if (runtime_) runtime_->reset(instruction, seed_);
  step_ = 0;
}

bool Session::needs_observation() { return realtime_ || driver_.needs_observation(step_); }

void Session::start_runtime(const Observation& example) {
  AsyncOptions options;
  options.schedule = schedule_;
  runtime_.emplace(*policy_, options, example);
  // Networks are slow when first called; the robot need not see that.
  PolicyDriver warm_up(*policy_, {});
  warm_up.reset(instruction_, "", 0, 0);
  warm_up.act(example, 0);
  runtime_->reset(instruction_, seed_);
}

const Tick& Session::next(const Observation* observation) {
  if (instruction_.empty()) {
    throw Error(ErrorCode::kBadInput, {.where = "session",
                                       .problem = "no episode has begun",
                                       .next = "reset it with an instruction"});
  }
  if (observation != nullptr) {
    seen_ = *observation;
    seen_.step = step_;
  } else if (needs_observation()) {
    throw Error(ErrorCode::kBadInput, {.where = "step " + std::to_string(step_),
                                       .problem = "an observation is needed",
                                       .next = "ask needs_observation, or give one at every step"});
  }
  if (realtime_ && !runtime_) start_runtime(seen_);
  const Tick& tick = realtime_ ? runtime_->tick(seen_, step_) : driver_.act(seen_, step_);
  if (tick.source == Tick::Source::kStopped) {
    throw Error(ErrorCode::kFailed, {.where = "step " + std::to_string(step_),
                                     .problem = "no intent covers it, and starvation is stop"});
  }
  ++step_;
  return tick;
}

const ScheduleStats& Session::stats() const {
  return runtime_ ? runtime_->stats() : driver_.time().stats();
}

}  // namespace libra::api
