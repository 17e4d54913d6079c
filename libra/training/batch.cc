#include "libra/training/batch.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "libra/core/error.h"
#include "libra/data/window.h"
#include "libra/policy/intent_tensors.h"
#include "libra/preprocess/language.h"

namespace libra::training {
namespace {

std::string asking_for(const data::Demo& demo, size_t item) {
  return preprocess::ask_for(demo.instruction, demo.target, demo.items[item]);
}

void require_cameras(size_t found, int wanted) {
  if (found == size_t(wanted)) return;
  throw Error(ErrorCode::kBadInput, {.where = "model.cameras",
                                     .problem = "the data have another number of cameras",
                                     .expected = std::to_string(wanted),
                                     .found = std::to_string(found),
                                     .next = "set model.cameras=" + std::to_string(found)});
}

}  // namespace

Batcher::Batcher(const data::DemoSet& demos, const data::SceneSet* scenes,
                 const policy::ModelBundle& bundle, const TrainConfig& config)
    : demos_(demos),
      scenes_(scenes),
      bundle_(bundle),
      config_(config),
      horizon_(bundle.config.action.horizon),
      expansion_(bundle.config.action.expansion) {
  Rng rng(mix_seed({uint64_t(config.seed), hash_name("held out")}));
  for (int d = 0; d < int(demos.demos().size()); ++d) {
    const data::Demo& demo = demos.demo(d);
    require_cameras(demo.images.size(), bundle.config.cameras);
    max_items_ = std::max(max_items_, int(demo.items.size()));
    const bool held_out = rng.uniform() < config.sampling.held_out;
    if (held_out) held_out_demos_.push_back(d);
    for (int t = 0; t < demo.frames; ++t) {
      if (held_out) {
        held_out_.push_back({d, t, t % expansion_});
        continue;
      }
      const int copies = 1 + (t < config.sampling.early_frames ? config.sampling.early_copies : 0);
      for (int c = 0; c < copies; ++c) samples_.push_back({d, t, 0});
    }
  }
  rng.shuffle(held_out_);
}

void Batcher::copy_images(const Image* const* images, Rng* augment, uint8_t* out, float* uv,
                          size_t items) const {
  const size_t cameras = size_t(bundle_.config.cameras);
  Image changed;
  for (size_t c = 0; c < cameras; ++c) {
    const Image* image = images[c];
    if (augment != nullptr) {
      const auto shift = preprocess::augment(*image, config_.augment, *augment, changed);
      for (size_t i = 0; uv != nullptr && i < items; ++i) {
        float* at = uv + (i * cameras + c) * 2;
        at[0] += float(shift.dx) / float(image->width);
        at[1] += float(shift.dy) / float(image->height);
        if (!(at[0] >= 0 && at[0] <= 1 && at[1] >= 0 && at[1] <= 1)) {
          at[0] = at[1] = std::numeric_limits<float>::quiet_NaN();
        }
      }
      image = &changed;
    }
    std::copy(image->rgb.begin(), image->rgb.end(), out + c * image->rgb.size());
  }
}

// The camera images of a frame as Image values.
static std::vector<Image> frame_images(const data::Demo& demo, int frame) {
  std::vector<Image> images;
  const size_t bytes = size_t(demo.image_size) * demo.image_size * 3;
  for (size_t c = 0; c < demo.images.size(); ++c) {
    images.emplace_back(demo.image_size, demo.image_size);
    std::copy_n(demo.image(c, frame), bytes, images.back().rgb.begin());
  }
  return images;
}

static std::vector<const Image*> pointers(const std::vector<Image>& images) {
  std::vector<const Image*> list;
  for (const auto& image : images) list.push_back(&image);
  return list;
}

PointingTargets Batcher::targets(const std::vector<std::vector<std::string>>& named,
                                 const std::vector<std::vector<float>>& uv) const {
  const int64_t batch = int64_t(named.size()), cameras = bundle_.config.cameras;
  size_t most = 1;
  for (const auto& list : named) most = std::max(most, list.size());
  PointingTargets out;
  out.uv = torch::full({batch, int64_t(most), cameras, 2}, std::numeric_limits<float>::quiet_NaN());
  out.present = torch::zeros({batch, int64_t(most)});
  std::vector<std::vector<std::string>> filled = named;
  for (size_t b = 0; b < named.size(); ++b) {
    filled[b].resize(most, named[b].empty() ? "nothing" : named[b][0]);
    std::copy(uv[b].begin(), uv[b].end(),
              out.uv.data_ptr<float>() + int64_t(b * most) * cameras * 2);
    for (size_t i = 0; i < named[b].size(); ++i) out.present[int64_t(b)][int64_t(i)] = 1.0f;
  }
  out.named = bundle_.transforms->queries(filled);
  return out;
}

Batch Batcher::assemble(const std::vector<Sample>& samples, Rng* augment) const {
  const auto& config = bundle_.config;
  const auto& transforms = *bundle_.transforms;
  const int64_t batch = int64_t(samples.size()), cameras = config.cameras, side = config.image_size;
  const int64_t K = horizon_ * expansion_;
  const int64_t bytes = cameras * side * side * 3;
  torch::Tensor seen = torch::empty({batch, cameras, side, side, 3}, torch::kUInt8);
  torch::Tensor now = torch::empty({batch, cameras, side, side, 3}, torch::kUInt8);
  torch::Tensor plan = torch::empty({batch, K, kActionDim});
  torch::Tensor actions = torch::empty({batch, horizon_, kActionDim});
  Batch out;
  out.plan_valid = torch::empty({batch, K});
  out.action_valid = torch::empty({batch, horizon_});
  out.keyframe = torch::empty({batch, 3});
  out.slice = torch::empty({batch}, torch::kInt64);
  std::vector<std::string> instructions;
  std::vector<std::vector<std::string>> asked, named;
  std::vector<std::vector<float>> uv;
  std::vector<Proprio> proprio_seen, proprio_now;

  const auto label = [&](const data::Demo& demo, int t, int64_t length, float* values,
                         float* valid) {
    std::vector<Action> window{size_t(length)};
    std::vector<uint8_t> foreseen(size_t(length), 0);
    data::label_window(demo, t, window, foreseen);
    for (int64_t i = 0; i < length; ++i) {
      const Action action = transforms.normaliser().normalise(window[size_t(i)]);
      std::copy(action.begin(), action.end(), values + i * kActionDim);
      valid[i] = foreseen[size_t(i)];
    }
  };

  for (int64_t b = 0; b < batch; ++b) {
    const Sample& sample = samples[size_t(b)];
    const data::Demo& demo = demos_.demo(sample.demo);
    // Where the demonstration ends before the slice begins, the refiner works on the first one.
    const int slice = sample.frame + horizon_ * sample.slice < demo.frames ? sample.slice : 0;
    const int later = sample.frame + horizon_ * slice;
    const int seen_at = std::max(0, sample.frame - sample.planner_delay);
    uv.emplace_back(demo.uv(seen_at), demo.uv(seen_at) + demo.items.size() * size_t(cameras) * 2);
    const auto images = frame_images(demo, seen_at);
    copy_images(pointers(images).data(), augment, seen.data_ptr<uint8_t>() + b * bytes,
                uv.back().data(), demo.items.size());
    const auto later_images = frame_images(demo, std::max(0, later - sample.refiner_delay));
    copy_images(pointers(later_images).data(), augment, now.data_ptr<uint8_t>() + b * bytes,
                nullptr, 0);
    instructions.push_back(demo.instruction);
    asked.push_back({demo.instruction});
    named.emplace_back();
    for (size_t i = 0; i < demo.items.size(); ++i) named.back().push_back(asking_for(demo, i));
    proprio_seen.push_back(demo.proprio[size_t(sample.frame)]);
    proprio_now.push_back(demo.proprio[size_t(later)]);
    out.slice[b] = slice;
    label(demo, sample.frame, K, plan[b].data_ptr<float>(), out.plan_valid[b].data_ptr<float>());
    label(demo, later, horizon_, actions[b].data_ptr<float>(),
          out.action_valid[b].data_ptr<float>());
    const auto offset = data::keyframe_offset(demo, sample.frame);
    for (int64_t d = 0; d < 3; ++d) out.keyframe[b][d] = 10.0 * offset[size_t(d)];
  }

  out.planner.pixel_values = transforms.planner_pixels(seen);
  const policy::PromptTokens prompt = transforms.prompts(instructions);
  out.planner.input_ids = prompt.input_ids;
  out.planner.attention_mask = prompt.attention_mask;
  out.planner.proprio = transforms.proprio(proprio_seen);
  out.planner.instruction = transforms.queries(asked);
  out.bins = policy::to_bins(plan, config.action.bins);
  out.pointing = targets(named, uv);
  if (config.refiner_has_vision()) out.refiner.pixel_values = transforms.refiner_pixels(now);
  out.refiner.proprio = transforms.proprio(proprio_now);
  out.actions = actions;
  return out;
}

static model::TextQueries rows_of(const model::TextQueries& queries, int64_t first, int64_t count) {
  return {queries.ids.narrow(0, first, count), queries.mask.narrow(0, first, count)};
}

PointingTargets PointingTargets::rows(int64_t first, int64_t count) const {
  return {rows_of(named, first, count), uv.narrow(0, first, count),
          present.narrow(0, first, count)};
}

SceneBatch SceneBatch::rows(int64_t first, int64_t count) const {
  return {pixel_values.narrow(0, first, count), pointing.rows(first, count)};
}

Batch Batch::planner_rows(int64_t first, int64_t count) const {
  const auto part = [&](const torch::Tensor& t) {
    return t.defined() ? t.narrow(0, first, count) : t;
  };
  Batch out;
  out.planner = {part(planner.pixel_values), part(planner.input_ids), part(planner.attention_mask),
                 part(planner.proprio), rows_of(planner.instruction, first, count)};
  out.bins = part(bins);
  out.plan_valid = part(plan_valid);
  out.keyframe = part(keyframe);
  out.pointing = pointing.rows(first, count);
  return out;
}

// Undefined stays undefined. Through pinned memory, so that a GPU copies while others compute.
static torch::Tensor moved(const torch::Tensor& x, torch::Device device) {
  if (!x.defined() || x.device() == device) return x;
  return device.is_cuda() ? x.pin_memory().to(device, /*non_blocking=*/true) : x.to(device);
}

static model::TextQueries moved(const model::TextQueries& queries, torch::Device device) {
  return {moved(queries.ids, device), moved(queries.mask, device)};
}

model::PlannerInput moved(const model::PlannerInput& input, torch::Device device) {
  return {moved(input.pixel_values, device), moved(input.input_ids, device),
          moved(input.attention_mask, device), moved(input.proprio, device),
          moved(input.instruction, device)};
}

PointingTargets PointingTargets::to(torch::Device device) const {
  return {moved(named, device), moved(uv, device), moved(present, device)};
}

SceneBatch SceneBatch::to(torch::Device device) const {
  return {moved(pixel_values, device), pixel_values.defined() ? pointing.to(device) : pointing};
}

Batch Batch::to(torch::Device device) const {
  Batch out;
  out.planner = moved(planner, device);
  out.bins = moved(bins, device);
  out.plan_valid = moved(plan_valid, device);
  out.keyframe = moved(keyframe, device);
  out.pointing = pointing.to(device);
  out.refiner = {moved(refiner.pixel_values, device), moved(refiner.proprio, device),
                 moved(refiner.planner_tokens, device)};
  out.slice = moved(slice, device);
  out.actions = moved(actions, device);
  out.action_valid = moved(action_valid, device);
  return out;
}

Batch Batcher::train(int64_t step) const {
  Rng rng(mix_seed({uint64_t(config_.seed), hash_name("train"), uint64_t(step)}));
  std::vector<Sample> samples;
  // Variants without a plan to go stale let the refiner see what the planner sees.
  const int slices = bundle_.config.refiner_needs_planner() ? 1 : expansion_;
  for (int i = 0; i < config_.batch; ++i) {
    samples.push_back(samples_[rng.below(samples_.size())]);
    samples.back().slice = int(rng.below(uint64_t(slices)));
    // Nothing is drawn without delays, so that runs without them stay what they were.
    const DelayConfig& delay = config_.delay;
    const bool fresh = delay.any() && delay.share < 1.0 && rng.uniform() >= delay.share;
    const auto age = [&](int most) {
      return most > 0 && !fresh ? int(rng.below(uint64_t(most) + 1)) : 0;
    };
    samples.back().planner_delay = age(delay.planner_steps);
    samples.back().refiner_delay = age(delay.refiner_steps);
  }
  return assemble(samples, &rng);
}

Batch Batcher::validation(int64_t first, int64_t count) const {
  std::vector<Sample> samples(held_out_.begin() + first, held_out_.begin() + first + count);
  if (bundle_.config.refiner_needs_planner()) {
    for (auto& sample : samples) sample.slice = 0;
  }
  return assemble(samples, nullptr);
}

SceneBatch Batcher::scenes(int64_t step) const {
  Rng rng(mix_seed({uint64_t(config_.seed), hash_name("scenes"), uint64_t(step)}));
  const int64_t batch = config_.grounding.batch, cameras = bundle_.config.cameras;
  const int64_t side = bundle_.config.image_size, bytes = cameras * side * side * 3;
  torch::Tensor seen = torch::empty({batch, cameras, side, side, 3}, torch::kUInt8);
  std::vector<std::vector<std::string>> named;
  std::vector<std::vector<float>> uv;
  for (int64_t b = 0; b < batch; ++b) {
    const data::Scene& scene = scenes_->scenes()[rng.below(scenes_->scenes().size())];
    uv.push_back(scene.item_uv);
    named.push_back(scene.instructions);
    copy_images(pointers(scene.images).data(), &rng, seen.data_ptr<uint8_t>() + b * bytes,
                uv.back().data(), scene.items.size());
  }
  return {bundle_.transforms->planner_pixels(seen), targets(named, uv)};
}

std::vector<Question> Batcher::grounding_questions(size_t limit) const {
  std::vector<Question> questions;
  for (const int d : held_out_demos_) {
    for (int i = 0; i < int(demos_.demo(d).items.size()) && questions.size() < limit; ++i) {
      questions.push_back({d, i});
    }
  }
  return questions;
}

model::PlannerInput Batcher::ask(const std::vector<Question>& questions) const {
  const int64_t cameras = bundle_.config.cameras, side = bundle_.config.image_size;
  torch::Tensor seen =
      torch::empty({int64_t(questions.size()), cameras, side, side, 3}, torch::kUInt8);
  std::vector<std::string> instructions;
  std::vector<std::vector<std::string>> asked;
  std::vector<Proprio> proprio;
  uint8_t* out = seen.data_ptr<uint8_t>();
  for (const auto& question : questions) {
    const data::Demo& demo = demos_.demo(question.demo);
    const auto images = frame_images(demo, 0);
    copy_images(pointers(images).data(), nullptr, out, nullptr, 0);
    out += cameras * side * side * 3;
    instructions.push_back(asking_for(demo, size_t(question.item)));
    asked.push_back({instructions.back()});
    proprio.push_back(demo.proprio[0]);
  }
  model::PlannerInput input;
  input.pixel_values = bundle_.transforms->planner_pixels(seen);
  const policy::PromptTokens prompt = bundle_.transforms->prompts(instructions);
  input.input_ids = prompt.input_ids;
  input.attention_mask = prompt.attention_mask;
  input.proprio = bundle_.transforms->proprio(proprio);
  input.instruction = bundle_.transforms->queries(asked);
  return input;
}

GroundingTruth Batcher::truth(const Question& question) const {
  const data::Demo& demo = demos_.demo(question.demo);
  GroundingTruth truth;
  const float* uv = demo.uv(0) + size_t(question.item) * demo.images.size() * 2;
  truth.u = uv[0];
  truth.v = uv[1];
  for (int i = 0; i < int(demo.items.size()); ++i) {
    const float* at = demo.position(0, size_t(i));
    const double x = at[0] - demo.proprio[0][0], y = at[1] - demo.proprio[0][1];
    if (i == question.item) truth.named = int(truth.direction.size());
    truth.direction.push_back({x, y});
  }
  return truth;
}

action::NormStats norm_stats(const data::DemoSet& demos, const std::string& kind) {
  action::NormStatsAccumulator accumulator;
  for (const auto& demo : demos.demos()) {
    for (int t = 0; t < demo.frames; ++t) {
      accumulator.add(demo.expert_actions[size_t(t)], demo.proprio[size_t(t)]);
    }
    accumulator.end_episode();
  }
  action::NormStats stats = accumulator.finish();
  stats.kind = kind;
  return stats;
}

}  // namespace libra::training
