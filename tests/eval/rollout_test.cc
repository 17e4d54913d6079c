#include "libra/eval/rollout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <tuple>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/eval/group.h"
#include "libra/eval/results.h"
#include "libra/runtime/policy_driver.h"
#include "tests/support/temp_folder.h"
#include "toy.h"

namespace libra::eval {
namespace {

using Summary = std::vector<std::tuple<int, uint64_t, bool, int, std::string, std::string>>;

Summary summary(const RolloutOutcome& outcome) {
  Summary s;
  for (const EpisodeRecord& e : outcome.episodes) {
    s.emplace_back(e.task, e.episode, e.success, e.steps, e.target, e.first_lifted);
  }
  return s;
}

std::vector<std::vector<Action>> actions(const RolloutOutcome& outcome) {
  std::vector<std::vector<Action>> all;
  for (const EpisodeRecord& e : outcome.episodes) all.push_back(e.actions);
  return all;
}

TEST(Rollouts, DoNotDependOnTheNumberOfWorkers) {
  RolloutRequest request = toy_request();
  const RolloutOutcome one = run_rollouts(request);
  request.workers = 3;
  const RolloutOutcome three = run_rollouts(request);
  EXPECT_EQ(one.episodes.size(), 21u);
  EXPECT_TRUE(one.complete);
  EXPECT_EQ(summary(one), summary(three));
  EXPECT_EQ(actions(one), actions(three));
  request.seed = 12;
  EXPECT_NE(actions(run_rollouts(request)), actions(one));
}

TEST(PolicyDriver, DrivesAnEpisodeAsTheLockstepEvaluationDoes) {
  const RolloutRequest request = toy_request();
  int compared = 0;
  for (const EpisodeRecord& record : run_rollouts(request).episodes) {
    if (record.episode != 0) continue;  // actions are kept of these only
    ToyPolicy policy;
    ToyEnv env(request.suites[0].tasks[size_t(record.task)]);
    env.reset({.layout = request.layout,
               .seed = evaluation_seed(request.seed),
               .episode = 0,
               .target = ""});
    PolicyDriver driver(policy, request.schedule);
    driver.reset(env.instruction(), env.task().name, request.seed, record.episode);
    std::vector<Action> driven;
    Observation observation;
    for (StepResult result; !result.done; result = env.step(driven.back())) {
      const int64_t step = int64_t(driven.size());
      if (driver.needs_observation(step)) env.observe(observation);
      driven.push_back(driver.act(observation, step).action);
      EXPECT_EQ(driver.planned(), step % (2 * policy.spec().horizon) < policy.spec().horizon);
    }
    EXPECT_EQ(driven, record.actions);
    ++compared;
  }
  EXPECT_EQ(compared, 3);
}

TEST(PolicyDriver, PlansAnewWhenItGetsTheWheelBack) {
  ToyPolicy policy;
  ToyEnv env({"toy", "apple", "touch the apple", 60});
  env.reset({});
  PolicyDriver driver(policy, {});
  Observation observation;
  env.observe(observation);
  driver.reset("touch the apple", "apple", 1, 0);
  const Action towards_apple = driver.act(observation, 0).action;
  // Three steps later, in the middle of the chunk, with another instruction.
  driver.reset("touch the cup", "apple", 1, 0);
  EXPECT_TRUE(driver.needs_observation(3));
  EXPECT_LT(towards_apple[0] * driver.act(observation, 3).action[0],
            0);  // the cup is on the other side
  EXPECT_TRUE(driver.planned());
}

TEST(Rollouts, AFilmHasALogOfWhatWasPlannedAndDoneBesideIt) {
  const TempFolder folder;
  RolloutRequest request = toy_request();
  request.videos = 1;
  request.video_dir = folder.path();
  int films = 0;
  for (const EpisodeRecord& record : run_rollouts(request).episodes) {
    if (record.video.empty()) continue;
    ++films;
    const std::string path =
        request.video_dir + "/" + record.video.substr(0, record.video.size() - 4) + ".jsonl";
    const EpisodeLog log = EpisodeLog::parse(read_file(path), path);
    EXPECT_THAT(log.head(), testing::HasSubstr(record.instruction));
    int steps = 0, plans = 0;
    for (uint64_t n = log.first(); n < log.next(); ++n) {
      steps += log.line(n).starts_with("{\"e\":\"step\"") ? 1 : 0;
      plans += log.line(n).starts_with("{\"e\":\"plan\"") ? 1 : 0;
    }
    EXPECT_EQ(steps, record.steps);
    EXPECT_EQ(plans, record.runtime.plans);
  }
  EXPECT_EQ(films, 3);
}

// One short episode by the clock; however busy the machine is, it has time enough.
RolloutRequest request_by_the_clock() {
  RolloutRequest request = toy_request();
  request.suites[0].tasks.resize(1);
  request.suites[0].tasks[0].max_steps = 2000;
  request.rollouts = 1;
  request.realtime = true;
  return request;
}

TEST(Rollouts, ByTheClockAPolicyDoesItsTasks) {
  RolloutRequest request = request_by_the_clock();
  const auto play = [&] {
    const RolloutOutcome outcome = run_rollouts(request);
    EXPECT_TRUE(make_results(request, outcome).runtime.realtime);
    const EpisodeRecord e = outcome.episodes.at(0);
    EXPECT_EQ(e.error, "");
    EXPECT_GT(e.runtime.chunks, 0);
    EXPECT_DOUBLE_EQ(e.robot_s, e.steps / 20.0);
    return e;
  };
  EXPECT_TRUE(play().success);  // while it waits the world stands still
  // How stale what it sees is, is the machine's affair; so is whether it hits.
  request.schedule.schedule = ScheduleKind::kOverlapped;
  request.suites[0].tasks[0].max_steps = 25;
  EXPECT_LE(play().steps, 25);
}

TEST(Rollouts, ByTheClockLatenciesAreWaitedFor) {
  RolloutRequest request = request_by_the_clock();
  request.time.planner = LatencyModel::parse("120", "");
  const EpisodeRecord e = run_rollouts(request).episodes[0];
  EXPECT_TRUE(e.success) << e.error;
  EXPECT_GT(e.runtime.held, 0);
  EXPECT_GE(e.chunk_latency_ms, 120.0 * double(e.runtime.plans));
  request.workers = 2;
  EXPECT_THROW(run_rollouts(request), Error);
}

TEST(Rollouts, DoNotDependOnTheSizeOfGroups) {
  RolloutRequest request = toy_request();
  const RolloutOutcome batched = run_rollouts(request);
  request.group_size = 1;
  EXPECT_EQ(summary(run_rollouts(request)), summary(batched));
}

TEST(Rollouts, ABrokenEpisodeFailsAloneAndIsLogged) {
  const RolloutOutcome outcome = run_rollouts(toy_request());
  int broken = 0;
  for (const EpisodeRecord& e : outcome.episodes) {
    if (e.error.empty()) {
      EXPECT_TRUE(e.success) << e.task << " " << e.episode;
      continue;
    }
    ++broken;
    EXPECT_EQ(e.task, 2);
    EXPECT_EQ(e.episode, 5u);
    EXPECT_EQ(e.steps, 7);
    EXPECT_FALSE(e.success);
  }
  EXPECT_EQ(broken, 1);
  EXPECT_EQ(outcome.log, std::vector<std::string>{"toy/cup episode 5 step 7: stuck"});
}

TEST(Rollouts, AFilmThatCannotBeWrittenFailsNoEpisodeButEndsTheRun) {
  RolloutRequest request = toy_request();
  request.videos = 1;
  request.video_dir = "/nowhere/at/all";
  try {
    run_rollouts(request);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("/nowhere/at/all"));
    EXPECT_THAT(error.what(), testing::HasSubstr("--videos 0"));
  }
}

// A policy whose batch calls fail for one instruction.
class BrittlePolicy final : public Policy, public Refiner {
 public:
  const PolicySpec& spec() const override { return inner_.spec(); }
  Planner* planner() override { return inner_.planner(); }
  Refiner& refiner() override { return *this; }
  const action::Codec& codec() const override { return inner_.codec(); }
  void refine(std::span<const RefineRequest> requests, std::span<ActionChunk> chunks) override {
    inner_.refine(requests, chunks);
    for (size_t i = 0; i < requests.size(); ++i) {
      const double x = requests[i].observation->proprio[0];
      if (std::abs(x) > 0.35 && x > 0) throw std::runtime_error("too far right");
      if (std::abs(x) > 0.35) chunks[i].actions[0][0] = NAN;
    }
  }

 private:
  ToyPolicy inner_;
};

TEST(Rollouts, AFailingBatchTakesOnlyItsOwnEpisodesWithIt) {
  RolloutRequest request = toy_request();
  request.make_policy = [] { return std::make_unique<BrittlePolicy>(); };
  const RolloutOutcome outcome = run_rollouts(request);
  for (const EpisodeRecord& e : outcome.episodes) {
    if (e.task == 0) {
      EXPECT_EQ(e.error, "the policy's action is not a finite number");
    } else if (e.task == 1) {
      EXPECT_TRUE(e.success);
    } else {
      EXPECT_EQ(e.error, e.episode == 5 ? "stuck" : "too far right");
    }
  }
  EXPECT_EQ(outcome.episodes.size(), 21u);
}

TEST(Rollouts, SwappedAsksForAnotherPresentItemAndMeasuresWhetherItIsHeard) {
  RolloutRequest request = toy_request();
  request.swapped = true;
  const RolloutOutcome heard = run_rollouts(request);
  std::set<std::string> asked;
  for (const EpisodeRecord& e : heard.episodes) {
    EXPECT_EQ(e.task_target, kToyItems[e.task]);
    EXPECT_NE(e.target, e.task_target);
    EXPECT_TRUE(std::find(kToyItems.begin(), kToyItems.end(), e.target) != kToyItems.end());
    EXPECT_EQ(e.instruction, "touch the " + e.target);
    asked.insert(e.target);
  }
  EXPECT_EQ(asked.size(), 3u);

  request.make_policy = [] { return std::make_unique<ToyPolicy>(/*deaf=*/true); };
  const RolloutOutcome deaf = run_rollouts(request);
  const Results results = make_results(request, deaf);
  EXPECT_EQ(results.suites[0].items.size(), 3u);
  for (const auto& [item, tally] : results.suites[0].items) {
    EXPECT_EQ(tally.named, item == "book" ? tally.episodes : 0) << item;
  }
}

TEST(Rollouts, PlannerOnlyExecutesBinCentres) {
  RolloutRequest request = toy_request();
  request.executor = Executor::kPlannerOnly;
  const RolloutOutcome outcome = run_rollouts(request);
  int compared = 0;
  for (const EpisodeRecord& e : outcome.episodes) {
    for (const ChunkRecord& chunk : e.chunks) {
      for (int i = 0; i < chunk.intent.horizon; ++i) {
        const size_t step = static_cast<size_t>(chunk.step + i);
        if (step >= e.actions.size()) break;
        EXPECT_FLOAT_EQ(e.actions[step][0], float(toy_centre(chunk.intent.bin[i][0], 10)));
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 20);
  EXPECT_EQ(outcome.refiner_elements, 0);
}

TEST(Rollouts, TeacherReplacesThePlanner) {
  RolloutRequest request = toy_request();
  request.executor = Executor::kTeacher;
  request.make_policy = [] { return std::make_unique<ToyPolicy>(/*deaf=*/true); };
  const RolloutOutcome outcome = run_rollouts(request);
  EXPECT_EQ(outcome.planner_elements, 0);
  for (const EpisodeRecord& e : outcome.episodes) {
    if (e.error.empty()) {
      EXPECT_EQ(e.first_lifted, e.target);  // the deaf planner would go to the book
    }
  }
}

TEST(Rollouts, AmortisedHalvesThePlannersCalls) {
  RolloutRequest request = toy_request();
  request.suites[0].tasks.erase(request.suites[0].tasks.begin() + 1);
  const auto counts = [&] {
    const RolloutOutcome o = run_rollouts(request);
    int planned = 0, chunks = 0;
    for (const EpisodeRecord& e : o.episodes) {
      for (const ChunkRecord& c : e.chunks) {
        ++chunks;
        planned += c.planned ? 1 : 0;
        EXPECT_EQ(c.planned, request.schedule.schedule == ScheduleKind::kSync || c.step % 10 == 0);
      }
    }
    return std::pair(planned, chunks);
  };
  request.schedule.schedule = ScheduleKind::kSync;
  const auto sync = counts();
  EXPECT_EQ(sync.first, sync.second);
  request.schedule.schedule = ScheduleKind::kAmortised;
  const auto amortised = counts();
  EXPECT_LT(amortised.first, amortised.second);
}

// Virtual latencies: the outcome follows from them alone, whoever computes it.
TEST(Rollouts, LatencyCostsStepsTheSameForEveryWorkerCount) {
  RolloutRequest request = toy_request();
  request.time = {LatencyModel::parse("normal:60,20", "planner"),
                  LatencyModel::parse("92", "refiner"), false};
  for (const char* schedule : {"sync", "amortised", "overlapped"}) {
    request.schedule.schedule = parse_word<ScheduleKind>(schedule, "test");
    request.workers = 1;
    const RolloutOutcome one = run_rollouts(request);
    request.workers = 3;
    const RolloutOutcome three = run_rollouts(request);
    EXPECT_EQ(summary(one), summary(three)) << schedule;
    EXPECT_EQ(actions(one), actions(three)) << schedule;
    for (const EpisodeRecord& e : one.episodes) {
      EXPECT_TRUE(e.runtime.held > 0 || !e.error.empty()) << schedule;
    }
  }
  request.schedule.schedule = ScheduleKind::kAmortised;
  request.time = {LatencyModel::parse("60", "planner"), LatencyModel::parse("92", "refiner"), true};
  const RolloutOutcome paused = run_rollouts(request);
  request.time = {};
  EXPECT_EQ(summary(paused), summary(run_rollouts(request)));
  const Results results = make_results(request, paused);
  const double chunk = results.runtime.chunk_latency_ms;
  EXPECT_GT(chunk, 122.0 - 1e-6);  // 92 + 60 / 2, and what an odd last chunk adds
  EXPECT_LT(chunk, 152.0);
  EXPECT_GT(results.runtime.success_s, 0.0);
}

TEST(Rollouts, StopKeepsFinishedGroups) {
  RolloutRequest request = toy_request();
  std::atomic<bool> stop{false};
  const RolloutOutcome outcome = run_rollouts(request, &stop, [&](const RolloutProgress& p) {
    EXPECT_EQ(p.total, 21);
    if (p.done >= 6) stop = true;
  });
  EXPECT_FALSE(outcome.complete);
  EXPECT_EQ(outcome.episodes.size(), 6u);
  const Results results = make_results(request, outcome);
  EXPECT_FALSE(results.complete);
  EXPECT_EQ(results.suites[0].total().episodes, 6);
}

TEST(Rollouts, RefuseWhatThePolicyCannotDo) {
  RolloutRequest request = toy_request();
  request.schedule.expansion = 3;  // the toy plans 2 chunks
  EXPECT_THROW(run_rollouts(request), Error);
  request = toy_request();
  request.rollouts = 0;
  EXPECT_THROW(run_rollouts(request), Error);
  request = toy_request();
  request.executor = Executor::kTeacher;
  request.make_oracle = {};
  EXPECT_THROW(run_rollouts(request), Error);
  request = toy_request();
  request.workers = 2;
  request.make_env = [](const Task&) -> std::unique_ptr<Env> {
    throw Error(ErrorCode::kFailed, "no display");
  };
  EXPECT_THROW(run_rollouts(request), Error);
}

TEST(Rollouts, KeepOneStripPerTaskOfSuccessesAndTheFirstFailures) {
  RolloutRequest request = toy_request();
  request.make_policy = [] { return std::make_unique<ToyPolicy>(/*deaf=*/true); };
  const RolloutOutcome outcome = run_rollouts(request);
  std::map<std::pair<int, bool>, int> strips;
  for (const EpisodeRecord& e : outcome.episodes) {
    EXPECT_LE(e.strip.frames.size(), 8u);
    if (!e.strip.frames.empty()) ++strips[{e.task, e.success}];
  }
  EXPECT_EQ((strips[{0, false}]), 2);  // all fail: the deaf policy touches the book
  EXPECT_EQ((strips[{1, true}]), 1);
  EXPECT_EQ((strips[{2, false}]), 2);
}

TEST(SwappedItem, RefusesASceneWithoutAChoice) {
  EXPECT_THROW(swapped_item({"milk"}, "milk", 0, "task", 0), Error);
  EXPECT_EQ(swapped_item({"milk", "butter"}, "milk", 0, "task", 0), "butter");
}

TEST(Spread, IncludesBothEnds) {
  EXPECT_EQ(spread(57, 8), (std::vector<size_t>{0, 8, 16, 24, 32, 40, 48, 56}));
  EXPECT_EQ(spread(3, 8), (std::vector<size_t>{0, 1, 2}));
  EXPECT_TRUE(spread(0, 8).empty());
}

TEST(Rollouts, EveryVariationRunsAllEpisodesAndTheRestIsThePlainRun) {
  RolloutRequest request = toy_request();
  const RolloutOutcome plain = run_rollouts(request);
  request.variations = {{"wind:0", "perturbation"}, {"stuck", "perturbation"}};
  const RolloutOutcome varied = run_rollouts(request);
  ASSERT_EQ(varied.episodes.size(), 2 * plain.episodes.size());
  size_t index = 0;
  for (const EpisodeRecord& record : varied.episodes) {
    if (record.variation == 1) {
      EXPECT_FALSE(record.success);
      EXPECT_TRUE(record.actions.empty());
      continue;
    }
    const EpisodeRecord& same = plain.episodes[index++];
    EXPECT_EQ(record.episode, same.episode);
    EXPECT_EQ(record.success, same.success);
    EXPECT_EQ(record.steps, same.steps);
    EXPECT_EQ(record.error, same.error);
  }
  EXPECT_NE(varied.log.front().find("cup stuck episode 5"), std::string::npos);
}

TEST(Rollouts, VariationsDoNotDependOnTheNumberOfWorkers) {
  RolloutRequest request = toy_request();
  request.variations = {{"wind:3", "perturbation"}, {"", "perturbation"}, {"wind:6", "other"}};
  const RolloutOutcome one = run_rollouts(request);
  request.workers = 2;
  const RolloutOutcome two = run_rollouts(request);
  ASSERT_EQ(one.episodes.size(), two.episodes.size());
  for (size_t i = 0; i < one.episodes.size(); ++i) {
    const EpisodeRecord &a = one.episodes[i], &b = two.episodes[i];
    EXPECT_EQ(std::tie(a.suite, a.task, a.variation, a.episode, a.success, a.steps),
              std::tie(b.suite, b.task, b.variation, b.episode, b.success, b.steps));
  }
}

}  // namespace
}  // namespace libra::eval
