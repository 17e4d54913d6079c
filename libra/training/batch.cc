#include "libra/training/batch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "libra/core/error.h"
#include "libra/data/check.h"
#include "libra/data/window.h"
#include "libra/policy/intent_tensors.h"
#include "libra/preprocess/language.h"

namespace libra::training {
namespace {

std::string asking_for(const data::Demo& demo, size_t item) {
  return preprocess::ask_for(demo.instruction, demo.target, demo.items[item]);
}

// A demonstration with pictures of some frames is learned from those; what the refiner looks at,
// one chunk later, must be among them.
void require_pictures(const data::Demo& demo, const model::LibraVlaConfig& config,
                      const DelayConfig& delay) {
  if (demo.every == 1) return;
  const auto refuse = [&](const std::string& problem, const std::string& next) {
    throw Error(
        ErrorCode::kBadInput,
        {.where = demo.task + ", episode " + std::to_string(demo.episode),
         .problem = "has pictures of one step in " + std::to_string(demo.every) + " only" + problem,
         .next = next});
  };
  if (delay.any()) {
    refuse(", and train.delay needs those of every one", "collect without --every");
  }
  const int chunk = config.action.horizon;
  if (config.refiner_has_vision() && !config.plans_every_chunk() && chunk % demo.every != 0) {
    refuse(", and the refiner looks again after " + std::to_string(chunk),
           "collect with --every " + std::to_string(chunk) + ", or a divisor of it");
  }
}

}  // namespace

Batcher::Batcher(const data::EpisodeSet& demos, const data::SceneSet* scenes,
                 const policy::ModelBundle& bundle, const TrainConfig& config,
                 const std::vector<double>& set_weights)
    : demos_(demos),
      scenes_(scenes),
      bundle_(bundle),
      config_(config),
      horizon_(bundle.config.action.horizon),
      expansion_(bundle.config.action.expansion),
      keyframes_(data::Keyframes::of(bundle.config.embodiment)) {
  Rng rng(mix_seed({uint64_t(config.seed), hash_name("held out")}));
  std::vector<uint64_t> sizes(std::max<size_t>(1, set_weights.size()));
  for (int d = 0; d < int(demos.demos().size()); ++d) {
    const data::Demo& demo = demos.demo(d);
    const size_t set = set_weights.empty() ? 0 : demos.set_of(d);
    sizes.resize(std::max(sizes.size(), set + 1));
    max_items_ = std::max(max_items_, int(demo.items.size()));
    const bool held_out = rng.uniform() < config.sampling.held_out;
    if (held_out) held_out_demos_.push_back(d);
    require_pictures(demo, bundle.config, config.delay);
    for (int t = 0; t < demo.frames; t += demo.every) {
      if (held_out) {
        held_out_.push_back({d, t, t % expansion_});
        continue;
      }
      const int copies = 1 + (t < config.sampling.early_frames ? config.sampling.early_copies : 0);
      for (int c = 0; c < copies; ++c) samples_.push_back({d, t, 0});
      sizes[set] += uint64_t(copies);
    }
  }
  rng.shuffle(held_out_);
  if (std::find(sizes.begin(), sizes.end(), 0u) != sizes.end()) {
    throw Error(ErrorCode::kBadInput,
                {.where = "--data",
                 .problem = "every episode of a data set was kept for validation",
                 .next = "use more episodes, or a smaller train.sampling.held_out"});
  }
  sampler_.emplace(sizes, set_weights, mix_seed({uint64_t(config.seed), hash_name("sampler")}));
}

void Batcher::change_images(uint8_t* images, int side, Rng* augment, float* uv,
                            size_t items) const {
  if (augment == nullptr) return;
  const size_t cameras = bundle_.config.embodiment.cameras.size();
  const size_t bytes = size_t(side) * size_t(side) * 3;
  Image image(side, side), changed;
  for (size_t c = 0; c < cameras; ++c) {
    if (std::all_of(images + c * bytes, images + (c + 1) * bytes,
                    [](uint8_t x) { return x == 0; })) {
      continue;  // a camera that is missing
    }
    std::copy_n(images + c * bytes, bytes, image.rgb.begin());
    const auto shift = preprocess::augment(image, config_.augment, *augment, changed);
    for (size_t i = 0; uv != nullptr && i < items; ++i) {
      float* at = uv + (i * cameras + c) * 2;
      at[0] += float(shift.dx) / float(side);
      at[1] += float(shift.dy) / float(side);
      if (!(at[0] >= 0 && at[0] <= 1 && at[1] >= 0 && at[1] <= 1)) {
        at[0] = at[1] = std::numeric_limits<float>::quiet_NaN();
      }
    }
    std::copy(changed.rgb.begin(), changed.rgb.end(), images + c * bytes);
  }
}

static Proprio proprio_at(const data::Demo& demo, int frame) {
  const auto row = demo.proprio[size_t(frame)];
  return {row.begin(), row.end()};
}

PointingTargets Batcher::targets(const std::vector<std::vector<std::string>>& named,
                                 const std::vector<std::vector<float>>& uv) const {
  const int64_t batch = int64_t(named.size()),
                cameras = int64_t(bundle_.config.embodiment.cameras.size());
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

Batch Batcher::assemble(const std::vector<Sample>& samples, std::vector<Rng> augment,
                        std::vector<uint64_t> seeds) const {
  const auto& config = bundle_.config;
  const auto& transforms = *bundle_.transforms;
  const int64_t batch = int64_t(samples.size()),
                cameras = int64_t(config.embodiment.cameras.size());
  const int side = config.image_size;
  const int64_t K = horizon_ * expansion_;
  const int64_t bytes = cameras * side * side * 3;
  torch::Tensor seen = torch::empty({batch, cameras, side, side, 3}, torch::kUInt8);
  const int64_t refiner_side = config.refiner_image_size,
                refiner_bytes = cameras * refiner_side * refiner_side * 3;
  torch::Tensor now;
  if (config.refiner_has_vision()) {
    now = torch::empty({batch, cameras, refiner_side, refiner_side, 3}, torch::kUInt8);
  }
  const int64_t dims = config.embodiment.model_dim();
  torch::Tensor plan = torch::empty({batch, K, dims});
  torch::Tensor actions = torch::empty({batch, horizon_, dims});
  Batch out;
  out.plan_valid = torch::empty({batch, K});
  out.action_valid = torch::empty({batch, horizon_});
  if (keyframes_) out.keyframe = torch::empty({batch, 3});
  out.slice = torch::empty({batch}, torch::kInt64);
  out.seeds = std::move(seeds);
  std::vector<std::string> instructions;
  std::vector<std::vector<std::string>> named;
  std::vector<std::vector<float>> uv;
  std::vector<Proprio> proprio_seen, proprio_now;

  // The actions from t on, chunk by chunk: where they are learned as changes from the state, each
  // chunk counts from the state that it begins in.
  const auto label = [&](const data::Demo& demo, int t, int chunks, float* values, float* valid) {
    Rows<float> window(size_t(horizon_ * chunks), demo.expert_actions.width());
    std::vector<uint8_t> foreseen(window.size(), 0);
    data::label_window(demo, t, window, foreseen);
    std::copy(foreseen.begin(), foreseen.end(), valid);
    for (int m = 0; m < chunks; ++m) {
      Rows<float> chunk;
      for (int i = 0; i < horizon_; ++i) chunk.push_back(window[size_t(m * horizon_ + i)]);
      const auto state = demo.proprio[size_t(std::min(t + m * horizon_, demo.frames - 1))];
      const Rows<float> model = transforms.codec().encode(chunk, state);
      values = std::copy(model.values().begin(), model.values().end(), values);
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
    uint8_t* pictures = seen.data_ptr<uint8_t>() + b * bytes;
    demos_.images(sample.demo, seen_at, 0, pictures);
    Rng* change = augment.empty() ? nullptr : &augment[size_t(b)];
    change_images(pictures, side, change, uv.back().data(), demo.items.size());
    if (config.refiner_has_vision()) {
      pictures = now.data_ptr<uint8_t>() + b * refiner_bytes;
      demos_.images(sample.demo, std::max(0, later - sample.refiner_delay),
                    config.refiner_image_size == side ? 0 : 1, pictures);
      change_images(pictures, config.refiner_image_size, change, nullptr, 0);
    }
    instructions.push_back(demo.instruction);
    named.emplace_back();
    for (size_t i = 0; i < demo.items.size(); ++i) named.back().push_back(asking_for(demo, i));
    proprio_seen.push_back(proprio_at(demo, sample.frame));
    proprio_now.push_back(proprio_at(demo, later));
    out.slice[b] = slice;
    label(demo, sample.frame, expansion_, plan[b].data_ptr<float>(),
          out.plan_valid[b].data_ptr<float>());
    label(demo, later, 1, actions[b].data_ptr<float>(), out.action_valid[b].data_ptr<float>());
    if (keyframes_) {
      const auto offset = keyframes_->offset(demo, sample.frame);
      for (int64_t d = 0; d < 3; ++d) out.keyframe[b][d] = 10.0 * offset[size_t(d)];
    }
  }

  out.planner = transforms.planner_input(seen, instructions, proprio_seen);
  out.bins = policy::to_bins(plan, transforms.bins());
  if (config.is_autoregressive()) out.planner.told = out.bins;
  out.pointing = targets(named, uv);
  if (config.refiner_has_vision()) {
    out.refiner.pixel_values = transforms.refiner_pixels(now);
    out.refiner.missing = transforms.missing(now);
  }
  out.refiner.proprio = transforms.proprio(proprio_now);
  out.actions = actions;
  return out;
}

Batch Batcher::train(int64_t step, int64_t first, int64_t count) const {
  std::vector<Sample> samples;
  std::vector<Rng> streams;
  std::vector<uint64_t> seeds;
  // Variants without a plan to go stale let the refiner see what the planner sees.
  const int slices = bundle_.config.plans_every_chunk() ? 1 : expansion_;
  for (int64_t i = first; i < first + count; ++i) {
    const uint64_t number = uint64_t(step) * uint64_t(config_.batch) + uint64_t(i);
    Rng rng(mix_seed({uint64_t(config_.seed), hash_name("sample"), number}));
    Sample sample = samples_[(*sampler_)(number)];
    sample.slice = int(rng.below(uint64_t(slices)));
    const DelayConfig& delay = config_.delay;
    const bool fresh = delay.any() && delay.share < 1.0 && rng.uniform() >= delay.share;
    const auto age = [&](int most) {
      return most > 0 && !fresh ? int(rng.below(uint64_t(most) + 1)) : 0;
    };
    sample.planner_delay = age(delay.planner_steps);
    sample.refiner_delay = age(delay.refiner_steps);
    samples.push_back(sample);
    streams.push_back(rng);
    seeds.push_back(mix_seed({uint64_t(config_.seed), hash_name("noise"), number}));
  }
  return assemble(samples, std::move(streams), std::move(seeds));
}

Batch Batcher::validation(int64_t first, int64_t count) const {
  std::vector<Sample> samples(held_out_.begin() + first, held_out_.begin() + first + count);
  if (bundle_.config.plans_every_chunk()) {
    for (auto& sample : samples) sample.slice = 0;
  }
  std::vector<uint64_t> seeds;
  for (int64_t i = first; i < first + count; ++i) {
    seeds.push_back(mix_seed({hash_name("validation"), uint64_t(i)}));
  }
  return assemble(samples, {}, std::move(seeds));
}

SceneBatch Batcher::scenes(int64_t step, int64_t first, int64_t count) const {
  const int64_t cameras = int64_t(bundle_.config.embodiment.cameras.size());
  const int64_t side = bundle_.config.image_size, bytes = cameras * side * side * 3;
  torch::Tensor seen = torch::empty({count, cameras, side, side, 3}, torch::kUInt8);
  std::vector<std::vector<std::string>> named;
  std::vector<std::vector<float>> uv;
  Image fitted;
  for (int64_t b = 0; b < count; ++b) {
    const uint64_t number =
        uint64_t(step) * uint64_t(config_.grounding.batch) + uint64_t(first + b);
    Rng rng(mix_seed({uint64_t(config_.seed), hash_name("scenes"), number}));
    const data::Scene& scene = scenes_->scenes()[rng.below(scenes_->scenes().size())];
    uv.push_back(scene.item_uv);
    named.push_back(scene.instructions);
    uint8_t* pictures = seen.data_ptr<uint8_t>() + b * bytes;
    for (int64_t c = 0; c < cameras; ++c) {
      bundle_.transforms->fit(scene.images[size_t(c)], int(side), fitted);
      std::copy(fitted.rgb.begin(), fitted.rgb.end(), pictures + c * side * side * 3);
    }
    change_images(pictures, int(side), &rng, uv.back().data(), scene.items.size());
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
  const int64_t cameras = int64_t(bundle_.config.embodiment.cameras.size()),
                side = bundle_.config.image_size;
  torch::Tensor seen =
      torch::empty({int64_t(questions.size()), cameras, side, side, 3}, torch::kUInt8);
  std::vector<std::string> instructions;
  std::vector<Proprio> proprio;
  uint8_t* out = seen.data_ptr<uint8_t>();
  for (const auto& question : questions) {
    const data::Demo& demo = demos_.demo(question.demo);
    demos_.images(question.demo, 0, 0, out);
    out += cameras * side * side * 3;
    instructions.push_back(asking_for(demo, size_t(question.item)));
    proprio.push_back(proprio_at(demo, 0));
  }
  return bundle_.transforms->planner_input(seen, instructions, proprio);
}

GroundingTruth Batcher::truth(const Question& question) const {
  const data::Demo& demo = demos_.demo(question.demo);
  GroundingTruth truth;
  truth.state = proprio_at(demo, 0);
  const float* uv = demo.uv(0) + size_t(question.item) * demo.cameras * 2;
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

// The data's normalised actions, in chunks that begin at every H-th frame.
static Rows<float> normalised_actions(const data::EpisodeSet& demos, const action::Codec& codec,
                                      size_t horizon) {
  Rows<float> samples;
  for (const data::Demo& demo : demos.demos()) {
    for (size_t t = 0; t < size_t(demo.frames); t += horizon) {
      Rows<float> chunk;
      for (size_t i = t; i < std::min(t + horizon, size_t(demo.frames)); ++i) {
        chunk.push_back(demo.expert_actions[i]);
      }
      const Rows<float> encoded = codec.encode(chunk, demo.proprio[t]);
      for (size_t i = 0; i < encoded.size(); ++i) samples.push_back(encoded[i]);
    }
  }
  return samples;
}

// The numbers of an action that move together: joints, or where there are none the hand's place.
static std::vector<int64_t> coupled_numbers(const Embodiment& embodiment) {
  std::vector<int64_t> numbers;
  const auto spans = model_spans_of(embodiment.action);
  for (const SegmentKind kind : {SegmentKind::kJoint, SegmentKind::kPosition}) {
    for (size_t s = 0; s < spans.size(); ++s) {
      if (embodiment.action[s].kind != kind) continue;
      for (size_t i = 0; i < spans[s].size; ++i) numbers.push_back(int64_t(spans[s].first + i));
    }
    if (!numbers.empty()) break;
  }
  return numbers;
}

// The principal axes of coupled numbers, each as long as brings the data's coordinates to [-1, 1],
// and the digits where the coarsest coordinates are left: so a plan's precision goes where the
// actions differ. The other numbers have their own axis and digit.
static action::CodeBook code_book(const Rows<float>& samples, const std::vector<int64_t>& coupled,
                                  int bins) {
  const int64_t dims = int64_t(samples.width());
  action::CodeBook book;
  book.digits.resize(size_t(dims));
  std::iota(book.digits.begin(), book.digits.end(), 0);
  torch::Tensor axes = torch::eye(dims, torch::kFloat64);
  if (coupled.size() > 1) {
    const torch::Tensor which = torch::tensor(coupled);
    const torch::Tensor all = torch::from_blob(const_cast<float*>(samples.values().data()),
                                               {int64_t(samples.size()), dims}, torch::kFloat32)
                                  .to(torch::kFloat64)
                                  .index_select(1, which);
    const torch::Tensor directions =
        std::get<1>(torch::linalg_eigh(torch::cov(all.t(), 0))).t();  // rows
    const torch::Tensor reach = all.matmul(directions.t()).abs().amax(0).clamp_min(1e-3);
    const torch::Tensor rows = directions / reach.unsqueeze(1);
    std::vector<double> left;  // half of the width that is not told yet, of each axis
    for (size_t i = 0; i < coupled.size(); ++i) {
      axes[coupled[i]].zero_().index_copy_(0, which, rows[int64_t(i)]);
      left.push_back(reach[int64_t(i)].item<double>());
    }
    for (const int64_t digit : coupled) {
      const auto coarsest = std::max_element(left.begin(), left.end());
      book.digits[size_t(digit)] = int(coupled[size_t(coarsest - left.begin())]);
      *coarsest /= bins;
    }
  }
  for (int64_t i = 0; i < dims; ++i) {
    const torch::Tensor row = axes[i].to(torch::kFloat32).contiguous();
    book.axes.emplace_back(row.data_ptr<float>(), row.data_ptr<float>() + dims);
  }
  return book;
}

action::NormStats norm_stats(const data::EpisodeSet& demos, const Embodiment& embodiment,
                             const model::ActionConfig& config) {
  const int horizon = config.horizon;
  const Normalization kind = config.normalize;
  action::NormStats stats = data::statistics(demos, embodiment, horizon);
  stats.kind = kind;
  // What hardly moves is a constant: its noise is not blown up to full scale.
  const auto raw = spans_of(embodiment.action), learned = model_spans_of(embodiment.action);
  for (const size_t d : data::nearly_constant(demos.demos(), embodiment)) {
    for (size_t s = 0; s < raw.size(); ++s) {
      const bool here = d >= raw[s].first && d < raw[s].first + raw[s].size;
      if (!here || raw[s].size != learned[s].size) continue;
      const size_t column = learned[s].first + d - raw[s].first;
      stats.action.q01[column] = stats.action.q99[column] =
          std::clamp(stats.action.mean[column], stats.action.min[column], stats.action.max[column]);
    }
  }
  if (config.binning == model::Binning::kUniform) return stats;
  const Rows<float> samples =
      normalised_actions(demos, action::Codec(embodiment, stats), size_t(horizon));
  if (config.binning == model::Binning::kFsq) {
    stats.code_book = code_book(samples, coupled_numbers(embodiment), config.bins);
  } else {
    const action::Binner binner = action::Binner::quantile(config.bins, samples);
    for (size_t d = 0; d < samples.width(); ++d) stats.bin_edges.push_back(binner.edges(int(d)));
  }
  return stats;
}

}  // namespace libra::training
