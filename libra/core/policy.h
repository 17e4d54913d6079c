// The interfaces of the two systems. Calls are batched: element i of the output answers element i
// of the input, and a result never depends on what else is in the batch (beyond float rounding).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libra/core/embodiment.h"
#include "libra/core/intent.h"
#include "libra/core/observation.h"

namespace libra {
namespace action {
class Codec;
}

// What a loaded policy is; constant after loading.
struct PolicySpec {
  std::string name;
  std::string variant;   // full, base, ...
  int horizon = 5;       // H
  int expansion = 2;     // M the planner predicts in one pass; 0 when it has no planner
  int bins = 10;         // N
  int image_size = 128;  // side of the square camera images it wants (px)
  Embodiment embodiment;
  // What a user should hear once: never trained, tensors that no network asked for.
  std::vector<std::string> notes;
};

struct PlanRequest {
  const Observation* observation = nullptr;
  std::string_view instruction;
  uint32_t epoch = 0;
  uint64_t seed = 0;                 // of drawn intents
  const Proprio* proprio = nullptr;  // instead of the observation's, e.g. rolled forward
};

// System 2: observation + instruction -> intents of the next M chunks, in one pass.
class Planner {
 public:
  virtual ~Planner() = default;
  // Requires: plans.size() == requests.size().
  virtual void plan(std::span<const PlanRequest> requests, std::span<IntentPlan> plans) = 0;
};

// Actions that the first steps of a chunk have been promised already: by the chunk that the robot
// is still executing. weight 1: the action is frozen; between 0 and 1: the chunk is drawn towards
// it; 0: free. Steps from `count` on are free. (Real-time chunking, arXiv 2506.07339.)
struct ActionPrior {
  int32_t count = 0;
  Rows<float> actions;
  std::vector<float> weight;
};

struct RefineRequest {
  const Observation* observation = nullptr;
  const Intent* intent = nullptr;    // null for variants without intents
  std::string_view instruction;      // read only by variants without intents
  uint64_t seed = 0;                 // of the diffusion noise
  const Proprio* proprio = nullptr;  // instead of the observation's, e.g. rolled forward
  const ActionPrior* prior = nullptr;
};

// System 1: observation + one chunk of intents -> one chunk of actions.
class Refiner {
 public:
  virtual ~Refiner() = default;
  virtual void refine(std::span<const RefineRequest> requests, std::span<ActionChunk> chunks) = 0;
};

// A planner and a refiner that belong together. planner() is null for variants without intents.
class Policy {
 public:
  virtual ~Policy() = default;
  virtual const PolicySpec& spec() const = 0;
  virtual Planner* planner() = 0;
  virtual Refiner& refiner() = 0;
  // Between the robot's actions and the space that intents live in.
  virtual const action::Codec& codec() const = 0;
};

}  // namespace libra
