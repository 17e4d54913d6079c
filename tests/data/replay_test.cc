#include "libra/data/replay.h"

#include <gmock/gmock.h>

#include <cmath>

#include "libra/action/codec.h"
#include "tests/data/toy.h"

namespace libra::data {
namespace {

// Its chunk says the number of the step it was asked at, and what it was told.
class StepTeller final : public Policy, public Planner, public Refiner {
 public:
  const PolicySpec& spec() const override { return spec_; }
  Planner* planner() override { return this; }
  Refiner& refiner() override { return *this; }
  const action::Codec& codec() const override { return codec_; }
  void plan(std::span<const PlanRequest> requests, std::span<IntentPlan> plans) override {
    for (size_t i = 0; i < requests.size(); ++i) {
      EXPECT_EQ(requests[i].instruction, "pick up the butter");
      plans[i] = IntentPlan(1, spec_.horizon, 7, spec_.bins);
      plans[i].intents[0].bin[0][0] = uint8_t(requests[i].observation->step % 10);
    }
  }
  void refine(std::span<const RefineRequest> requests, std::span<ActionChunk> chunks) override {
    for (size_t i = 0; i < requests.size(); ++i) {
      const int64_t step = requests[i].observation->step;
      EXPECT_EQ(requests[i].intent->bin[0][0], step % 10);
      chunks[i] = ActionChunk(spec_.horizon, 7);
      for (int h = 0; h < spec_.horizon; ++h) {
        for (float& x : chunks[i].actions[size_t(h)]) x = float(step);
      }
    }
  }

 private:
  PolicySpec spec_ = toy_spec(1, 3, 10);
  action::Codec codec_{libero_panda(), action::NormStats::identity(libero_panda())};
};

// Against sums written out by hand; more frames than are looked at together.
TEST(Replay, CountsEveryStepOfEveryWholeChunk) {
  std::vector<Demo> demos = {toy_demo(5, 1), toy_demo(60, 2), toy_demo(2, 3)};
  const EpisodeSet set(demos, libero_panda());
  StepTeller policy;
  int told = 0;
  const ReplayError error = replay(policy, set, {1, 2}, nullptr, [&] { ++told; });
  EXPECT_EQ(error.episodes, 2);
  EXPECT_EQ(told, 2);
  EXPECT_EQ(error.steps, 57) << "frames 1 to 57; the short one has no whole chunk";
  for (size_t d = 0; d < 7; ++d) {
    double policy_sum = 0, hold_sum = 0;
    for (size_t t = 1; t < 58; ++t) {
      const size_t asked = 1 + (t - 1) / 3 * 3;
      policy_sum += std::abs(double(asked) - demos[1].expert_actions[t][d]);
      hold_sum +=
          std::abs(double(demos[1].expert_actions[asked - 1][d]) - demos[1].expert_actions[t][d]);
    }
    EXPECT_NEAR(error.policy[d], policy_sum / 57, 1e-5);
    EXPECT_NEAR(error.hold[d], hold_sum / 57, 1e-6);
  }
  EXPECT_NEAR(error.mean_hold(),
              (error.hold[0] + error.hold[1] + error.hold[2] + error.hold[3] + error.hold[4] +
               error.hold[5] + error.hold[6]) /
                  7,
              1e-12);
}

// Where every third step alone has pictures, chunks begin at those.
TEST(Replay, BeginsWherePicturesAre) {
  const EpisodeSet thin({thinned(toy_demo(60, 2), 3)}, libero_panda());
  StepTeller policy;
  const ReplayError error = replay(policy, thin, {0}, nullptr, {});
  EXPECT_EQ(error.steps, 57) << "frames 3 to 59";
  double sum = 0;
  for (size_t t = 3; t < 60; ++t) {
    sum += std::abs(double(t / 3 * 3) - thin.demo(0).expert_actions[t][0]);
  }
  EXPECT_NEAR(error.policy[0], sum / 57, 1e-5);
  const EpisodeSet other({thinned(toy_demo(60, 2), 2)}, libero_panda());
  EXPECT_THAT(message_of([&] { replay(policy, other, {0}, nullptr, {}); }),
              testing::HasSubstr("pictures of one step in 2 only"));
}

}  // namespace
}  // namespace libra::data
