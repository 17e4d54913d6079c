#include "libra/training/step/samples.h"

namespace libra::training {

static model::TextQueries rows_of(const model::TextQueries& queries, int64_t first, int64_t count) {
  return {queries.words.narrow(0, first, count), queries.mask.narrow(0, first, count)};
}

PointingTargets PointingTargets::rows(int64_t first, int64_t count) const {
  return {rows_of(named, first, count), uv.narrow(0, first, count),
          present.narrow(0, first, count)};
}

SceneBatch SceneBatch::rows(int64_t first, int64_t count) const {
  return {pixel_values.narrow(0, first, count), pointing.rows(first, count)};
}

Batch Batch::rows(int64_t first, int64_t count) const {
  if (first == 0 && count == size()) return *this;
  const auto part = [&](const torch::Tensor& t) {
    return t.defined() ? t.narrow(0, first, count) : t;
  };
  Batch out;
  out.planner = {part(planner.pixel_values),
                 part(planner.input_ids),
                 part(planner.attention_mask),
                 part(planner.proprio),
                 rows_of(planner.instruction, first, count),
                 part(planner.missing),
                 part(planner.told)};
  out.bins = part(bins);
  out.plan_valid = part(plan_valid);
  out.keyframe = part(keyframe);
  out.pointing = pointing.rows(first, count);
  out.refiner = {part(refiner.pixel_values), part(refiner.proprio), {}, part(refiner.missing)};
  out.slice = part(slice);
  out.actions = part(actions);
  out.action_valid = part(action_valid);
  out.seeds.assign(seeds.begin() + first, seeds.begin() + first + count);
  return out;
}

// Undefined stays undefined. Through pinned memory, so that a GPU copies while others compute.
static torch::Tensor moved(const torch::Tensor& x, torch::Device device) {
  if (!x.defined() || x.device() == device) return x;
  return device.is_cuda() ? x.pin_memory().to(device, /*non_blocking=*/true) : x.to(device);
}

static model::TextQueries moved(const model::TextQueries& queries, torch::Device device) {
  return {moved(queries.words, device), moved(queries.mask, device)};
}

model::PlannerInput moved(const model::PlannerInput& input, torch::Device device) {
  return {moved(input.pixel_values, device),
          moved(input.input_ids, device),
          moved(input.attention_mask, device),
          moved(input.proprio, device),
          moved(input.instruction, device),
          moved(input.missing, device),
          moved(input.told, device)};
}

PointingTargets PointingTargets::to(torch::Device device) const {
  return {moved(named, device), moved(uv, device), moved(present, device)};
}

SceneBatch SceneBatch::to(torch::Device device) const {
  return {moved(pixel_values, device), pixel_values.defined() ? pointing.to(device) : pointing};
}

Batch Batch::to(torch::Device device) const {
  Batch out;
  out.planner = moved(planner, device);
  out.bins = moved(bins, device);
  out.plan_valid = moved(plan_valid, device);
  out.keyframe = moved(keyframe, device);
  out.pointing = pointing.to(device);
  out.refiner = {moved(refiner.pixel_values, device),
                 moved(refiner.proprio, device),
                 {},
                 moved(refiner.missing, device)};
  out.slice = moved(slice, device);
  out.actions = moved(actions, device);
  out.action_valid = moved(action_valid, device);
  out.seeds = seeds;
  return out;
}

}  // namespace libra::training
