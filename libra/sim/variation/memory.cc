// The memorisation tests as effects: everything happens in the episode's task file.
#include "libra/sim/variation/effect.h"
#include "libra/sim/variation/memorisation.h"

namespace libra::sim::variation {
namespace {

class MemoryEffect final : public Effect {
 public:
  explicit MemoryEffect(const EffectRequest& r) : test_(r.variation.kind), seed_(r.seed) {
    require_test(r.spec, test_);
  }

  void change_task(task::TaskSpec& episode) override {
    Rng rng(seed_);
    put_to_test(episode, test_, rng);
  }

 private:
  std::string test_;
  uint64_t seed_;
};

}  // namespace

std::unique_ptr<Effect> make_memory_effect(const EffectRequest& request) {
  return std::make_unique<MemoryEffect>(request);
}

}  // namespace libra::sim::variation
