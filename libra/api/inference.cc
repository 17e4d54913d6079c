#include "libra/api/inference.h"

#include "libra/action/bins.h"
#include "libra/action/codec.h"
#include "libra/action/describe.h"

namespace libra::api {

Inference infer(Policy& policy, const Observation& observation, const std::string& instruction,
                uint64_t seed) {
  Inference out;
  if (policy.planner() != nullptr) {
    const PlanRequest request{
        .observation = &observation, .instruction = instruction, .seed = seed};
    policy.planner()->plan({&request, 1}, {&out.plan, 1});
  }
  const RefineRequest request{.observation = &observation,
                              .intent = out.plan.expansion > 0 ? &out.plan.intents[0] : nullptr,
                              .instruction = instruction,
                              .seed = seed};
  policy.refiner().refine({&request, 1}, {&out.chunk, 1});
  return out;
}

std::vector<std::string> words_of(const IntentPlan& plan, const Policy& policy) {
  std::vector<std::string> words;
  if (plan.expansion == 0) return words;
  const action::Binner binner = policy.codec().binner(policy.spec().bins);
  for (int m = 0; m < plan.expansion; ++m) {
    words.push_back(action::describe(plan.intents[size_t(m)], binner, policy.spec().embodiment));
  }
  return words;
}

}  // namespace libra::api
