// What uncased BERT tokenizers make of single characters (Unicode code points).
#pragma once

#include <string>

namespace libra::preprocess {

enum class CharacterKind {
  kLetter,       // digits and whatever else makes words
  kSpace,        // between words
  kLeftOut,      // control characters, accents that combine with a letter
  kPunctuation,  // a word of its own, as is
  kIdeograph,    // a word of its own
};
CharacterKind kind_of(char32_t c);

// Appends the letter in lower case and without accents, which may be none or several characters.
void append_folded(char32_t c, std::u32string& out);

}  // namespace libra::preprocess
