#include "libra/model/backbones/bert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libra/core/file.h"
#include "libra/model/checkpoint.h"
#include "libra/model/published.h"
#include "libra/model/safetensors.h"
#include "tests/support/message_of.h"

namespace libra::model {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string kTinyBert = LIBRA_SOURCE_DIR "/tests/golden/bert_tiny/";

double bert_difference(const torch::Tensor& actual, const torch::Tensor& expected) {
  return ((actual - expected).abs().max() / expected.abs().max()).item<double>();
}

Bert tiny_bert() {
  Bert model(read_bert_config(read_file(kTinyBert + "config.json"), kTinyBert));
  load_into(*model, kTinyBert + "model.safetensors");
  return model;
}

TEST(Bert, AgreesWithTheReference) {
  const torch::NoGradGuard no_grad;
  const SafetensorsFile io(kTinyBert + "io.safetensors");
  const torch::Tensor ids = io.tensor("ids"), mask = io.tensor("mask");
  Bert model = tiny_bert();
  EXPECT_LT(bert_difference(model->forward(ids), io.tensor("full")), 2e-6);
  const torch::Tensor states = model->forward(ids, mask);
  const torch::Tensor rows = mask.unsqueeze(-1);
  EXPECT_LT(bert_difference(states * rows, io.tensor("padded") * rows), 2e-6);
  EXPECT_LT(bert_difference(sentence_embedding(states, mask), io.tensor("sentence")), 2e-6);
}

TEST(Bert, RefusesTextsAndSizesThatAreNotPossible) {
  EXPECT_THAT(message_of([] {
                tiny_bert()->forward(torch::zeros({1, 49}, torch::kInt64));
              }),
              AllOf(HasSubstr("48"), HasSubstr("49")));
  BertConfig odd;
  odd.num_attention_heads = 7;
  EXPECT_THAT(message_of([&] { Bert{odd}; }), HasSubstr("num_attention_heads"));
  EXPECT_THAT(message_of([] { read_bert_config(R"({"model_type": "gpt2"})", "c.json"); }),
              AllOf(HasSubstr("c.json"), HasSubstr("bert"), HasSubstr("gpt2")));
}

}  // namespace
}  // namespace libra::model
