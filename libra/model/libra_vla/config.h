// Every size and choice of a Libra-VLA model. `libra_tiny` and `libra_2b` are two sets of values of
// this struct (configs/*.toml); nothing else tells them apart.
#pragma once

#include <string>

#include "libra/core/config.h"
#include "libra/core/embodiment.h"
#include "libra/core/instruction.h"
#include "libra/model/backbones/tower_configs.h"
#include "libra/nn/diffusion.h"

namespace libra::model {

// How camera pictures become the size that a model looks at.
enum class Resize {
  kPad,      // as large as fits, in the middle of black (preprocess::resize_with_pad)
  kStretch,  // to the square, whatever their shape, as InternVL's own preprocessing does (bicubic)
};

// Which halves there are and what joins them (the paper's ablation; docs/model.md).
enum class Variant {
  kFull,          // planner's intents, refiner with its own vision
  kRefinement,    // intents, but the refiner sees the planner's tokens
  kVision,        // the planner's tokens and own vision, no intents
  kBase,          // neither: one flat diffusion head on the planner's tokens
  kStaticLatent,  // the planner's pooled token and own vision
  kTwoBranch,  // a discrete and a continuous head on the planner's tokens, their answers averaged
  kAutoregressive,  // the planner alone: action tokens, one after the other, each told those before
};

// Where a dimension's bins lie.
enum class Binning {
  kUniform,   // all as wide, over [-1, 1]
  kQuantile,  // all as full of the training data; uniform where values repeat (a gripper)
  kFsq,       // digits of a residual code of joints that move together (action::CodeBook)
};

// What the refiner's diffusion makes out of noise.
enum class RefinerTarget {
  kAction,    // the action
  kResidual,  // its offset from the bin's centre, in widths of the bin
};

}  // namespace libra::model

namespace libra {
template <>
struct Words<model::Variant> {
  static constexpr Word<model::Variant> list[] = {
      {model::Variant::kFull, "full"},
      {model::Variant::kRefinement, "refinement"},
      {model::Variant::kVision, "vision"},
      {model::Variant::kBase, "base"},
      {model::Variant::kStaticLatent, "static_latent"},
      {model::Variant::kTwoBranch, "two_branch"},
      {model::Variant::kAutoregressive, "autoregressive"}};
};
template <>
struct Words<model::Binning> {
  static constexpr Word<model::Binning> list[] = {{model::Binning::kUniform, "uniform"},
                                                  {model::Binning::kQuantile, "quantile"},
                                                  {model::Binning::kFsq, "fsq"}};
};
template <>
struct Words<model::RefinerTarget> {
  static constexpr Word<model::RefinerTarget> list[] = {
      {model::RefinerTarget::kAction, "action"}, {model::RefinerTarget::kResidual, "residual"}};
};
template <>
struct Words<model::Resize> {
  static constexpr Word<model::Resize> list[] = {{model::Resize::kPad, "pad"},
                                                 {model::Resize::kStretch, "stretch"}};
};
}  // namespace libra

namespace libra::model {

// The hybrid action space (docs/model.md: Discretise).
struct ActionConfig {
  int horizon = 5;    // H
  int expansion = 2;  // M
  int bins = 10;      // N
  Binning binning = Binning::kUniform;
  Normalization normalize = Normalization::kQuantiles;
  void list(ConfigFields& f);
};

// Parallel coarse-action head: learned queries over [Q ; project(H_t)], K = M * H rows kept.
struct CoarseHeadConfig {
  int width = 1024;
  int layers = 12;
  int heads = 16;
  double mlp_ratio = 4.0;
  bool proprio_token = true;
  void list(ConfigFields& f);
};

// Optional grounding: the instruction's embedding against the stem's feature map, per camera; the
// soft-argmax becomes one extra planner token. Needs a convolutional stem. See docs/model.md.
struct PointingConfig {
  bool enabled = false;
  int width = 64;
  void list(ConfigFields& f);
};

// Who reads the instruction: the backbone's language model itself, by its own token embeddings,
// or first a frozen, published sentence encoder, whose token states and sentence embedding,
// projected, are then the language model's text tokens and the pointing head's words.
struct TextConfig {
  std::string encoder;  // its folder: config.json, vocab.txt, model.safetensors; "": none
  std::string hash;     // core::file_hash of its weights, which no checkpoint holds; "": any
  int width = 384;      // of its token states
  void list(ConfigFields& f);
  bool enabled() const { return !encoder.empty(); }
};

struct PlannerConfig {
  InternVlConfig backbone;
  TextConfig text;
  CoarseHeadConfig head;
  PointingConfig pointing;
  void list(ConfigFields& f);
};

// Diffusion transformer over H noisy-action tokens.
struct RefinerConfig {
  SiglipVisionConfig vision;
  int width = 1024;
  int layers = 12;
  int heads = 16;
  double mlp_ratio = 4.0;
  int code_width = 64;            // of one codebook embedding
  nn::DiffusionConfig diffusion;  // DDPM noise schedule
  int denoise_steps = 10;         // DDIM steps at inference
  RefinerTarget target = RefinerTarget::kAction;
  void list(ConfigFields& f);
};

struct LibraVlaConfig {
  std::string name = "libra";
  Variant variant = Variant::kFull;
  PromptStyle prompt = PromptStyle::kInternVl25;
  Resize resize = Resize::kStretch;        // of camera pictures
  int image_size = 448;                    // side of a planner image (px)
  int refiner_image_size = 224;            // side of a refiner image (px)
  Embodiment embodiment = libero_panda();  // the robot that it drives
  ActionConfig action;
  PlannerConfig planner;
  RefinerConfig refiner;

  void list(ConfigFields& f);
  // Throws Error(kBadInput) when fields contradict each other.
  void validate(const std::string& where) const;

  // What the variants mean (paper's ablation).
  bool has_intents() const { return variant == Variant::kFull || variant == Variant::kRefinement; }
  // The planner predicts bins, whether or not the refiner is told.
  bool planner_has_bins() const {
    return has_intents() || variant == Variant::kTwoBranch || is_autoregressive();
  }
  bool is_autoregressive() const { return variant == Variant::kAutoregressive; }
  bool has_refiner() const { return !is_autoregressive(); }
  bool refiner_has_vision() const {
    return variant == Variant::kFull || variant == Variant::kVision ||
           variant == Variant::kStaticLatent;
  }
  bool refiner_sees_planner_tokens() const {
    return variant == Variant::kBase || variant == Variant::kRefinement ||
           variant == Variant::kVision || variant == Variant::kTwoBranch;
  }
  bool refiner_sees_planner_latent() const { return variant == Variant::kStaticLatent; }
  bool refiner_needs_planner() const {
    return refiner_sees_planner_tokens() || refiner_sees_planner_latent();
  }
  // No chunk acts on a plan that was made before: everything runs once a chunk.
  bool plans_every_chunk() const { return refiner_needs_planner() || !has_refiner(); }
  int queries() const { return action.horizon * action.expansion; }  // K
};

}  // namespace libra::model
