// One demonstration: the scripted expert, disturbed, or in turns with a policy.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "libra/core/core.h"
#include "libra/data/demo.h"
#include "libra/runtime/schedule.h"
#include "libra/runtime/virtual_driver.h"
#include "libra/sim/sim.h"

namespace libra::collect {

struct DemonstrationConfig {
  double noise = 0.2;            // standard deviation added to executed actions
  double push = 0.025;           // probability of a push at each step
  double noisy_share = 0.8;      // share of demonstrations with noise and pushes
  double detour_share = 0.3;     // share that begins after the arm was driven towards another item
  int every = 1;                 // pictures are kept of frames 0, every, 2 x every, ...
  std::string policy = {};       // checkpoint that moves the arm in turns with the expert; "" none
  ScheduleConfig schedule = {};  // under which it does
  VirtualTime time = {};
};

class PolicyTurns;

// Thread: one each.
class Demonstrator {
 public:
  // Throws Error for a policy that cannot be loaded or wants other images than the environment's.
  // `stop` breaks an attempt off.
  Demonstrator(const sim::task::TaskSpec& spec, const sim::SimConfig& sim,
               const DemonstrationConfig& config, const std::atomic<bool>* stop = nullptr);
  ~Demonstrator();
  // False when the expert failed, or was broken off. `demo` is the same for the same key.
  bool demonstrate(const EpisodeKey& key, data::Demo& demo);

 private:
  void record_frame(data::Demo& demo);

  DemonstrationConfig config_;
  const std::atomic<bool>* stop_;
  sim::SimEnv env_;
  Observation observation_;
  std::unique_ptr<PolicyTurns> turns_;
};

// Appends where every item is: image coordinates per camera and, when asked for, the place.
void label_items(const sim::SimEnv& env, const std::vector<std::string>& items,
                 std::vector<float>& uv, std::vector<float>* position);

}  // namespace libra::collect
