// The C API gives the very bits that the policy gives, called by hand.
#include <gtest/gtest.h>

#include <cstring>

#include "libra/api/libra.h"
#include "libra/core/rng.h"
#include "libra/policy/load_policy.h"
#include "libra/runtime/job.h"

namespace libra {
namespace {

constexpr const char* kCheckpoint = LIBRA_SOURCE_DIR "/checkpoints/libra_tiny_object";
constexpr const char* kInstruction = "pick up the milk and place it in the basket";

// Observations of a robot that sees noise: number `index` of them, as both sides take it.
struct Seen {
  explicit Seen(uint64_t index) {
    Rng rng(index);
    for (const char* name : {"agentview", "eye_in_hand"}) {
      Image& image = observation.images.emplace_back(150, 200);  // not the policy's size
      for (uint8_t& value : image.rgb) value = static_cast<uint8_t>(rng.below(256));
      arrays.push_back(
          {name, image.rgb.data(), image.rgb.size(), LIBRA_UINT8, 3, {150, 200, 3, 0}});
    }
    for (int i = 0; i < 8; ++i) observation.proprio.push_back(rng.uniform(-0.1, 0.1));
    arrays[1].data = observation.images[1].rgb.data();
    arrays[0].data = observation.images[0].rgb.data();
    arrays.push_back({"proprio", observation.proprio.data(), 64, LIBRA_FLOAT64, 1, {8, 0, 0, 0}});
    given = {sizeof given, 3, arrays.data()};
  }
  Observation observation;
  std::vector<libra_array> arrays;
  libra_observation given;
};

class CApiEqualityTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(libra_policy_open(kCheckpoint, nullptr, &handle_), LIBRA_OK)
        << libra_last_error()->message;
    policy_ = load_policy(kCheckpoint);
    horizon_ = policy_->spec().horizon;
  }
  void TearDown() override { libra_policy_close(handle_); }

  IntentPlan plan(const Observation& observation, uint64_t seed) {
    const PlanRequest request{
        .observation = &observation, .instruction = kInstruction, .seed = seed};
    IntentPlan plan;
    policy_->planner()->plan({&request, 1}, {&plan, 1});
    return plan;
  }
  ActionChunk refine(const Observation& observation, const Intent& intent, uint64_t seed) {
    const RefineRequest request{
        .observation = &observation, .intent = &intent, .instruction = kInstruction, .seed = seed};
    ActionChunk chunk;
    policy_->refiner().refine({&request, 1}, {&chunk, 1});
    return chunk;
  }

  libra_policy* handle_ = nullptr;
  std::unique_ptr<Policy> policy_;
  int horizon_ = 0;
};

TEST_F(CApiEqualityTest, OfAnInference) {
  const Seen seen(1);
  std::vector<float> actions(size_t(horizon_) * 7), probabilities(2 * actions.size());
  std::vector<uint8_t> bins(probabilities.size());
  libra_inference out = {sizeof out,  actions.data(),       actions.size(),
                         bins.data(), probabilities.data(), bins.size()};
  ASSERT_EQ(libra_policy_infer(handle_, &seen.given, kInstruction, 9, &out), LIBRA_OK)
      << libra_last_error()->message;
  const IntentPlan plan = this->plan(seen.observation, 9);
  const ActionChunk chunk = refine(seen.observation, plan.intents[0], 9);
  const auto values = chunk.actions.values();
  EXPECT_EQ(actions, std::vector<float>(values.begin(), values.end()));
  for (size_t m = 0; m < 2; ++m) {
    for (size_t i = 0; i < actions.size(); ++i) {
      ASSERT_EQ(bins[m * actions.size() + i], plan.intents[m].bin.values()[i]);
      ASSERT_EQ(probabilities[m * actions.size() + i], plan.intents[m].probability.values()[i]);
    }
  }
}

// The paper's schedule by hand: plan every second chunk, refine every chunk with its slice.
TEST_F(CApiEqualityTest, OfAnEpisodeUnderTheAmortisedSchedule) {
  libra_session* session = nullptr;
  ASSERT_EQ(libra_session_open(handle_, nullptr, &session), LIBRA_OK);
  ASSERT_EQ(libra_session_reset(session, kInstruction, "task_name", 5, 11), LIBRA_OK);
  const EpisodeSeed seed{5, hash_name("task_name"), 11};
  IntentPlan plan;
  ActionChunk chunk;
  for (int step = 0; step < 4 * horizon_; ++step) {
    Seen seen(100 + uint64_t(step));
    seen.observation.step = step;
    float action[7];
    int32_t source = -1;
    ASSERT_EQ(libra_session_next(session, &seen.given, action, 7, &source), LIBRA_OK)
        << libra_last_error()->message;
    if (step % (2 * horizon_) == 0) plan = this->plan(seen.observation, seed.chunk(step));
    if (step % horizon_ == 0) {
      const auto slice = size_t(step / horizon_ % 2);
      chunk = refine(seen.observation, plan.intents[slice], seed.chunk(step));
    }
    const auto expected = chunk.actions[size_t(step % horizon_)];
    ASSERT_EQ(std::memcmp(action, expected.data(), sizeof action), 0) << "step " << step;
    EXPECT_EQ(source, LIBRA_CHUNK);
  }
  libra_session_close(session);
}

// Networks on their own threads answer when they will, so no bits are promised: actions come.
TEST_F(CApiEqualityTest, InRealTimeActionsCome) {
  libra_session_options options = LIBRA_SESSION_OPTIONS_INIT;
  options.realtime = 1;
  options.schedule = "overlapped";
  libra_session* session = nullptr;
  ASSERT_EQ(libra_session_open(handle_, &options, &session), LIBRA_OK);
  ASSERT_EQ(libra_session_reset(session, kInstruction, nullptr, 0, 0), LIBRA_OK);
  const Seen seen(1);
  int chunks = 0;
  for (int step = 0; step < 2'000'000 && chunks < 20; ++step) {
    float action[7];
    int32_t source = -1;
    ASSERT_EQ(libra_session_next(session, &seen.given, action, 7, &source), LIBRA_OK);
    chunks += source == LIBRA_CHUNK;
  }
  EXPECT_EQ(chunks, 20);
  libra_session_close(session);
}

}  // namespace
}  // namespace libra
