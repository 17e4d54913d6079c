#include "libra/eval/results.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "libra/core/error.h"
#include "toy.h"

namespace libra::eval {
namespace {

Results toy_results() {
  const RolloutRequest request = toy_request();
  Results r = make_results(request, run_rollouts(request));
  r.checkpoint = "checkpoints/toy";
  r.machine = "a \"quoted\" machine";
  r.command = "libra eval --suite toy";
  r.denoise_steps = 7;
  return r;
}

TEST(Results, HaveTheStableKeys) {
  const Results r = toy_results();
  const auto json = nlohmann::json::parse(to_json(r));
  EXPECT_EQ(json["format"], 1);
  EXPECT_EQ(json["checkpoint"], "checkpoints/toy");
  EXPECT_EQ(json["schedule"], "amortised");
  EXPECT_EQ(json["M"], 2);
  EXPECT_EQ(json["N"], 10);
  EXPECT_EQ(json["seed"], 11);
  EXPECT_EQ(json["layout"], "libero");
  EXPECT_EQ(json["instruction"], "task");
  EXPECT_TRUE(json["perturbation"].is_null());
  const auto& suite = json["suites"][0];
  EXPECT_EQ(suite["name"], "toy");
  EXPECT_EQ(suite["episodes"], 21);
  EXPECT_EQ(suite["ci95"].size(), 2u);
  EXPECT_TRUE(suite["named_item_rate"].is_number());
  int successes = 0;
  for (const auto& task : suite["tasks"]) {
    EXPECT_EQ(task["episodes"], 7);
    EXPECT_TRUE(task["name"].is_string());
    EXPECT_TRUE(task["instruction"].is_string());
    successes += task["successes"].get<int>();
  }
  EXPECT_DOUBLE_EQ(suite["success_rate"], successes / 21.0);
  EXPECT_DOUBLE_EQ(json["average"], successes / 21.0);
  for (const char* part : {"planner", "refiner", "per_chunk"}) {
    EXPECT_TRUE(json["latency_ms"][part]["p50"].is_number()) << part;
    EXPECT_TRUE(json["latency_ms"][part]["p99"].is_number()) << part;
  }
  EXPECT_TRUE(json["wall_s"].is_number());
}

TEST(Results, RoundTrip) {
  const Results r = toy_results();
  const std::string json = to_json(r);
  const Results back = parse_results(json, "results.json");
  EXPECT_EQ(to_json(back), json);
  EXPECT_EQ(back.suites[0].tasks[2].tally.successes, r.suites[0].tasks[2].tally.successes);
  EXPECT_EQ(back.suites[0].protocol, (Protocol{{"control_hz", "20"}}));
  EXPECT_EQ(back.suites[0].items.at("cup").named, r.suites[0].items.at("cup").named);
  EXPECT_EQ(to_table(back), to_table(r));
}

// Tasks of a category are counted together over all suites.
TEST(Results, AverageOverTasksAndOverCategories) {
  RolloutRequest request = toy_request();
  for (Task& task : request.suites[0].tasks) task.category = task.name == "cup" ? "Noise" : "Light";
  request.suites[0].protocol.emplace_back(std::string(kLeftOut) + "Smell", "3 of 4: no nose");
  const Results r = make_results(request, run_rollouts(request));
  const auto rows = r.categories();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].name, "Light");
  EXPECT_EQ(rows[1].name, "Noise");
  const Tally light = rows[0].total(), noise = rows[1].total();
  EXPECT_EQ(light.episodes, 14);
  EXPECT_EQ(noise.episodes, 7);
  ASSERT_NE(light.rate(), noise.rate()) << "else the averages are equal";
  const auto averages = r.category_averages();
  ASSERT_TRUE(averages);
  EXPECT_DOUBLE_EQ(averages->over_tasks, (light.successes + noise.successes) / 21.0);
  EXPECT_DOUBLE_EQ(averages->over_categories, (light.rate() + noise.rate()) / 2);

  const auto json = nlohmann::json::parse(to_json(r));
  EXPECT_DOUBLE_EQ(json["average_over_tasks"], averages->over_tasks);
  EXPECT_DOUBLE_EQ(json["average_over_categories"], averages->over_categories);
  EXPECT_EQ(json["categories"][1]["name"], "Noise");
  EXPECT_EQ(json["suites"][0]["tasks"][2]["category"], "Noise");
  EXPECT_EQ(json["suites"][0]["protocol"]["left_out Smell"], "3 of 4: no nose");
  const std::string table = to_table(r);
  for (const char* part : {"Light", "Noise", "over 2 categories", "average over tasks",
                           "left out of toy: Smell, 3 of 4: no nose"})
    EXPECT_NE(table.find(part), std::string::npos) << part << "\n" << table;
  EXPECT_EQ(table.find("touch"), std::string::npos) << "thousands of tasks are no table";

  const Results back = parse_results(to_json(r), "results.json");
  EXPECT_EQ(to_json(back), to_json(r));
  EXPECT_EQ(to_table(back), table);
  EXPECT_FALSE(toy_results().category_averages());
}

TEST(Results, ForeignOrDamagedFilesNameTheKey) {
  const auto message = [](const std::string& text) -> std::string {
    try {
      parse_results(text, "out/results.json");
    } catch (const Error& e) {
      EXPECT_EQ(e.exit_code(), 2);
      return e.what();
    }
    return "accepted";
  };
  EXPECT_NE(message("").find("out/results.json"), std::string::npos);
  EXPECT_NE(message("[1]").find("not a JSON object"), std::string::npos);
  EXPECT_NE(message("{}").find("\"format\""), std::string::npos);
  EXPECT_NE(message(R"({"format": 2})").find("\"format\""), std::string::npos);
  auto json = nlohmann::json::parse(to_json(toy_results()));
  json["suites"][0]["tasks"][1]["successes"] = "many";
  EXPECT_NE(message(json.dump()).find("\"successes\""), std::string::npos);
  json["suites"] = 5;
  EXPECT_NE(message(json.dump()).find("\"suites\""), std::string::npos);
  json["seed"] = nullptr;
  EXPECT_NE(message(json.dump()).find("\"seed\""), std::string::npos);
  const std::string whole = to_json(toy_results());
  for (size_t cut = 0; cut + 2 < whole.size(); cut += 97) {
    EXPECT_NE(message(whole.substr(0, cut)), "accepted") << cut;
  }
}

TEST(Results, OfBeforeRollingForwardHaveNoRoll) {
  auto json = nlohmann::ordered_json::parse(to_json(toy_results()));
  EXPECT_EQ(json["runtime"].size(), 20u);
  EXPECT_EQ(json["runtime"].begin().key(), "planner_latency");
  json["runtime"]["max_roll"] = 3;
  EXPECT_EQ(parse_results(json.dump(), "results.json").runtime.max_roll, 3);
  json["runtime"].erase("max_roll");
  EXPECT_EQ(parse_results(json.dump(), "results.json").runtime.max_roll, 0);
  json["runtime"].erase("execute");
  try {
    parse_results(json.dump(), "results.json");
    ADD_FAILURE() << "accepted";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("\"execute\""), std::string::npos) << e.what();
  }
}

Results varied_results() {
  RolloutRequest request = toy_request();
  request.variations = {{"wind:2", "perturbation"}, {"stuck", "perturbation"}, {"", "other"}};
  return make_results(request, run_rollouts(request));
}

TEST(Results, VariationsGetARowEach) {
  const Results r = varied_results();
  const auto json = nlohmann::json::parse(to_json(r));
  EXPECT_EQ(json["perturbation"], "wind:2,stuck");
  ASSERT_EQ(json["variations"].size(), 3u);
  int successes = 0;
  for (const auto& row : json["variations"]) {
    EXPECT_EQ(row["episodes"], 21);
    EXPECT_EQ(row["ci95"].size(), 2u);
    EXPECT_EQ(row["suites"][0]["name"], "toy");
    EXPECT_EQ(row["suites"][0]["successes"], row["successes"]);
    EXPECT_DOUBLE_EQ(row["success_rate"], row["successes"].get<int>() / 21.0);
    successes += row["successes"].get<int>();
  }
  EXPECT_EQ(json["variations"][0]["name"], "wind:2");
  EXPECT_EQ(json["variations"][0]["group"], "perturbation");
  EXPECT_EQ(json["variations"][1]["successes"], 0);
  EXPECT_GT(json["variations"][2]["successes"], 10);
  EXPECT_EQ(json["suites"][0]["episodes"], 63);
  EXPECT_DOUBLE_EQ(json["suites"][0]["success_rate"], successes / 63.0);
  EXPECT_EQ(to_json(parse_results(to_json(r), "results.json")), to_json(r));
}

TEST(Results, PlainEpisodesHaveNoWordOfVariations) {
  const std::string json = to_json(toy_results());
  EXPECT_EQ(json.find("\"variations\""), std::string::npos);
  EXPECT_NE(json.find("\"perturbation\": null"), std::string::npos);
  EXPECT_EQ(to_table(toy_results()).find("perturbation"), std::string::npos);
}

TEST(Results, TheTableListsVariationsByGroup) {
  const std::string table = to_table(varied_results());
  const size_t head = table.find("  perturbation"), wind = table.find("  wind:2"),
               stuck = table.find("  stuck "), other = table.find("  other ");
  EXPECT_LT(head, wind);
  EXPECT_LT(wind, stuck);
  EXPECT_LT(stuck, other);
  EXPECT_NE(table.find("0/21      0.0 %", stuck), std::string::npos);
}

TEST(Results, DamagedVariationsNameTheKey) {
  auto json = nlohmann::json::parse(to_json(varied_results()));
  json["variations"][1]["suites"][0]["successes"] = -3;
  try {
    parse_results(json.dump(), "r.json");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("\"successes\""), std::string::npos);
  }
}

TEST(Results, AverageIsTheMeanOfTheSuites) {
  Results r;
  r.suites.resize(3);
  r.suites[0].tasks.resize(1);
  r.suites[0].tasks[0].tally = {10, 10, 0, 0, 0};
  r.suites[1].tasks.resize(2);
  r.suites[1].tasks[0].tally = {50, 20, 0, 0, 0};
  r.suites[1].tasks[1].tally = {50, 30, 0, 0, 0};
  EXPECT_DOUBLE_EQ(r.average(), 0.75);  // the third has no episodes yet
}

}  // namespace
}  // namespace libra::eval
