// Sizes and choices of the towers, under the published names. No LibTorch.
#pragma once

#include <string>
#include <vector>

#include "libra/core/config.h"

namespace libra::model {

// A small convolutional stem in place of the patch embedding (conv_stem.h).
// One convolution per entry, ReLU between them, the last one gives the tokens' width. Example for
// 128 px: channels [64, 64, 192], kernels [8, 3, 3], strides [4, 2, 2], feature_stage 1 gives the
// map [64, 16, 16] and 8 x 8 tokens.
struct ConvStemConfig {
  std::vector<int> channels;  // empty: no stem; the last must equal the tower's hidden_size
  std::vector<int> kernels;
  std::vector<int> strides;
  int feature_stage = 0;  // index of the stage whose output (after ReLU) is kept as `features`
  void list(ConfigFields& f);

  bool enabled() const { return !channels.empty(); }
  int feature_channels() const;  // of the kept map
  // Side of the output grid for an image side (px).
  int output_side(int image_side) const;
  // Throws Error(kBadInput) when the lists disagree or do not end in hidden_size.
  void validate(const std::string& where, int hidden_size) const;
};

// Names and defaults of the published vision_config (InternVL2_5-2B); `stem` is ours.
struct InternVitConfig {
  int hidden_size = 1024;
  int intermediate_size = 4096;
  int num_hidden_layers = 24;
  int num_attention_heads = 16;
  int num_channels = 3;
  int patch_size = 14;
  int image_size = 448;  // side of the training images (px): position embedding grid
  std::string norm_type = "layer_norm";  // or rms_norm
  double layer_norm_eps = 1e-6;
  bool qkv_bias = true;
  bool qk_normalization = false;
  double initializer_factor = 1.0;  // start value of ls1, ls2
  ConvStemConfig stem;
  void list(ConfigFields& f);

  int grid_side() const { return grid_side(image_size); }
  // Tokens along an image side of `pixels`.
  int grid_side(int pixels) const;
};

// Names and defaults of the published llm_config (InternVL2_5-2B); rope_scaling's two entries are
// flat here, and with_lm_head is ours.
struct InternLm2Config {
  int vocab_size = 92553;
  int hidden_size = 2048;
  int intermediate_size = 8192;
  int num_hidden_layers = 24;
  int num_attention_heads = 16;
  int num_key_value_heads = 8;
  int max_position_embeddings = 32768;
  double rope_theta = 1000000.0;
  std::string rope_scaling_type = "dynamic";  // none, linear, dynamic
  double rope_scaling_factor = 2.0;
  double rms_norm_eps = 1e-5;
  bool bias = false;
  int pad_token_id = 2;  // its embedding gets no gradient; -1: none
  double initializer_range = 0.02;
  bool with_lm_head = false;  // the planner needs hidden states only
  void list(ConfigFields& f);
};

// Names of the published config.json.
struct InternVlConfig {
  InternVitConfig vision_config;
  InternLm2Config llm_config;
  double downsample_ratio = 0.5;  // of the token grid's side; 1 keeps every token
  std::string ps_version = "v2";  // v1: rows and columns of the shuffled grid swapped
  int select_layer = -1;          // which hidden state of the vision tower; -1: its output
  void list(ConfigFields& f);
};

// Names of the published vision_config; defaults of so400m-patch14-384. `pooling_head` and `stem`
// are ours.
struct SiglipVisionConfig {
  int hidden_size = 1152;
  int intermediate_size = 4304;
  int num_hidden_layers = 27;
  int num_attention_heads = 16;
  int num_channels = 3;
  int image_size = 384;
  int patch_size = 14;
  double layer_norm_eps = 1e-6;
  bool pooling_head = false;  // attention pooling: pooler_output
  ConvStemConfig stem;
  void list(ConfigFields& f);

  int grid_side() const;  // tokens along the image side
};

// Names of the published config.json; defaults of all-MiniLM-L6-v2.
struct BertConfig {
  int vocab_size = 30522;
  int hidden_size = 384;
  int intermediate_size = 1536;
  int num_hidden_layers = 6;
  int num_attention_heads = 12;
  int max_position_embeddings = 512;
  int type_vocab_size = 2;
  double layer_norm_eps = 1e-12;
  void list(ConfigFields& f);
};

// Names of a sentence encoder's sentence_bert_config.json; defaults of all-MiniLM-L6-v2.
struct SentenceBertConfig {
  int max_seq_length = 256;  // tokens that it reads of a text, [CLS] and [SEP] among them
  void list(ConfigFields& f);
};

}  // namespace libra::model
