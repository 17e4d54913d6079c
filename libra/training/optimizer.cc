#include "libra/training/optimizer.h"

#include <algorithm>
#include <cmath>

#include "libra/core/error.h"
#include "libra/nn/schedule.h"

namespace libra::training {

double learning_rate(const OptimConfig& config, int64_t step, int64_t run_steps) {
  const int64_t end = config.schedule_steps > 0 ? config.schedule_steps : run_steps;
  const double factor = nn::cosine_with_warmup(step, config.warmup_steps, end);
  return config.lr * (config.final_lr_share + (1.0 - config.final_lr_share) * factor);
}

Optimizer::Optimizer(torch::nn::Module& module, const OptimConfig& config, int64_t run_steps)
    : config_(config),
      run_steps_(run_steps),
      parameters_(module.parameters()),
      average_(parameters_) {
  std::vector<torch::Tensor> matrices, rest;
  for (const auto& p : parameters_) (p.dim() >= 2 ? matrices : rest).push_back(p);
  const auto options = [&](double decay) {
    auto o = std::make_unique<torch::optim::AdamWOptions>(config.lr);
    o->betas({config.beta1, config.beta2}).weight_decay(decay);
    return o;
  };
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(matrices, options(config.weight_decay));
  groups.emplace_back(rest, options(0.0));
  adamw_ = std::make_unique<torch::optim::AdamW>(groups);
}

void Optimizer::zero_grad() { adamw_->zero_grad(); }

void Optimizer::add_gradients(const std::vector<torch::Tensor>& gradients) {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (!gradients[i].defined()) continue;
    torch::Tensor& gradient = parameters_[i].mutable_grad();
    if (gradient.defined()) {
      gradient.add_(gradients[i]);
    } else {
      gradient = gradients[i];
    }
  }
}

double Optimizer::step(int64_t step) {
  double squares = 0.0;
  for (const auto& p : parameters_) {
    if (p.grad().defined()) {
      const double norm = p.grad().norm().item<double>();
      squares += norm * norm;
    }
  }
  const double norm = std::sqrt(squares);
  if (!std::isfinite(norm)) return norm;
  const torch::NoGradGuard no_grad;
  if (config_.clip_norm > 0 && norm > config_.clip_norm) {
    const double scale = config_.clip_norm / (norm + 1e-6);
    for (const auto& p : parameters_) {
      if (p.grad().defined()) p.grad().mul_(scale);
    }
  }
  const double lr = learning_rate(config_, step, run_steps_);
  for (auto& group : adamw_->param_groups()) {
    static_cast<torch::optim::AdamWOptions&>(group.options()).lr(lr);
  }
  adamw_->step();
  average_.update(nn::ema_decay(step + 1, {.decay = config_.ema_decay}));
  return norm;
}

void Optimizer::swap_average() { average_.swap(); }

void Optimizer::save(const std::string& path) const {
  torch::serialize::OutputArchive archive, optimizer;
  adamw_->save(optimizer);
  archive.write("adamw", optimizer);
  for (size_t i = 0; i < parameters_.size(); ++i) {
    archive.write("weight." + std::to_string(i), parameters_[i].detach());
    archive.write("average." + std::to_string(i), average_.averages()[i]);
  }
  archive.save_to(path);
}

void Optimizer::load(const std::string& path) {
  try {
    torch::serialize::InputArchive archive, optimizer;
    archive.load_from(path);
    const torch::NoGradGuard no_grad;
    for (size_t i = 0; i < parameters_.size(); ++i) {
      torch::Tensor weight, average;
      archive.read("weight." + std::to_string(i), weight);
      archive.read("average." + std::to_string(i), average);
      if (weight.sizes() != parameters_[i].sizes()) {
        throw Error(ErrorCode::kBadInput, {.where = path,
                                           .problem = "belongs to another model",
                                           .next = "resume with the config of that run"});
      }
      parameters_[i].copy_(weight);
      average_.averages()[i].copy_(average);
    }
    archive.read("adamw", optimizer);
    adamw_->load(optimizer);
  } catch (const c10::Error& e) {
    throw Error(
        ErrorCode::kBadInput,
        {.where = path, .problem = "cannot be resumed from", .found = e.what_without_backtrace()});
  }
}

}  // namespace libra::training
