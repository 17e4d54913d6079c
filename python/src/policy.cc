#include "policy.h"

#include <dlfcn.h>
#include <nanobind/stl/string.h>

#include "libra/core/data_root.h"
#include "libra/core/error.h"

namespace libra::python {

PyInference::PyInference(const api::Inference& answer, const Policy& policy)
    : expansion(size_t(answer.plan.expansion)),
      horizon(size_t(answer.chunk.horizon)),
      dims(answer.chunk.actions.width()),
      model_dims(size_t(policy.spec().embodiment.model_dim())),
      words(api::words_of(answer.plan, policy)) {
  const auto all = answer.chunk.actions.values();
  actions.assign(all.begin(), all.begin() + std::ptrdiff_t(horizon * dims));
  for (size_t m = 0; m < expansion; ++m) {
    const Intent& intent = answer.plan.intents[m];
    const auto bin = intent.bin.values();
    const auto probability = intent.probability.values();
    bins.insert(bins.end(), bin.begin(), bin.end());
    probabilities.insert(probabilities.end(), probability.begin(), probability.end());
    entropy.insert(entropy.end(), intent.entropy.begin(), intent.entropy.end());
  }
}

FloatVector PySession::act(const nb::object& observation) {
  Observation seen;
  if (!observation.is_none()) {
    seen = take_observation(nb::cast<nb::dict>(observation), policy_->spec().embodiment);
  }
  Action action;
  {
    const nb::gil_scoped_release without;
    const Tick& tick = session_.next(observation.is_none() ? nullptr : &seen);
    source_ = tick.source == Tick::Source::kHold ? "hold" : "chunk";
    action = tick.action;
  }
  const size_t count = action.size();
  return give<FloatVector>(std::move(action), {count});
}

nb::dict PySession::stats() const {
  const ScheduleStats& s = session_.stats();
  nb::dict out;
  out["plans"] = s.plans;
  out["chunks"] = s.chunks;
  out["held"] = s.held;
  out["starved"] = s.starved;
  out["late"] = s.late;
  out["stale_actions"] = s.stale_actions;
  out["refused"] = s.refused;
  out["mean_plan_age"] = s.chunks > 0 ? double(s.plan_age) / double(s.chunks) : 0.0;
  return out;
}

void load_cuda_for(const std::string& device) {
  if (device.starts_with("cuda")) dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL);
}

PyPolicy::PyPolicy(const std::string& checkpoint, const PolicyOptions& options) {
  load_cuda_for(options.device);
  {
    const nb::gil_scoped_release without;
    policy_ = std::make_shared<api::TakingTurns>(load_policy(find_data(checkpoint), options));
  }
  for (const std::string& note : spec().notes) {
    const std::string text = checkpoint + ": " + note;
    if (PyErr_WarnEx(PyExc_UserWarning, text.c_str(), 1) != 0) throw nb::python_error();
  }
}

std::unique_ptr<PyInference> PyPolicy::infer(const nb::dict& observation,
                                             const nb::object& instruction, uint64_t seed) const {
  nb::object words = instruction;
  if (words.is_none() && observation.contains("instruction")) words = observation["instruction"];
  std::string text;
  if (!nb::try_cast(words, text)) {
    throw Error(ErrorCode::kBadInput,
                {.where = "instruction",
                 .problem = words.is_none() ? "is missing" : "is no text",
                 .next = "give instruction=, or observation[\"instruction\"]"});
  }
  const Observation seen = take_observation(observation, spec().embodiment);
  const nb::gil_scoped_release without;
  return std::make_unique<PyInference>(api::infer(*policy_, seen, text, seed), *policy_);
}

}  // namespace libra::python
