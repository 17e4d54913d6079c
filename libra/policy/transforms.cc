#include "libra/policy/transforms.h"

#include <array>
#include <cstring>

#include "libra/core/error.h"
#include "libra/preprocess/image.h"

namespace libra::policy {
namespace {

// What each byte of each colour becomes: a table, so that a picture costs one pass.
using PixelTable = std::array<std::array<float, 3>, 256>;

PixelTable pixel_table(const std::array<float, 3>& mean, const std::array<float, 3>& std) {
  PixelTable table;
  for (size_t v = 0; v < 256; ++v) {
    for (size_t c = 0; c < 3; ++c) table[v][c] = (float(v) / 255.0f - mean[c]) / std[c];
  }
  return table;
}

// [B, C, S, S, 3] bytes -> [B, C, 3, S, S]; the memory stays channels-last, as convolutions like
// it.
torch::Tensor normalise_pixels(const torch::Tensor& bytes, const PixelTable& table) {
  const torch::Tensor out = torch::empty(bytes.sizes(), torch::kFloat32);
  const uint8_t* from = bytes.data_ptr<uint8_t>();
  float* to = out.data_ptr<float>();
  for (int64_t i = 0; i < bytes.numel(); i += 3) {
    for (int64_t c = 0; c < 3; ++c) to[i + c] = table[from[i + c]][size_t(c)];
  }
  return out.permute({0, 1, 4, 2, 3});
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
  static const PixelTable table = pixel_table({0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f});
  return normalise_pixels(bytes, table);
}

torch::Tensor Transforms::refiner_pixels(const torch::Tensor& bytes) const {
  static const PixelTable table = pixel_table({0.5f, 0.5f, 0.5f}, {0.5f, 0.5f, 0.5f});
  return normalise_pixels(bytes, table);
}

PromptTokens Transforms::prompts(std::span<const std::string> instructions) const {
  std::vector<std::vector<int32_t>> lists;
  for (const auto& instruction : instructions) {
    lists.push_back(
        tokenizer_->encode(preprocess::planner_prompt(style_, tokens_per_camera_, instruction)));
  }
  const size_t most = size_t(config_.planner.backbone.llm_config.max_position_embeddings);
  for (size_t i = 0; i < lists.size(); ++i) {
    if (lists[i].size() <= most) continue;
    throw Error(ErrorCode::kBadInput,
                {.where = "instruction '" + instructions[i].substr(0, 40) + " ...'",
                 .problem = "longer than the model's text",
                 .expected = "at most " + std::to_string(most) + " tokens with those of the images",
                 .found = std::to_string(lists[i].size())});
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
