// What a policy is told.
#pragma once

#include <string>
#include <string_view>

#include "libra/core/words.h"

namespace libra {

// How images and instruction are put before a language model (preprocess/prompt.h).
enum class PromptStyle {
  kInternVl25,  // chat template of the reference
  kPlain,       // "<img>...</img>" per camera, then the instruction and nothing else
  kImages,      // the cameras alone: the instruction goes to a text encoder
};
template <>
struct Words<PromptStyle> {
  static constexpr Word<PromptStyle> list[] = {{PromptStyle::kInternVl25, "internvl2_5"},
                                               {PromptStyle::kPlain, "plain"},
                                               {PromptStyle::kImages, "images"}};
};

// In LIBERO a policy is told the words of the task's file name.
// "KITCHEN_SCENE3_turn_on_the_stove" gives "turn on the stove"; the extension .bddl may be there or
// not. The language field of a BDDL file often says something else and is not what policies hear.
std::string instruction_from_file_name(std::string_view stem);

}  // namespace libra
