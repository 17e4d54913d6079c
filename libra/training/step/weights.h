// Which weights of the networks learn, and how: frozen, adapted (LoRA) or whole.
#pragma once

#include <string>
#include <vector>

#include "libra/policy/bundle.h"
#include "libra/training/step/config.h"

namespace libra::training {

// Whether a shell pattern (*, ?, [...]; * also spans dots) fits a name.
bool fits(const std::string& pattern, const std::string& name);

// Freezes and adapts the networks as the configuration says: weights that learn become f32, those
// that do not are held as `frozen` says. Throws Error(kBadInput) for a pattern that fits nothing,
// and when nothing is left that could learn.
void prepare_weights(policy::ModelBundle& bundle, const TrainConfig& config);
// Whether a run starts from weights that it will not change.
bool keeps_weights(const TrainConfig& config);

// What a rank of a training run holds in memory besides what a step computes on the way (bytes).
struct TrainingMemory {
  int64_t learning = 0, frozen = 0;  // weights, counted
  int ranks = 1;
  bool zero = false;  // ZeRO-2
  double weights = 0, gradients = 0, moments = 0, average = 0;
  double total() const { return weights + gradients + moments + average; }
};
TrainingMemory training_memory(const policy::ModelBundle& bundle, const TrainConfig& config,
                               int ranks = 1, bool zero = false);
// Throws Error(kFailed) that says what is needed, what is there (bytes) and which settings need
// less.
void require_memory(const TrainingMemory& needed, double available, const TrainConfig& config);

// The adaptations alone, as PEFT keeps them: adapter_model.safetensors and adapter_config.json.
// The folder is replaced as a whole. Requires: config.lora.rank > 0.
void save_adapter(const policy::ModelBundle& bundle, const LoraConfig& config,
                  const std::string& base, const std::string& folder);

}  // namespace libra::training
