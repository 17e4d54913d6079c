#include "libra/model/backbones/tower_configs.h"

#include "libra/core/error.h"

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

void InternVitConfig::list(ConfigFields& f) {
  f.add("hidden_size", hidden_size, "token width", {1, 65536});
  f.add("intermediate_size", intermediate_size, "hidden width of the MLP", {1, 262144});
  f.add("num_hidden_layers", num_hidden_layers, "transformer layers", {0, 256});
  f.add("num_attention_heads", num_attention_heads, "attention heads", {1, 512});
  f.add("num_channels", num_channels, "image channels", {1, 16});
  f.add("patch_size", patch_size, "side of a patch (px)", {1, 1024});
  f.add("image_size", image_size, "side of a training image (px)", {1, 8192});
  f.add("norm_type", norm_type, "kind of norm", {"layer_norm", "rms_norm"});
  f.add("layer_norm_eps", layer_norm_eps, "epsilon of the norms", {0, 1});
  f.add("qkv_bias", qkv_bias, "bias of the q, k, v projection");
  f.add("qk_normalization", qk_normalization, "RMS norm of queries and keys");
  f.add("initializer_factor", initializer_factor, "start value of the layer scales", {0, 100});
  f.section("stem", stem);
}

int InternVitConfig::grid_side(int pixels) const {
  return stem.enabled() ? stem.output_side(pixels) : pixels / patch_size;
}

void InternLm2Config::list(ConfigFields& f) {
  f.add("vocab_size", vocab_size, "token ids", {1, 10000000});
  f.add("hidden_size", hidden_size, "token width", {1, 65536});
  f.add("intermediate_size", intermediate_size, "hidden width of the MLP", {1, 262144});
  f.add("num_hidden_layers", num_hidden_layers, "transformer layers", {0, 256});
  f.add("num_attention_heads", num_attention_heads, "query heads", {1, 512});
  f.add("num_key_value_heads", num_key_value_heads, "key and value heads", {1, 512});
  f.add("max_position_embeddings", max_position_embeddings, "positions before rotation is rescaled",
        {1, 1e8});
  f.add("rope_theta", rope_theta, "base of the rotation", {1, 1e12});
  f.add("rope_scaling_type", rope_scaling_type, "beyond max_position_embeddings",
        {"none", "linear", "dynamic"});
  f.add("rope_scaling_factor", rope_scaling_factor, "of that scaling", {1, 1000});
  f.add("rms_norm_eps", rms_norm_eps, "epsilon of the norms", {0, 1});
  f.add("bias", bias, "bias of the attention's projections");
  f.add("pad_token_id", pad_token_id, "its embedding gets no gradient; -1: none", {-1, 1e7});
  f.add("initializer_range", initializer_range, "deviation of fresh weights", {0, 1});
  f.add("with_lm_head", with_lm_head, "has the output layer");
}

void InternVlConfig::list(ConfigFields& f) {
  f.section("vision_config", vision_config);
  f.section("llm_config", llm_config);
  f.add("downsample_ratio", downsample_ratio, "side of the token grid after shuffling", {0.01, 1});
  f.add("ps_version", ps_version, "pixel shuffle version", {"v1", "v2"});
  f.add("select_layer", select_layer, "hidden state of the vision tower", {-256, 256});
}

void SiglipVisionConfig::list(ConfigFields& f) {
  f.add("hidden_size", hidden_size, "token width", {1, 65536});
  f.add("intermediate_size", intermediate_size, "hidden width of the MLP", {1, 262144});
  f.add("num_hidden_layers", num_hidden_layers, "transformer layers", {0, 256});
  f.add("num_attention_heads", num_attention_heads, "attention heads", {1, 512});
  f.add("num_channels", num_channels, "image channels", {1, 16});
  f.add("image_size", image_size, "side of an image (px)", {1, 8192});
  f.add("patch_size", patch_size, "side of a patch (px)", {1, 1024});
  f.add("layer_norm_eps", layer_norm_eps, "epsilon of the norms", {0, 1});
  f.add("pooling_head", pooling_head, "has the attention pooling head");
  f.section("stem", stem);
}

void BertConfig::list(ConfigFields& f) {
  f.add("vocab_size", vocab_size, "token ids", {1, 10000000});
  f.add("hidden_size", hidden_size, "token width", {1, 65536});
  f.add("intermediate_size", intermediate_size, "hidden width of the MLP", {1, 262144});
  f.add("num_hidden_layers", num_hidden_layers, "transformer layers", {0, 256});
  f.add("num_attention_heads", num_attention_heads, "attention heads", {1, 512});
  f.add("max_position_embeddings", max_position_embeddings, "longest text", {2, 1e6});
  f.add("type_vocab_size", type_vocab_size, "kinds of segments", {1, 1e6});
  f.add("layer_norm_eps", layer_norm_eps, "epsilon of the norms", {0, 1});
}

void SentenceBertConfig::list(ConfigFields& f) {
  f.add("max_seq_length", max_seq_length, "tokens that are read of a text", {2, 1e6});
}

int SiglipVisionConfig::grid_side() const {
  return stem.enabled() ? stem.output_side(image_size) : image_size / patch_size;
}

}  // namespace libra::model
