#include <gtest/gtest.h>

#include "libra/core/error.h"
#include "libra/model/backbones/internvl.h"
#include "libra/model/backbones/siglip.h"
#include "libra/nn/autocast.h"

namespace libra::model {
namespace {

ConvStemConfig stem128(int hidden) {
  return {
      .channels = {64, 64, hidden}, .kernels = {8, 3, 3}, .strides = {4, 2, 2}, .feature_stage = 1};
}

InternVlConfig tiny() {
  InternVlConfig c;
  c.vision_config.hidden_size = 32;
  c.vision_config.intermediate_size = 64;
  c.vision_config.num_hidden_layers = 2;
  c.vision_config.num_attention_heads = 4;
  c.vision_config.image_size = 128;
  c.vision_config.stem = stem128(32);
  c.llm_config.vocab_size = 50;
  c.llm_config.hidden_size = 48;
  c.llm_config.intermediate_size = 64;
  c.llm_config.num_hidden_layers = 2;
  c.llm_config.num_attention_heads = 4;
  c.llm_config.num_key_value_heads = 2;
  c.downsample_ratio = 1.0;
  return c;
}

TEST(ConvStem, ShapesInBothTowers) {
  const torch::Tensor image = torch::randn({2, 3, 128, 128});
  InternVit vit(tiny().vision_config);
  const VisionOutput v = vit->forward(image);
  EXPECT_EQ(v.last_hidden_state.sizes(), (std::vector<int64_t>{2, 65, 32}));
  EXPECT_EQ(v.features.sizes(), (std::vector<int64_t>{2, 64, 16, 16}));
  EXPECT_TRUE(torch::equal(v.features, vit->stem_features(image)));

  SiglipVisionConfig config;
  config.hidden_size = 24;
  config.intermediate_size = 32;
  config.num_hidden_layers = 1;
  config.num_attention_heads = 2;
  config.image_size = 112;
  config.pooling_head = true;
  config.stem = stem128(24);
  SiglipVision siglip(config);
  const VisionOutput s = siglip->forward(torch::randn({2, 3, 112, 112}));
  EXPECT_EQ(s.last_hidden_state.sizes(), (std::vector<int64_t>{2, 49, 24}));
  EXPECT_EQ(s.features.sizes(), (std::vector<int64_t>{2, 64, 14, 14}));
  EXPECT_EQ(s.pooler_output.sizes(), (std::vector<int64_t>{2, 24}));
  EXPECT_THROW(siglip->forward(image), Error);
}

TEST(ConvStem, RefusesContradictions) {
  EXPECT_THROW(stem128(32).validate("stem", 48), Error);
  ConvStemConfig short_list = stem128(32);
  short_list.strides.pop_back();
  EXPECT_THROW(short_list.validate("stem", 32), Error);
  ConvStemConfig late = stem128(32);
  late.feature_stage = 2;
  EXPECT_THROW(late.validate("stem", 32), Error);
}

// Prompts of different lengths give in one padded batch what they give alone.
TEST(InternVl, PaddingChangesNothing) {
  torch::manual_seed(9);
  InternVl model(tiny());
  const torch::NoGradGuard no_grad;
  const int64_t image_id = 49, tokens = model->tokens_per_image(128, 128);
  EXPECT_EQ(tokens, 64);
  const torch::Tensor images = torch::randn({3, 3, 128, 128});
  const int64_t words[3] = {9, 3, 6};
  torch::Tensor ids = torch::full({3, tokens + 9}, 2, torch::kInt64), mask = torch::zeros_like(ids);
  for (int64_t b = 0; b < 3; ++b) {
    ids[b].slice(0, 0, tokens).fill_(image_id);
    ids[b].slice(0, tokens, tokens + words[b]).copy_(torch::randint(3, 40, {words[b]}));
    mask[b].slice(0, 0, tokens + words[b]).fill_(1);
  }
  const torch::Tensor together = model->forward(images, ids, mask, image_id).last_hidden_state;
  for (int64_t b = 0; b < 3; ++b) {
    const int64_t length = tokens + words[b];
    const torch::Tensor alone =
        model
            ->forward(images.slice(0, b, b + 1), ids.slice(0, b, b + 1).slice(1, 0, length), {},
                      image_id)
            .last_hidden_state[0];
    EXPECT_TRUE(torch::allclose(together[b].slice(0, 0, length), alone, 1e-5, 1e-5)) << b;
  }
  EXPECT_THROW(model->forward(images.slice(0, 0, 2), ids, mask, image_id), Error);
}

double relative(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a.to(torch::kFloat32) - b).abs().max() / b.abs().max()).item<double>();
}

TEST(InternLm2, Bf16StaysCloseToF32) {
  torch::manual_seed(10);
  InternLm2 model(tiny().llm_config);
  const torch::NoGradGuard no_grad;
  const torch::Tensor embeds = torch::randn({2, 70, 48});
  const torch::Tensor exact = model->forward({.inputs_embeds = embeds}).last_hidden_state;
  {
    const nn::Bf16Scope bf16(true);
    const torch::Tensor mixed = model->forward({.inputs_embeds = embeds}).last_hidden_state;
    EXPECT_LT(relative(mixed, exact), 2e-2);
    EXPECT_FALSE(torch::equal(mixed.to(torch::kFloat32), exact));
  }
  nn::set_precision(*model, torch::kBFloat16);
  const torch::Tensor whole = model->forward({.inputs_embeds = embeds}).last_hidden_state;
  EXPECT_FALSE(torch::equal(whole, exact));
  EXPECT_LT(relative(whole, exact), 2e-2);
}

TEST(InternVl, Bf16StaysCloseToF32) {
  torch::manual_seed(10);
  InternVl model(tiny());
  const torch::NoGradGuard no_grad;
  const torch::Tensor images = torch::randn({1, 3, 128, 128});
  torch::Tensor ids = torch::full({1, 70}, 49, torch::kInt64);
  ids.slice(1, 64).copy_(torch::arange(5, 11));
  const torch::Tensor exact = model->forward(images, ids, {}, 49).last_hidden_state;
  {
    const nn::Bf16Scope bf16(true);
    EXPECT_LT(relative(model->forward(images, ids, {}, 49).last_hidden_state, exact), 2e-2);
  }
  nn::set_precision(*model, torch::kBFloat16);
  EXPECT_LT(relative(model->forward(images, ids, {}, 49).last_hidden_state, exact), 2e-2);
}

TEST(InternLm2, PaddingIdGetsNoGradientAndHeadIsOptional) {
  InternLm2Config config = tiny().llm_config;
  InternLm2 model(config);
  const torch::Tensor ids = torch::tensor({{3, 2, 5}}, torch::kInt64);
  model->forward({.input_ids = ids}).last_hidden_state.square().sum().backward();
  const torch::Tensor grad = model->named_parameters()["model.tok_embeddings.weight"].grad();
  EXPECT_EQ(grad[2].abs().max().item<double>(), 0.0);
  EXPECT_GT(grad[3].abs().max().item<double>(), 0.0);
  EXPECT_FALSE(model->named_parameters().contains("output.weight"));
  EXPECT_THROW(model->forward({.input_ids = ids, .output_logits = true}), Error);
}

}  // namespace
}  // namespace libra::model
