// A small network with everything that makes exchange hard: two types of layers, a parameter that
// serves twice, one that nobody uses, one in another memory format; and AdamW over tensors.
#pragma once

#include <ATen/CPUGeneratorImpl.h>

#include <sstream>
#include <string>
#include <vector>

#include "libra/nn/torch.h"

namespace libra::training {

struct ToyNet : torch::nn::Module {
  explicit ToyNet(torch::Dtype type = torch::kFloat32) {
    torch::manual_seed(5);
    const auto draw = [&](const char* name, std::vector<int64_t> sizes) {
      return register_parameter(name, (torch::randn(sizes, torch::kFloat64) * 0.3).to(type));
    };
    filter = draw("filter", {4, 3, 3, 3});
    filter.set_data(filter.contiguous(torch::MemoryFormat::ChannelsLast));
    in = draw("in", {17, 4});
    bias = draw("bias", {17});
    twice = draw("twice", {17, 17});
    idle = draw("idle", {7});
    out = draw("out", {2, 17});
  }
  // images [B, 3, 5, 5] -> [B, 2]
  torch::Tensor forward(const torch::Tensor& images) const {
    torch::Tensor x = torch::conv2d(images, filter, {}, 1, 1).mean({2, 3});
    x = torch::tanh(torch::linear(x, in, bias));
    x = torch::tanh(torch::linear(x, twice));
    x = torch::tanh(torch::linear(x, twice));
    return torch::linear(x, out);
  }
  torch::Tensor filter, in, bias, twice, idle, out;
};

constexpr int64_t kToyBatch = 12;  // samples of a step, all ranks together

struct ToySamples {
  torch::Tensor images, targets;
};
// Samples first, first + stride, ... of a step.
inline ToySamples toy_samples(int64_t step, int64_t first, int64_t stride, torch::Dtype type) {
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(uint64_t(100 + step));
  const auto f64 = torch::dtype(torch::kFloat64);
  const torch::Tensor images = torch::randn({kToyBatch, 3, 5, 5}, generator, f64);
  const torch::Tensor targets = torch::randn({kToyBatch, 2}, generator, f64);
  const auto own = torch::arange(first, kToyBatch, stride);
  return {images.index_select(0, own).to(type), targets.index_select(0, own).to(type)};
}
// A sum over samples, divided by the count of the whole step: ranks and micro-batches add up.
inline torch::Tensor toy_loss(const ToyNet& net, const ToySamples& samples) {
  return (net.forward(samples.images) - samples.targets).square().sum() / double(kToyBatch);
}

// AdamW and an average over some tensors, whole or in pieces.
class ToyAdamW {
 public:
  explicit ToyAdamW(std::vector<torch::Tensor> weights) : weights_(std::move(weights)) {
    for (const auto& w : weights_) {
      first.push_back(torch::zeros_like(w));
      second.push_back(torch::zeros_like(w));
      average.push_back(w.detach().clone());
      steps_.push_back(torch::zeros({}, torch::kFloat32));
    }
  }
  void step(const std::vector<torch::Tensor>& gradients) {
    const torch::NoGradGuard no_grad;
    for (size_t i = 0; i < weights_.size(); ++i) {
      if (!gradients[i].defined()) continue;
      steps_[i].add_(1);
      std::vector<torch::Tensor> w = {weights_[i]}, g = {gradients[i]}, m = {first[i]},
                                 v = {second[i]}, s = {steps_[i]};
      at::_fused_adamw_(w, g, m, v, {}, s, 0.01, 0.9, 0.95, 0.01, 1e-8, false, false);
    }
    for (size_t i = 0; i < weights_.size(); ++i) average[i].lerp_(weights_[i], 0.1);
  }
  void set_steps(int steps) {
    for (auto& s : steps_) s.fill_(steps);
  }
  std::vector<torch::Tensor> first, second, average;

 private:
  std::vector<torch::Tensor> weights_, steps_;
};

inline std::string packed(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> plain;
  for (const auto& t : tensors) plain.push_back(t.detach().contiguous().clone());
  std::ostringstream bytes;
  torch::save(plain, bytes);
  return bytes.str();
}
inline std::vector<torch::Tensor> unpacked(const std::string& bytes) {
  std::istringstream stream(bytes);
  std::vector<torch::Tensor> tensors;
  torch::load(tensors, stream);
  return tensors;
}
// Largest difference, over the largest value.
inline double distance(const std::string& a, const std::string& b) {
  const auto left = unpacked(a), right = unpacked(b);
  if (left.size() != right.size()) return 1e9;
  double most = 0, scale = 0;
  for (size_t i = 0; i < left.size(); ++i) {
    const auto x = left[i].to(torch::kFloat64), y = right[i].to(torch::kFloat64);
    most = std::max(most, (x - y).abs().max().item<double>());
    scale = std::max(scale, y.abs().max().item<double>());
  }
  return most / scale;
}

}  // namespace libra::training
