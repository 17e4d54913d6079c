// What stands between the world and the networks, in both directions; training and inference share
// it, so that a checkpoint sees the same numbers in both.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libra/action/norm_stats.h"
#include "libra/core/observation.h"
#include "libra/model/libra_vla/config.h"
#include "libra/model/libra_vla/planner_net.h"
#include "libra/preprocess/tokenizer.h"

namespace libra::policy {

struct PromptTokens {
  torch::Tensor input_ids;       // [B, T] int64, padded on the right
  torch::Tensor attention_mask;  // [B, T] int64; undefined when nothing is padded
};

class Transforms {
 public:
  // tokens_per_image: length of the placeholder run of one camera image in the prompt.
  Transforms(const model::LibraVlaConfig& config, const NormStats& stats,
             std::shared_ptr<const Tokenizer> tokenizer, int64_t tokens_per_image);

  // Camera bytes [B, C, S, S, 3] uint8 -> normalised floats [B, C, 3, S, S] for each half.
  torch::Tensor planner_pixels(const torch::Tensor& bytes) const;
  torch::Tensor refiner_pixels(const torch::Tensor& bytes) const;
  // Images of observations, resized where their side differs from `side` -> [B, C, side, side, 3].
  torch::Tensor bytes(std::span<const Observation* const> observations, int side) const;

  PromptTokens prompts(std::span<const std::string_view> instructions) const;
  // queries[b] holds the texts of sample b; short lists are filled up with their first entry.
  model::TextQueries queries(const std::vector<std::vector<std::string_view>>& texts) const;

  torch::Tensor proprio(std::span<const Proprio> values) const;  // [B, 8] in [-1, 1] by q01/q99
  // Raw actions [..., 7] -> [-1, 1], and back.
  torch::Tensor normalize(const torch::Tensor& actions) const;
  torch::Tensor denormalize(const torch::Tensor& actions) const;

  int64_t img_context_token_id() const;
  const NormStats& stats() const { return stats_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }

 private:
  std::vector<int64_t> prompt_ids(std::string_view instruction) const;

  model::LibraVlaConfig config_;
  NormStats stats_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  int64_t tokens_per_image_;
  torch::Tensor action_low_, action_high_, proprio_low_, proprio_high_;
};

}  // namespace libra::policy
