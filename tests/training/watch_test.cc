// Looking at the policy while it learns, and steps that are not finite.
#include "libra/training/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/training/training_log.h"
#include "tests/support/message_of.h"
#include "tests/support/temp_folder.h"
#include "tests/training/toy_run.h"

namespace libra::training {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

WatchReport seen(double success, double error) {
  WatchReport report;
  if (success >= 0) report.closed_loop = ClosedLoop{{{"s", 100, int(std::lround(100 * success))}}};
  if (error >= 0) report.replay = data::ReplayError{.policy = {error}, .hold = {1.0}};
  return report;
}

TEST(Watcher, SuccessDecidesThenTheOpenLoopError) {
  WatchConfig config;
  config.eval_every = 2;
  config.replay_every = 1;
  Watcher watcher(config, 9);
  EXPECT_FALSE(watcher.due_at(0));
  EXPECT_FALSE(watcher.note(1, seen(-1, 0.1))) << "nothing was played";
  EXPECT_TRUE(watcher.note(2, seen(0.5, 0.3)));
  EXPECT_FALSE(watcher.due_at(2)) << "it was looked at";
  EXPECT_FALSE(watcher.note(3, seen(-1, 0.01)));
  EXPECT_TRUE(watcher.note(4, seen(0.5, 0.2))) << "as many successes, a smaller error";
  EXPECT_FALSE(watcher.note(6, seen(0.5, 0.25)));
  EXPECT_FALSE(watcher.note(8, seen(0.4, 0.01)));
  EXPECT_TRUE(watcher.plays_at(9)) << "the last step is always looked at";
  Watcher other(config, 9);
  other.set_state(watcher.state());
  EXPECT_EQ(other.summary(), watcher.summary());
  EXPECT_TRUE(other.note(9, seen(0.5, 0.2))) << "of equals the later one";
  EXPECT_THAT(other.summary(), HasSubstr("best success 0.50, replay 0.2000 at step 9"));
}

TEST(Watcher, WithoutEpisodesTheErrorDecides) {
  WatchConfig config;
  config.replay_every = 1;
  Watcher watcher(config, 9);
  EXPECT_TRUE(watcher.note(1, seen(-1, 0.3)));
  EXPECT_FALSE(watcher.note(2, seen(-1, 0.4)));
  EXPECT_TRUE(watcher.note(3, seen(-1, 0.2)));
}

TrainConfig watched_run() {
  TrainConfig config = short_run();
  config.steps = 8;
  config.checkpoint_every = 3;
  config.log_every = 1;
  config.watch.replay_every = 2;
  config.watch.replay_episodes = 2;
  config.watch.eval_every = 2;
  return config;
}

std::string bytes_of(const std::string& folder) { return read_file(folder + "/model.safetensors"); }

// Successes of 10 at each step; looks at the checkpoint it is given.
struct Player {
  std::map<int, int> successes = {{2, 3}, {4, 7}, {6, 5}, {8, 6}};
  int stop_at = -1;  // told to stop there
  std::vector<std::string> played = {};
  Evaluate evaluate() {
    return [this](const std::string& checkpoint) -> std::optional<ClosedLoop> {
      const int step = 2 * int(played.size() + 1);
      if (step == stop_at) return std::nullopt;
      played.push_back(bytes_of(checkpoint));
      return ClosedLoop{{{"object", 10, successes.at(step)}}};
    };
  }
};

std::vector<nlohmann::json> looks_of(const std::string& run) {
  std::vector<nlohmann::json> looks;
  for (auto& line : read_training_log(run)) {
    if (line.contains("watch")) looks.push_back(line);
  }
  return looks;
}

// The best policy is the checkpoint that did best, and a run that was stopped while episodes were
// played goes on with them and ends with the same bytes.
TEST(Watch, TheBestIsKeptAndResumingGivesTheSameBytes) {
  const TempFolder folder;
  const std::atomic<bool> go{false};
  Player player;
  ToyRun straight(folder / "straight", watched_run(), {}, small_model(Variant::kFull),
                  player.evaluate());
  EXPECT_TRUE(straight.trainer->run(go));
  ASSERT_EQ(player.played.size(), 4u);
  EXPECT_EQ(bytes_of(straight.dir + "/best"), player.played[1]);
  EXPECT_EQ(straight.weights(), player.played[3]);
  EXPECT_NE(player.played[1], player.played[3]);
  const auto looks = looks_of(straight.dir);
  ASSERT_EQ(looks.size(), 4u);
  const bool best[] = {true, true, false, false};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(looks[i]["step"], 2 * (i + 1));
    const auto& watch = looks[i]["watch"];
    EXPECT_EQ(watch["best"], best[i]);
    EXPECT_EQ(watch["closed_loop"]["success"], player.successes.at(2 * int(i + 1)) / 10.0);
    EXPECT_GT(watch["replay"]["error"], 0.0);
    EXPECT_EQ(watch["replay"]["episodes"], 2);
    EXPECT_EQ(watch["replay"]["dimensions"].size(), 7u);
  }
  EXPECT_THAT(read_file(straight.dir + "/report.html"), HasSubstr("best step"));

  Player stopped;
  stopped.stop_at = 4;
  {
    ToyRun first(folder / "resumed", watched_run(), {}, small_model(Variant::kFull),
                 stopped.evaluate());
    EXPECT_FALSE(first.trainer->run(go));
  }
  EXPECT_EQ(bytes_of(folder / "resumed/best"), player.played[0]);
  stopped.stop_at = -1;
  ToyRun second(folder / "resumed", watched_run(), {}, small_model(Variant::kFull),
                stopped.evaluate());
  second.trainer->resume();
  EXPECT_TRUE(second.trainer->run(go));
  EXPECT_EQ(stopped.played, player.played);
  EXPECT_EQ(second.weights(), straight.weights());
  EXPECT_EQ(bytes_of(second.dir + "/best"), bytes_of(straight.dir + "/best"));
  for (const char* name : {"state.json", "planner.safetensors", "refiner.safetensors"}) {
    EXPECT_EQ(read_file(second.dir + "/resume/" + name),
              read_file(straight.dir + "/resume/" + name))
        << name;
  }
  EXPECT_EQ(looks_of(second.dir), looks);
}

TEST(Watch, NothingChangesWhatIsLearnt) {
  const TempFolder folder;
  const std::atomic<bool> go{false};
  TrainConfig config = watched_run();
  Player player;
  ToyRun watched(folder / "watched", config, {}, small_model(Variant::kFull), player.evaluate());
  watched.trainer->run(go);
  config.watch = {};
  ToyRun plain(folder / "plain", config, {}, small_model(Variant::kFull));
  plain.trainer->run(go);
  EXPECT_EQ(watched.weights(), plain.weights());
  EXPECT_FALSE(fs::exists(plain.dir + "/best"));
}

TEST(Watch, DemonstrationsToReplayMustBeHeldOut) {
  const TempFolder folder;
  TrainConfig config = watched_run();
  config.sampling.held_out = 0;
  EXPECT_THAT(message_of([&] { ToyRun(folder.path(), config, {}, small_model(Variant::kFull)); }),
              HasSubstr("train.sampling.held_out"));
}

// A demonstration whose proprio is not a number: steps that drew from it are left out.
void spoil(ToyRun& run) {
  for (const int d : {0, 1}) {
    auto& demo = const_cast<data::Demo&>(run.demos.demo(d));
    for (int t = 0; t < demo.frames; ++t) demo.proprio[size_t(t)][0] = std::nan("");
  }
}

TEST(SkipNan, StepsThatAreNotFiniteAreLeftOutAndCounted) {
  const TempFolder folder;
  const std::atomic<bool> go{false};
  TrainConfig config = short_run();
  config.steps = 24;
  config.batch = 2;
  config.validate_every = 1000;
  config.sampling.held_out = 0.1;
  config.skip_nan = true;
  const auto weights_of = [](const ToyRun& run) {
    std::vector<torch::Tensor> all;
    for (const auto& p : run.bundle.planner->parameters()) all.push_back(p.detach().clone());
    for (const auto& p : run.bundle.refiner->parameters()) all.push_back(p.detach().clone());
    return all;
  };
  ToyRun run(folder / "a", config, {}, small_model(Variant::kFull));
  spoil(run);
  int left_out = 0;
  for (int i = 0; i < config.steps; ++i) {
    const auto before = weights_of(run);
    const StepReport report = run.trainer->advance();
    left_out += report.finite ? 0 : 1;
    bool planner_same = true;
    const auto after = weights_of(run);
    for (size_t p = 0; p < after.size(); ++p) {
      ASSERT_TRUE(after[p].isfinite().all().item<bool>());
      planner_same &= torch::equal(before[p], after[p]);
    }
    EXPECT_EQ(planner_same,
              !std::isfinite(report.planner_norm) && !std::isfinite(report.refiner_norm));
  }
  EXPECT_GT(left_out, 0);
  EXPECT_LT(left_out, config.steps);
  EXPECT_EQ(run.trainer->skipped(), left_out);

  // The loop writes the count down, and a resumed run goes on counting.
  ToyRun whole(folder / "b", config, {}, small_model(Variant::kFull));
  spoil(whole);
  whole.trainer->run(go);
  EXPECT_EQ(whole.trainer->skipped(), left_out);
  int64_t logged = -1;
  for (const auto& line : read_training_log(whole.dir)) {
    if (line.contains("skipped")) logged = line["skipped"];
  }
  EXPECT_EQ(logged, left_out);
  ToyRun again(folder / "b", config, {}, small_model(Variant::kFull));
  again.trainer->resume();
  EXPECT_EQ(again.trainer->skipped(), left_out);
}

TEST(SkipNan, WeightsThatAreNotFiniteEndTheRunAllTheSame) {
  const TempFolder folder;
  const std::atomic<bool> go{false};
  TrainConfig config = short_run();
  config.steps = 200;
  config.skip_nan = true;
  ToyRun run(folder.path(), config, {}, small_model(Variant::kFull));
  run.trainer->advance();
  run.trainer->write_checkpoint();
  const std::string good = run.weights();
  {
    const torch::NoGradGuard no_grad;
    run.bundle.planner->parameters()[0].fill_(std::nan(""));
  }
  EXPECT_THAT(message_of([&] { run.trainer->run(go); }), HasSubstr("50 steps in a row"));
  EXPECT_EQ(run.weights(), good) << "though checkpoints were due";
}

}  // namespace
}  // namespace libra::training
