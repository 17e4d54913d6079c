// What stands between the world and the networks, in both directions; training and inference share
// it, so that a checkpoint sees the same numbers in both.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libra/action/normalise.h"
#include "libra/core/observation.h"
#include "libra/model/libra_vla/config.h"
#include "libra/model/libra_vla/planner_net.h"
#include "libra/nn/torch.h"
#include "libra/preprocess/prompt.h"
#include "libra/preprocess/tokenizer.h"

namespace libra::policy {

struct PromptTokens {
  torch::Tensor input_ids;       // [B, T] int64, padded on the right
  torch::Tensor attention_mask;  // [B, T] int64; undefined when nothing is padded
};

// Thread: constant after construction.
class Transforms {
 public:
  // tokens_per_image: length of the placeholder run of one camera image in the prompt.
  Transforms(const model::LibraVlaConfig& config, const action::NormStats& stats,
             std::shared_ptr<const preprocess::Tokenizer> tokenizer, int tokens_per_image);

  // The same for other training data.
  std::shared_ptr<const Transforms> with_stats(const action::NormStats& stats) const;

  // Images of observations as bytes [B, C, side, side, 3], resized where their side differs.
  torch::Tensor bytes(std::span<const Observation* const> observations, int side) const;
  // Bytes [B, C, S, S, 3] -> floats [B, C, 3, S, S]: ImageNet's normalisation for the planner,
  // SigLIP's for the refiner.
  torch::Tensor planner_pixels(const torch::Tensor& bytes) const;
  torch::Tensor refiner_pixels(const torch::Tensor& bytes) const;

  PromptTokens prompts(std::span<const std::string> instructions) const;
  // texts[b] holds the queries of sample b; all lists have the same length P. [B, P, L]
  model::TextQueries queries(std::span<const std::vector<std::string>> texts) const;

  torch::Tensor proprio(std::span<const Proprio> values) const;  // [B, 8] in [-1, 1]

  const action::Normaliser& normaliser() const { return normaliser_; }
  const action::NormStats& stats() const { return stats_; }
  const preprocess::Tokenizer& tokenizer() const { return *tokenizer_; }

 private:
  model::LibraVlaConfig config_;
  action::NormStats stats_;
  action::Normaliser normaliser_;
  std::shared_ptr<const preprocess::Tokenizer> tokenizer_;
  std::vector<int> tokens_per_camera_;
  preprocess::PromptStyle style_;
};

}  // namespace libra::policy
