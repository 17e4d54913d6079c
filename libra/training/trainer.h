// The training loop: joint loss, adaptive intent injection, validation, checkpoints, exact resume.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "libra/core/file.h"
#include "libra/nn/torch.h"
#include "libra/training/batch.h"
#include "libra/training/config.h"
#include "libra/training/injection.h"
#include "libra/training/optimizer.h"
#include "libra/training/worker.h"

namespace libra::training {

struct StepReport {
  double plan = 0, pointing = 0, keyframe = 0, diffusion = 0;
  double accuracy = 0;
  double planner_norm = 0, refiner_norm = 0;
  bool sampled = false;  // the refiner trained on sampled intents
  bool finite = true;
  // Where the time went: making the batch, the two threads side by side, the optimisers.
  double batch_ms = 0, planner_ms = 0, refiner_ms = 0, update_ms = 0;

  // Adds the planner's figures of a part of the batch.
  void add_planner(const StepReport& part, double share);
};

struct ValidationReport {
  double plan = 0, accuracy = 0, diffusion = 0;
  // At the first frame of held-out demonstrations, over every present item's name:
  double hit = 0;            // share whose planned direction points nearest to the named item
  double direction_deg = 0;  // median angle between planned motion and the named item
  double pointing_px = 0;    // median error of the pointing map's place (px of the image)
};

class Trainer {
 public:
  // The networks live in f32, on the device that trains them; run_dir receives log.jsonl, config,
  // checkpoint/ and resume/.
  Trainer(const TrainConfig& config, const policy::ModelBundle& model, const Batcher& batcher,
          std::string run_dir);

  // Continues from run_dir/resume; throws when there is nothing to resume.
  void resume();
  // Runs to config.steps or until `stop`; then writes the checkpoint. Throws Error(kFailed) on a
  // loss that is not finite, after keeping the last good checkpoint.
  void run(const std::atomic<bool>& stop);
  // One optimiser step, without log or checkpoint. A step that is not finite changes nothing.
  StepReport advance();
  ValidationReport validate();
  // run_dir/checkpoint (averaged weights, bf16) and run_dir/resume (everything), each as a whole.
  void write_checkpoint();

 private:
  StepReport step(int64_t index);
  torch::Tensor planner_loss(const Batch& batch, const model::PlannerOutput& out,
                             StepReport& report);
  // Loss of some of the batch's rows, ready for backward().
  struct PlannerPart {
    torch::Tensor loss, tokens;
    StepReport report;
  };
  // A step's samples, on the device; made one step ahead, beside the networks.
  struct Prepared {
    int64_t index = -1;
    Batch batch;
    SceneBatch scenes;
  };
  Prepared prepare(int64_t index) const;
  PlannerPart planner_part(const Batch& batch,
                           const std::function<void(torch::Tensor)>& give_logits);
  PlannerPart scene_part(const SceneBatch& scenes);
  torch::Tensor refiner_loss(int64_t seed, const Batch& batch, const torch::Tensor& intent_bins,
                             const torch::Tensor& planner_tokens);
  void test_grounding(ValidationReport& report);
  void log_step(const StepReport& report, double samples_per_second);
  void log_validation(const ValidationReport& report);
  void append_log(const std::string& line);
  // Lines of steps that a resumed run does again.
  void drop_log_after(int64_t step);

  TrainConfig config_;
  policy::ModelBundle model_;
  const Batcher& batcher_;
  std::string run_dir_;
  Optimizer planner_optimizer_, refiner_optimizer_;
  InjectionSwitch injection_;
  torch::Device device_;
  bool bf16_;  // forward passes under autocast
  Worker worker_;
  torch::Tensor dimension_weight_;  // [D]
  int64_t done_ = 0;                // finished steps
  Prepared next_;
  std::optional<LineJournal> log_;  // opened with the first line
  bool split_;  // on the CPU, where the halves share no parameters: each has a thread
};

}  // namespace libra::training
