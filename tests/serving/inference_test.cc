#include "libra/serving/inference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "libra/core/error.h"
#include "libra/runtime/policy_driver.h"
#include "libra/serving/metrics.h"
#include "tests/serving/arithmetic_policy.h"

namespace libra::serving {
namespace {

Observation observation_of(uint64_t seed) {
  Rng rng(seed);
  Observation observation;
  for (int c = 0; c < 2; ++c) {
    Image image(4, 4);
    for (uint8_t& byte : image.rgb) byte = static_cast<uint8_t>(rng.below(256));
    observation.images.push_back(std::move(image));
  }
  for (int i = 0; i < 8; ++i) observation.proprio.push_back(rng.uniform());
  return observation;
}

ScheduleConfig schedule_of(ScheduleKind kind) {
  ScheduleConfig config;
  config.schedule = kind;
  return config;
}

std::future<std::unique_ptr<Work>> ask(Inference& inference,
                                       const std::shared_ptr<Session>& session,
                                       const Observation& observation, const EpisodeMark& mark,
                                       const std::string& instruction = "go") {
  auto work = std::make_unique<Work>();
  auto promise = std::make_shared<std::promise<std::unique_ptr<Work>>>();
  work->session = session;
  work->observation = observation;
  work->instruction = instruction;
  work->mark = mark;
  work->wants_chunk = true;
  work->done = [promise](std::unique_ptr<Work> done) { promise->set_value(std::move(done)); };
  inference.ask(std::move(work));
  return promise->get_future();
}

EpisodeMark mark_of(uint64_t seed, uint64_t episode, int64_t step) {
  return {.seed = seed, .episode = episode, .task = "milk", .step = step};
}

// What evaluation executes with this policy, seed and episode.
std::vector<Action> evaluated(const ScheduleConfig& config, uint64_t seed, uint64_t episode,
                              int64_t steps) {
  ArithmeticPolicy policy;
  PolicyDriver driver(policy, config);
  driver.reset("go", "milk", seed, episode);
  std::vector<Action> actions;
  for (int64_t step = 0; step < steps; ++step) {
    Observation observation;
    if (driver.needs_observation(step)) {
      observation = observation_of(uint64_t(step));
      observation.step = step;
    }
    actions.push_back(driver.act(observation, step).action);
  }
  return actions;
}

TEST(Inference, GivesTheActionsOfAnEvaluation) {
  for (const ScheduleKind kind : {ScheduleKind::kSync, ScheduleKind::kAmortised}) {
    ArithmeticPolicy policy;
    Metrics metrics;
    Inference inference(policy, {}, metrics, nullptr);
    const auto session = std::make_shared<Session>(policy.spec(), schedule_of(kind), 0, 1, false);
    std::vector<Action> actions;
    for (int64_t step = 0; step < 40; step += 5) {
      const auto work =
          ask(inference, session, observation_of(uint64_t(step)), mark_of(7, 3, step)).get();
      for (int i = 0; i < 5; ++i) {
        const auto row = work->chunk.actions[size_t(i)];
        actions.emplace_back(row.begin(), row.end());
      }
    }
    EXPECT_EQ(actions, evaluated(schedule_of(kind), 7, 3, 40));
    EXPECT_EQ(policy.plans, kind == ScheduleKind::kSync ? 8 : 4);
  }
}

// All chunks of eight episodes, asked for together or one after the other.
std::vector<Rows<float>> eight_robots(ScheduleKind kind, bool together, ArithmeticPolicy& policy) {
  Metrics metrics;
  Inference inference(policy, {.max_batch = together ? 8 : 1, .batch_wait_ms = 200.0}, metrics,
                      nullptr);
  std::vector<std::shared_ptr<Session>> sessions;
  for (uint64_t robot = 0; robot < 8; ++robot) {
    sessions.push_back(
        std::make_shared<Session>(policy.spec(), schedule_of(kind), 0, robot, false));
  }
  std::vector<Rows<float>> chunks;
  for (int64_t step = 0; step < 50; step += 5) {
    std::vector<std::future<std::unique_ptr<Work>>> answers;
    for (uint64_t robot = 0; robot < 8; ++robot) {
      answers.push_back(ask(inference, sessions[robot],
                            observation_of(100 * robot + uint64_t(step)), mark_of(1, robot, step)));
      if (!together) answers.back().wait();
    }
    for (auto& answer : answers) chunks.push_back(answer.get()->chunk.actions);
  }
  return chunks;
}

TEST(Inference, TogetherEqualsAlone) {
  for (const ScheduleKind kind :
       {ScheduleKind::kSync, ScheduleKind::kAmortised, ScheduleKind::kOverlapped}) {
    ArithmeticPolicy together, alone;
    EXPECT_EQ(eight_robots(kind, true, together), eight_robots(kind, false, alone));
    EXPECT_GT(together.largest_batch, 1);
    EXPECT_EQ(alone.largest_batch, 1);
    // Of the overlapped ones the last, for answers that nobody asks for any more, may be left out.
    if (kind == ScheduleKind::kOverlapped) continue;
    EXPECT_EQ(together.plans, alone.plans);
  }
}

TEST(Inference, OverlappedPlansWhileTheRobotMoves) {
  ArithmeticPolicy policy;
  Metrics metrics;
  Inference inference(policy, {}, metrics, nullptr);
  const auto session =
      std::make_shared<Session>(policy.spec(), schedule_of(ScheduleKind::kOverlapped), 0, 1, false);
  for (int64_t step = 0; step < 30; step += 5) {
    const auto work =
        ask(inference, session, observation_of(uint64_t(step)), mark_of(0, 0, step)).get();
    // The first observation's plan is waited for, no other.
    EXPECT_EQ(work->planned, step == 0) << step;
    EXPECT_TRUE(work->has_intent);
  }
}

TEST(Inference, AnotherInstructionOrEpisodeForgetsThePlan) {
  ArithmeticPolicy policy;
  Metrics metrics;
  Inference inference(policy, {}, metrics, nullptr);
  const auto session =
      std::make_shared<Session>(policy.spec(), schedule_of(ScheduleKind::kAmortised), 0, 1, false);
  const auto planned = [&](const EpisodeMark& mark, const char* instruction) {
    return ask(inference, session, observation_of(1), mark, instruction).get()->planned;
  };
  EXPECT_TRUE(planned(mark_of(0, 0, 0), "go"));
  EXPECT_FALSE(planned(mark_of(0, 0, 5), "go"));
  EXPECT_TRUE(planned(mark_of(0, 0, 10), "go"));    // used up
  EXPECT_TRUE(planned(mark_of(0, 0, 15), "stop"));  // another instruction
  EXPECT_TRUE(planned(mark_of(0, 1, 20), "stop"));  // another episode
  EXPECT_TRUE(planned(mark_of(0, 1, 0), "stop"));   // back at the start
  EpisodeMark reset = mark_of(0, 1, 5);
  reset.reset = true;
  EXPECT_TRUE(planned(reset, "stop"));
  EXPECT_FALSE(planned(mark_of(0, 1, 10), "stop"));
  EXPECT_TRUE(planned({}, "stop"));  // no step: it may be any episode
}

TEST(Inference, AClientThatSaysNothingHasItsOwnStream) {
  ArithmeticPolicy policy;
  Metrics metrics;
  Inference inference(policy, {}, metrics, nullptr);
  std::vector<Rows<float>> chunks;
  for (uint64_t number : {1, 2}) {
    const auto session = std::make_shared<Session>(policy.spec(), schedule_of(ScheduleKind::kSync),
                                                   0, number, false);
    for (int call = 0; call < 2; ++call) {
      chunks.push_back(ask(inference, session, observation_of(1), {}).get()->chunk.actions);
    }
  }
  for (size_t i = 0; i < chunks.size(); ++i) {
    for (size_t j = 0; j < i; ++j) EXPECT_NE(chunks[i], chunks[j]);
  }
}

TEST(Inference, OneThatFailsFailsAlone) {
  class Picky final : public Policy, public Planner, public Refiner {
   public:
    const PolicySpec& spec() const override { return inner_.spec(); }
    Planner* planner() override { return this; }
    Refiner& refiner() override { return *this; }
    const action::Codec& codec() const override { return inner_.codec(); }
    void plan(std::span<const PlanRequest> requests, std::span<IntentPlan> plans) override {
      for (const PlanRequest& request : requests) {
        if (request.instruction == "bad") throw Error(ErrorCode::kBadInput, "no such thing");
      }
      inner_.plan(requests, plans);
    }
    void refine(std::span<const RefineRequest> requests, std::span<ActionChunk> chunks) override {
      inner_.refine(requests, chunks);
    }

   private:
    ArithmeticPolicy inner_;
  } policy;
  Metrics metrics;
  Inference inference(policy, {.max_batch = 8, .batch_wait_ms = 100.0}, metrics, nullptr);
  std::vector<std::future<std::unique_ptr<Work>>> answers;
  for (uint64_t robot = 0; robot < 4; ++robot) {
    const auto session = std::make_shared<Session>(
        policy.spec(), schedule_of(ScheduleKind::kAmortised), 0, robot, false);
    answers.push_back(ask(inference, session, observation_of(robot), mark_of(0, robot, 0),
                          robot == 2 ? "bad" : "go"));
  }
  for (size_t robot = 0; robot < 4; ++robot) {
    EXPECT_EQ(answers[robot].get()->failure != nullptr, robot == 2);
  }
}

}  // namespace
}  // namespace libra::serving
