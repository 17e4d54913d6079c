#include "libra/model/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "libra/core/error.h"
#include "libra/model/safetensors.h"

namespace libra::model {
namespace {

namespace fs = std::filesystem;

struct Small : torch::nn::Module {
  Small() {
    a = register_module("a", torch::nn::Linear(3, 4));
    b = register_module("b", torch::nn::Linear(4, 2));
  }
  torch::nn::Linear a{nullptr}, b{nullptr};
};

std::string path_of(const std::string& name) {
  return (fs::path(testing::TempDir()) / name).string();
}

TEST(Checkpoint, RoundTripThroughBf16) {
  Small from, to;
  save_module(from, path_of("m.safetensors"), torch::kBFloat16);
  EXPECT_EQ(load_into(to, path_of("m.safetensors")).loaded, 4);
  EXPECT_TRUE(torch::equal(to.a->weight, from.a->weight.to(torch::kBFloat16).to(torch::kFloat32)));
  EXPECT_EQ(to.a->weight.scalar_type(), torch::kFloat32);
}

TEST(Checkpoint, ListsEveryProblemAtOnceAndCopiesNothing) {
  Small module;
  const torch::Tensor before = module.a->weight.detach().clone();
  write_safetensors(path_of("bad.safetensors"), {{"a.weight", torch::zeros({4, 3})},
                                                 {"a.bias", torch::zeros({5})},
                                                 {"c.weight", torch::zeros({1})},
                                                 {"b.weight", torch::zeros({2, 4})}});
  try {
    load_into(module, path_of("bad.safetensors"));
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kBadInput);
    EXPECT_THAT(e.what(),
                testing::AllOf(testing::HasSubstr("b.bias"), testing::HasSubstr("c.weight"),
                               testing::HasSubstr("a.bias: expected [4], found [5]")));
  }
  EXPECT_TRUE(torch::equal(module.a->weight, before));
}

TEST(Checkpoint, PrefixRenameAndShards) {
  Small from, to;
  auto tensors = module_tensors(from, "net.", torch::kFloat32);
  std::vector<PendingTensor> first, second = {pending("other", torch::zeros({1}))};
  for (auto& tensor : tensors) {
    (tensor.name.find(".a.") != std::string::npos ? first : second).push_back(tensor);
  }
  write_safetensors(path_of("1.safetensors"), first);
  write_safetensors(path_of("2.safetensors"), second);
  EXPECT_EQ(load_into(to, {path_of("1.safetensors"), path_of("2.safetensors")}, {.prefix = "net."})
                .loaded,
            4);
  EXPECT_TRUE(torch::equal(to.b->weight, from.b->weight));
  EXPECT_THROW(load_into(to, path_of("1.safetensors"), {.prefix = "net."}), Error);
  const LoadReport partial =
      load_into(to, path_of("1.safetensors"), {.prefix = "net.", .allow_missing = true});
  EXPECT_EQ(partial.missing.size(), 2u);
  const auto swap = [](const std::string& name) {
    return name == "b.bias" ? std::string("moved") : name;
  };
  EXPECT_THROW(load_into(to, {path_of("1.safetensors"), path_of("2.safetensors")},
                         {.prefix = "net.", .rename = swap}),
               Error);
}

}  // namespace
}  // namespace libra::model
