#include "libra/preprocess/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "libra/core/error.h"
#include "libra/core/rng.h"
#include "libra/preprocess/prompt.h"

namespace libra::preprocess {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kGolden = LIBRA_SOURCE_DIR "/tests/golden/tokenizer_tiny/";
const std::string kTiny = LIBRA_SOURCE_DIR "/assets/tokenizer/";

std::string bytes_of(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

const Tokenizer& golden() {
  static const Tokenizer tokenizer(kGolden + "tokenizer.model", kGolden + "tokenizer_config.json");
  return tokenizer;
}
const Tokenizer& tiny() {
  static const Tokenizer tokenizer(kTiny + "tokenizer.model", kTiny + "added_tokens.json");
  return tokenizer;
}

TEST(Tokenizer, SpecialTokens) {
  EXPECT_EQ(golden().special_id(kImageContext), 428);
  EXPECT_EQ(golden().special_id(kTurnEnd), 424);
  EXPECT_THROW(golden().special_id("<img"), Error);
  const Tokenizer short_form(kGolden + "tokenizer.model", kGolden + "added_tokens.json");
  EXPECT_EQ(short_form.special_id(kImageStart), 426);
  EXPECT_EQ(short_form.vocab_size(), 435);
}

TEST(Tokenizer, TravelsAsBytes) {
  const Tokenizer copy =
      Tokenizer::from_bytes(tiny().model_bytes(), tiny().added_tokens_json(), "copy");
  const std::string text = "<img><IMG_CONTEXT></img>pick up the milk";
  EXPECT_EQ(copy.encode(text), tiny().encode(text));
  EXPECT_EQ(copy.vocab_size(), tiny().vocab_size());
}

// Words that the tiny vocabulary never met become smaller pieces and then bytes, never "unknown".
TEST(Tokenizer, OtherWordingsOfTasksAreSpelledOut) {
  size_t sentences = 0, longest = 0;
  for (const char* suite : {"spatial", "object", "goal", "long"}) {
    const auto json = nlohmann::json::parse(
        bytes_of(LIBRA_SOURCE_DIR "/assets/suites/" + std::string(suite) + "/language.json"));
    for (const auto& leaf : json.flatten()) {
      const auto ids = tiny().encode(leaf.get<std::string>());
      EXPECT_EQ(std::count(ids.begin(), ids.end(), tiny().unk_id()), 0) << leaf;
      EXPECT_EQ(tiny().decode(ids), leaf.get<std::string>());
      ++sentences;
      longest = std::max(longest, ids.size());
    }
  }
  EXPECT_EQ(sentences, 4 * (12 + 10 * 7));
  EXPECT_LT(longest, 250u);
}

TEST(Tokenizer, MissingFileIsNotFound) {
  try {
    Tokenizer("/nonexistent/tokenizer.model");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_THAT(error.what(), HasSubstr("/nonexistent/tokenizer.model"));
  }
}

void expect_bad(const std::string& model, const std::string& added, const std::string& message) {
  try {
    Tokenizer::from_bytes(model, added, "t.model");
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr("t.model"));
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

TEST(Tokenizer, ForeignAndTruncatedModels) {
  const std::string model = bytes_of(kGolden + "tokenizer.model");
  expect_bad("", "", "not a tokenizer");
  expect_bad("{\"model\": 1}", "", "not a tokenizer");
  expect_bad(std::string(1000, '\xff'), "", "not a tokenizer");
  for (const size_t size :
       {size_t{1}, size_t{7}, size_t{100}, model.size() / 2, model.size() - 1}) {
    expect_bad(model.substr(0, size), "", "t.model");
  }
}

TEST(Tokenizer, AddedTokensAreChecked) {
  const std::string model = bytes_of(kGolden + "tokenizer.model");
  expect_bad(model, "[1]", "a JSON object");
  expect_bad(model, R"({"<a>": "x"})", "'<a>'");
  expect_bad(model, R"({"<a>": -1})", "'<a>'");
  expect_bad(model, R"({"<a>": 1e9})", "'<a>'");
  expect_bad(model, R"({"<a>": 5000000})", "'<a>'");
  expect_bad(model, R"({"": 430})", "''");
  expect_bad(model, R"({"<a>": 430, "<b>": 430})", "share an id");
  expect_bad(model, R"({"added_tokens_decoder": {"430": {"text": "a"}}})", "content");
  expect_bad(model, R"({"added_tokens_decoder": {"x": {"content": "a"}}})", "no number");
}

TEST(TinyTokenizer, Layout) {
  EXPECT_EQ(tiny().unk_id(), 0);
  EXPECT_EQ(tiny().bos_id(), 1);
  EXPECT_EQ(tiny().eos_id(), 2);
  EXPECT_LE(tiny().vocab_size(), 520);
  for (const auto token : {kImageStart, kImageEnd, kImageContext, kTurnStart, kTurnEnd}) {
    EXPECT_THAT(tiny().encode(token, false), ElementsAre(tiny().special_id(token)));
  }
}

TEST(TinyTokenizer, ItemsAreTheirOwnWords) {
  // One token per word of the items, so that the tiny planner need not learn to spell.
  for (const char* word :
       {"alphabet", "soup", "cream", "cheese", "salad", "dressing", "bbq", "sauce", "ketchup",
        "tomato", "butter", "milk", "chocolate", "pudding", "orange", "juice", "basket"}) {
    EXPECT_EQ(tiny().encode(word, false).size(), 1u) << word;
  }
  EXPECT_LE(tiny().encode("pick up the chocolate pudding and place it in the basket").size(), 13u);
}

TEST(TinyTokenizer, AnyBytesSurvive) {
  Rng rng(4);
  for (int i = 0; i < 200; ++i) {
    std::string text;
    for (int k = 0; k < 20; ++k) text += static_cast<char>(32 + rng.below(95));
    EXPECT_EQ(tiny().decode(tiny().encode(text)), text);
  }
  const std::string umlaut = "Gib mir die Butter, bitte: äöü 黄油";
  EXPECT_EQ(tiny().decode(tiny().encode(umlaut)), umlaut);
}

}  // namespace
}  // namespace libra::preprocess
