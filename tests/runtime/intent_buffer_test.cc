#include "libra/runtime/intent_buffer.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <vector>

#include "tests/support/plans.h"
#include "tests/support/toy_spec.h"

namespace libra {
namespace {

constexpr uint64_t kTask = 77;

// The paper's buffer taken literally: a plan pushes its M*H tokens, every chunk pops H of them, and
// the planner is asked when the queue is empty.
TEST(IntentBuffer, GivesThePapersFirstInFirstOutOrder) {
  for (const auto& [expansion, horizon] :
       std::vector<std::pair<int, int>>{{1, 5}, {2, 5}, {5, 3}}) {
    std::deque<std::vector<uint8_t>> fifo;
    IntentBuffer buffer(IntentPlan(5, 5, kToyDims, 100));
    buffer.reset(1, kTask);
    int serial = 0, planned = 0;
    for (int chunk = 0; chunk < 23; ++chunk) {
      const int64_t step = int64_t{chunk} * horizon;
      if (fifo.empty()) {
        const IntentPlan plan = numbered_plan(serial++, step, 1, kTask, expansion, horizon);
        for (int m = 0; m < expansion; ++m) {
          for (int i = 0; i < horizon; ++i) {
            const auto bin = plan.intents[m].bin[i];
            fifo.emplace_back(bin.begin(), bin.end());
          }
        }
        ASSERT_TRUE(buffer.publish(plan));
        ++planned;
      }
      const AcquiredIntent got = buffer.acquire(step);
      ASSERT_NE(got.intent, nullptr);
      EXPECT_EQ(got.state, chunk % expansion == 0 ? IntentState::kFresh : IntentState::kReused);
      for (int i = 0; i < horizon; ++i) {
        const auto bin = got.intent->bin[i];
        EXPECT_EQ(std::vector<uint8_t>(bin.begin(), bin.end()), fifo.front())
            << "chunk " << chunk << " step " << i;
        fifo.pop_front();
      }
    }
    EXPECT_EQ(planned, (23 + expansion - 1) / expansion);
  }
}

TEST(IntentBuffer, SaysEmptyLateAndExhausted) {
  IntentBuffer buffer(IntentPlan(5, 5, kToyDims, 100));
  buffer.reset(1, kTask);
  EXPECT_EQ(buffer.acquire(0).state, IntentState::kEmpty);
  ASSERT_TRUE(buffer.publish(numbered_plan(0, 10, 1, kTask, 3, 5)));
  EXPECT_EQ(buffer.acquire(9).state, IntentState::kExhausted);  // before the plan begins
  const AcquiredIntent late = buffer.acquire(17);
  EXPECT_EQ(late.state, IntentState::kLate);
  EXPECT_EQ(late.intent->bin[0][0], 7);  // the tokens of the step, whatever the slices
  EXPECT_EQ(late.covered, 5);
  EXPECT_EQ(buffer.acquire(20).state, IntentState::kReused);
  const AcquiredIntent gone = buffer.acquire(25);
  EXPECT_EQ(gone.state, IntentState::kExhausted);
  EXPECT_EQ(gone.intent, nullptr);
  ASSERT_NE(buffer.last(25), nullptr);
  EXPECT_EQ(buffer.last(25)->bin[0][0], 10);  // slice 2 of the plan begins with 2 * 5
}

TEST(IntentBuffer, SaysHowFarThePlanReaches) {
  IntentBuffer buffer(IntentPlan(5, 5, kToyDims, 100));
  buffer.reset(1, kTask);
  ASSERT_TRUE(buffer.publish(numbered_plan(0, 0, 1, kTask, 3, 5)));
  EXPECT_EQ(buffer.acquire(12).covered, 3);
  EXPECT_EQ(buffer.acquire(12).intent->bin[4][0], 14);  // the last token, repeated
  EXPECT_EQ(buffer.acquire(7, /*expansion=*/2).covered, 3);
  EXPECT_EQ(buffer.acquire(10, /*expansion=*/2).state, IntentState::kExhausted);
  EXPECT_EQ(buffer.last(10)->bin[0][0], 10);  // told to go on, it says what it knows of step 10
}

TEST(IntentBuffer, AStepOfHoldingStillAgesNothing) {
  IntentBuffer buffer(IntentPlan(5, 5, kToyDims, 100));
  buffer.reset(1, kTask);
  ASSERT_TRUE(buffer.publish(numbered_plan(0, 0, 1, kTask, 2, 5)));
  for (int held = 0; held < 7; ++held) buffer.shift();
  EXPECT_EQ(buffer.acquire(7).state, IntentState::kFresh);
  EXPECT_EQ(buffer.acquire(12).intent->bin[0][0], 5);
}

TEST(IntentBuffer, NewestPlanWins) {
  IntentBuffer buffer(IntentPlan(5, 5, kToyDims, 100));
  buffer.reset(1, kTask);
  ASSERT_TRUE(buffer.publish(numbered_plan(1, 10, 1, kTask, 2, 5)));
  EXPECT_FALSE(buffer.publish(numbered_plan(2, 5, 1, kTask, 2, 5)));  // from an older observation
  EXPECT_TRUE(buffer.publish(numbered_plan(3, 12, 1, kTask, 2, 5)));
  EXPECT_EQ(buffer.acquire(12).intent->bin[0][0], 30);
}

TEST(IntentBuffer, DropsStaleAndMalformedPlans) {
  IntentBuffer buffer(IntentPlan(5, 5, kToyDims, 100));
  buffer.reset(2, kTask);
  EXPECT_FALSE(buffer.publish(numbered_plan(0, 0, 1, kTask, 2, 5)));      // older epoch
  EXPECT_FALSE(buffer.publish(numbered_plan(0, 0, 2, kTask + 1, 2, 5)));  // other instruction
  EXPECT_FALSE(buffer.publish(numbered_plan(0, 0, 2, kTask, 0, 5)));      // no slices
  IntentPlan uneven = numbered_plan(0, 0, 2, kTask, 2, 5);
  uneven.intents[1].horizon = 4;
  EXPECT_FALSE(buffer.publish(uneven));
  IntentPlan endless = numbered_plan(0, 0, 2, kTask, 1, 5);
  endless.intents[0].horizon = kMaxHorizon + 1;
  EXPECT_FALSE(buffer.publish(endless));
  EXPECT_FALSE(buffer.publish(numbered_plan(0, 0, 2, kTask, 6, 5)));  // no room for six slices
  IntentPlan torn = numbered_plan(0, 0, 2, kTask, 1, 5);
  torn.intents[0].bin.resize(4, kToyDims);
  EXPECT_FALSE(buffer.publish(torn));
  EXPECT_EQ(buffer.acquire(0).state, IntentState::kEmpty);
  ASSERT_TRUE(buffer.publish(numbered_plan(0, 0, 2, kTask, 2, 5)));
  buffer.acquire(0);
  buffer.reset(3, kTask);
  EXPECT_EQ(buffer.acquire(0).state, IntentState::kEmpty);
  EXPECT_EQ(buffer.last(0), nullptr);
}

}  // namespace
}  // namespace libra
