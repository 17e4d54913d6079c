// Memorisation tests through rollouts and results: who listens, who replays and who stands still.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "libra/core/error.h"
#include "libra/eval/report.h"
#include "libra/eval/results.h"
#include "toy.h"

namespace libra::eval {
namespace {

// The toy world under the four tests: one that changes nothing that the toy can see, two that ask
// for another item, and one whose words ask for nothing.
class MemoryEnv final : public Env {
 public:
  explicit MemoryEnv(const Task& task) : toy_(task) {}
  void reset(const EpisodeKey& key) override {
    key_ = key;
    EpisodeKey plain = key;
    plain.variation.clear();
    if (key.variation == "replaced_target") plain.target = "cup";
    if (key.variation == "swapped_instruction") plain.target = "apple";
    toy_.reset(plain);
    steps_ = 0;
  }
  StepResult step(const Action& action) override {
    ++steps_;
    toy_.step(action);
    const std::string& lifted = toy_.first_lifted();
    const bool asks = key_.variation != "meaningless_instruction";
    const bool late = steps_ >= task().max_steps;
    StepResult result;
    if (asks && lifted == toy_.target()) {
      result.reached = Goal::kAsked;
    } else if (key_.variation.ends_with("instruction") && lifted == task().name) {
      result.reached = Goal::kOld;
    }
    result.success = asks ? result.reached == Goal::kAsked : late && result.reached == Goal::kNone;
    result.done = late || result.reached != Goal::kNone;
    return result;
  }
  void observe(Observation& out) override { toy_.observe(out); }
  const Embodiment& embodiment() const override { return toy_.embodiment(); }
  const Task& task() const override { return toy_.task(); }
  const std::string& instruction() const override {
    static const std::string kNothing = "violet seven";
    return key_.variation == "meaningless_instruction" ? kNothing : toy_.instruction();
  }
  std::vector<std::string> items() const override { return toy_.items(); }
  const std::string& target() const override { return toy_.target(); }
  const std::string& first_lifted() const override { return toy_.first_lifted(); }

 private:
  ToyEnv toy_;
  EpisodeKey key_;
  int steps_ = 0;
};

RolloutRequest memory_request() {
  RolloutRequest request = toy_request();
  request.suites[0].tasks = {{"toy", "book", "touch the book", 60}};
  request.make_env = [](const Task& task) { return std::make_unique<MemoryEnv>(task); };
  for (const char* test :
       {"swapped_positions", "replaced_target", "swapped_instruction", "meaningless_instruction"})
    request.variations.push_back({test, "memorisation"});
  return request;
}

Results run(const RolloutRequest& request) { return make_results(request, run_rollouts(request)); }

// Right, asked, old, neither of a row.
std::array<int, 4> counts_of(const Results& r, size_t row) {
  const Tally t = r.variations.at(row).total();
  return {t.successes, t.asked, t.old, t.neither()};
}

TEST(MemorisationRows, OfWhoListens) {
  const Results r = run(memory_request());
  EXPECT_EQ(counts_of(r, 0), (std::array{7, 7, 0, 0}));
  EXPECT_EQ(counts_of(r, 1), (std::array{7, 7, 0, 0}));
  EXPECT_EQ(counts_of(r, 2), (std::array{7, 7, 0, 0}));
  EXPECT_EQ(counts_of(r, 3), (std::array{7, 0, 0, 7}));
  ASSERT_TRUE(r.grounding());
  EXPECT_DOUBLE_EQ(r.grounding()->score, 1.0);
  EXPECT_DOUBLE_EQ(r.grounding(0)->score, 1.0);
}

TEST(MemorisationRows, OfWhoReplays) {
  RolloutRequest request = memory_request();
  request.make_policy = [] { return std::make_unique<ToyPolicy>(/*deaf=*/true); };
  const Results r = run(request);
  EXPECT_EQ(counts_of(r, 0), (std::array{7, 7, 0, 0}));
  EXPECT_EQ(counts_of(r, 1), (std::array{0, 0, 0, 7}));
  EXPECT_EQ(counts_of(r, 2), (std::array{0, 0, 7, 0}));
  EXPECT_EQ(counts_of(r, 3), (std::array{0, 0, 7, 0}));
  EXPECT_EQ(r.grounding()->score, 0.0);
}

class StillPolicy final : public Policy, public Refiner {
 public:
  const PolicySpec& spec() const override { return inner_.spec(); }
  Planner* planner() override { return inner_.planner(); }
  Refiner& refiner() override { return *this; }
  const action::Codec& codec() const override { return inner_.codec(); }
  void refine(std::span<const RefineRequest>, std::span<ActionChunk> chunks) override {
    for (ActionChunk& chunk : chunks) chunk = ActionChunk(spec().horizon, kToyDims);
  }

 private:
  ToyPolicy inner_;
};

TEST(MemorisationRows, OfWhoStandsStill) {
  RolloutRequest request = memory_request();
  request.make_policy = [] { return std::make_unique<StillPolicy>(); };
  const Results r = run(request);
  for (size_t row = 0; row < 3; ++row) EXPECT_EQ(counts_of(r, row), (std::array{0, 0, 0, 7}));
  EXPECT_EQ(counts_of(r, 3), (std::array{7, 0, 0, 7}));
  EXPECT_EQ(r.grounding()->score, 0.0);
}

TEST(MemorisationRows, AreInTheFileTheTableAndTheReport) {
  RolloutRequest request = memory_request();
  request.suites[0].tasks.push_back({"toy", "apple", "touch the apple", 60});
  request.variations[0].without["toy/apple"] = "apples roll";
  const RolloutOutcome outcome = run_rollouts(request);
  EXPECT_EQ(outcome.episodes.size(), 7u * 7);
  const Results r = make_results(request, outcome);
  const auto json = nlohmann::json::parse(to_json(r));
  EXPECT_EQ(json["variations"][0]["episodes"], 7);
  EXPECT_EQ(json["variations"][1]["episodes"], 14);
  EXPECT_EQ(json["variations"][0]["without"]["toy/apple"], "apples roll");
  EXPECT_FALSE(json["variations"][1].contains("without"));
  EXPECT_EQ(json["variations"][3]["neither"], 14);
  EXPECT_EQ(json["variations"][2]["suites"][0]["asked"], json["variations"][2]["asked"]);
  EXPECT_DOUBLE_EQ(json["grounding"]["score"], r.grounding()->score);
  EXPECT_EQ(json["grounding"]["suites"][0]["name"], "toy");
  EXPECT_EQ(json["grounding"]["ci95"].size(), 2u);
  EXPECT_EQ(to_json(parse_results(to_json(r), "results.json")), to_json(r));
  const std::string table = to_table(r);
  EXPECT_NE(table.find("grounding score "), std::string::npos);
  EXPECT_NE(table.find("neither"), std::string::npos);
  EXPECT_NE(table.find("not run: swapped_positions on toy/apple: apples roll"), std::string::npos);
  const std::string html = to_html(r, outcome, {});
  EXPECT_NE(html.find("grounding score"), std::string::npos);
  EXPECT_NE(html.find("apples roll"), std::string::npos);
}

TEST(MemorisationRows, EachGroupListsItsOwnTasksThatAreLeftOut) {
  RolloutRequest request = memory_request();
  request.suites[0].tasks.push_back({"toy", "apple", "touch the apple", 60});
  request.variations[0].without["toy/apple"] = "apples roll";
  request.variations.push_back({"clearance:5", "clearance"});
  request.variations.back().without["toy/apple"] = "nothing is taken";
  const RolloutOutcome outcome = run_rollouts(request);
  const std::string html = to_html(make_results(request, outcome), outcome, {});
  const size_t memorisation = html.find("By memorisation"), clearance = html.find("By clearance");
  const size_t rolls = html.find("apples roll"), taken = html.find("nothing is taken");
  ASSERT_LT(memorisation, clearance);
  EXPECT_LT(memorisation, rolls);
  EXPECT_LT(rolls, clearance);
  EXPECT_LT(clearance, taken);
  EXPECT_EQ(html.find("apples roll", rolls + 1), std::string::npos);
}

TEST(MemorisationRows, WithoutAllFourThereIsNoScore) {
  RolloutRequest request = memory_request();
  request.variations.pop_back();
  const Results r = run(request);
  EXPECT_FALSE(r.grounding());
  EXPECT_EQ(to_json(r).find("\"grounding\""), std::string::npos);
  EXPECT_EQ(to_table(r).find("grounding"), std::string::npos);
}

TEST(MemorisationRows, NoTaskLeftIsRefused) {
  RolloutRequest request = memory_request();
  for (VariationRow& row : request.variations) row.without["toy/book"] = "closed";
  try {
    run_rollouts(request);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kBadInput);
  }
}

}  // namespace
}  // namespace libra::eval
