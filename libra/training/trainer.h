// The training loop: joint loss, adaptive intent injection, validation, checkpoints, exact resume.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "libra/nn/torch.h"
#include "libra/training/batch.h"
#include "libra/training/distributed/communicator.h"
#include "libra/training/distributed/exchange.h"
#include "libra/training/step/config.h"
#include "libra/training/step/injection.h"
#include "libra/training/step/objective.h"
#include "libra/training/step/optimizer.h"
#include "libra/training/training_log.h"
#include "libra/training/validation.h"
#include "libra/training/watch.h"
#include "libra/training/worker.h"

namespace libra::training {

// The processes that train the model together.
struct TrainRanks {
  std::shared_ptr<Communicator> line = Communicator::alone();
  ExchangeOptions exchange = {};
};

// Each rank computes its share of every step's samples; all of them call the same functions. The
// first one writes.
class Trainer {
 public:
  // The networks live in f32, on the device that trains them; run_dir receives log.jsonl, config,
  // checkpoint/, resume/ and, where the policy is watched, best/. `evaluate` plays the episodes
  // that config.watch asks for. Throws Error(kBadInput) when the samples of a step cannot be shared
  // evenly, and when demonstrations are to be replayed of which none are held out.
  Trainer(const TrainConfig& config, const policy::ModelBundle& model, const Batcher& batcher,
          std::string run_dir, const TrainRanks& ranks = {}, Evaluate evaluate = {});

  // Continues from run_dir/resume; throws when there is nothing to resume.
  void resume();
  // Runs to config.steps or until some rank is told to `stop`; then writes the checkpoint. Whether
  // all steps are done. Throws Error(kFailed) on a loss that is not finite, after keeping the last
  // good checkpoint; with config.skip_nan when kMostSkipped steps in a row are not.
  bool run(const std::atomic<bool>& stop);
  static constexpr int64_t kMostSkipped = 50;
  // One optimiser step, without log or checkpoint. A half whose gradient is not finite stays as it
  // is; such a step counts with config.skip_nan alone.
  StepReport advance();
  int64_t skipped() const { return skipped_; }  // steps that were not finite
  ValidationReport validate();
  // run_dir/checkpoint (averaged weights, bf16) and run_dir/resume (everything), each as a whole.
  void write_checkpoint();
  // Replays and plays what is due at this step, and keeps the policy in run_dir/best where it is
  // the best so far. False: it was told to stop.
  bool watch();

 private:
  StepReport step(int64_t index);
  // A step's samples, on the device; made one step ahead, beside the networks.
  struct Prepared {
    int64_t index = -1;
    Batch batch;
    SceneBatch scenes;  // instead of the batch for the planner; empty: not on scenes
    LossTotals totals, planner_totals;  // of the batch; of what the planner learns from
    bool on_scenes() const { return scenes.pixel_values.defined(); }
    int64_t rows() const { return on_scenes() ? scenes.pixel_values.size(0) : batch.size(); }
  };
  Prepared prepare(int64_t index) const;
  void prepare_next(int64_t index);
  // Forward, backward and the refiner's update; what is told is added to the report.
  void step_on_one_thread(const Prepared& prepared, bool sampled, StepReport& report);
  void step_on_two_threads(const Prepared& prepared, bool sampled, StepReport& report);
  PlannerPart planner_rows(const Prepared& prepared, int64_t first, int64_t count,
                           const std::function<void(torch::Tensor)>& give_logits);
  // The refiner's weighted loss of some rows. sampled_from: the planner's logits [count, K, D, N]
  // that intents are drawn from; undefined: the true ones.
  torch::Tensor refine_part(const Prepared& prepared, int64_t first, int64_t count,
                            const torch::Tensor& sampled_from, const model::PlannerTokens& tokens,
                            StepReport& report);
  // backward() with the gradients exchanged; `first` sends before `second` where both are given.
  void backward(const torch::Tensor& loss, bool last, Optimizer* first,
                Optimizer* second = nullptr);
  LossTotals over_ranks(const LossTotals& own) const;
  void add_over_ranks(StepReport& report) const;
  // This rank's share of a step's samples: first and count.
  std::pair<int64_t, int64_t> share(int64_t batch) const;
  void use_threads() const;  // of LibTorch, on this thread
  // Calls `use` on the first rank while the networks hold averaged weights and do not train.
  template <class Use>
  void with_average(Use&& use);
  std::string state_json() const;
  bool weights_are_finite() const;
  template <class Use>
  void for_each_part(int64_t begin, int64_t end, Use&& use) const;

  TrainConfig config_;
  policy::ModelBundle model_;
  const Batcher& batcher_;
  std::string run_dir_;
  // To the other ranks: of gradients; of a step's figures; of what is known of samples made ahead.
  std::shared_ptr<Communicator> line_, figures_line_, samples_line_;
  bool split_;  // on the CPU, where the halves share no parameters: each has a thread
  Optimizer planner_optimizer_, refiner_optimizer_;
  InjectionSwitch injection_;
  torch::Device device_;
  Objective objective_;
  Worker worker_;
  Watcher watcher_;
  Evaluate evaluate_;
  int64_t done_ = 0;                    // finished steps
  int64_t written_ = -1;                // of the checkpoint on disk
  int64_t skipped_ = 0, in_a_row_ = 0;  // steps that were not finite; since the last that was
  Prepared next_;
  TrainingLog log_;
};

}  // namespace libra::training
