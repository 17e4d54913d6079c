#include "libra/training/step/weights.h"

#include <fnmatch.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/model/safetensors.h"
#include "libra/training/distributed/sharded_parameters.h"

namespace libra::training {
namespace {

// Calls use(name, module) for each layer of both networks.
template <class Use>
void for_each_layer(const policy::ModelBundle& bundle, Use&& use) {
  const auto visit = [&](const torch::nn::Module& net, const std::string& prefix) {
    for (const auto& entry : net.named_modules(prefix, /*include_self=*/false)) {
      if (auto linear = std::dynamic_pointer_cast<nn::LinearImpl>(entry.value())) {
        use(entry.key(), *linear);
      }
    }
  };
  visit(*bundle.planner, "planner");
  visit(*bundle.refiner, "refiner");
}

template <class Use>
void for_each_weight(const policy::ModelBundle& bundle, Use&& use) {
  for (auto& entry : bundle.planner->named_parameters())
    use("planner." + entry.key(), entry.value());
  for (auto& entry : bundle.refiner->named_parameters())
    use("refiner." + entry.key(), entry.value());
}

[[noreturn]] void refuse_pattern(const std::string& field, const std::string& pattern) {
  throw Error(ErrorCode::kBadInput,
              {.where = "train." + field,
               .problem = "fits no name",
               .found = pattern,
               .next = "`libra info CHECKPOINT --tensors` lists the names of weights"});
}

void adapt(policy::ModelBundle& bundle, const LoraConfig& lora) {
  std::vector<bool> used(lora.targets.size());
  for_each_layer(bundle, [&](const std::string& name, nn::LinearImpl& layer) {
    bool wanted = false;
    for (size_t i = 0; i < lora.targets.size(); ++i) {
      if (!fits(lora.targets[i], name)) continue;
      used[i] = wanted = true;
    }
    if (wanted) layer.add_lora({lora.rank, lora.alpha, lora.dropout});
  });
  for (size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) refuse_pattern("lora.targets", lora.targets[i]);
  }
}

void freeze(policy::ModelBundle& bundle, const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    bool used = false;
    for_each_weight(bundle, [&](const std::string& name, torch::Tensor& weight) {
      if (!fits(pattern, name) || nn::is_lora(name)) return;
      used = true;
      weight.set_requires_grad(false);
    });
    if (!used) refuse_pattern("freeze", pattern);
  }
}

std::string gigabytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", bytes / 1e9);
  return text;
}

}  // namespace

bool fits(const std::string& pattern, const std::string& name) {
  return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

bool keeps_weights(const TrainConfig& config) {
  return config.lora.rank > 0 || !config.freeze.empty();
}

void prepare_weights(policy::ModelBundle& bundle, const TrainConfig& config) {
  if (config.lora.rank > 0) {
    adapt(bundle, config.lora);
    // As in PEFT, what surrounds the adapted layers stays: names that fit a target are of a tower
    // whose other weights were trained with those layers.
    for_each_weight(bundle, [&](const std::string& name, torch::Tensor& weight) {
      for (const std::string& target : config.lora.targets) {
        if (!nn::is_lora(name) && fits(target, name)) weight.set_requires_grad(false);
      }
    });
  }
  freeze(bundle, config.freeze);
  bool learning = false;
  for_each_weight(bundle, [&](const std::string&, torch::Tensor& weight) {
    learning |= weight.requires_grad();
  });
  if (!learning) {
    throw Error(ErrorCode::kBadInput, {.where = std::string("train.freeze"),
                                       .problem = "leaves no weight that could learn"});
  }
  const bool narrow = config.frozen == TrainPrecision::kBf16 ||
                      (config.frozen == TrainPrecision::kAuto && policy::is_large(bundle));
  const torch::NoGradGuard no_grad;
  for_each_weight(bundle, [&](const std::string&, torch::Tensor& weight) {
    const bool learns = weight.requires_grad();
    if (!weight.is_floating_point()) return;
    const auto type =
        learns || !narrow ? torch::kFloat32 : nn::parameter_type(weight, torch::kBFloat16);
    if (weight.scalar_type() != type) weight.set_data(weight.to(type));
  });
}

// Sets what follows from the numbers of weights and ranks.
static void share_out(TrainingMemory& memory, bool average) {
  const RankMemory held = rank_memory(
      {.trained = memory.learning, .average = average, .ranks = memory.ranks, .zero = memory.zero});
  memory.gradients = double(held.gradients + held.buckets);
  memory.moments = double(held.optimizer);
  memory.average = double(held.average);
}

TrainingMemory training_memory(const policy::ModelBundle& bundle, const TrainConfig& config,
                               int ranks, bool zero) {
  TrainingMemory out;
  out.ranks = ranks;
  out.zero = zero;
  for_each_weight(bundle, [&](const std::string&, const torch::Tensor& weight) {
    out.weights += double(weight.nbytes());
    (weight.requires_grad() ? out.learning : out.frozen) += weight.numel();
  });
  share_out(out, config.optim.ema_decay > 0);
  return out;
}

void require_memory(const TrainingMemory& needed, double available, const TrainConfig& config) {
  if (needed.total() < available) return;
  std::vector<std::string> cures;
  if (needed.average > 0) {
    cures.push_back("train.optim.ema_decay=0 saves " + gigabytes(needed.average));
  }
  if (config.lora.rank == 0) {
    cures.push_back("train.lora.rank=16 holds the language model in bf16 and trains adaptations");
  }
  cures.push_back("train.freeze lists weights that need no gradient, 16 bytes a weight less");
  if (!needed.zero) {
    TrainingMemory shared = needed;
    shared.ranks = std::max(8, needed.ranks);
    shared.zero = true;
    share_out(shared, needed.average > 0);
    cures.push_back("--zero on " + std::to_string(shared.ranks) + " ranks needs " +
                    gigabytes(shared.total()) + " on each");
  }
  if (config.micro_batch != 1) cures.push_back("train.micro_batch=1 makes a step smaller");
  if (!config.recompute) cures.push_back("train.recompute=true makes a step smaller");
  throw Error(ErrorCode::kFailed,
              {.where = "train",
               .problem = "needs " + gigabytes(needed.total()) + " of memory (weights " +
                          gigabytes(needed.weights) + ", gradients " + gigabytes(needed.gradients) +
                          ", AdamW " + gigabytes(needed.moments) + ", average " +
                          gigabytes(needed.average) + ") besides what a step computes",
               .found = gigabytes(available) + " available",
               .next = join_names(cures, "; ")});
}

void save_adapter(const policy::ModelBundle& bundle, const LoraConfig& config,
                  const std::string& base, const std::string& folder) {
  std::vector<std::pair<std::string, torch::Tensor>> tensors;
  std::vector<std::string> layers;
  for_each_layer(bundle, [&](const std::string& name, nn::LinearImpl& layer) {
    if (!layer.has_lora()) return;
    const std::string path = "base_model.model." + name;
    tensors.emplace_back(path + ".lora_A.weight", layer.lora_a.detach().cpu());
    tensors.emplace_back(path + ".lora_B.weight", layer.lora_b.detach().cpu());
    layers.push_back(name);
  });
  const std::string fresh = folder + ".new";
  std::filesystem::remove_all(fresh);
  std::filesystem::create_directories(fresh);
  model::write_safetensors(fresh + "/adapter_model.safetensors", tensors, {{"format", "pt"}});
  const nlohmann::ordered_json about = {
      {"peft_type", "LORA"},     {"task_type", nullptr},       {"base_model_name_or_path", base},
      {"r", config.rank},        {"lora_alpha", config.alpha}, {"lora_dropout", config.dropout},
      {"bias", "none"},          {"fan_in_fan_out", false},    {"inference_mode", true},
      {"target_modules", layers}};
  write_file(fresh + "/adapter_config.json", about.dump(2) + "\n");
  replace_path(fresh, folder);
}

}  // namespace libra::training
