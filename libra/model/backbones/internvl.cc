#include "libra/model/backbones/internvl.h"

#include <cmath>

#include "libra/core/error.h"
#include "libra/nn/layers.h"

namespace libra::model {

torch::Tensor pixel_shuffle(const torch::Tensor& x, double ratio, const std::string& version) {
  const int64_t r = std::llround(1.0 / ratio);
  if (r == 1) return x;
  const int64_t b = x.size(0), h = x.size(1), w = x.size(2), c = x.size(3);
  if (h % r != 0 || w % r != 0) {
    throw Error(ErrorCode::kBadInput, {.where = "pixel shuffle",
                                       .problem = "token grid cannot be divided",
                                       .expected = "sides divisible by " + std::to_string(r),
                                       .found = std::to_string(h) + " x " + std::to_string(w)});
  }
  // [b, y, row in cell, x, column in cell, c] -> cells, each with its tokens row by row.
  const torch::Tensor cells = x.reshape({b, h / r, r, w / r, r, c});
  const bool swapped = version == "v1";
  const torch::Tensor ordered =
      swapped ? cells.permute({0, 3, 1, 2, 4, 5}) : cells.permute({0, 1, 3, 2, 4, 5});
  return ordered.reshape({b, swapped ? w / r : h / r, swapped ? h / r : w / r, r * r * c});
}

InternVlImpl::InternVlImpl(const InternVlConfig& config) : config_(config) {
  const int64_t r = std::llround(1.0 / config.downsample_ratio);
  const int64_t in = config.vision_config.hidden_size * r * r, out = config.llm_config.hidden_size;
  vision_model = register_module("vision_model", InternVit(config.vision_config));
  mlp1 = register_module(
      "mlp1", torch::nn::Sequential(torch::nn::LayerNorm(torch::nn::LayerNormOptions({in})),
                                    nn::Linear(in, out), torch::nn::GELU(), nn::Linear(out, out)));
  language_model = register_module("language_model", InternLm2(config.llm_config));
}

InternVlImpl::Features InternVlImpl::extract(const torch::Tensor& pixel_values) {
  const bool last = config_.select_layer == -1;
  const VisionOutput vision = vision_model->forward(pixel_values, !last);
  torch::Tensor x = vision.last_hidden_state;
  if (!last) {
    const int64_t count = int64_t(vision.hidden_states.size());
    const int64_t layer =
        config_.select_layer < 0 ? count + config_.select_layer : config_.select_layer;
    x = vision.hidden_states.at(size_t(layer));
  }
  x = x.slice(1, 1);  // without the class token
  const int64_t h = vision_model->rows(pixel_values.size(2)),
                w = vision_model->rows(pixel_values.size(3));
  x = pixel_shuffle(x.reshape({x.size(0), h, w, x.size(2)}), config_.downsample_ratio,
                    config_.ps_version);
  return {mlp1->forward(x.flatten(1, 2)), vision.features};
}

torch::Tensor InternVlImpl::stem_features(const torch::Tensor& pixel_values) {
  return vision_model->stem_features(pixel_values);
}

int64_t InternVlImpl::tokens_per_image(int64_t height, int64_t width) const {
  const int64_t r = std::llround(1.0 / config_.downsample_ratio);
  return (vision_model->rows(height) / r) * (vision_model->rows(width) / r);
}

InternVlOutput InternVlImpl::forward(const torch::Tensor& pixel_values,
                                     const torch::Tensor& input_ids,
                                     const torch::Tensor& attention_mask,
                                     int64_t img_context_token_id, const InternVlOptions& options) {
  InternVlOutput out;
  const Features images = extract(pixel_values);
  out.vit_embeds = images.vit_embeds;
  out.features = images.features;
  if (options.image_flags.defined()) {
    out.vit_embeds = out.vit_embeds.index({options.image_flags.flatten() == 1});
  }
  const torch::Tensor text = language_model->embed(input_ids);
  const torch::Tensor image_rows =
      out.vit_embeds.reshape({-1, text.size(-1)}).to(text.scalar_type());
  const torch::Tensor is_image = (input_ids == img_context_token_id).flatten();
  const torch::Tensor places = is_image.nonzero().squeeze(-1);
  if (places.size(0) != image_rows.size(0)) {
    throw Error(ErrorCode::kBadInput, {.where = "input_ids",
                                       .problem = "image placeholders do not match the images",
                                       .expected = std::to_string(image_rows.size(0)),
                                       .found = std::to_string(places.size(0))});
  }
  out.inputs_embeds = text.flatten(0, 1).index_copy(0, places, image_rows).view(text.sizes());
  if (options.appended.defined()) {
    out.inputs_embeds = torch::cat({out.inputs_embeds, options.appended.to(text.scalar_type())}, 1);
  }
  const InternLm2Output lm =
      language_model->forward({.inputs_embeds = out.inputs_embeds,
                               .attention_mask = attention_mask,
                               .position_ids = options.position_ids,
                               .output_hidden_states = options.output_hidden_states,
                               .output_logits = options.output_logits});
  out.last_hidden_state = lm.last_hidden_state;
  out.hidden_states = lm.hidden_states;
  out.logits = lm.logits;
  return out;
}

}  // namespace libra::model
