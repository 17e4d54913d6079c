#include "libra/eval/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "libra/eval/merge.h"
#include "libra/eval/results.h"
#include "tests/support/message_of.h"
#include "tests/support/temp_folder.h"
#include "toy.h"

namespace libra::eval {
namespace {

// Results without what a clock told.
nlohmann::json timeless(const Results& results) {
  nlohmann::json json = nlohmann::json::parse(to_json(results));
  for (const char* key : {"wall_s", "latency_ms"}) json.erase(key);
  return json;
}

RolloutRequest varied_request() {
  RolloutRequest request = toy_request();
  request.group_size = 2;
  request.workers = 2;
  request.variations = {{"wind:2", "perturbation"}, {"stuck", "perturbation"}};
  return request;
}

// Runs with a journal in `folder`; stops after so many groups.
RolloutOutcome run_with_journal(RolloutRequest request, const std::string& folder,
                                int stop_after = 1 << 20) {
  std::atomic<bool> stop{false};
  request.finished = read_journal(folder + "/episodes.jsonl", request).episodes;
  EpisodeJournal journal(folder + "/episodes.jsonl", R"({"--seed": "11"})");
  request.on_group = [&](const std::vector<EpisodeRecord>& group) {
    journal.add(request, group);
    if (--stop_after <= 0) stop = true;
  };
  return run_rollouts(request, &stop);
}

TEST(EpisodeJournal, AnInterruptedEvaluationEndsWithTheResultsOfAnUninterruptedOne) {
  const RolloutRequest request = varied_request();
  const TempFolder folder;
  EXPECT_FALSE(run_with_journal(request, folder.path(), 3).complete);
  // A kill in the middle of a line.
  std::ofstream(folder / "episodes.jsonl", std::ios::app) << R"({"suite": "to)";
  EXPECT_FALSE(run_with_journal(request, folder.path(), 4).complete);
  const RolloutOutcome rest = run_with_journal(request, folder.path());
  EXPECT_TRUE(rest.complete);
  EXPECT_EQ(timeless(make_results(request, rest)),
            timeless(make_results(request, run_rollouts(request))));
}

TEST(EpisodeJournal, NothingIsPlayedTwice) {
  const RolloutRequest request = varied_request();
  const TempFolder folder;
  run_with_journal(request, folder.path());
  RolloutRequest again = request;
  again.finished = read_journal(folder / "episodes.jsonl", request).episodes;
  again.on_group = [](const std::vector<EpisodeRecord>&) { FAIL() << "played again"; };
  EXPECT_TRUE(run_rollouts(again).complete);
  EXPECT_EQ(read_journal(folder / "episodes.jsonl", request).settings, R"({"--seed":"11"})");
}

TEST(EpisodeJournal, SaysWhichLineIsNoEpisode) {
  const TempFolder folder;
  std::ofstream(folder / "episodes.jsonl") << "{\"settings\":{}}\n{\"suite\":\"toy\"}\n";
  EXPECT_THAT(message_of([&] { read_journal(folder / "episodes.jsonl", toy_request()); }),
              testing::HasSubstr("episodes.jsonl:2"));
}

TEST(Shards, JoinedEqualTheWhole) {
  const TempFolder folder;
  std::vector<std::string> parts;
  for (int shard = 0; shard < 3; ++shard) {
    RolloutRequest request = varied_request();
    request.shard = shard;
    request.shards = 3;
    const std::string part = folder / std::to_string(shard);
    std::filesystem::create_directories(part);
    const RolloutOutcome outcome = run_with_journal(request, part);
    EXPECT_TRUE(outcome.complete);
    Results results = make_results(request, outcome);
    EXPECT_EQ(results.shard, std::to_string(shard + 1) + "/3");
    std::ofstream(part + "/results.json") << to_json(results);
    parts.push_back(part);
  }
  const RolloutRequest request = varied_request();
  EXPECT_EQ(timeless(merge_shards(parts)), timeless(make_results(request, run_rollouts(request))));
  EXPECT_FALSE(merge_shards({parts[0], parts[2]}).complete);
  EXPECT_THAT(message_of([&] {
                merge_shards({parts[0], parts[0]});
              }),
              testing::HasSubstr("the same episode"));
}

}  // namespace
}  // namespace libra::eval
