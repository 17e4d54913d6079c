#include "libra/training/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <optional>

#include "libra/core/error.h"
#include "libra/core/progress.h"
#include "libra/policy/intent_tensors.h"
#include "libra/policy/torch_policy.h"
#include "libra/training/step/weights.h"
#include "libra/training/training_page.h"

namespace libra::training {

using nlohmann::json;
namespace fs = std::filesystem;

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

static ExchangeOptions named(ExchangeOptions options, const std::string& name) {
  options.name = name;
  return options;
}

// Throws unless the samples of a step can be shared evenly.
static void require_even_shares(const TrainConfig& config, int ranks) {
  const auto ask = [&](const char* field, int batch) {
    if (batch % ranks == 0) return;
    const int below = batch - batch % ranks;
    throw Error(ErrorCode::kBadInput,
                {.where = field,
                 .problem = "cannot be shared evenly by " + std::to_string(ranks) + " ranks",
                 .expected = (below > 0 ? std::to_string(below) + " or " : "") +
                             std::to_string(below + ranks),
                 .found = std::to_string(batch)});
  };
  ask("train.batch", config.batch);
  if (config.grounding.steps > 0) ask("train.grounding.batch", config.grounding.batch);
}

Trainer::Trainer(const TrainConfig& config, const policy::ModelBundle& model,
                 const Batcher& batcher, std::string run_dir, const TrainRanks& ranks,
                 Evaluate evaluate)
    : config_(config),
      model_(model),
      batcher_(batcher),
      run_dir_(std::move(run_dir)),
      line_(ranks.line),
      figures_line_(line_->open_on_cpu("figures")),
      samples_line_(line_->open_on_cpu("samples")),
      split_(model_.planner->parameters().front().device().is_cpu() && config.threads >= 2 &&
             model.config.has_refiner() && !model.config.refiner_needs_planner()),
      planner_optimizer_(*model_.planner, "planner.", config.optim, config.steps,
                         split_ ? line_->open("planner") : line_, named(ranks.exchange, "planner")),
      refiner_optimizer_(*model_.refiner, "refiner.", config.optim, config.steps,
                         split_ ? line_->open("refiner") : line_, named(ranks.exchange, "refiner")),
      injection_(config.injection),
      device_(model_.planner->parameters().front().device()),
      objective_(config, model_),
      watcher_(config.watch, config.steps),
      evaluate_(std::move(evaluate)),
      log_(run_dir_) {
  require_even_shares(config, line_->size());
  if (config.watch.replay_every > 0 && batcher.held_out_demos().empty()) {
    throw Error(ErrorCode::kBadInput,
                {.where = "train.watch.replay_every",
                 .problem = "no demonstration is held out that could be replayed",
                 .next = "raise train.sampling.held_out, or set it to 0"});
  }
  if (!split_) planner_optimizer_.exchange().send_after(refiner_optimizer_.exchange());
  use_threads();
  model_.planner->train();
  model_.refiner->train();
  fs::create_directories(run_dir_);
}

void Trainer::use_threads() const {
  // Two graphs side by side use two cores better than one graph on two threads: small matrices
  // leave OpenMP threads waiting for each other.
  at::set_num_threads(split_ ? std::max(1, config_.threads / 2) : config_.threads);
}

Trainer::Prepared Trainer::prepare(int64_t index) const {
  Prepared out;
  out.index = index;
  const auto [first, count] = share(config_.batch);
  out.batch = batcher_.train(index, first, count).to(device_);
  out.totals = out.planner_totals = over_ranks(objective_.totals(out.batch));
  if (index < config_.grounding.steps) {
    const auto [first_scene, scenes] = share(config_.grounding.batch);
    out.scenes = batcher_.scenes(index, first_scene, scenes).to(device_);
    out.planner_totals = over_ranks(objective_.totals(out.scenes));
  }
  return out;
}

std::pair<int64_t, int64_t> Trainer::share(int64_t batch) const {
  const int64_t count = batch / line_->size();
  return {line_->rank() * count, count};
}

LossTotals Trainer::over_ranks(const LossTotals& own) const {
  const auto all = samples_line_->sum({own.rows, own.plan, own.valid, own.pointing, own.diffusion});
  return {.rows = all[0], .plan = all[1], .valid = all[2], .pointing = all[3], .diffusion = all[4]};
}

void Trainer::add_over_ranks(StepReport& report) const {
  const auto all = figures_line_->sum(
      {report.plan, report.pointing, report.keyframe, report.diffusion, report.accuracy});
  report.plan = all[0];
  report.pointing = all[1];
  report.keyframe = all[2];
  report.diffusion = all[3];
  report.accuracy = all[4];
}

void Trainer::backward(const torch::Tensor& loss, bool last, Optimizer* first, Optimizer* second) {
  first->exchange().begin(last);
  if (second) second->exchange().begin(last);
  if (loss.requires_grad()) loss.backward();
  first->exchange().finish(last);
  if (second) second->exchange().finish(last);
}

StepReport Trainer::step(int64_t index) {
  Stopwatch watch;
  const Prepared prepared = next_.index == index ? std::move(next_) : prepare(index);
  StepReport report;
  report.batch_ms = watch.lap();
  planner_optimizer_.zero_grad();
  refiner_optimizer_.zero_grad();
  const bool sampled = model_.config.has_intents() && !prepared.on_scenes() && injection_.free();
  if (split_) {
    step_on_two_threads(prepared, sampled, report);
  } else {
    step_on_one_thread(prepared, sampled, report);
  }
  watch.lap();
  report.planner_norm = planner_optimizer_.step(index);
  add_over_ranks(report);
  report.update_ms = watch.lap();
  report.finite = std::isfinite(report.planner_norm) && std::isfinite(report.refiner_norm);
  if (report.finite && !prepared.on_scenes() && model_.config.has_intents()) {
    injection_.update(report.accuracy);
  }
  report.sampled = sampled;
  return report;
}

void Trainer::prepare_next(int64_t index) {
  if (index + 1 < config_.steps) next_ = prepare(index + 1);
}

PlannerPart Trainer::planner_rows(const Prepared& prepared, int64_t first, int64_t count,
                                  const std::function<void(torch::Tensor)>& give_logits) {
  if (prepared.on_scenes()) {
    return objective_.scene_part(prepared.scenes.rows(first, count), prepared.planner_totals);
  }
  return objective_.planner_part(prepared.batch.rows(first, count), prepared.planner_totals,
                                 give_logits);
}

// Calls use(first, count) for each part of `rows` rows from `begin` on that is computed at once.
template <class Use>
void Trainer::for_each_part(int64_t begin, int64_t end, Use&& use) const {
  const int64_t most = config_.micro_batch > 0 ? config_.micro_batch : end - begin;
  for (int64_t first = begin; first < end; first += most) use(first, std::min(most, end - first));
}

void Trainer::step_on_one_thread(const Prepared& prepared, bool sampled, StepReport& report) {
  Stopwatch watch;
  // The next samples are made beside the networks, where there is a thread for it.
  const bool ahead = config_.threads >= 2;
  if (ahead) worker_.start([&] { prepare_next(prepared.index); });
  std::exception_ptr error;
  try {
    for_each_part(0, prepared.rows(), [&](int64_t first, int64_t count) {
      torch::Tensor logits;
      PlannerPart part =
          planner_rows(prepared, first, count, [&](torch::Tensor given) { logits = given; });
      report.add_planner(part.report);
      report.planner_ms += watch.lap();
      torch::Tensor loss = part.loss;
      // Scenes give no features that a refiner which reads the planner could read.
      const bool blind = prepared.on_scenes() && model_.config.refiner_needs_planner();
      if (model_.config.has_refiner() && !blind) {
        loss = loss + refine_part(prepared, first, count, sampled ? logits : torch::Tensor(),
                                  part.tokens, report);
      }
      backward(loss, first + count == prepared.rows(), &refiner_optimizer_, &planner_optimizer_);
      report.refiner_ms += watch.lap();
    });
    report.refiner_norm = refiner_optimizer_.step(prepared.index);
  } catch (...) {
    error = std::current_exception();
  }
  if (ahead) worker_.wait();
  if (error) std::rethrow_exception(error);
  if (!ahead) prepare_next(prepared.index);
}

torch::Tensor Trainer::refine_part(const Prepared& prepared, int64_t first, int64_t count,
                                   const torch::Tensor& sampled_from,
                                   const model::PlannerTokens& tokens, StepReport& report) {
  const Batch rows = prepared.batch.rows(first, count);
  const int64_t horizon = model_.config.action.horizon;
  torch::Tensor bins;
  if (model_.config.has_intents()) {
    bins = sampled_from.defined()
               ? policy::sample_bins(chunk_of(sampled_from, rows.slice, horizon), rows.seeds)
               : chunk_of(rows.bins, rows.slice, horizon);
  }
  const torch::Tensor loss = objective_.refiner_loss(rows, prepared.totals, bins, tokens);
  report.diffusion += loss.item<double>();
  return config_.loss.diffusion * loss;
}

void Trainer::step_on_two_threads(const Prepared& prepared, bool sampled, StepReport& report) {
  Stopwatch watch;
  // Gradients computed by grad() go past the hooks that recomputing and the exchange rely on.
  const bool hooked = config_.recompute || planner_optimizer_.exchange().any();
  const double offload = hooked ? 0.0 : config_.offload;
  const int64_t rows = prepared.rows(), kept = rows - int64_t(double(rows) * offload);
  std::promise<torch::Tensor> logits_promise;  // planner -> refiner, when intents are sampled
  std::future<torch::Tensor> logits_ready = logits_promise.get_future();
  StepReport mine, taken;
  std::vector<torch::Tensor> taken_gradients;
  const auto refiner_half = [&] {
    Stopwatch own;
    std::vector<torch::Tensor> taken_logits;
    for_each_part(kept, rows, [&](int64_t first, int64_t count) {
      PlannerPart part = planner_rows(prepared, first, count, [&](torch::Tensor logits) {
        taken_logits.push_back(std::move(logits));
      });
      taken.add_planner(part.report);
      if (!part.loss.requires_grad()) return;
      // Not backward(): both threads would add to the same gradients, in whatever order.
      auto gradients = torch::autograd::grad({part.loss}, planner_optimizer_.parameters(), {},
                                             /*retain_graph=*/{}, false, /*allow_unused=*/true);
      if (taken_gradients.empty()) {
        taken_gradients = std::move(gradients);
        return;
      }
      for (size_t i = 0; i < gradients.size(); ++i) {
        if (gradients[i].defined()) taken_gradients[i] = taken_gradients[i] + gradients[i];
      }
    });
    torch::Tensor logits;
    if (sampled) {
      taken_logits.insert(taken_logits.begin(), logits_ready.get());
      logits = torch::cat(taken_logits);
    }
    for_each_part(0, prepared.batch.size(), [&](int64_t first, int64_t count) {
      const torch::Tensor loss =
          refine_part(prepared, first, count,
                      sampled ? logits.narrow(0, first, count) : torch::Tensor(), {}, report);
      backward(loss, first + count == prepared.batch.size(), &refiner_optimizer_);
    });
    report.refiner_norm = refiner_optimizer_.step(prepared.index);
    report.refiner_ms = own.lap();
  };

  worker_.start(refiner_half);
  std::exception_ptr error;
  bool logits_given = false;
  try {
    std::vector<torch::Tensor> all;
    for_each_part(0, kept, [&](int64_t first, int64_t count) {
      PlannerPart part = planner_rows(prepared, first, count, [&](torch::Tensor logits) {
        all.push_back(std::move(logits));
        if (!sampled || first + count < kept) return;
        logits_promise.set_value(torch::cat(all));
        logits_given = true;
      });
      mine.add_planner(part.report);
      backward(part.loss, first + count == kept, &planner_optimizer_);
    });
    prepare_next(prepared.index);
  } catch (...) {
    error = std::current_exception();
    // Or the refiner would wait for ever. A promise is kept once.
    if (sampled && !logits_given) logits_promise.set_exception(error);
  }
  report.planner_ms = watch.lap();
  worker_.wait();
  if (error) std::rethrow_exception(error);
  if (!taken_gradients.empty()) planner_optimizer_.add_gradients(taken_gradients);
  report.add_planner(mine);
  report.add_planner(taken);
}

template <class Use>
void Trainer::with_average(Use&& use) {
  planner_optimizer_.swap_average();
  refiner_optimizer_.swap_average();
  model_.planner->eval();
  model_.refiner->eval();
  if (line_->first()) use();
  model_.planner->train();
  model_.refiner->train();
  planner_optimizer_.swap_average();
  refiner_optimizer_.swap_average();
}

ValidationReport Trainer::validate() {
  const int64_t rows = config_.micro_batch > 0 ? config_.micro_batch : config_.batch;
  ValidationReport report;
  with_average([&] { report = training::validate(objective_, model_, batcher_, rows); });
  return report;
}

bool Trainer::watch() {
  WatchReport report;
  if (watcher_.replays_at(done_)) {
    with_average([&] {
      policy::TorchPolicy policy(model_, {.threads = config_.threads});
      std::vector<int> demos = batcher_.held_out_demos();
      demos.resize(std::min(demos.size(), size_t(config_.watch.replay_episodes)));
      report.replay = data::replay(policy, batcher_.demos(), demos);
    });
  }
  bool stopped = false;
  if (watcher_.plays_at(done_)) {
    if (written_ != done_) write_checkpoint();  // what is played is what a user would get
    if (line_->first()) {
      report.closed_loop = evaluate_(run_dir_ + "/checkpoint");
      stopped = !report.closed_loop;
    }
  }
  use_threads();
  if (figures_line_->sum(stopped ? 1.0 : 0.0) > 0) return false;
  report.best = watcher_.note(done_, report) && line_->first();
  if (figures_line_->sum(report.best ? 1.0 : 0.0) > 0) {
    with_average([&] { policy::save_bundle(model_, run_dir_ + "/best"); });
  }
  if (!line_->first()) return true;
  log_.add(done_, report, model_.config.embodiment.action_names());
  write_training_page(run_dir_, model_.config.name);
  // Whoever goes on from this step need not look again.
  if (written_ == done_) write_file(run_dir_ + "/resume/state.json", state_json());
  return true;
}

bool Trainer::weights_are_finite() const {
  const torch::NoGradGuard no_grad;
  for (const Optimizer* half : {&planner_optimizer_, &refiner_optimizer_}) {
    if (half->parameters().empty()) continue;
    const torch::Tensor norms = torch::stack(at::_foreach_norm(half->parameters()));
    if (!norms.isfinite().all().item<bool>()) return false;
  }
  return true;
}

StepReport Trainer::advance() {
  const StepReport report = step(done_);
  if (report.finite || config_.skip_nan) ++done_;
  skipped_ += report.finite ? 0 : 1;
  in_a_row_ = report.finite ? 0 : in_a_row_ + 1;
  return report;
}

bool Trainer::run(const std::atomic<bool>& stop) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  Clock::duration watching{0};
  const int64_t first = done_;
  const bool tell = line_->first();
  std::optional<Progress> progress;
  if (tell) progress.emplace("train", config_.steps);
  StepReport last;
  bool interrupted = false;
  // Ranks that are told to stop are told at different moments.
  const auto stopped = [&] { return figures_line_->sum(stop ? 1.0 : 0.0) > 0; };
  for (;;) {
    if (watcher_.due_at(done_)) {
      const auto begun = Clock::now();
      if (!watch()) {
        interrupted = true;
        break;
      }
      watching += Clock::now() - begun;
      if (tell) progress->say("step " + std::to_string(done_) + ": " + watcher_.summary());
    }
    if (done_ >= config_.steps || stopped()) break;
    last = advance();
    if (!last.finite && (!config_.skip_nan || in_a_row_ >= kMostSkipped)) {
      if (tell) progress->finish();
      const std::string which = config_.skip_nan
                                    ? "in " + std::to_string(in_a_row_) +
                                          " steps in a row, up to step " + std::to_string(done_ - 1)
                                    : "at step " + std::to_string(done_);
      throw Error(ErrorCode::kFailed,
                  {.where = run_dir_,
                   .problem = "loss is not finite " + which,
                   .next = "the last good checkpoint is kept in " + run_dir_ +
                           "/checkpoint; lower train.optim.lr and run again with --resume" +
                           (config_.skip_nan ? "" : ", or leave such steps out with --skip-nan")});
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - start - watching).count();
    const double rate = double((done_ - first) * config_.batch) / std::max(1e-9, seconds);
    char note[200];
    std::snprintf(note, sizeof note, "plan %.3f  acc %.3f  point %.3f  diff %.4f%s  %.0f samples/s",
                  last.plan, last.accuracy, last.pointing, last.diffusion,
                  last.sampled ? " (sampled intents)" : "", rate);
    if (tell) {
      std::string line = note;
      if (skipped_ > 0) line += "  " + std::to_string(skipped_) + " not finite";
      if (watcher_.seen() > 0) line += "  " + watcher_.summary();
      progress->update(done_, line);
    }
    if (tell && done_ % config_.log_every == 0) {
      log_.add(done_, last, injection_, learning_rate(config_.optim, done_ - 1, config_.steps),
               rate, skipped_);
    }
    if (done_ % config_.validate_every == 0 || done_ == config_.steps) {
      const ValidationReport report = validate();
      if (tell) log_.add(done_, report);
    }
    // A checkpoint takes the last one's place; steps that were left out may have been so because
    // the weights are not finite any more.
    if (done_ % config_.checkpoint_every == 0 && (in_a_row_ == 0 || weights_are_finite())) {
      write_checkpoint();
    }
  }
  if (written_ != done_ && (in_a_row_ == 0 || weights_are_finite())) write_checkpoint();
  if (tell && skipped_ > 0) {
    progress->say(std::to_string(skipped_) + " of " + std::to_string(done_) +
                  " steps were not finite and left out");
  }
  return done_ >= config_.steps && !interrupted;
}

void Trainer::write_checkpoint() {
  with_average([&] {
    policy::save_bundle(model_, run_dir_ + "/checkpoint");
    if (config_.lora.rank > 0) {
      save_adapter(model_, config_.lora, model_.config.name, run_dir_ + "/adapter");
    }
  });

  // Resuming reads a folder that is whole or not there.
  const std::string fresh = run_dir_ + "/resume.new";
  if (line_->first()) {
    fs::remove_all(fresh);
    fs::create_directories(fresh);
  }
  planner_optimizer_.save(fresh + "/planner.safetensors");
  refiner_optimizer_.save(fresh + "/refiner.safetensors");
  written_ = done_;
  if (!line_->first()) return;
  write_file(fresh + "/state.json", state_json());
  replace_path(fresh, run_dir_ + "/resume");
  std::error_code error;
  if (fs::exists(run_dir_ + "/log.jsonl", error)) write_training_page(run_dir_, model_.config.name);
}

std::string Trainer::state_json() const {
  return json{{"done", done_},
              {"injection", injection_.state()},
              {"skipped", std::vector<int64_t>{skipped_, in_a_row_}},
              {"watch", watcher_.state()}}
             .dump() +
         "\n";
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
  planner_optimizer_.load(folder + "/planner.safetensors");
  refiner_optimizer_.load(folder + "/refiner.safetensors");
  injection_.set_state(state["injection"].get<std::vector<double>>());
  done_ = state["done"].get<int64_t>();
  if (state.contains("skipped")) {
    skipped_ = state["skipped"].at(0).get<int64_t>();
    in_a_row_ = state["skipped"].at(1).get<int64_t>();
  }
  if (state.contains("watch")) watcher_.set_state(state["watch"].get<std::vector<double>>());
  if (line_->first()) log_.drop_after(done_, watcher_.seen());
}

}  // namespace libra::training
