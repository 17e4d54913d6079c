#include "libra/training/optimizer.h"

#include <cmath>
#include <exception>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/nn/schedule.h"

namespace libra::training {

constexpr double kEpsilon = 1e-8;  // AdamW

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
  for (const auto& p : parameters_) {
    first_.push_back(torch::zeros_like(p));
    second_.push_back(torch::zeros_like(p));
    steps_.push_back(torch::zeros({}, p.options().dtype(torch::kFloat32)));
  }
}

void Optimizer::zero_grad() {
  for (auto& p : parameters_) p.mutable_grad().reset();
}

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
  std::vector<torch::Tensor> gradients;
  for (const auto& p : parameters_) {
    if (p.grad().defined()) gradients.push_back(p.grad());
  }
  if (gradients.empty()) return 0.0;
  // One answer from the device, not one per parameter.
  const double norm =
      torch::stack(at::_foreach_norm(gradients)).to(torch::kFloat64).norm().item<double>();
  if (!std::isfinite(norm)) return norm;
  if (config_.clip_norm > 0 && norm > config_.clip_norm) {
    at::_foreach_mul_(gradients, config_.clip_norm / (norm + 1e-6));
  }
  const double lr = learning_rate(config_, step, run_steps_);
  for (const bool matrices : {true, false}) {  // only matrices decay
    std::vector<torch::Tensor> weight, gradient, first, second, steps;
    for (size_t i = 0; i < parameters_.size(); ++i) {
      if (!parameters_[i].grad().defined() || (parameters_[i].dim() >= 2) != matrices) continue;
      weight.push_back(parameters_[i]);
      gradient.push_back(parameters_[i].grad());
      first.push_back(first_[i]);
      second.push_back(second_[i]);
      steps.push_back(steps_[i]);
    }
    if (weight.empty()) continue;
    at::_foreach_add_(steps, 1);
    at::_fused_adamw_(weight, gradient, first, second, /*max_exp_avg_sqs=*/{}, steps, lr,
                      config_.beta1, config_.beta2, matrices ? config_.weight_decay : 0.0, kEpsilon,
                      /*amsgrad=*/false, /*maximize=*/false);
  }
  average_.update(nn::ema_decay(step + 1, {.decay = config_.ema_decay}));
  return norm;
}

void Optimizer::swap_average() { average_.swap(); }

std::vector<std::pair<std::string, std::vector<torch::Tensor>>> Optimizer::state() const {
  return {{"weight.", parameters_},
          {"average.", average_.averages()},
          {"first.", first_},
          {"second.", second_},
          {"step.", steps_}};
}

void Optimizer::save(const std::string& path) const {
  torch::serialize::OutputArchive archive;
  for (const auto& [name, tensors] : state()) {
    for (size_t i = 0; i < tensors.size(); ++i) {
      archive.write(name + std::to_string(i), tensors[i].detach());
    }
  }
  // LibTorch's writer must not see an exception, so the file's first error waits until it is done.
  FileWriter file(path);
  std::exception_ptr error;
  archive.save_to([&](const void* bytes, size_t count) {
    try {
      if (!error) file.write(bytes, count);
    } catch (...) {
      error = std::current_exception();
    }
    return count;
  });
  if (error) std::rethrow_exception(error);
  file.finish();
}

void Optimizer::load(const std::string& path) {
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(path);
    const torch::NoGradGuard no_grad;
    for (const auto& [name, tensors] : state()) {
      for (size_t i = 0; i < tensors.size(); ++i) {
        torch::Tensor stored;
        archive.read(name + std::to_string(i), stored);
        if (stored.sizes() != tensors[i].sizes()) {
          throw Error(ErrorCode::kBadInput, {.where = path,
                                             .problem = "belongs to another model",
                                             .next = "resume with the config of that run"});
        }
        torch::Tensor target = tensors[i];  // the same storage
        target.copy_(stored);
      }
    }
  } catch (const c10::Error& e) {
    throw Error(
        ErrorCode::kBadInput,
        {.where = path, .problem = "cannot be resumed from", .found = e.what_without_backtrace()});
  }
}

}  // namespace libra::training
