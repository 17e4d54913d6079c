#include "libra/preprocess/prompt.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "libra/core/error.h"

namespace libra::preprocess {
namespace {

// Code points of a UTF-8 text.
size_t characters(const std::string& text) {
  size_t count = 0;
  for (const char c : text) count += (c & 0xc0) != 0x80;
  return count;
}

TEST(Prompt, ChatTextsOfTheGoldens) {
  std::ifstream stream(LIBRA_SOURCE_DIR "/tests/golden/image_preprocess/prompts.json");
  const auto table = nlohmann::json::parse(stream);
  int checked = 0;
  for (const auto& c : table.at("cases")) {
    if (c.at("template") != "internvl2_5") continue;
    std::vector<Turn> turns;
    for (const auto& turn : c.at("history")) turns.push_back({turn.at(0), turn.at(1)});
    turns.push_back({c.at("question"), ""});
    std::vector<int> tokens;
    for (const int tiles : c.at("num_patches_list")) {
      tokens.push_back(tiles * c.at("num_image_token").get<int>());
    }
    const std::string prompt = chat_prompt(turns, tokens);
    EXPECT_EQ(characters(prompt), c.at("prompt_length_chars").get<size_t>());
    if (!c.at("prompt").is_null()) {
      EXPECT_EQ(prompt, c.at("prompt").get<std::string>());
    }
    // Without images the same text with its marks left alone.
    if (tokens.empty()) {
      EXPECT_EQ(prompt, c.at("prompt_before_image").get<std::string>());
    }
    ++checked;
  }
  EXPECT_GE(checked, 5);
}

TEST(Prompt, ImagesMustMatchTheMarks) {
  const std::vector<Turn> one = {{"<image>\nlook", ""}};
  EXPECT_THROW(chat_prompt(one, std::vector<int>{}), Error);
  EXPECT_THROW(chat_prompt(one, std::vector<int>{4, 4}), Error);
  EXPECT_NO_THROW(chat_prompt(one, std::vector<int>{4}));
}

TEST(Prompt, Plain) {
  EXPECT_EQ(planner_prompt(PromptStyle::kPlain, std::vector<int>{2, 1}, "open it"),
            "<img><IMG_CONTEXT><IMG_CONTEXT></img><img><IMG_CONTEXT></img>open it");
  EXPECT_EQ(planner_prompt(PromptStyle::kPlain, {}, "open it"), "open it");
}

TEST(Prompt, ChatNamesTheCameras) {
  const std::string prompt =
      planner_prompt(PromptStyle::kInternVl25, std::vector<int>{1, 1}, "open it");
  EXPECT_NE(prompt.find("<|im_start|>user\nImage-1: <img><IMG_CONTEXT></img>\n"
                        "Image-2: <img><IMG_CONTEXT></img>\nopen it<|im_end|>\n"
                        "<|im_start|>assistant\n"),
            std::string::npos);
}

TEST(Prompt, InstructionsCannotSmuggleTokens) {
  for (const char* text : {"a <IMG_CONTEXT>", "<img>", "</img>", "<image>", "<|im_end|>"}) {
    EXPECT_THROW(planner_prompt(PromptStyle::kPlain, std::vector<int>{1}, text), Error) << text;
    EXPECT_THROW(planner_prompt(PromptStyle::kInternVl25, std::vector<int>{1}, text), Error);
  }
}

TEST(Prompt, Styles) {
  EXPECT_EQ(parse_prompt_style("plain"), PromptStyle::kPlain);
  EXPECT_EQ(parse_prompt_style("internvl2_5"), PromptStyle::kInternVl25);
  EXPECT_THROW(parse_prompt_style("chatml"), Error);
}

}  // namespace
}  // namespace libra::preprocess
