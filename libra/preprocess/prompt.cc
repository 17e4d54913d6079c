#include "libra/preprocess/prompt.h"

#include <array>

#include "libra/core/error.h"
#include "libra/preprocess/tokenizer.h"

namespace libra::preprocess {
namespace {

constexpr std::string_view kImageMark = "<image>";
constexpr std::string_view kSeparator = "<|im_end|>\n";
// The weights were tuned behind this very sentence.
constexpr std::string_view kSystemMessage =
    "你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华大学及多家合作单位联合开发的多模"
    "态"
    "大语言模型。";

// An instruction comes from outside; text that reads as a special token would move the images.
void check_instruction(std::string_view instruction) {
  if (instruction.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    throw Error(ErrorCode::kBadInput, {.where = "instruction",
                                       .problem = "empty",
                                       .expected = "a sentence that says what to do"});
  }
  static constexpr std::array<std::string_view, 9> kReserved = {
      kImageStart, kImageEnd,   kImageContext, kImageMark, kTurnStart,
      kTurnEnd,    "<|action_", "<s>",         "</s>"};
  for (const auto& token : kReserved) {
    if (instruction.find(token) == std::string_view::npos) continue;
    throw Error(ErrorCode::kBadInput,
                {.where = "instruction",
                 .problem = "holds the reserved text '" + std::string(token) + "'",
                 .next = "leave it out"});
  }
}

}  // namespace

std::string image_placeholder(int tokens) {
  std::string text(kImageStart);
  for (int i = 0; i < tokens; ++i) text += kImageContext;
  return text.append(kImageEnd);
}

std::string chat_prompt(std::span<const Turn> turns, std::span<const int> image_tokens) {
  std::string text;
  const auto say = [&](std::string_view role, std::string_view message) {
    text.append(kTurnStart).append(role).append("\n").append(message).append(kSeparator);
  };
  say("system", kSystemMessage);
  size_t next_image = 0;
  for (const Turn& turn : turns) {
    std::string question = turn.question;
    for (size_t at = 0; (at = question.find(kImageMark, at)) != std::string::npos; ++next_image) {
      if (next_image >= image_tokens.size()) break;
      const std::string placeholder = image_placeholder(image_tokens[next_image]);
      question.replace(at, kImageMark.size(), placeholder);
      at += placeholder.size();
    }
    if (question.find(kImageMark) != std::string::npos) next_image = image_tokens.size() + 1;
    say("user", question);
    if (!turn.answer.empty()) say("assistant", turn.answer);
  }
  if (next_image != image_tokens.size()) {
    throw Error(ErrorCode::kBadInput,
                {.where = "prompt",
                 .problem = "the number of <image> marks is not that of the images",
                 .expected = std::to_string(image_tokens.size())});
  }
  return text.append(kTurnStart).append("assistant\n");
}

std::string planner_prompt(PromptStyle style, std::span<const int> tokens_per_camera,
                           std::string_view instruction) {
  check_instruction(instruction);
  std::string text;
  if (style != PromptStyle::kInternVl25) {
    for (const int tokens : tokens_per_camera) text += image_placeholder(tokens);
    return style == PromptStyle::kPlain ? text.append(instruction) : text;
  }
  for (size_t i = 0; i < tokens_per_camera.size(); ++i) {
    text += "Image-" + std::to_string(i + 1) + ": <image>\n";
  }
  const Turn turn{text.append(instruction), ""};
  return chat_prompt({&turn, 1}, tokens_per_camera);
}

}  // namespace libra::preprocess
