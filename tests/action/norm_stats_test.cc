#include "libra/action/norm_stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libra/core/error.h"
#include "libra/core/rng.h"
#include "tests/support/toy_spec.h"

namespace libra::action {
namespace {

using ::testing::HasSubstr;

// Column i of actions counts 0, 1, ..., 200 scaled by (i + 1), in shuffled order.
NormStats counted() {
  std::vector<int> order(201);
  for (int i = 0; i < 201; ++i) order[i] = i;
  Rng rng(11);
  rng.shuffle(order);
  NormStatsAccumulator accumulator(libero_panda(), 5);
  Rows<float> actions;
  Rows<double> states;
  for (const int n : order) {
    Action action(7);
    for (int i = 0; i < 7; ++i) action[size_t(i)] = static_cast<float>(n * (i + 1));
    actions.push_back(action);
    states.push_back(Proprio(8, -n));
  }
  accumulator.add(actions, states);
  return accumulator.finish();
}

TEST(NormStats, ClosedFormsOfCounting) {
  const NormStats stats = counted();
  EXPECT_EQ(stats.samples, 201);
  EXPECT_EQ(stats.episodes, 1);
  ASSERT_EQ(stats.action.size(), 7u);
  ASSERT_EQ(stats.proprio.size(), 8u);
  for (int i = 0; i < 7; ++i) {
    EXPECT_NEAR(stats.action.q01[i], 2.0 * (i + 1), 1e-9);  // 1 % of the way from 0 to 200
    EXPECT_NEAR(stats.action.q99[i], 198.0 * (i + 1), 1e-9);
    EXPECT_NEAR(stats.action.mean[i], 100.0 * (i + 1), 1e-9);
    EXPECT_NEAR(stats.action.std[i], std::sqrt((201.0 * 201 - 1) / 12) * (i + 1), 1e-6);
    EXPECT_EQ(stats.action.min[i], 0.0);
    EXPECT_EQ(stats.action.max[i], 200.0 * (i + 1));
  }
  EXPECT_NEAR(stats.proprio.q01[7], -198.0, 1e-9);
  EXPECT_EQ(stats.proprio.max[7], 0.0);
}

// Changes from the state are counted at every place of a chunk: with the state at t = 10 t and the
// action at t = 10 t + 1, the changes within chunks of 3 are 1, 11 and 21.
TEST(NormStats, ChangesAreCountedOverTheChunk) {
  Embodiment robot = libero_panda();
  Segment joint;
  joint.name = "joint";
  joint.kind = SegmentKind::kJoint;
  robot.proprio = {joint};
  joint.state = "joint";
  joint.representation = Representation::kDeltaState;
  robot.action = {joint};
  NormStatsAccumulator accumulator(robot, 3);
  Rows<float> actions;
  Rows<double> states;
  for (int t = 0; t < 100; ++t) {
    states.push_back(std::vector<double>{10.0 * t});
    actions.push_back(std::vector<float>{10.0f * float(t) + 1.0f});
  }
  accumulator.add(actions, states);
  const NormStats stats = accumulator.finish();
  EXPECT_EQ(stats.samples, 100);
  EXPECT_EQ(stats.action.min[0], 1.0);
  EXPECT_EQ(stats.action.max[0], 21.0);
  EXPECT_NEAR(stats.action.mean[0], (100 * 1.0 + 99 * 11.0 + 98 * 21.0) / 297, 1e-6);
}

TEST(NormStats, QuantileInterpolates) {
  std::vector<float> values = {40, 10, 30, 20};
  EXPECT_NEAR(quantile(values, 0.5), 25.0, 1e-12);
  EXPECT_NEAR(quantile(values, 0.1), 13.0, 1e-6);
  EXPECT_EQ(quantile(values, 0.0), 10.0);
  EXPECT_EQ(quantile(values, 1.0), 40.0);
  std::vector<float> one = {7};
  EXPECT_EQ(quantile(one, 0.99), 7.0);
}

TEST(NormStats, BadSamplesAreRefused) {
  NormStatsAccumulator accumulator(libero_panda(), 5);
  EXPECT_THROW(accumulator.finish(), Error);
  Action action(7);
  action[3] = std::nanf("");
  Rows<double> states(1, 8);
  EXPECT_THROW(accumulator.add(rows_of({action}), states), Error);
  EXPECT_EQ(accumulator.samples(), 0);
}

TEST(NormStats, JsonRoundTripIsExact) {
  NormStats stats = counted();
  stats.action.mean[2] = 0.1 + 0.2;
  EXPECT_EQ(norm_stats_from_json(to_json(stats), "s.json"), stats);
  EXPECT_EQ(norm_stats_from_json(to_json(NormStats::identity(libero_panda())), "s.json"),
            NormStats::identity(libero_panda()));
}

std::string message_of(const std::string& text) {
  try {
    norm_stats_from_json(text, "s.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  return "accepted";
}

std::string edited(const std::string& from, const std::string& to) {
  std::string text = to_json(NormStats::identity(libero_panda()));
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

// Columns that reach over by more than half of the width they had; a width of nothing has no half.
TEST(NormStats, SaysWhatDataOutgrow) {
  const auto columns = [](std::vector<double> q01, std::vector<double> q99) {
    ColumnStats stats;
    stats.q01 = std::move(q01);
    stats.q99 = std::move(q99);
    return stats;
  };
  const ColumnStats before = columns({-1, -1, 0, 0}, {1, 1, 0, 0});
  const ColumnStats data = columns({-1.9, -0.5, 0, -0.1}, {2.1, 1.9, 0, 0});
  EXPECT_EQ(outgrown(before, data), (std::vector<size_t>{0, 3}));
  EXPECT_TRUE(outgrown(data, before).empty());
}

TEST(NormStats, JsonIsStrict) {
  EXPECT_THAT(message_of("[]"),
              HasSubstr("s.json: normalisation statistics: expected a JSON object"));
  EXPECT_THAT(message_of("{"), HasSubstr("a JSON object"));
  EXPECT_THAT(message_of(edited("\"kind\"", "\"king\"")), HasSubstr("'king'"));
  EXPECT_THAT(message_of(edited("\"identity\"", "\"zscore\"")), HasSubstr("q01_q99 or identity"));
  EXPECT_THAT(message_of(edited("\"q99\"", "\"q98\"")), HasSubstr("'action.q98'"));
  EXPECT_THAT(message_of(edited("\"samples\": 0", "\"samples\": -1")), HasSubstr("'samples'"));
  EXPECT_THAT(message_of(edited("-1.0,", "")), HasSubstr("'action.q99': expected a list of 6"));
  EXPECT_THAT(message_of(edited("-1.0,", "null,")), HasSubstr("found null"));
  EXPECT_THAT(message_of(edited("-1.0,", "-2.0,")), HasSubstr("column 0"));
  EXPECT_THAT(message_of(edited("\"proprio\"", "\"propio\"")), HasSubstr("'propio'"));
}

}  // namespace
}  // namespace libra::action
