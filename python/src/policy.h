// Policies and what they answer, as Python sees them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "convert.h"
#include "libra/api/api.h"
#include "libra/policy/load_policy.h"

namespace libra::python {

// An answer with its intents side by side, for arrays to look at.
struct PyInference {
  PyInference(const api::Inference& answer, const Policy& policy);

  size_t expansion, horizon, dims, model_dims;
  std::vector<float> actions;        // H x D
  std::vector<uint8_t> bins;         // M x H x model_dim
  std::vector<float> probabilities;  // the same
  std::vector<float> entropy;        // M x H
  std::vector<std::string> words;    // M
};

class PySession {
 public:
  PySession(std::shared_ptr<Policy> policy, const ScheduleConfig& schedule, bool realtime)
      : policy_(policy), session_(std::move(policy), schedule, realtime) {}

  api::Session& session() { return session_; }
  // The action of this step, float32 [D].
  FloatVector act(const nb::object& observation);
  const std::string& source() const { return source_; }
  nb::dict stats() const;

 private:
  std::shared_ptr<Policy> policy_;
  api::Session session_;
  std::string source_;  // of the last action
};

class PyPolicy {
 public:
  PyPolicy(const std::string& checkpoint, const PolicyOptions& options);

  const PolicySpec& spec() const { return policy_->spec(); }
  std::shared_ptr<Policy> policy() const { return policy_; }
  std::unique_ptr<PyInference> infer(const nb::dict& observation, const nb::object& instruction,
                                     uint64_t seed) const;

 private:
  std::shared_ptr<api::TakingTurns> policy_;
};

// Loads LibTorch's CUDA library where `device` wants it and the torch wheel beside the module has
// it: nothing refers to it by name. Without it the device is one that LibTorch does not see.
void load_cuda_for(const std::string& device);

// Trains in this process; Ctrl-C ends it as it ends `libra train`. `request`: fields of
// training::RunRequest by name. Returns the checkpoint's folder.
std::string train_run(const nb::dict& request);

}  // namespace libra::python
