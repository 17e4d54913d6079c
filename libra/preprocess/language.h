// Item phrases in instructions: finding which item an instruction names, and naming another.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace libra::preprocess {

struct PhraseMatch {
  size_t index;  // into the given phrases
  size_t begin;  // byte range in the instruction
  size_t length;
};

// The first phrase that stands in the instruction as whole words, without regard to ASCII case;
// where two begin at the same place the longer one ("tomato sauce can" before "tomato sauce").
std::optional<PhraseMatch> find_phrase(std::string_view instruction,
                                       std::span<const std::string> phrases);

// The instruction with `phrase` in place of the first of `phrases` that it names.
// Throws Error(kBadInput) when it names none.
std::string substitute_phrase(std::string_view instruction, std::span<const std::string> phrases,
                              std::string_view phrase);

// How one asks for `item` where `instruction` asks for `target`: the sentence with the item's name
// in place of the target's. Names are categories ("akita_black_bowl"); a sentence may use only the
// last words of one ("bowl"). Where it names the target by none of them, the target is asked for by
// the whole sentence and another item by its name.
std::string ask_for(std::string_view instruction, std::string_view target, std::string_view item);

}  // namespace libra::preprocess
