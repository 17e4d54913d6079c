// The text that is put before the language model: cameras as image placeholders, and the
// instruction.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libra/core/instruction.h"

namespace libra::preprocess {

// "<img>" + "<IMG_CONTEXT>" * tokens + "</img>"
std::string image_placeholder(int tokens);

// One exchange of the chat; an empty answer is the one to be given now.
struct Turn {
  std::string question;
  std::string answer;
};

// The reference's chat text: system message, turns, and the opening of the assistant's answer. Each
// "<image>" in the questions is replaced by a placeholder of the next entry of image_tokens.
// Throws Error(kBadInput) when their numbers differ.
std::string chat_prompt(std::span<const Turn> turns, std::span<const int> image_tokens);

// What a planner reads: one placeholder of tokens_per_camera[i] tokens for camera i, then the
// instruction. In the chat style the question is "Image-1: <image>\nImage-2:
// <image>\n<instruction>".
std::string planner_prompt(PromptStyle style, std::span<const int> tokens_per_camera,
                           std::string_view instruction);

}  // namespace libra::preprocess
