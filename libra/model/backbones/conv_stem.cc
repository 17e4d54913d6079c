#include "libra/model/backbones/conv_stem.h"

#include "libra/core/error.h"
#include "libra/nn/linear.h"

namespace libra::model {

void ConvStemConfig::list(ConfigFields& f) {
  f.add("channels", channels,
        "output channels of each convolution; empty: patch embedding instead");
  f.add("kernels", kernels, "kernel sides");
  f.add("strides", strides, "strides");
  f.add("feature_stage", feature_stage, "index of the stage whose map is kept", {0, 16});
}

int ConvStemConfig::feature_channels() const { return channels.at(size_t(feature_stage)); }

int ConvStemConfig::output_side(int image_side) const {
  int side = image_side;
  for (size_t i = 0; i < strides.size(); ++i) {
    const int padding = (kernels[i] - strides[i] + 1) / 2;
    side = (side + 2 * padding - kernels[i]) / strides[i] + 1;
  }
  return side;
}

void ConvStemConfig::validate(const std::string& where, int hidden_size) const {
  const auto fail = [&](const std::string& problem, const std::string& expected,
                        const std::string& found) {
    throw Error(ErrorCode::kBadInput,
                {.where = where, .problem = problem, .expected = expected, .found = found});
  };
  if (!enabled()) return;
  if (kernels.size() != channels.size() || strides.size() != channels.size()) {
    fail("lists of one stem differ in length",
         std::to_string(channels.size()) + " kernels and strides",
         std::to_string(kernels.size()) + " and " + std::to_string(strides.size()));
  }
  for (size_t i = 0; i < channels.size(); ++i) {
    if (channels[i] < 1 || strides[i] < 1 || kernels[i] < strides[i]) {
      fail("a stage is impossible", "channels >= 1, strides >= 1, kernels >= strides",
           "stage " + std::to_string(i));
    }
  }
  if (channels.back() != hidden_size) {
    fail("the last stage makes the tokens", std::to_string(hidden_size) + " channels",
         std::to_string(channels.back()));
  }
  if (feature_stage + 1 >= int(channels.size())) {
    fail("feature_stage must lie before the last stage",
         "less than " + std::to_string(channels.size() - 1), std::to_string(feature_stage));
  }
}

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
