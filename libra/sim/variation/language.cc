// Language: the same task in other words, or in the middle of words about something else.
#include "libra/core/error.h"
#include "libra/sim/variation/effect.h"
#include "libra/sim/variation/wording.h"

namespace libra::sim::variation {
namespace {

class LanguageEffect final : public Effect {
 public:
  explicit LanguageEffect(const EffectRequest& r) : variation_(r.variation), seed_(r.seed) {
    if (r.spec.wording) return;
    throw Error(ErrorCode::kBadInput, {.where = "suite '" + r.spec.task.suite + "'",
                                       .problem = "has no other wordings of its instructions",
                                       .expected = "language.json beside suite.json"});
  }

  void change_task(task::TaskSpec& episode) override {
    Rng rng(seed_);
    episode.task.instruction = worded(*episode.wording, episode.task.instruction, variation_, rng);
  }

 private:
  Variation variation_;
  uint64_t seed_;
};

}  // namespace

std::unique_ptr<Effect> make_language_effect(const EffectRequest& request) {
  return std::make_unique<LanguageEffect>(request);
}

}  // namespace libra::sim::variation
