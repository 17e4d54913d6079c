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
                       std::shared_ptr<const preprocess::Tokenizer> tokenizer, int tokens_per_image,
                       std::shared_ptr<const TextEncoder> text)
    : config_(config),
      stats_(stats),
      codec_(config.embodiment, stats),
      bins_(codec_.binner(config.action.bins), config.embodiment.model_dim()),
      tokenizer_(std::move(tokenizer)),
      text_(std::move(text)),
      tokens_per_camera_(config.embodiment.cameras.size(), tokens_per_image),
      style_(config.prompt) {}

std::shared_ptr<const Transforms> Transforms::with_stats(const action::NormStats& stats) const {
  return std::make_shared<const Transforms>(config_, stats, tokenizer_, tokens_per_camera_.front(),
                                            text_);
}

void fit_image(const Image& image, model::Resize resize, int side, Image& out) {
  if (image.height == side && image.width == side) {
    out = image;
  } else if (resize == model::Resize::kPad) {
    out = preprocess::resize_with_pad(image, side, side);
  } else {
    out = preprocess::resize_bicubic(image, side, side);
  }
}

model::PlannerInput Transforms::planner_input(const torch::Tensor& bytes,
                                              const std::vector<std::string>& instructions,
                                              std::span<const Proprio> states) const {
  model::PlannerInput input;
  input.pixel_values = planner_pixels(bytes);
  const PromptTokens prompt = prompts(instructions);
  input.input_ids = prompt.input_ids;
  input.attention_mask = prompt.attention_mask;
  if (const torch::Tensor gone = missing(bytes); gone.defined()) {
    input.missing = gone;
    if (!input.attention_mask.defined()) input.attention_mask = torch::ones_like(input.input_ids);
    // The prompt holds the cameras' tokens run after run.
    const torch::Tensor is_image =
        input.input_ids == tokenizer_->special_id(preprocess::kImageContext);
    const torch::Tensor camera =
        (is_image.cumsum(1) - 1).div(tokens_per_camera_.front(), "floor").clamp_min(0);
    const torch::Tensor of_gone = gone.gather(1, camera.clamp_max(gone.size(1) - 1));
    input.attention_mask = input.attention_mask.masked_fill(is_image & of_gone, 0);
  }
  input.proprio = proprio(states);
  std::vector<std::vector<std::string>> asked;
  for (const auto& instruction : instructions) asked.push_back({instruction});
  input.instruction = queries(asked);
  if (text_) {
    const auto most = int64_t(config_.planner.backbone.llm_config.max_position_embeddings);
    const int64_t length = input.input_ids.size(1) + 1 + input.instruction.mask.size(2);
    if (length > most) {
      throw Error(ErrorCode::kBadInput,
                  {.where = "instruction",
                   .problem = "longer than the model's text",
                   .expected = std::to_string(most) + " tokens with those of the images",
                   .found = std::to_string(length)});
    }
  }
  return input;
}

torch::Tensor Transforms::bytes(std::span<const Observation* const> observations, int side) const {
  const int64_t batch = int64_t(observations.size()),
                cameras = int64_t(config_.embodiment.cameras.size());
  torch::Tensor out = torch::empty({batch, cameras, side, side, 3}, torch::kUInt8);
  uint8_t* target = out.data_ptr<uint8_t>();
  const size_t size = size_t(side) * side * 3;
  Image fitted;
  for (const Observation* observation : observations) {
    if (observation->images.size() != size_t(cameras)) {
      throw Error(ErrorCode::kBadInput, {.where = "observation",
                                         .problem = "wrong number of camera images",
                                         .expected = std::to_string(cameras),
                                         .found = std::to_string(observation->images.size())});
    }
    for (size_t c = 0; c < observation->images.size(); ++c, target += size) {
      const Image& image = observation->images[c];
      if (image.rgb.empty() && config_.embodiment.cameras[c].optional) {
        std::memset(target, 0, size);
        continue;
      }
      fit(image, side, fitted);
      std::memcpy(target, fitted.rgb.data(), size);
    }
  }
  return out;
}

torch::Tensor Transforms::missing(const torch::Tensor& bytes) const {
  const auto& cameras = config_.embodiment.cameras;
  torch::Tensor gone;
  for (size_t c = 0; c < cameras.size(); ++c) {
    if (!cameras[c].optional) continue;
    const torch::Tensor black = bytes.select(1, int64_t(c)).flatten(1).amax(1) == 0;
    if (!black.any().item<bool>()) continue;
    if (!gone.defined()) {
      gone = torch::zeros({bytes.size(0), int64_t(cameras.size())}, torch::kBool);
    }
    gone.select(1, int64_t(c)).copy_(black);
  }
  return gone;
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
  if (text_) return text_->encode(texts);
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
  torch::Tensor out = torch::empty({int64_t(values.size()), config_.embodiment.proprio_dim()});
  float* row = out.data_ptr<float>();
  for (const Proprio& value : values) {
    const auto normalised = codec_.proprio(value);
    row = std::copy(normalised.begin(), normalised.end(), row);
  }
  return out;
}

}  // namespace libra::policy
