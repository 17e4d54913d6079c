#include "libra/model/libra_vla/config.h"

#include "libra/core/error.h"
#include "libra/core/intent.h"

namespace libra::model {

void ActionConfig::list(ConfigFields& f) {
  f.add("horizon", horizon, "H: actions in a chunk", {1, kMaxHorizon});
  f.add("expansion", expansion, "M: chunks the planner predicts in one pass", {1, kMaxExpansion});
  f.add("bins", bins, "N: bins of each action dimension", {2, kMaxBins});
  f.add("binning", binning,
        "where bins lie: uniform; quantile, each as full of the data; fsq, digits of a residual "
        "code of joints that move together");
  f.add("normalize", normalize, "raw actions to [-1, 1]");
}

void CoarseHeadConfig::list(ConfigFields& f) {
  f.add("width", width, "token width", {1, 8192});
  f.add("layers", layers, "transformer layers", {1, 64});
  f.add("heads", heads, "attention heads", {1, 128});
  f.add("mlp_ratio", mlp_ratio, "hidden width of the MLP over the token width", {0.5, 16});
  f.add("proprio_token", proprio_token, "proprio as one more token");
}

void PointingConfig::list(ConfigFields& f) {
  f.add("enabled", enabled, "pointing map and its token");
  f.add("width", width, "channels of the map that meets the text", {1, 1024});
}

void TextConfig::list(ConfigFields& f) {
  f.add("encoder", encoder,
        "folder of a frozen BERT sentence encoder (config.json, vocab.txt, model.safetensors); "
        "empty: the language model reads the text itself");
  f.add("hash", hash, "of its weights; empty: taken from those that are found");
  f.add("width", width, "of its token states", {1, 8192});
}

void PlannerConfig::list(ConfigFields& f) {
  f.section("backbone", backbone);
  f.section("text", text);
  f.section("head", head);
  f.section("pointing", pointing);
}

void RefinerConfig::list(ConfigFields& f) {
  f.section("vision", vision);
  f.add("width", width, "token width", {1, 8192});
  f.add("layers", layers, "DiT blocks", {1, 64});
  f.add("heads", heads, "attention heads", {1, 128});
  f.add("mlp_ratio", mlp_ratio, "hidden width of the MLP over the token width", {0.5, 16});
  f.add("code_width", code_width, "width of one codebook embedding", {1, 4096});
  f.section("diffusion", diffusion);
  f.add("denoise_steps", denoise_steps, "DDIM steps at inference", {1, 1000});
  f.add("target", target, "what is denoised");
}

void LibraVlaConfig::list(ConfigFields& f) {
  f.add("name", name, "name of the model");
  f.add("variant", variant, "which halves there are (docs/model.md)");
  f.add("prompt", prompt, "prompt template");
  f.add("resize", resize,
        "how pictures of other sizes are made the model's: padded, or stretched as InternVL does");
  f.add("image_size", image_size, "side of a planner image (px)", {16, 4096});
  f.add("refiner_image_size", refiner_image_size, "side of a refiner image (px)", {16, 4096});
  f.section("action", action);
  f.section("planner", planner);
  f.section("refiner", refiner);
  f.section("embodiment", embodiment);
}

void LibraVlaConfig::validate(const std::string& where) const {
  embodiment.validate(where);
  const auto require = [&](bool ok, const std::string& problem) {
    if (!ok) throw Error(ErrorCode::kBadInput, {.where = where, .problem = problem});
  };
  require(!embodiment.cameras.empty(), "embodiment: there is no camera to plan by");
  require(planner.head.width % planner.head.heads == 0,
          "planner.head.width must be a multiple of planner.head.heads");
  require(refiner.width % refiner.heads == 0, "refiner.width must be a multiple of refiner.heads");
  require(!planner.pointing.enabled || planner.backbone.vision_config.stem.enabled(),
          "planner.pointing needs a convolutional stem (planner.backbone.vision_config.stem)");
  require(planner.text.enabled() == (prompt == PromptStyle::kImages),
          "planner.text.encoder and prompt = \"images\" belong together");
  require(refiner.denoise_steps <= refiner.diffusion.num_train_timesteps,
          "refiner.denoise_steps must not exceed refiner.diffusion.num_train_timesteps");
  require(has_intents() || refiner.target == RefinerTarget::kAction,
          "refiner.target = \"residual\" needs a variant with intents");
}

}  // namespace libra::model
