// A step's samples as tensors.
#pragma once

#include <cstdint>
#include <vector>

#include "libra/model/libra_vla/planner_net.h"
#include "libra/model/libra_vla/refiner_net.h"
#include "libra/nn/torch.h"

namespace libra::training {

// Where every named thing is, per camera.
struct PointingTargets {
  model::TextQueries named;  // [B, P, L]: an instruction for each present item
  torch::Tensor uv;          // [B, P, C, 2]; not-a-number: not in that image
  torch::Tensor present;     // [B, P] f32
  PointingTargets rows(int64_t first, int64_t count) const;
  PointingTargets to(torch::Device device) const;
};

struct Batch {
  model::PlannerInput planner;  // observation at t (images up to DelayConfig older)
  torch::Tensor bins;           // [B, K, D] int64: the plan's ground truth
  torch::Tensor plan_valid;     // [B, K] f32
  torch::Tensor keyframe;       // [B, 3] dm; undefined for robots whose hand has no place
  PointingTargets pointing;

  model::RefinerInput refiner;  // observation at t + H * slice (the same)
  torch::Tensor slice;          // [B] int64: which chunk of the plan the refiner works on
  torch::Tensor actions;        // [B, H, D] normalised
  torch::Tensor action_valid;   // [B, H] f32
  std::vector<uint64_t> seeds;  // of each sample's noise

  int64_t size() const { return slice.size(0); }
  Batch rows(int64_t first, int64_t count) const;
  Batch to(torch::Device device) const;
};

// Undefined tensors stay undefined.
model::PlannerInput moved(const model::PlannerInput& input, torch::Device device);

struct SceneBatch {
  torch::Tensor pixel_values;  // [B, C, 3, S, S]
  PointingTargets pointing;
  SceneBatch rows(int64_t first, int64_t count) const;
  SceneBatch to(torch::Device device) const;
};

}  // namespace libra::training
