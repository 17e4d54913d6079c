// Other wordings of the tasks: what the suites have, and what a faulty file gets.
#include "libra/sim/variation/wording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "libra/core/file.h"
#include "libra/sim/suite.h"
#include "tests/support/message_of.h"

namespace libra::sim::variation {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kSuites = LIBRA_SOURCE_DIR "/assets/suites/";
const std::vector<std::string> kNames = {"spatial", "object", "goal", "long"};

std::map<std::string, Wording> wordings_of(const std::string& suite) {
  return read_wordings(kSuites + suite + "/language.json", load_suite(suite).summary());
}

TEST(Wording, EveryTaskHasFiveLevelsThatNobodyElseUses) {
  std::set<std::string> said;
  for (const std::string& name : kNames)
    for (const Task& task : load_suite(name).summary().tasks) said.insert(task.instruction);
  for (const std::string& name : kNames) {
    const auto wordings = wordings_of(name);
    EXPECT_EQ(wordings.size(), 10u);
    for (const auto& [task, wording] : wordings) {
      for (const auto& level : wording.rewording) {
        for (const std::string& sentence : level)
          EXPECT_TRUE(said.insert(sentence).second) << sentence;
      }
      for (const auto* sentences : {&wording.common_sense, &wording.reasoning}) {
        EXPECT_FALSE(sentences->empty());
        for (const std::string& sentence : *sentences)
          EXPECT_TRUE(said.insert(sentence).second) << sentence;
      }
      EXPECT_GE(wording.distractors.size(), 10u);
    }
  }
}

// With the thing's name left out, no two sentences of the suite are the same.
TEST(Wording, RewordingsAreNotOneTemplate) {
  const task::SuiteSpec suite = load_suite("object");
  const auto wordings = wordings_of("object");
  std::set<std::string> shapes;
  for (const task::TaskSpec& spec : suite.tasks) {
    const std::string thing = task::item_phrase(task::goal_target(spec.problem));
    for (const auto& level : wordings.at(spec.task.name).rewording) {
      std::string shape = level.at(0);
      if (const size_t at = shape.find(thing); at != std::string::npos)
        shape.replace(at, thing.size(), "@");
      EXPECT_TRUE(shapes.insert(shape).second) << shape;
    }
  }
}

// What reads the names of things in a sentence finds the task's own: in the object suite every
// rewording names its item and no other.
TEST(Wording, RewordingsNameTheirItemAlone) {
  const task::SuiteSpec suite = load_suite("object");
  const auto wordings = wordings_of("object");
  for (const task::TaskSpec& spec : suite.tasks) {
    for (const task::TaskSpec& other : suite.tasks) {
      const std::string thing = task::item_phrase(task::goal_target(other.problem));
      if (thing == "bbq sauce") continue;  // also called barbecue sauce
      const Wording& wording = wordings.at(spec.task.name);
      for (const auto& level : wording.rewording) {
        EXPECT_EQ(level.at(0).find(thing) != std::string::npos, &spec == &other) << level.at(0);
      }
      for (const std::string& sentence : wording.distractors)
        EXPECT_THAT(sentence, Not(HasSubstr(thing)));
    }
  }
}

size_t words_in(const std::string& text) {
  std::istringstream in(text);
  std::string word;
  size_t count = 0;
  while (in >> word) ++count;
  return count;
}

TEST(Wording, LevelsAreWordingsAndDistractors) {
  const auto wordings = wordings_of("goal");
  const Wording& wording = wordings.at("turn_on_the_stove");
  const std::string own = "turn on the stove";
  for (int level = 1; level <= kVariationLevels; ++level) {
    Rng one(level), two(level);
    const auto say = [&](const char* subkind, Rng& rng) {
      return worded(wording, own, {"language", subkind, level}, rng);
    };
    EXPECT_EQ(say("rewording", one), wording.rewording[static_cast<size_t>(level - 1)].at(0));
    EXPECT_EQ(say("rewording", two), wording.rewording[static_cast<size_t>(level - 1)].at(0));
    EXPECT_EQ(one.state(), two.state());
    const std::string noisy = say("distraction", one);
    EXPECT_EQ(noisy, say("distraction", two));  // a function of the seed
    EXPECT_THAT(noisy, HasSubstr(own));
    const auto distractors_in = [&](const std::string& text) {
      size_t found = 0, words = 0;
      for (const std::string& sentence : wording.distractors) {
        if (text.find(sentence) == std::string::npos) continue;
        ++found;
        words += words_in(sentence);
      }
      return std::pair(found, words);
    };
    EXPECT_EQ(distractors_in(noisy).first, static_cast<size_t>(level));
    EXPECT_EQ(words_in(noisy), distractors_in(noisy).second + words_in(own));
    const std::string reasoned = say("reasoning", one);
    EXPECT_THAT(reasoned, HasSubstr(wording.reasoning.at(0)));
    EXPECT_EQ(distractors_in(reasoned).first, static_cast<size_t>(level - 1));
    EXPECT_THAT(say("common_sense", one), HasSubstr(wording.common_sense.at(0)));
  }
}

class FaultyWording : public ::testing::Test {
 protected:
  void SetUp() override {
    json_ = nlohmann::json::parse(read_file(kSuites + "goal/language.json"));
    suite_ = load_suite("goal").summary();
    path_ = std::filesystem::temp_directory_path() /
            ("libra_wording_" + std::to_string(::getpid()) + ".json");
  }
  void TearDown() override { std::filesystem::remove(path_); }

  std::string refusal_of(const std::string& text) {
    write_file(path_, text);
    return message_of([&] { read_wordings(path_, suite_); });
  }
  std::string refusal() { return refusal_of(json_.dump()); }
  nlohmann::json& stove() { return json_["tasks"]["turn_on_the_stove"]; }

  nlohmann::json json_;
  Suite suite_;
  std::string path_;
};

TEST_F(FaultyWording, NamesFileAndKey) {
  EXPECT_EQ(refusal(), "no error");
  stove()["rewording"][2][0] = "Switch it ON!";
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr(path_), HasSubstr("tasks.turn_on_the_stove.rewording[2][0]"),
                    HasSubstr("lower-case")));
  stove()["rewording"][2][0] = "push the plate to the front of the stove";
  EXPECT_THAT(refusal(), HasSubstr("another wording"));
  stove()["rewording"][2][0] = stove()["rewording"][1][0];
  EXPECT_THAT(refusal(), HasSubstr("another wording"));
  stove()["rewording"][2][0] = std::string(1000, 'a');
  EXPECT_THAT(refusal(), HasSubstr("1 to 240 bytes"));
  stove()["rewording"][2] = nlohmann::json::array();
  EXPECT_THAT(refusal(), HasSubstr("rewording[2]"));
  stove()["rewording"].erase(4);
  EXPECT_THAT(refusal(), HasSubstr("a list of 5"));
  stove()["rewording"] = 5;
  EXPECT_THAT(refusal(), HasSubstr("a list of 5"));
}

TEST_F(FaultyWording, NamesWhatIsMissingOrUnknown) {
  stove()["reasonning"] = stove()["reasoning"];
  EXPECT_THAT(refusal(), AllOf(HasSubstr("turn_on_the_stove.reasonning"),
                               HasSubstr("did you mean 'reasoning'")));
  stove().erase("reasonning");
  stove().erase("reasoning");
  EXPECT_THAT(refusal(), HasSubstr("has no 'reasoning'"));
  json_["tasks"].erase("turn_on_the_stove");
  EXPECT_THAT(refusal(), HasSubstr("has no 'turn_on_the_stove'"));
  json_["tasks"]["turn_on_the_stov"] = 1;
  EXPECT_THAT(refusal(), HasSubstr("did you mean 'turn_on_the_stove'"));
  json_.erase("distractors");
  EXPECT_THAT(refusal(), HasSubstr("has no 'distractors'"));
}

TEST_F(FaultyWording, NeverCrashes) {
  const std::string whole = json_.dump();
  for (size_t cut = 0; cut < whole.size(); cut += 211)
    EXPECT_THAT(refusal_of(whole.substr(0, cut)), HasSubstr(path_)) << cut;
  EXPECT_THAT(refusal_of("[]"), HasSubstr("a JSON object"));
  EXPECT_THAT(refusal_of(std::string(2 << 20, '[')), HasSubstr("too large"));
  EXPECT_THAT(refusal_of(std::string(1 << 19, '[')), HasSubstr("is no JSON"));
  EXPECT_THAT(refusal_of("{\"distractors\": \"\xff\xfe\"}"), HasSubstr(path_));
  EXPECT_THAT(message_of([&] { read_wordings("/nowhere/language.json", suite_); }),
              HasSubstr("/nowhere/language.json"));
}

}  // namespace
}  // namespace libra::sim::variation
