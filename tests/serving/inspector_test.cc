#include "libra/serving/inspector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "libra/core/data_root.h"
#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/serving/connection_view.h"
#include "libra/serving/openpi.h"
#include "libra/serving/pack.h"
#include "libra/serving/service.h"
#include "libra/serving/wire.h"
#include "tests/serving/arithmetic_policy.h"

namespace libra::serving {
namespace {

using nlohmann::json;
using testing::HasSubstr;

struct PageAnswer {
  json head;
  std::string pictures;
};

// A page's connection: asks, and takes the answer apart.
class PageClient {
 public:
  explicit PageClient(Inspector& inspector) : dialogue_(inspector.dialogue({}, metrics_)) {}
  PageAnswer say(const std::string& text, bool is_text = true) {
    std::string bytes;
    dialogue_->receive(bytes_of(text), is_text, [&](Reply reply) { bytes = reply.bytes; });
    uint32_t length = 0;
    for (int i = 0; i < 4; ++i) length |= uint32_t(uint8_t(bytes.at(size_t(i)))) << (8 * i);
    return {json::parse(bytes.substr(4, length)), bytes.substr(4 + length)};
  }
  PageAnswer ask(const json& request) { return say(request.dump()); }

 private:
  Metrics metrics_;
  std::unique_ptr<Dialogue> dialogue_;
};

EpisodeLog toy_log(const std::string& instruction) {
  EpisodeFacts facts;
  facts.instruction = instruction;
  return EpisodeLog(toy_spec(2), action::Binner::uniform(100), facts);
}

std::shared_ptr<Viewpoint> toy_view(Inspector& inspector, size_t bytes = 1 << 20) {
  auto view = std::make_shared<Viewpoint>("toy", bytes);
  view->begin(toy_log("go"));
  inspector.add(view);
  return view;
}

TEST(Inspector, TellsAPageWhatItHasNotSeen) {
  Inspector inspector(false);
  EXPECT_FALSE(inspector.watched());
  const auto view = toy_view(inspector);
  PageClient page(inspector);
  EXPECT_EQ(page.say("{}").head["places"][0]["name"], "toy");
  EXPECT_TRUE(inspector.watched());
  view->change([](EpisodeLog& log) { log.call("planner", 0, 5.0); });
  view->show(0, std::vector<Image>{Image(8, 8), Image(8, 8)});
  PageAnswer answer = page.ask({{"id", 1}});
  EXPECT_EQ(answer.head["head"]["instruction"], "go");
  EXPECT_EQ(answer.head["lines"].size(), 1u);
  EXPECT_EQ(answer.head["frame"]["step"], 0);
  ASSERT_EQ(answer.head["frame"]["sizes"].size(), 2u);
  EXPECT_EQ(answer.pictures.size(), answer.head["frame"]["sizes"][0].get<size_t>() +
                                        answer.head["frame"]["sizes"][1].get<size_t>());
  EXPECT_TRUE(answer.pictures.starts_with("\xff\xd8\xff"));
  // Nothing new.
  const json known = {
      {"id", 1}, {"episode", answer.head["episode"]}, {"since", answer.head["next"]}, {"have", 0}};
  answer = page.ask(known);
  EXPECT_EQ(answer.head["lines"].size(), 0u);
  EXPECT_FALSE(answer.head.contains("head"));
  EXPECT_FALSE(answer.head.contains("frame"));
  // Another episode begins: all of it is new.
  view->begin(toy_log("come"));
  answer = page.ask(known);
  EXPECT_EQ(answer.head["head"]["instruction"], "come");
  EXPECT_FALSE(answer.head.contains("frame"));
}

TEST(Inspector, KeepsPicturesWithinItsRoom) {
  Inspector inspector(false);
  const auto view = toy_view(inspector, 3 * 8 * 8 * 3);
  for (int64_t step = 0; step < 10; ++step) view->show(step, std::vector<Image>{Image(8, 8)});
  PageClient page(inspector);
  EXPECT_EQ(page.ask({{"id", 1}, {"at", -1}}).head["frame"]["step"], 9);
  EXPECT_EQ(page.ask({{"id", 1}, {"at", 8}}).head["frame"]["step"], 8);
  EXPECT_EQ(page.ask({{"id", 1}, {"at", 2}}).head["frame"]["step"], 7);  // the oldest that is kept
  EXPECT_EQ(page.ask({{"id", 1}, {"at", 1e300}}).head["frame"]["step"], 9);
}

TEST(Inspector, OnlyLooksUnlessItWasStartedOtherwise) {
  std::vector<std::string> heard;
  const auto listening = [&](Inspector& inspector) {
    auto view = std::make_shared<Viewpoint>("toy", 1);
    view->on_command([&](const PageCommand& c) { heard.push_back(c.verb + " " + c.text); });
    inspector.add(view);
    return view;
  };
  const json command = {{"id", 1}, {"do", "instruction"}, {"text", "pick up the milk"}};
  Inspector looking(false), driving(true);
  const auto seen = listening(looking), driven = listening(driving);
  PageClient look(looking), drive(driving);
  EXPECT_THAT(look.ask(command).head["error"].get<std::string>(), HasSubstr("--control"));
  EXPECT_EQ(look.say("{}").head["places"][0]["commands"], false);
  EXPECT_TRUE(heard.empty());
  EXPECT_EQ(drive.ask(command).head["done"], "instruction");
  EXPECT_EQ(drive.say("{}").head["places"][0]["commands"], true);
  EXPECT_THAT(heard, testing::ElementsAre("instruction pick up the milk"));
  json wordy = command;
  wordy["text"] = std::string(3000, 'x');
  EXPECT_TRUE(drive.ask(wordy).head.contains("error"));
  const auto deaf = toy_view(driving);
  EXPECT_THAT(drive.ask({{"id", 2}, {"do", "pause"}}).head["error"].get<std::string>(),
              HasSubstr("takes no commands"));
  EXPECT_EQ(heard.size(), 1u);
}

TEST(Inspector, AnswersWhateverItIsAsked) {
  Inspector inspector(true);
  const auto view = toy_view(inspector);
  view->show(0, std::vector<Image>{Image()});  // a camera that is missing
  PageClient page(inspector);
  EXPECT_TRUE(page.say("{}", /*is_text=*/false).head.contains("error"));
  EXPECT_TRUE(page.say(std::string(10000, ' ') + "{}").head.contains("error"));
  for (const char* text :
       {"", "[]", "nonsense", "{\"id\":", "{\"id\":{\"id\":{\"id\":{\"id\":{\"id\":{}}}}}}"}) {
    page.say(text);
  }
  EXPECT_FALSE(page.say("{\"id\": 99}").head.contains("error"));
  EXPECT_FALSE(page.say("{\"id\": -1}").head.contains("id"));
  const PageAnswer odd =
      page.say("{\"id\": 1, \"since\": 1e300, \"at\": -1e300, \"have\": [1], \"episode\": \"x\"}");
  EXPECT_EQ(odd.head["frame"]["sizes"][0], 0);
  page.ask({{"id", 1}, {"episode", 1}, {"since", uint64_t{1} << 63}});
}

TEST(Inspector, ForgetsWhoIsGone) {
  Inspector inspector(false);
  auto view = toy_view(inspector);
  PageClient page(inspector);
  EXPECT_EQ(page.say("{}").head["places"].size(), 1u);
  view.reset();
  EXPECT_EQ(page.say("{}").head["places"].size(), 0u);
}

TEST(Inspector, ShowsWhatConnectionsSeeAndAreToldWhileSomebodyLooks) {
  ArithmeticPolicy policy;
  Log log(Log::Form::kSilent);
  Inspector inspector(false);
  ServiceOptions options;
  options.inspector = &inspector;
  Service service(policy, options, log);
  PageClient page(inspector);
  const auto answered = [&](ConnectionView& view, int64_t step, bool fresh) {
    Work work;
    work.observation.images.assign(2, Image(8, 8));
    work.observation.proprio.assign(8, 0.0);
    work.observation.step = step;
    work.instruction = "go";
    work.fresh = fresh;
    work.chunk = ActionChunk(5, kToyDims);
    work.has_intent = true;
    work.intent = Intent(5, kToyDims, 10);
    view.answered(work, 3.0);
  };
  {
    ConnectionView first(service, "openpi 127.0.0.1:1"), second(service, "openpi 127.0.0.1:2");
    answered(first, 0, true);  // nobody looks
    EXPECT_EQ(page.ask({{"id", 1}}).head["lines"].size(), 0u);
    answered(first, 5, false);
    answered(second, 0, true);
    const json seen = page.ask({{"id", 1}}).head;
    EXPECT_EQ(seen["places"].size(), 2u);
    ASSERT_EQ(seen["lines"].size(), 3u);
    const json chunk = json::parse(seen["lines"][0].get<std::string>());
    EXPECT_EQ(chunk["e"], "chunk");
    EXPECT_EQ(chunk["s"], 5);
    EXPECT_EQ(chunk["a"].size(), 5u);
    EXPECT_EQ(chunk["b"].size(), 5u);
    EXPECT_EQ(seen["frame"]["step"], 5);
    first.ended(true);
    EXPECT_EQ(page.ask({{"id", 1}}).head["lines"].size(), 4u);
  }
  EXPECT_EQ(page.say("{}").head["places"].size(), 0u);
}

// What comes from the feed is never made into HTML, and nothing is loaded from elsewhere.
TEST(Inspector, ItsPageKeepsToItself) {
  for (const char* name : {"index.html", "page.css", "page.js", "timeline.js"}) {
    const std::string text = read_file(find_data(std::string("assets/inspector/") + name));
    for (const char* word : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
                             "eval(", "http://", "https://", "@import", " style=\"", "onclick="}) {
      EXPECT_EQ(text.find(word), std::string::npos) << name << " has " << word;
    }
  }
}

}  // namespace
}  // namespace libra::serving
