// The Semantic Planner's network: InternVL backbone, optional pointing head, parallel coarse-action
// head; text encoded elsewhere (TextConfig) follows the prompt. Parameter names: backbone.* carries
// the published names (vision_model.*, mlp1.*, language_model.*); everything else is ours.
#pragma once

#include "libra/model/backbones/internvl.h"
#include "libra/model/libra_vla/config.h"
#include "libra/model/libra_vla/pointing_head.h"
#include "libra/nn/layers.h"
#include "libra/nn/torch.h"

namespace libra::model {

struct PlannerInput {
  torch::Tensor pixel_values;  // [B, C, 3, S, S], normalised
  torch::Tensor input_ids;     // [B, T] int64, with the image placeholders
  torch::Tensor
      attention_mask;       // [B, T] int64, 1 where a token stands; undefined: nothing is padded
  torch::Tensor proprio;    // [B, 8], normalised
  TextQueries instruction;  // [B, 1, L]; read by the pointing head, and with a text encoder by all
  torch::Tensor missing = {};  // [B, C] bool, cameras that are not seen; undefined: none
  // [B, K, D] int64: the true bins, which the autoregressive planner is told while it trains.
  torch::Tensor told = {};
};

// What a refiner may read of the planner: head rows of queries, image tokens and extra tokens.
struct PlannerTokens {
  torch::Tensor rows;  // [B, T, W_planner]; undefined for variants whose refiner does not read them
  torch::Tensor unseen;  // [B, T] bool, rows of cameras that are not seen; undefined: none
};

struct PlannerOutput {
  // [B, K, D, N] f32: the coarse actions of the next M chunks. Autoregressive: of each bin given
  // the true ones before it; undefined where they were not told.
  torch::Tensor logits;
  torch::Tensor
      keyframe;  // [B, 3] (dm): next keyframe position of the gripper minus the present one
  PlannerTokens tokens;
  torch::Tensor map;  // [B*C, d, h, w] what further pointing queries are laid over
  Pointing pointing;  // of the instruction, P = 1; undefined when off
};

// Keys and values of the rows that a layer has seen: [B, heads, T, W / heads].
struct HeadCache {
  torch::Tensor key, value;
};

// Pre-norm transformer layer of the head.
class HeadLayerImpl : public torch::nn::Module {
 public:
  HeadLayerImpl(int64_t width, int64_t heads, int64_t mlp_width);
  // x [B, T, W] -> the first `keep` rows of the layer's output, [B, keep, W]. mask: added to the
  // scores, broadcast to [B, heads, keep, T]; may be undefined.
  torch::Tensor forward(const torch::Tensor& x, int64_t keep, const torch::Tensor& mask);
  // Further rows [B, T', W] that attend to those of the cache and to each other, and join it. mask:
  // added to the scores, [B, 1, 1, all rows]; may be undefined. -> [B, T', W]
  torch::Tensor append(const torch::Tensor& x, HeadCache& seen, const torch::Tensor& mask);

 private:
  torch::Tensor answer(const torch::Tensor& x, const torch::Tensor& query, const torch::Tensor& key,
                       const torch::Tensor& value, const torch::Tensor& mask);
  int64_t heads_;
  torch::nn::LayerNorm norm1{nullptr}, norm2{nullptr};
  nn::Linear q{nullptr}, kv{nullptr}, proj{nullptr};
  nn::Mlp mlp{nullptr};
};
TORCH_MODULE(HeadLayer);

class PlannerNetImpl : public torch::nn::Module {
 public:
  // img_context_token_id: the placeholder that image tokens replace.
  PlannerNetImpl(const LibraVlaConfig& config, int64_t img_context_token_id,
                 nn::Fresh fresh = nn::Fresh::kAll);
  PlannerOutput forward(const PlannerInput& input);
  // The autoregressive planner's answer for the next `steps` actions, [B, steps, D, N] f32: the
  // logits of each bin, given that all before it were the likeliest. Requires: steps <= K.
  torch::Tensor decode(const PlannerInput& input, int64_t steps);
  // The pointing map alone, without the language model (grounding pre-training).
  // pixel_values [B, C, 3, S, S] -> [B*C, d, h, w]
  torch::Tensor pointing_map(const torch::Tensor& pixel_values);
  Pointing point(const torch::Tensor& map, const TextQueries& queries);

  int64_t tokens_per_image() const { return tokens_per_image_; }

 private:
  // What the head reads beside its answers.
  struct Context {
    torch::Tensor rows;  // [B, T + ..., W], those of the prompt's tokens first
    torch::Tensor seen;  // [B, T], 1 where a token stands; undefined: everywhere
    int64_t tokens = 0;  // T, with those of a text encoder
  };
  // Also fills what the output holds of it.
  Context context_of(const PlannerInput& input, PlannerOutput& out);
  // What is added to the scores of `before` rows and then the context's, [B, 1, 1, before +
  // context]: the head must not see the rows of padding tokens. Undefined where there are none.
  static torch::Tensor padding_mask(const Context& context, int64_t before);
  // Rows of the tokens number `first` on, each told the bin before it: told [B, T] int64, N where
  // nothing stands before. -> [B, T, W]
  torch::Tensor token_rows(int64_t first, const torch::Tensor& told);
  torch::Tensor answer_rows(const PlannerInput& input);

  LibraVlaConfig config_;
  int64_t img_context_token_id_;
  int64_t tokens_per_image_ = 0;
  InternVl backbone{nullptr};
  PointingHead pointing{nullptr};
  nn::Linear text_words{nullptr}, text_sentence{nullptr};  // of a text encoder's
  nn::Linear project{nullptr}, proprio1{nullptr}, proprio2{nullptr};
  nn::Linear bins{nullptr}, keyframe{nullptr};
  torch::nn::ModuleList layers{nullptr};
  torch::nn::LayerNorm norm{nullptr};
  torch::Tensor queries;          // [K, W]
  nn::Embedding tokens{nullptr};  // autoregressive: of the bin before, N for none
  torch::Tensor dimension;        // [D, W], likewise: tells the numbers of an action apart
};
TORCH_MODULE(PlannerNet);

}  // namespace libra::model
