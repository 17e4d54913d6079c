// Open loop: what a policy would do at recorded frames, against what was done there.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "libra/core/policy.h"
#include "libra/data/episode_set.h"

namespace libra::data {

// Mean absolute errors, in the robot's own units, of each number of an action.
struct ReplayError {
  int episodes = 0;
  int64_t steps = 0;                // compared
  std::vector<double> policy = {};  // of the policy's chunks
  std::vector<double> hold = {};    // of holding the last action
  double mean_policy() const;       // over the numbers
  double mean_hold() const;
};

// The policy's chunk at every H-th frame of the episodes, from the second frame on, against the
// labels of its H steps; plans are fresh. Pictures are the set's first size. Ends early once `stop`
// is set; `on_episode` is called after each episode. Requires: the policy is of the set's robot.
ReplayError replay(Policy& policy, const EpisodeSet& set, const std::vector<int>& episodes,
                   const std::atomic<bool>* stop = nullptr,
                   const std::function<void()>& on_episode = {});

}  // namespace libra::data
