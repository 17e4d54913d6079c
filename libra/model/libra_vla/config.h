// Every size and choice of a Libra-VLA model. `libra_tiny` and `libra_2b` are two sets of values of
// this struct (configs/*.toml); nothing else tells them apart.
#pragma once

#include <string>

#include "libra/core/config.h"
#include "libra/core/observation.h"
#include "libra/model/backbones/tower_configs.h"
#include "libra/nn/diffusion.h"

namespace libra::model {

// The hybrid action space (design: Discretise).
struct ActionConfig {
  int horizon = 5;                    // H
  int expansion = 2;                  // M
  int bins = 10;                      // N
  std::string normalize = "q01_q99";  // or identity
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

struct PlannerConfig {
  InternVlConfig backbone;
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
  std::string target = "action";  // what is denoised: action, or residual from the bin centre
  void list(ConfigFields& f);
};

struct LibraVlaConfig {
  std::string name = "libra";
  std::string variant = "full";
  std::string prompt = "internvl2_5";  // prompt template
  int image_size = 448;                // side of a planner image (px)
  int refiner_image_size = 224;        // side of a refiner image (px)
  int cameras = 2;
  ActionConfig action;
  PlannerConfig planner;
  RefinerConfig refiner;

  void list(ConfigFields& f);
  // Throws Error(kBadInput) when fields contradict each other.
  void validate(const std::string& where) const;

  // What the variants mean (paper's ablation).
  bool has_intents() const { return variant == "full" || variant == "refinement"; }
  bool refiner_has_vision() const { return variant != "base" && variant != "refinement"; }
  bool refiner_sees_planner_tokens() const {
    return variant == "base" || variant == "refinement" || variant == "vision";
  }
  bool refiner_sees_planner_latent() const { return variant == "static_latent"; }
  bool refiner_needs_planner() const {
    return refiner_sees_planner_tokens() || refiner_sees_planner_latent();
  }
  int queries() const { return action.horizon * action.expansion; }  // K
};

}  // namespace libra::model
