// What stands between the world and the networks, in both directions; training and inference share
// it, so that a checkpoint sees the same numbers in both.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libra/action/codec.h"
#include "libra/core/observation.h"
#include "libra/model/libra_vla/config.h"
#include "libra/model/libra_vla/planner_net.h"
#include "libra/nn/torch.h"
#include "libra/policy/intent_tensors.h"
#include "libra/policy/text_encoder.h"
#include "libra/preprocess/prompt.h"
#include "libra/preprocess/tokenizer.h"

namespace libra::policy {

// A camera's picture as a square of `side` px.
void fit_image(const Image& image, model::Resize resize, int side, Image& out);

struct PromptTokens {
  torch::Tensor input_ids;       // [B, T] int64, padded on the right
  torch::Tensor attention_mask;  // [B, T] int64; undefined when nothing is padded
};

// Thread: constant after construction.
class Transforms {
 public:
  // tokens_per_image: length of the placeholder run of one camera image in the prompt. text: null
  // where the language model reads the instruction itself.
  Transforms(const model::LibraVlaConfig& config, const action::NormStats& stats,
             std::shared_ptr<const preprocess::Tokenizer> tokenizer, int tokens_per_image,
             std::shared_ptr<const TextEncoder> text = nullptr);

  // The same for other training data.
  std::shared_ptr<const Transforms> with_stats(const action::NormStats& stats) const;

  // A camera's picture by the configuration's way of resizing.
  void fit(const Image& image, int side, Image& out) const {
    fit_image(image, config_.resize, side, out);
  }
  // Cameras that may be missing and are: an optional camera's picture that is black throughout.
  // [B, C] bool, of bytes [B, C, side, side, 3]; undefined when every camera is there.
  torch::Tensor missing(const torch::Tensor& bytes) const;

  // Images of observations as bytes [B, C, side, side, 3], fitted. A camera that may be missing and
  // is (an image without pixels) is black.
  torch::Tensor bytes(std::span<const Observation* const> observations, int side) const;
  // Bytes [B, C, S, S, 3] -> floats [B, C, 3, S, S]: ImageNet's normalisation for the planner,
  // SigLIP's for the refiner.
  torch::Tensor planner_pixels(const torch::Tensor& bytes) const;
  torch::Tensor refiner_pixels(const torch::Tensor& bytes) const;

  PromptTokens prompts(std::span<const std::string> instructions) const;
  // texts[b] holds the queries of sample b; all lists have the same length P. As ids, or as
  // states of the text encoder.
  model::TextQueries queries(std::span<const std::vector<std::string>> texts) const;

  torch::Tensor proprio(std::span<const Proprio> values) const;  // [B, P] in [-1, 1]
  // All that the planner reads: of pictures as bytes() makes them, an instruction and proprio a
  // sample.
  model::PlannerInput planner_input(const torch::Tensor& bytes,
                                    const std::vector<std::string>& instructions,
                                    std::span<const Proprio> proprio) const;

  const action::Codec& codec() const { return codec_; }
  const BinEdges& bins() const { return bins_; }  // on the CPU
  const action::NormStats& stats() const { return stats_; }
  const preprocess::Tokenizer& tokenizer() const { return *tokenizer_; }

 private:
  model::LibraVlaConfig config_;
  action::NormStats stats_;
  action::Codec codec_;
  BinEdges bins_;
  std::shared_ptr<const preprocess::Tokenizer> tokenizer_;
  std::shared_ptr<const TextEncoder> text_;
  std::vector<int> tokens_per_camera_;
  PromptStyle style_;
};

}  // namespace libra::policy
