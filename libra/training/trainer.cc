#include "libra/training/trainer.h"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <sstream>

#include "libra/core/error.h"
#include "libra/core/progress.h"
#include "libra/nn/autocast.h"
#include "libra/nn/precision.h"
#include "libra/policy/intent_tensors.h"
#include "libra/training/losses.h"

namespace libra::training {

using nlohmann::json;
using torch::indexing::Slice;
namespace fs = std::filesystem;

static bool wants_bf16(const std::string& precision, torch::Device device) {
  if (precision != "auto") return precision == "bf16";
  return device.is_cuda() || nn::bf16_is_faster();
}

namespace {

class Stopwatch {
 public:
  // Milliseconds since construction or the last call.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double ms = std::chrono::duration<double, std::milli>(now - start_).count();
    start_ = now;
    return ms;
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

void StepReport::add_planner(const StepReport& part, double share) {
  plan += share * part.plan;
  pointing += share * part.pointing;
  keyframe += share * part.keyframe;
  accuracy += share * part.accuracy;
}

Trainer::Trainer(const TrainConfig& config, const policy::ModelBundle& model,
                 const Batcher& batcher, std::string run_dir)
    : config_(config),
      model_(model),
      batcher_(batcher),
      run_dir_(std::move(run_dir)),
      planner_optimizer_(*model_.planner, config.optim, config.steps),
      refiner_optimizer_(*model_.refiner, config.optim, config.steps),
      injection_(config.injection),
      device_(model_.planner->parameters().front().device()),
      bf16_(wants_bf16(config.precision, device_)) {
  dimension_weight_ = torch::ones({kActionDim}, device_);
  dimension_weight_.index_put_({Slice(3, 6)}, config.loss.rotation_weight);
  split_ = device_.is_cpu() && config.threads >= 2 && !model.config.refiner_needs_planner();
  // Two graphs side by side use two cores better than one graph on two threads: small matrices
  // leave OpenMP threads waiting for each other.
  at::set_num_threads(split_ ? std::max(1, config.threads / 2) : config.threads);
  fs::create_directories(run_dir_);
}

torch::Tensor Trainer::planner_loss(const Batch& batch, const model::PlannerOutput& out,
                                    StepReport& report) {
  torch::Tensor loss = torch::zeros({}, device_);
  if (out.logits.defined()) {
    const torch::Tensor plan =
        plan_loss(out.logits, batch.bins, batch.plan_valid, dimension_weight_);
    loss = loss + config_.loss.plan * plan;
    report.plan = plan.item<double>();
    report.accuracy = token_accuracy(out.logits, batch.bins, batch.plan_valid);
  }
  const torch::Tensor keyframe = (out.keyframe - batch.keyframe).abs().mean();
  loss = loss + config_.loss.keyframe * keyframe;
  report.keyframe = keyframe.item<double>();
  if (out.map.defined()) {
    const model::Pointing all = model_.planner->point(out.map, batch.pointing.named);
    const torch::Tensor pointing = pointing_loss(
        all.logits, batch.pointing.uv, batch.pointing.present, out.map.size(2), out.map.size(3));
    loss = loss + config_.loss.pointing * pointing;
    report.pointing = pointing.item<double>();
  }
  return loss;
}

torch::Tensor Trainer::refiner_loss(int64_t seed, const Batch& batch,
                                    const torch::Tensor& intent_bins,
                                    const torch::Tensor& planner_tokens) {
  const auto& config = model_.config;
  const int64_t draws = config_.loss.noise_draws, rows = batch.actions.size(0) * draws;
  auto generator = at::detail::createCPUGenerator(static_cast<uint64_t>(seed));
  // Drawn on the CPU, so that every device trains on the same noise.
  const torch::Tensor noise =
      torch::randn({rows, batch.actions.size(1), kActionDim}, generator).to(device_);
  const torch::Tensor timestep =
      torch::randint(model_.scheduler.train_steps(), {rows}, generator, torch::kInt64).to(device_);

  torch::Tensor clean = batch.actions;
  if (config.refiner.target == "residual") {
    clean = policy::to_residual(clean, intent_bins, config.action.bins);
  }
  const torch::Tensor noisy =
      model_.scheduler.add_noise(clean.repeat_interleave(draws, 0), noise, timestep);
  torch::Tensor prediction;
  {
    const nn::Bf16Scope bf16(bf16_);
    model::RefinerInput input = batch.refiner;
    input.planner_tokens = planner_tokens;
    const model::RefinerContext context = model_.refiner->encode(input);
    torch::Tensor intent;
    if (config.has_intents()) {
      intent = model_.refiner->embed_intent(intent_bins).repeat_interleave(draws, 0);
    }
    prediction = model_.refiner->forward(noisy, timestep, intent, context);
  }
  return diffusion_loss(prediction, noise, batch.action_valid);
}

// The chunk of [B, K, ...] that each sample's refiner works on: [B, H, ...].
static torch::Tensor chunk_of(const torch::Tensor& plan, const torch::Tensor& slice,
                              int64_t horizon) {
  const torch::TensorOptions options = slice.options();
  const torch::Tensor rows =
      slice.unsqueeze(1) * horizon + torch::arange(horizon, options).unsqueeze(0);  // [B, H]
  return plan.index({torch::arange(plan.size(0), options).unsqueeze(1), rows});
}

Trainer::PlannerPart Trainer::planner_part(const Batch& batch,
                                           const std::function<void(torch::Tensor)>& give_logits) {
  PlannerPart part;
  const nn::Bf16Scope bf16(bf16_);
  const model::PlannerOutput out = model_.planner->forward(batch.planner);
  if (give_logits && out.logits.defined()) give_logits(out.logits.detach());
  part.loss = planner_loss(batch, out, part.report);
  part.tokens = out.tokens;
  return part;
}

Trainer::PlannerPart Trainer::scene_part(const SceneBatch& scenes) {
  PlannerPart part;
  const nn::Bf16Scope bf16(bf16_);
  const torch::Tensor map = model_.planner->pointing_map(scenes.pixel_values);
  const model::Pointing all = model_.planner->point(map, scenes.pointing.named);
  const torch::Tensor loss = pointing_loss(all.logits, scenes.pointing.uv, scenes.pointing.present,
                                           map.size(2), map.size(3));
  part.report.pointing = loss.item<double>();
  part.loss = config_.loss.pointing * loss;
  return part;
}

Trainer::Prepared Trainer::prepare(int64_t index) const {
  return {index, batcher_.train(index).to(device_),
          index < config_.grounding.steps ? batcher_.scenes(index).to(device_) : SceneBatch{}};
}

StepReport Trainer::step(int64_t index) {
  const auto& config = model_.config;
  Stopwatch watch;
  const bool on_scenes = index < config_.grounding.steps;
  const Prepared prepared = next_.index == index ? std::move(next_) : prepare(index);
  const Batch& batch = prepared.batch;
  const SceneBatch& scenes = prepared.scenes;
  const int64_t rows = on_scenes ? config_.grounding.batch : config_.batch;
  const int64_t offloaded = split_ ? int64_t(double(rows) * config_.offload) : 0;
  const int64_t kept = rows - offloaded;
  const int64_t seed = static_cast<int64_t>(
      mix_seed({uint64_t(config_.seed), uint64_t(index), hash_name("noise")}) >> 1);
  const bool sampled = config.has_intents() && !on_scenes && injection_.free();
  std::promise<torch::Tensor> logits_promise;  // planner -> refiner, when intents are sampled
  std::future<torch::Tensor> logits_ready = logits_promise.get_future();
  StepReport report;
  report.batch_ms = watch.lap();

  // The planner's rows first .. first + count - 1, weighed by their share of the batch.
  const auto planner_rows = [&](int64_t first, int64_t count,
                                const std::function<void(torch::Tensor)>& give_logits) {
    PlannerPart part = on_scenes ? scene_part(scenes.rows(first, count))
                                 : planner_part(batch.planner_rows(first, count), give_logits);
    part.loss = part.loss * (double(count) / double(rows));
    return part;
  };
  bool logits_given = false;
  PlannerPart mine, taken;
  std::vector<torch::Tensor> taken_gradients;
  const auto prepare_next = [&] {
    if (index + 1 < config_.steps) next_ = prepare(index + 1);
  };
  const auto planner_half = [&] {
    mine = planner_rows(0, kept, [&](torch::Tensor logits) {
      if (sampled) logits_promise.set_value(std::move(logits));
      logits_given = true;
    });
    if (split_) {
      mine.loss.backward();
      prepare_next();
    }
  };
  const auto refiner_half = [&] {
    if (on_scenes && !split_) {  // scenes give no features that such a refiner could read
      mine.loss.backward();
      return;
    }
    torch::Tensor taken_logits;
    if (offloaded > 0) {
      taken = planner_rows(kept, offloaded,
                           [&](torch::Tensor logits) { taken_logits = std::move(logits); });
      // Not backward(): both threads would add to the same gradients, in whatever order.
      taken_gradients = torch::autograd::grad({taken.loss}, planner_optimizer_.parameters(), {},
                                              /*retain_graph=*/{}, false, /*allow_unused=*/true);
    }
    torch::Tensor bins;
    if (config.has_intents()) {
      bins = chunk_of(batch.bins, batch.slice, config.action.horizon);
      if (sampled) {
        torch::Tensor logits = logits_ready.get();
        if (taken_logits.defined()) logits = torch::cat({logits, taken_logits});
        bins = policy::sample_bins(chunk_of(logits, batch.slice, config.action.horizon),
                                   static_cast<uint64_t>(seed) + 1);
      }
    }
    const torch::Tensor loss =
        config_.loss.diffusion * refiner_loss(seed, batch, bins, mine.tokens);
    report.diffusion = loss.item<double>() / std::max(1e-12, config_.loss.diffusion);
    if (split_) {
      loss.backward();
    } else {
      (mine.loss + loss).backward();
    }
  };

  planner_optimizer_.zero_grad();
  refiner_optimizer_.zero_grad();
  if (split_) {
    worker_.start([&] {
      Stopwatch own;
      refiner_half();
      report.refiner_norm = refiner_optimizer_.step(index);
      report.refiner_ms = own.lap();
    });
    std::exception_ptr error;
    try {
      planner_half();
    } catch (...) {
      error = std::current_exception();
      // Or the refiner would wait for ever. A promise is kept once.
      if (sampled && !logits_given) logits_promise.set_exception(error);
    }
    report.planner_ms = watch.lap();
    worker_.wait();
    if (error) std::rethrow_exception(error);
    watch.lap();
  } else {
    const bool ahead = config_.threads >= 2;
    if (ahead) worker_.start(prepare_next);
    std::exception_ptr error;
    try {
      planner_half();
      report.planner_ms = watch.lap();
      refiner_half();
      report.refiner_norm = refiner_optimizer_.step(index);
      report.refiner_ms = watch.lap();
    } catch (...) {
      error = std::current_exception();
    }
    if (ahead) {
      worker_.wait();
    } else if (!error) {
      prepare_next();
    }
    if (error) std::rethrow_exception(error);
    watch.lap();
  }
  if (offloaded > 0) planner_optimizer_.add_gradients(taken_gradients);
  report.add_planner(mine.report, double(kept) / double(rows));
  report.add_planner(taken.report, double(offloaded) / double(rows));
  report.planner_norm = planner_optimizer_.step(index);
  report.update_ms = watch.lap();
  report.finite = std::isfinite(report.planner_norm) && std::isfinite(report.refiner_norm);
  if (!on_scenes && config.has_intents()) injection_.update(report.accuracy);
  report.sampled = sampled;
  return report;
}

ValidationReport Trainer::validate() {
  const torch::NoGradGuard no_grad;
  planner_optimizer_.swap_average();
  refiner_optimizer_.swap_average();
  ValidationReport report;
  const auto& config = model_.config;
  double batches = 0;
  const int64_t frames = std::min<int64_t>(batcher_.validation_size(), 256);
  for (int64_t first = 0; first < frames; first += config_.batch, ++batches) {
    const Batch batch =
        batcher_.validation(first, std::min<int64_t>(config_.batch, frames - first)).to(device_);
    StepReport step;
    const model::PlannerOutput out = model_.planner->forward(batch.planner);
    planner_loss(batch, out, step);
    const torch::Tensor bins = config.has_intents()
                                   ? chunk_of(batch.bins, batch.slice, config.action.horizon)
                                   : torch::Tensor();
    report.diffusion += refiner_loss(first, batch, bins, out.tokens).item<double>();
    report.plan += step.plan;
    report.accuracy += step.accuracy;
  }
  if (batches > 0) {
    report.plan /= batches;
    report.accuracy /= batches;
    report.diffusion /= batches;
  }
  test_grounding(report);
  planner_optimizer_.swap_average();
  refiner_optimizer_.swap_average();
  return report;
}

void Trainer::test_grounding(ValidationReport& report) {
  const auto questions = batcher_.grounding_questions(240);
  std::vector<double> angles, pixels;
  double hits = 0;
  for (size_t first = 0; first < questions.size(); first += size_t(config_.batch)) {
    const size_t count = std::min(questions.size() - first, size_t(config_.batch));
    const std::vector<Question> asked(questions.begin() + first, questions.begin() + first + count);
    const model::PlannerOutput out = model_.planner->forward(moved(batcher_.ask(asked), device_));
    for (size_t i = 0; i < count; ++i) {
      const GroundingTruth truth = batcher_.truth(asked[i]);
      if (out.pointing.uv.defined() && std::isfinite(truth.u)) {
        const auto uv = out.pointing.uv[int64_t(i)][0][0];
        pixels.push_back(
            std::hypot(uv[0].item<double>() - truth.u, uv[1].item<double>() - truth.v) *
            model_.config.image_size);
      }
      if (!out.logits.defined()) continue;
      // Expected motion in the plane over the first chunk, in raw units: normalised zero is not
      // rest.
      const torch::Tensor mean =
          policy::expected_value(out.logits[int64_t(i)].slice(0, 0, model_.config.action.horizon))
              .mean(0);
      Action motion;
      for (int d = 0; d < kActionDim; ++d) motion[size_t(d)] = mean[d].item<float>();
      motion = model_.transforms->normaliser().denormalise(motion);
      const double x = motion[0], y = motion[1];
      double best = 1e9, named = 1e9;
      int nearest = -1;
      for (size_t k = 0; k < truth.direction.size(); ++k) {
        const auto [to_x, to_y] = truth.direction[k];
        const double cosine =
            (x * to_x + y * to_y) / std::max(1e-9, std::hypot(x, y) * std::hypot(to_x, to_y));
        const double angle = std::acos(std::clamp(cosine, -1.0, 1.0)) * 180.0 / M_PI;
        if (int(k) == truth.named) named = angle;
        if (angle < best) {
          best = angle;
          nearest = int(k);
        }
      }
      angles.push_back(named);
      hits += nearest == truth.named ? 1 : 0;
    }
  }
  const auto median = [](std::vector<double> v) {
    if (v.empty()) return 0.0;
    std::nth_element(v.begin(), v.begin() + v.size() / 2, v.end());
    return v[v.size() / 2];
  };
  report.direction_deg = median(angles);
  report.pointing_px = median(pixels);
  report.hit = angles.empty() ? 0.0 : hits / double(angles.size());
}

StepReport Trainer::advance() {
  const StepReport report = step(done_);
  if (report.finite) ++done_;
  return report;
}

void Trainer::run(const std::atomic<bool>& stop) {
  const auto start = std::chrono::steady_clock::now();
  const int64_t first = done_;
  Progress progress("train", config_.steps);
  StepReport last;
  while (done_ < config_.steps && !stop) {
    last = advance();
    if (!last.finite) {
      progress.finish();
      throw Error(ErrorCode::kFailed,
                  {.where = run_dir_,
                   .problem = "loss is not finite at step " + std::to_string(done_),
                   .next = "the last good checkpoint is kept in " + run_dir_ +
                           "/checkpoint; lower optim.lr and run again with --resume"});
    }
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double rate = double((done_ - first) * config_.batch) / std::max(1e-9, seconds);
    char note[200];
    std::snprintf(note, sizeof note, "plan %.3f  acc %.3f  point %.3f  diff %.4f%s  %.0f samples/s",
                  last.plan, last.accuracy, last.pointing, last.diffusion,
                  last.sampled ? " (sampled intents)" : "", rate);
    progress.update(done_, note);
    if (done_ % config_.log_every == 0) log_step(last, rate);
    if (done_ % config_.validate_every == 0 || done_ == config_.steps) log_validation(validate());
    if (done_ % config_.checkpoint_every == 0) write_checkpoint();
  }
  write_checkpoint();
}

void Trainer::log_step(const StepReport& report, double samples_per_second) {
  append_log(json{{"step", done_},
                  {"plan", report.plan},
                  {"accuracy", report.accuracy},
                  {"pointing", report.pointing},
                  {"keyframe", report.keyframe},
                  {"diffusion", report.diffusion},
                  {"planner_norm", report.planner_norm},
                  {"refiner_norm", report.refiner_norm},
                  {"accuracy_short", injection_.short_average()},
                  {"accuracy_long", injection_.long_average()},
                  {"injection", report.sampled ? "free" : "teacher"},
                  {"lr", learning_rate(config_.optim, done_ - 1, config_.steps)},
                  {"samples_per_second", samples_per_second},
                  {"ms",
                   {{"batch", report.batch_ms},
                    {"planner", report.planner_ms},
                    {"refiner", report.refiner_ms},
                    {"update", report.update_ms}}}}
                 .dump());
}

void Trainer::log_validation(const ValidationReport& report) {
  append_log(json{{"step", done_},
                  {"validation",
                   {{"plan", report.plan},
                    {"accuracy", report.accuracy},
                    {"diffusion", report.diffusion},
                    {"grounding_hit", report.hit},
                    {"direction_deg", report.direction_deg},
                    {"pointing_px", report.pointing_px}}}}
                 .dump());
}

void Trainer::append_log(const std::string& line) {
  if (!log_) log_.emplace(run_dir_ + "/log.jsonl");
  log_->append(line);
}

void Trainer::drop_log_after(int64_t step) {
  const std::string path = run_dir_ + "/log.jsonl";
  std::error_code error;
  if (!fs::exists(path, error)) return;
  std::istringstream lines(read_file(path));
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    const json entry = json::parse(line, nullptr, false);
    const bool counted = entry.is_object() && entry.contains("step") &&
                         entry["step"].is_number_integer() && entry["step"].get<int64_t>() <= step;
    if (counted) kept += line + "\n";
  }
  log_.reset();
  write_file(path, kept);
}

void Trainer::write_checkpoint() {
  planner_optimizer_.swap_average();
  refiner_optimizer_.swap_average();
  policy::save_bundle(model_, run_dir_ + "/checkpoint");
  planner_optimizer_.swap_average();
  refiner_optimizer_.swap_average();

  // Resuming reads a folder that is whole or not there.
  const std::string fresh = run_dir_ + "/resume.new";
  fs::remove_all(fresh);
  fs::create_directories(fresh);
  planner_optimizer_.save(fresh + "/planner.pt");
  refiner_optimizer_.save(fresh + "/refiner.pt");
  write_file(fresh + "/state.json",
             json{{"done", done_}, {"injection", injection_.state()}}.dump() + "\n");
  replace_path(fresh, run_dir_ + "/resume");
}

void Trainer::resume() {
  const std::string folder = run_dir_ + "/resume";
  std::ifstream file(folder + "/state.json");
  if (!file) {
    throw Error(
        ErrorCode::kNotFound,
        {.where = folder, .problem = "nothing to resume", .next = "start without --resume"});
  }
  const json state = json::parse(file, nullptr, false);
  if (!state.is_object() || !state.contains("done") || !state.contains("injection")) {
    throw Error(ErrorCode::kBadInput,
                {.where = folder + "/state.json", .problem = "is not a resume state"});
  }
  planner_optimizer_.load(folder + "/planner.pt");
  refiner_optimizer_.load(folder + "/refiner.pt");
  injection_.set_state(state["injection"].get<std::vector<double>>());
  done_ = state["done"].get<int64_t>();
  drop_log_after(done_);
}

}  // namespace libra::training
