#include "libra/preprocess/prompt.h"

#include <gtest/gtest.h>

#include "libra/core/error.h"

namespace libra::preprocess {
namespace {

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

}  // namespace
}  // namespace libra::preprocess
