#include "libra/nn/diffusion.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "libra/core/error.h"

namespace libra::nn {
namespace {

const std::vector<std::string> kSchedules = {"linear", "scaled_linear", "squaredcos_cap_v2"};
const std::vector<std::string> kPredictions = {"epsilon", "sample", "v_prediction", "flow"};
const std::vector<std::string> kSpacings = {"leading", "trailing", "linspace"};
const std::vector<std::string> kVariances = {"fixed_small", "fixed_small_log", "fixed_large"};

void require_known(const char* field, const std::string& value,
                   const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), value) != known.end()) return;
  throw Error(ErrorCode::kBadInput, {.where = std::string("diffusion.") + field,
                                     .problem = "unknown name",
                                     .expected = join_names(known),
                                     .found = value});
}

// alpha_bar(s) = cos^2((s + 0.008) / 1.008 * pi / 2), its steps capped at beta = 0.999.
torch::Tensor squared_cosine_betas(int64_t steps) {
  const auto alpha_bar = [&](int64_t i) {
    const double s = double(i) / double(steps);
    const double c = std::cos((s + 0.008) / 1.008 * std::numbers::pi / 2);
    return c * c;
  };
  std::vector<double> betas;
  for (int64_t i = 0; i < steps; ++i) {
    betas.push_back(std::min(1.0 - alpha_bar(i + 1) / alpha_bar(i), 0.999));
  }
  return torch::tensor(betas, torch::kFloat64).to(torch::kFloat32);
}

torch::Tensor make_betas(const DiffusionConfig& c) {
  const auto f32 = torch::TensorOptions().dtype(torch::kFloat32);
  if (c.beta_schedule == "linear") {
    return torch::linspace(c.beta_start, c.beta_end, c.num_train_timesteps, f32);
  }
  if (c.beta_schedule == "scaled_linear") {
    return torch::linspace(std::sqrt(c.beta_start), std::sqrt(c.beta_end), c.num_train_timesteps,
                           f32)
        .square();
  }
  return squared_cosine_betas(c.num_train_timesteps);
}

// The product runs in f64 and each entry is rounded once, as torch's CPU cumprod does.
torch::Tensor product_of_alphas(const torch::Tensor& betas) {
  torch::Tensor alphas = 1.0 - betas;
  float* alpha = alphas.data_ptr<float>();
  double product = 1.0;
  for (int64_t i = 0; i < alphas.numel(); ++i) {
    product *= double(alpha[i]);
    alpha[i] = float(product);
  }
  return alphas;
}

// Entries of the table at `timestep`, shaped to broadcast against `like`.
torch::Tensor gather(const torch::Tensor& table, const torch::Tensor& timestep,
                     const torch::Tensor& like) {
  std::vector<int64_t> shape(size_t(like.dim()), 1);
  shape[0] = -1;
  return table.to(like.device()).index_select(0, timestep).reshape(shape).to(like.scalar_type());
}

}  // namespace

void DiffusionConfig::list(ConfigFields& f) {
  f.add("num_train_timesteps", num_train_timesteps, "noise levels in training", {2, 100000});
  f.add("beta_schedule", beta_schedule, "how noise grows", kSchedules);
  f.add("beta_start", beta_start, "first beta", {0, 1});
  f.add("beta_end", beta_end, "last beta", {0, 1});
  f.add("prediction_type", prediction_type, "what the network predicts", kPredictions);
  f.add("timestep_spacing", timestep_spacing, "which timesteps a run visits", kSpacings);
  f.add("steps_offset", steps_offset, "added to leading timesteps", {0, 1000});
  f.add("clip_sample", clip_sample, "clip the predicted sample");
  f.add("clip_sample_range", clip_sample_range, "to this magnitude", {0, 1e6});
  f.add("set_alpha_to_one", set_alpha_to_one, "the last step ends without noise");
  f.add("variance_type", variance_type, "variance of a DDPM step", kVariances);
}

DiffusionScheduler::DiffusionScheduler(const DiffusionConfig& config) : config_(config) {
  require_known("beta_schedule", config.beta_schedule, kSchedules);
  require_known("prediction_type", config.prediction_type, kPredictions);
  require_known("timestep_spacing", config.timestep_spacing, kSpacings);
  require_known("variance_type", config.variance_type, kVariances);
  betas_ = make_betas(config);
  alphas_cumprod_ = product_of_alphas(betas_);
}

float DiffusionScheduler::alpha_bar(int64_t t) const {
  return alphas_cumprod_.data_ptr<float>()[t];
}

torch::Tensor DiffusionScheduler::clean_shares() const {
  return flow() ? 1.0 - noise_shares() : alphas_cumprod_.sqrt();
}

torch::Tensor DiffusionScheduler::noise_shares() const {
  if (!flow()) return (1.0 - alphas_cumprod_).sqrt();
  return torch::arange(1, train_steps() + 1, torch::kFloat32) / double(train_steps());
}

DiffusionScheduler::Level DiffusionScheduler::level(int64_t t) const {
  if (!flow()) return {std::sqrt(alpha_bar(t)), std::sqrt(1.0f - alpha_bar(t))};
  const float noise = float(t + 1) / float(train_steps());
  return {1.0f - noise, noise};
}

torch::Tensor DiffusionScheduler::add_noise(const torch::Tensor& clean, const torch::Tensor& noise,
                                            const torch::Tensor& timestep) const {
  return gather(clean_shares(), timestep, clean) * clean +
         gather(noise_shares(), timestep, clean) * noise;
}

torch::Tensor DiffusionScheduler::velocity(const torch::Tensor& clean, const torch::Tensor& noise,
                                           const torch::Tensor& timestep) const {
  return gather(alphas_cumprod_.sqrt(), timestep, clean) * noise -
         gather((1.0 - alphas_cumprod_).sqrt(), timestep, clean) * clean;
}

torch::Tensor DiffusionScheduler::target(const torch::Tensor& clean, const torch::Tensor& noise,
                                         const torch::Tensor& timestep) const {
  if (config_.prediction_type == "epsilon") return noise;
  if (config_.prediction_type == "sample") return clean;
  return flow() ? noise - clean : velocity(clean, noise, timestep);
}

std::vector<int64_t> DiffusionScheduler::timesteps(int steps) const {
  const int64_t total = train_steps();
  if (steps < 1 || steps > total) {
    throw Error(ErrorCode::kBadInput, {.where = "denoising steps",
                                       .problem = "out of range",
                                       .expected = "1 to " + std::to_string(total),
                                       .found = std::to_string(steps)});
  }
  std::vector<int64_t> out;
  for (int i = steps - 1; i >= 0; --i) {
    if (config_.timestep_spacing == "leading" && !flow()) {
      out.push_back(i * (total / steps) + config_.steps_offset);
    } else if (config_.timestep_spacing == "trailing" || flow()) {  // flow begins with noise alone
      const double back = double(steps - 1 - i) * (double(total) / double(steps));
      out.push_back(std::llrint(double(total) - back) - 1);  // rounds half to even, as numpy
    } else {
      const double gap = steps > 1 ? double(total - 1) / double(steps - 1) : 0.0;
      out.push_back(std::llrint(double(i) * gap));
    }
  }
  return out;
}

torch::Tensor DiffusionScheduler::predict_original(const torch::Tensor& model_output,
                                                   const torch::Tensor& sample, Level at) const {
  if (config_.prediction_type == "sample") return model_output;
  if (config_.prediction_type == "epsilon") return (sample - at.noise * model_output) / at.clean;
  if (flow()) return sample - at.noise * model_output;
  return at.clean * sample - at.noise * model_output;
}

DiffusionStep DiffusionScheduler::ddim_step(const torch::Tensor& model_output, int64_t t,
                                            const torch::Tensor& sample, int steps,
                                            const DdimOptions& options) const {
  const int64_t prev = t - train_steps() / steps;
  const Level at = level(t);
  torch::Tensor x0 = predict_original(model_output, sample, at);
  torch::Tensor epsilon;
  if (config_.prediction_type == "epsilon") {
    epsilon = model_output;
  } else if (config_.prediction_type == "sample") {
    epsilon = (sample - at.clean * x0) / at.noise;
  } else if (flow()) {
    epsilon = sample + at.clean * model_output;
  } else {
    epsilon = at.clean * model_output + at.noise * sample;
  }
  if (config_.clip_sample) x0 = x0.clamp(-config_.clip_sample_range, config_.clip_sample_range);
  if (options.use_clipped_model_output) epsilon = (sample - at.clean * x0) / at.noise;
  if (flow()) {
    const Level next = prev >= 0 ? level(prev) : Level{1.0f, 0.0f};
    return {next.clean * x0 + next.noise * epsilon, x0};
  }
  const float last = config_.set_alpha_to_one ? 1.0f : alpha_bar(0);
  const float abar = alpha_bar(t), abar_prev = prev >= 0 ? alpha_bar(prev) : last;
  const float beta = 1.0f - abar;
  const float variance = (1.0f - abar_prev) / beta * (1.0f - abar / abar_prev);
  const float deviation = float(options.eta) * std::sqrt(variance);
  const float direction = std::sqrt(std::max(0.0f, 1.0f - abar_prev - deviation * deviation));
  torch::Tensor out = std::sqrt(abar_prev) * x0 + direction * epsilon;
  if (options.eta > 0) out = out + deviation * options.noise;
  return {out, x0};
}

DiffusionStep DiffusionScheduler::ddpm_step(const torch::Tensor& model_output, int64_t t,
                                            const torch::Tensor& sample, int steps,
                                            const torch::Tensor& noise) const {
  const int64_t prev = t - train_steps() / steps;
  const float abar = alpha_bar(t), abar_prev = prev >= 0 ? alpha_bar(prev) : 1.0f;
  const float beta = 1.0f - abar, beta_prev = 1.0f - abar_prev;
  const float step_alpha = abar / abar_prev, step_beta = 1.0f - step_alpha;

  torch::Tensor x0 = predict_original(model_output, sample, level(t));
  if (config_.clip_sample) x0 = x0.clamp(-config_.clip_sample_range, config_.clip_sample_range);
  torch::Tensor out = (std::sqrt(abar_prev) * step_beta / beta) * x0 +
                      (std::sqrt(step_alpha) * beta_prev / beta) * sample;
  if (t > 0) {
    const bool large = config_.variance_type == "fixed_large";
    const float variance = large ? step_beta : std::max(beta_prev / beta * step_beta, 1e-20f);
    out = out + std::sqrt(variance) * noise;
  }
  return {out, x0};
}

}  // namespace libra::nn
