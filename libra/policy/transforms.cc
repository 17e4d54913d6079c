#include "libra/policy/transforms.h"

#include <cstring>

#include "libra/core/error.h"
#include "libra/preprocess/image.h"

namespace libra::policy {
namespace {

// [B, C, S, S, 3] bytes -> [B, C, 3, S, S]; the memory stays channels-last, as convolutions like
// it.
torch::Tensor normalise_pixels(const torch::Tensor& bytes, const torch::Tensor& mean,
                               const torch::Tensor& std) {
  return ((bytes.to(torch::kFloat32) / 255.0 - mean) / std).permute({0, 1, 4, 2, 3});
}

// Lists of ids, padded on the right with `pad` to a rectangle; mask is 1 where an id stands.
torch::Tensor rectangle(const std::vector<std::vector<int32_t>>& lists, int64_t pad,
                        torch::Tensor* mask) {
  size_t longest = 0;
  for (const auto& list : lists) longest = std::max(longest, list.size());
  const std::vector<int64_t> shape = {int64_t(lists.size()), int64_t(longest)};
  torch::Tensor ids = torch::full(shape, pad, torch::kInt64);
  *mask = torch::zeros(shape, torch::kInt64);
  auto id = ids.accessor<int64_t, 2>();
  auto on = mask->accessor<int64_t, 2>();
  for (size_t b = 0; b < lists.size(); ++b) {
    for (size_t i = 0; i < lists[b].size(); ++i) {
      id[int64_t(b)][int64_t(i)] = lists[b][i];
      on[int64_t(b)][int64_t(i)] = 1;
    }
  }
  return ids;
}

}  // namespace

Transforms::Transforms(const model::LibraVlaConfig& config, const action::NormStats& stats,
                       std::shared_ptr<const preprocess::Tokenizer> tokenizer, int tokens_per_image)
    : config_(config),
      stats_(stats),
      normaliser_(stats),
      tokenizer_(std::move(tokenizer)),
      tokens_per_camera_(size_t(config.cameras), tokens_per_image),
      style_(preprocess::parse_prompt_style(config.prompt)) {}

std::shared_ptr<const Transforms> Transforms::with_stats(const action::NormStats& stats) const {
  return std::make_shared<const Transforms>(config_, stats, tokenizer_, tokens_per_camera_.front());
}

torch::Tensor Transforms::bytes(std::span<const Observation* const> observations, int side) const {
  const int64_t batch = int64_t(observations.size()), cameras = config_.cameras;
  torch::Tensor out = torch::empty({batch, cameras, side, side, 3}, torch::kUInt8);
  uint8_t* target = out.data_ptr<uint8_t>();
  const size_t size = size_t(side) * side * 3;
  for (const Observation* observation : observations) {
    if (observation->images.size() != size_t(cameras)) {
      throw Error(ErrorCode::kBadInput, {.where = "observation",
                                         .problem = "wrong number of camera images",
                                         .expected = std::to_string(cameras),
                                         .found = std::to_string(observation->images.size())});
    }
    for (const Image& image : observation->images) {
      if (image.height == side && image.width == side) {
        std::memcpy(target, image.rgb.data(), size);
      } else {
        std::memcpy(target, preprocess::resize_bicubic(image, side, side).rgb.data(), size);
      }
      target += size;
    }
  }
  return out;
}

torch::Tensor Transforms::planner_pixels(const torch::Tensor& bytes) const {
  static const torch::Tensor mean = torch::tensor({0.485f, 0.456f, 0.406f});
  static const torch::Tensor std = torch::tensor({0.229f, 0.224f, 0.225f});
  return normalise_pixels(bytes, mean, std);
}

torch::Tensor Transforms::refiner_pixels(const torch::Tensor& bytes) const {
  static const torch::Tensor half = torch::full({3}, 0.5f);
  return normalise_pixels(bytes, half, half);
}

PromptTokens Transforms::prompts(std::span<const std::string> instructions) const {
  std::vector<std::vector<int32_t>> lists;
  for (const auto& instruction : instructions) {
    lists.push_back(
        tokenizer_->encode(preprocess::planner_prompt(style_, tokens_per_camera_, instruction)));
  }
  PromptTokens out;
  out.input_ids = rectangle(lists, tokenizer_->pad_id(), &out.attention_mask);
  if (out.attention_mask.all().item<bool>()) out.attention_mask = torch::Tensor();
  return out;
}

model::TextQueries Transforms::queries(std::span<const std::vector<std::string>> texts) const {
  std::vector<std::vector<int32_t>> lists;
  for (const auto& sample : texts) {
    for (const auto& text : sample) lists.push_back(tokenizer_->encode(text, /*add_bos=*/false));
  }
  const int64_t batch = int64_t(texts.size()),
                asked = int64_t(lists.size()) / std::max<int64_t>(1, batch);
  torch::Tensor mask;
  const torch::Tensor ids = rectangle(lists, tokenizer_->pad_id(), &mask);
  return {ids.reshape({batch, asked, -1}), mask.reshape({batch, asked, -1}) == 1};
}

torch::Tensor Transforms::proprio(std::span<const Proprio> values) const {
  torch::Tensor out = torch::empty({int64_t(values.size()), kProprioDim});
  float* row = out.data_ptr<float>();
  for (const Proprio& value : values) {
    const auto normalised = normaliser_.normalise(value);
    std::copy(normalised.begin(), normalised.end(), row);
    row += kProprioDim;
  }
  return out;
}

}  // namespace libra::policy
