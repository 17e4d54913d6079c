#include "libra/model/backbones/conv_stem.h"

#include "libra/core/error.h"
#include "libra/nn/linear.h"

namespace libra::model {

ConvStemImpl::ConvStemImpl(const ConvStemConfig& config) : feature_stage_(config.feature_stage) {
  conv = register_module("conv", torch::nn::ModuleList());
  int64_t in = 3;
  for (size_t i = 0; i < config.channels.size(); ++i) {
    const auto options = torch::nn::Conv2dOptions(in, config.channels[i], config.kernels[i])
                             .stride(config.strides[i])
                             .padding((config.kernels[i] - config.strides[i] + 1) / 2);
    torch::nn::Conv2d layer(options);
    torch::nn::init::kaiming_normal_(layer->weight, 0.0, torch::kFanIn, torch::kReLU);
    torch::nn::init::zeros_(layer->bias);
    conv->push_back(layer);
    in = config.channels[i];
  }
}

ConvStemOutput ConvStemImpl::forward(const torch::Tensor& pixel_values) {
  ConvStemOutput out;
  out.features = features(pixel_values);
  torch::Tensor x = out.features;
  for (size_t i = size_t(feature_stage_) + 1; i < conv->size(); ++i) {
    x = nn::convolve(*conv[i]->as<torch::nn::Conv2d>(), x);
    if (i + 1 < conv->size()) x = torch::relu(x);
  }
  out.tokens = x;
  return out;
}

torch::Tensor ConvStemImpl::features(const torch::Tensor& pixel_values) {
  torch::Tensor x = pixel_values;
  for (size_t i = 0; i <= size_t(feature_stage_); ++i) {
    x = torch::relu(nn::convolve(*conv[i]->as<torch::nn::Conv2d>(), x));
  }
  return x;
}

}  // namespace libra::model
