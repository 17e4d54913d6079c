#include "libra/runtime/episode_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fakes.h"
#include "libra/runtime/policy_driver.h"
#include "tests/support/message_of.h"

namespace libra {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// The policy's actions say which bins they were made for.
void expect_told(const ScheduleConfig& schedule, const char* planner_ms, const char* refiner_ms) {
  SCOPED_TRACE(std::string(word_of(schedule.schedule)) + " " + word_of(schedule.stale));
  FakePolicy policy;
  PolicyDriver driver(
      policy, schedule,
      {LatencyModel::parse(planner_ms, ""), LatencyModel::parse(refiner_ms, ""), false});
  driver.reset("go", "task", 3, 0);
  Observation observation;
  observation.images.assign(2, Image(4, 4));
  observation.proprio.assign(8, 0.0);
  int acted = 0;
  for (int64_t step = 0; step < 200; ++step) {
    observation.step = step;
    const Tick& tick = driver.act(observation, step);
    if (tick.source != Tick::Source::kChunk) {
      EXPECT_TRUE(tick.told.empty());
      continue;
    }
    ++acted;
    ASSERT_EQ(tick.told.size(), kToyDims);
    for (size_t d = 0; d < 3; ++d) {
      ASSERT_FLOAT_EQ(tick.action[d], float(tick.told[d]) / 100.0f) << step;
    }
  }
  EXPECT_GT(acted, 50);
}

TEST(Tick, CarriesTheBinsThatItsActionWasMadeFor) {
  for (const char* planner : {"0", "120", "uniform:0,400"}) {
    for (const char* refiner : {"0", "90"}) {
      for (const ScheduleKind kind :
           {ScheduleKind::kSync, ScheduleKind::kAmortised, ScheduleKind::kOverlapped}) {
        ScheduleConfig schedule;
        schedule.schedule = kind;
        expect_told(schedule, planner, refiner);
        if (kind != ScheduleKind::kOverlapped) continue;
        for (const Stale stale : {Stale::kInpaint, Stale::kRollForward}) {
          schedule.stale = stale;
          expect_told(schedule, planner, refiner);
        }
      }
    }
  }
}

std::vector<json> lines_of(const EpisodeLog& log) {
  std::vector<json> lines;
  for (uint64_t n = log.first(); n < log.next(); ++n) lines.push_back(json::parse(log.line(n)));
  return lines;
}

TEST(EpisodeLog, TellsEachPlanOnceAndEveryStep) {
  FakePolicy policy;
  PolicyDriver driver(policy, {});
  driver.reset("go", "task", 3, 0);
  EpisodeLog log(policy.spec(), action::Binner::uniform(100), {});
  Observation observation;
  observation.images.assign(2, Image(4, 4));
  observation.proprio.assign(8, 0.0);
  for (int64_t step = 0; step < 20; ++step) {
    observation.step = step;
    const Tick& tick = driver.act(observation, step);
    log.tick(step, tick, tick.action, driver.time().plan());
  }
  int plans = 0;
  std::vector<int64_t> steps;
  for (const json& line : lines_of(log)) {
    if (line["e"] == "plan") {
      EXPECT_EQ(line["first"], 10 * plans);
      EXPECT_EQ(line["bins"].size(), 10u);
      EXPECT_EQ(line["words"].size(), 2u);
      ++plans;
    } else {
      EXPECT_EQ(line["b"].size(), kToyDims);
      EXPECT_NEAR(line["a"][0].get<double>(), line["b"][0].get<double>() / 100.0, 6e-4);
      steps.push_back(line["s"].get<int64_t>());
    }
  }
  EXPECT_EQ(plans, 2);
  ASSERT_EQ(steps.size(), 20u);
  EXPECT_EQ(steps.back(), 19);
}

TEST(EpisodeLog, SpeaksOfTheBinsThatThePolicyHas) {
  const PolicySpec spec = toy_spec();
  IntentPlan plan(spec.expansion, spec.horizon, kToyDims, spec.bins);
  for (Intent& intent : plan.intents) {
    for (uint8_t& bin : intent.bin.values()) bin = 50;
    for (size_t i = 0; i < 5; ++i) intent.bin[i][0] = 95;
  }
  const auto words = [&](const action::Binner& binner) {
    EpisodeLog log(spec, binner, {});
    log.plan(0, plan);
    return lines_of(log).at(0)["words"][0].get<std::string>();
  };
  EXPECT_THAT(words(action::Binner::uniform(100)), HasSubstr("+x large"));
  EXPECT_THAT(words(binner_with_narrow_middle()), HasSubstr("+x medium"));
}

TEST(EpisodeLog, ComesBackFromItsFile) {
  FakePolicy policy;
  EpisodeFacts facts;
  facts.instruction = "say \"<b>\"\n";
  EpisodeLog log(policy.spec(), action::Binner::uniform(100), facts);
  log.note("instruction", 3, "another\x01 one \xff");  // no text that JSON could hold
  log.call("planner", 4, 12.3456);
  const EpisodeLog back = EpisodeLog::parse(log.text(), "file");
  EXPECT_EQ(back.head(), log.head());
  EXPECT_EQ(back.text(), log.text());
  EXPECT_EQ(json::parse(back.head())["instruction"], "say \"<b>\"\n");
}

TEST(EpisodeLog, RefusesFilesThatAreNone) {
  const auto said = [](const std::string& text) {
    return message_of([&] { EpisodeLog::parse(text, "file"); });
  };
  EXPECT_THAT(said(""), HasSubstr("is empty"));
  EXPECT_THAT(said("{}\n"), HasSubstr("file:1: is no record"));
  EXPECT_THAT(said("{\"libra_episode\":2}\n"), HasSubstr("another format"));
  EXPECT_THAT(said("{\"libra_episode\":1}\nnonsense\n"), HasSubstr("file:2"));
  EXPECT_THAT(said("{\"libra_episode\":1}\n{\"e\":" + std::string(100000, '[') + "\n"),
              HasSubstr("nested too deep"));
}

TEST(EpisodeLog, ForgetsTheOldestLines) {
  EpisodeLog log;
  for (int i = 0; i < 25000; ++i) log.call("planner", i, 1.0);
  EXPECT_EQ(log.next(), 25000u);
  EXPECT_EQ(log.first(), 5000u);
  EXPECT_EQ(json::parse(log.line(log.first()))["s"], 5000);
}

}  // namespace
}  // namespace libra
