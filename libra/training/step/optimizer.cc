#include "libra/training/step/optimizer.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "libra/core/error.h"
#include "libra/model/safetensors.h"
#include "libra/nn/schedule.h"
#include "libra/training/step/weights.h"

namespace libra::training {

constexpr double kEpsilon = 1e-8;  // AdamW

double learning_rate(const OptimConfig& config, int64_t step, int64_t run_steps) {
  const int64_t end = config.schedule_steps > 0 ? config.schedule_steps : run_steps;
  double factor = config.warmup_steps > 0 ? std::min(1.0, double(step) / config.warmup_steps) : 1.0;
  if (config.schedule == LrSchedule::kCosine) {
    factor = nn::cosine_with_warmup(step, config.warmup_steps, end);
  } else if (config.schedule == LrSchedule::kWsd) {
    const double decay = std::max(1.0, config.decay_share * double(end));
    factor = std::min(factor, std::clamp(double(end - step) / decay, 0.0, 1.0));
  }
  return config.lr * (config.final_lr_share + (1.0 - config.final_lr_share) * factor);
}

Optimizer::Optimizer(torch::nn::Module& module, const std::string& prefix,
                     const OptimConfig& config, int64_t run_steps,
                     std::shared_ptr<Communicator> line, const ExchangeOptions& options)
    : config_(config), run_steps_(run_steps), average_({}) {
  for (const auto& entry : module.named_parameters()) {
    const torch::Tensor& p = entry.value();
    if (!p.requires_grad()) continue;
    parameters_.push_back(p);
    names_.push_back(entry.key());
    steps_.push_back(torch::zeros({}, p.options().dtype(torch::kFloat32)));
    Pace pace{1.0, config.weight_decay};
    const std::string name = prefix + entry.key();
    for (const OptimGroup& group : config.groups) {
      if (!fits(group.pattern, name)) continue;
      pace.lr_scale = group.lr_scale;
      if (group.weight_decay >= 0) pace.weight_decay = group.weight_decay;
      break;
    }
    if (p.dim() < 2) pace.weight_decay = 0.0;  // only matrices decay
    paces_.push_back(pace);
  }
  exchange_ = std::make_unique<Exchange>(parameters_, std::move(line), options);
  for (const torch::Tensor& target : exchange_->targets()) {
    first_.push_back(torch::zeros_like(target));
    second_.push_back(torch::zeros_like(target));
  }
  if (config.ema_decay > 0) average_ = nn::Ema(exchange_->targets());
}

void Optimizer::zero_grad() { exchange_->drop_gradients(); }

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
  const torch::NoGradGuard no_grad;
  const std::vector<torch::Tensor> of_targets = exchange_->gradients();
  std::vector<torch::Tensor> gradients;
  for (const auto& g : of_targets) {
    if (g.defined()) gradients.push_back(g);
  }
  // One answer from the device, not one per parameter.
  const double norm = exchange_->norm(
      gradients.empty()
          ? 0.0
          : torch::stack(at::_foreach_norm(gradients)).to(torch::kFloat64).norm().item<double>());
  if (!std::isfinite(norm)) return norm;
  if (config_.clip_norm > 0 && norm > config_.clip_norm) {
    at::_foreach_mul_(gradients, config_.clip_norm / (norm + 1e-6));
  }
  // A step counts for a parameter on every rank, whoever has the target.
  std::vector<torch::Tensor> counted;
  for (size_t p = 0; p < parameters_.size(); ++p) {
    if (exchange_->used(int64_t(p))) counted.push_back(steps_[p]);
  }
  if (counted.empty()) return 0.0;
  at::_foreach_add_(counted, 1);
  const double lr = learning_rate(config_, step, run_steps_);
  struct Together {
    std::vector<torch::Tensor> weight, gradient, first, second, steps;
  };
  std::map<Pace, Together> paces;
  for (size_t i = 0; i < of_targets.size(); ++i) {
    if (!of_targets[i].defined()) continue;
    const size_t p = size_t(exchange_->parameter_of(i));
    Together& same = paces[paces_[p]];
    same.weight.push_back(exchange_->targets()[i]);
    same.gradient.push_back(of_targets[i]);
    same.first.push_back(first_[i]);
    same.second.push_back(second_[i]);
    same.steps.push_back(steps_[p]);
  }
  for (auto& [pace, same] : paces) {
    at::_fused_adamw_(same.weight, same.gradient, same.first, same.second, /*max_exp_avg_sqs=*/{},
                      same.steps, lr * pace.lr_scale, config_.beta1, config_.beta2,
                      pace.weight_decay, kEpsilon, /*amsgrad=*/false, /*maximize=*/false);
  }
  average_.update(nn::ema_decay(step + 1, {.decay = config_.ema_decay}));
  exchange_->publish();
  return norm;
}

void Optimizer::swap_average() {
  average_.swap();
  exchange_->publish();
}

std::vector<std::pair<std::string, std::vector<torch::Tensor>>> Optimizer::state() const {
  return {{"weight.", exchange_->targets()},
          {"average.", average_.averages()},
          {"first.", first_},
          {"second.", second_}};
}

void Optimizer::save(const std::string& path) const {
  std::vector<model::PendingTensor> pending;
  for (const auto& [name, of_targets] : state()) {
    if (config_.ema_decay <= 0 && name == "average.") continue;  // none is kept
    const auto wholes =
        std::make_shared<std::function<torch::Tensor(int64_t)>>(exchange_->wholes(of_targets));
    for (const int64_t p : exchange_->order()) {
      const torch::Tensor& parameter = parameters_[size_t(p)];
      // In this order the other ranks bring their parts, so that no rank ever holds all of it.
      pending.push_back({name + names_[size_t(p)], parameter.scalar_type(), parameter.sizes().vec(),
                         [wholes, p] { return (*wholes)(p).detach(); }});
    }
  }
  if (!exchange_->first()) {
    for (const auto& tensor : pending) tensor.make();
    return;
  }
  for (size_t p = 0; p < parameters_.size(); ++p) {
    pending.push_back(model::pending("step." + names_[p], steps_[p]));
  }
  model::write_safetensors(path, std::move(pending));
}

void Optimizer::load(const std::string& path) {
  const torch::NoGradGuard no_grad;
  const model::SafetensorsFile file(path);
  const auto stored = [&](const std::string& name, const torch::Tensor& like) {
    if (!file.contains(name) || file.tensor(name).sizes() != like.sizes()) {
      throw Error(ErrorCode::kBadInput, {.where = path,
                                         .problem = "belongs to another model",
                                         .expected = "a tensor " + name + " of its shape",
                                         .next = "resume with the config of that run"});
    }
    return file.tensor(name);
  };
  for (const auto& [name, of_targets] : state()) {
    if (config_.ema_decay <= 0 && name == "average.") continue;
    for (size_t p = 0; p < parameters_.size(); ++p) {
      exchange_->set(of_targets, int64_t(p), stored(name + names_[p], parameters_[p]));
    }
  }
  for (size_t p = 0; p < parameters_.size(); ++p) {
    steps_[p].copy_(stored("step." + names_[p], steps_[p]));
  }
  exchange_->publish();
}

}  // namespace libra::training
