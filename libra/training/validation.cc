#include "libra/training/validation.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "libra/policy/intent_tensors.h"

namespace libra::training {
namespace {

void test_grounding(policy::ModelBundle& model, const policy::BinEdges& bins,
                    const Batcher& batcher, int64_t batch_rows, ValidationReport& report) {
  const torch::Device device = model.planner->parameters().front().device();
  const auto questions = batcher.grounding_questions(240);
  std::vector<double> angles, pixels;
  double hits = 0;
  for (size_t first = 0; first < questions.size(); first += size_t(batch_rows)) {
    const size_t count = std::min(questions.size() - first, size_t(batch_rows));
    const std::vector<Question> asked(questions.begin() + first, questions.begin() + first + count);
    const model::PlannerOutput out = model.planner->forward(moved(batcher.ask(asked), device));
    for (size_t i = 0; i < count; ++i) {
      const GroundingTruth truth = batcher.truth(asked[i]);
      if (out.pointing.uv.defined() && std::isfinite(truth.u)) {
        const auto uv = out.pointing.uv[int64_t(i)][0][0];
        pixels.push_back(
            std::hypot(uv[0].item<double>() - truth.u, uv[1].item<double>() - truth.v) *
            model.config.image_size);
      }
      if (!out.logits.defined()) continue;
      // Expected motion in the plane over the first chunk, in raw units: normalised zero is not
      // rest.
      const torch::Tensor mean =
          policy::expected_value(out.logits[int64_t(i)].slice(0, 0, model.config.action.horizon),
                                 bins)
              .mean(0);
      Rows<float> motion(1, size_t(mean.size(0)));
      for (int64_t d = 0; d < mean.size(0); ++d) motion[0][size_t(d)] = mean[d].item<float>();
      motion = model.transforms->codec().decode(motion, truth.state);
      const double x = motion[0][0], y = motion[0][1];
      double best = 1e9, named = 1e9;
      int nearest = -1;
      for (size_t k = 0; k < truth.direction.size(); ++k) {
        const auto [to_x, to_y] = truth.direction[k];
        const double cosine =
            (x * to_x + y * to_y) / std::max(1e-9, std::hypot(x, y) * std::hypot(to_x, to_y));
        const double angle = std::acos(std::clamp(cosine, -1.0, 1.0)) * 180.0 / M_PI;
        if (int(k) == truth.named) named = angle;
        if (angle < best) {
          best = angle;
          nearest = int(k);
        }
      }
      angles.push_back(named);
      hits += nearest == truth.named ? 1 : 0;
    }
  }
  const auto median = [](std::vector<double> v) {
    if (v.empty()) return 0.0;
    std::nth_element(v.begin(), v.begin() + v.size() / 2, v.end());
    return v[v.size() / 2];
  };
  report.direction_deg = median(angles);
  report.pointing_px = median(pixels);
  report.hit = angles.empty() ? 0.0 : hits / double(angles.size());
}

}  // namespace

ValidationReport validate(Objective& objective, policy::ModelBundle& model, const Batcher& batcher,
                          int64_t batch_rows) {
  const torch::NoGradGuard no_grad;
  ValidationReport report;
  const torch::Device device = model.planner->parameters().front().device();
  const auto& config = model.config;
  double batches = 0, steps = 0;
  torch::Tensor right = torch::zeros({config.embodiment.model_dim()}, torch::kFloat64);
  double plan_steps = 0;
  const int64_t frames = std::min<int64_t>(batcher.validation_size(), 256);
  for (int64_t first = 0; first < frames; first += batch_rows, ++batches) {
    const Batch batch =
        batcher.validation(first, std::min<int64_t>(batch_rows, frames - first)).to(device);
    StepReport step;
    const model::PlannerOutput out = model.planner->forward(batch.planner);
    const LossTotals totals = objective.totals(batch);
    objective.planner_loss(batch, totals, out, step);
    torch::Tensor truth, planned;
    if (config.planner_has_bins()) {
      const torch::Tensor chosen = out.logits.argmax(-1);
      truth = chunk_of(batch.bins, batch.slice, config.action.horizon);
      planned = config.is_autoregressive()  // what it says when it is not told the truth
                    ? model.planner->decode(batch.planner, config.action.horizon).argmax(-1)
                    : chunk_of(chosen, batch.slice, config.action.horizon);
      right += ((chosen == batch.bins).to(torch::kFloat64) * batch.plan_valid.unsqueeze(-1))
                   .sum(std::vector<int64_t>{0, 1})
                   .cpu();
      plan_steps += totals.valid;
    }
    if (config.has_refiner()) {
      report.diffusion += objective.refiner_loss(batch, totals, truth, out.tokens).item<double>();
    }
    report.plan += step.plan;
    report.accuracy += step.accuracy;

    const torch::Tensor weight = batch.action_valid.unsqueeze(-1);
    const auto error = [&](const torch::Tensor& actions) {
      return ((actions - batch.actions).square() * weight).mean(-1).sum().item<double>();
    };
    torch::Tensor coarse, actions;
    if (planned.defined()) coarse = policy::bin_centres(planned, objective.bins());
    if (config.has_refiner()) actions = objective.denoised(batch, planned, out.tokens);
    if (config.variant == model::Variant::kTwoBranch) actions = (actions + coarse) / 2;
    report.action_mse += error(actions.defined() ? actions : coarse);
    if (coarse.defined()) report.centre_mse += error(coarse);
    steps += batch.action_valid.sum().item<double>();
  }
  if (batches > 0) {
    report.plan /= batches;
    report.accuracy /= batches;
    report.diffusion /= batches;
    report.action_mse /= std::max(1.0, steps);
    report.centre_mse /= std::max(1.0, steps);
  }
  for (int64_t d = 0; plan_steps > 0 && d < right.size(0); ++d) {
    report.bin_accuracy.push_back(right[d].item<double>() / plan_steps);
  }
  test_grounding(model, objective.bins(), batcher, batch_rows, report);
  return report;
}

}  // namespace libra::training
