// Words that are chosen from a list: an enum each, with one table that says how they are written in
// files, flags and messages.
//
//   enum class Flip { kNone, kVertical };
//   template <> struct Words<Flip> {
//     static constexpr Word<Flip> list[] = {{Flip::kNone, "none"}, {Flip::kVertical, "vertical"}};
//   };
#pragma once

#include <string>
#include <vector>

#include "libra/core/error.h"

namespace libra {

template <class Enum>
struct Word {
  Enum value;
  const char* word;
};

template <class Enum>
struct Words;

template <class Enum>
const char* word_of(Enum value) {
  for (const auto& entry : Words<Enum>::list) {
    if (entry.value == value) return entry.word;
  }
  return "?";
}

template <class Enum>
std::vector<std::string> words_of() {
  std::vector<std::string> words;
  for (const auto& entry : Words<Enum>::list) words.emplace_back(entry.word);
  return words;
}

// False: no such word, and `value` stays what it is.
template <class Enum>
bool find_word(const std::string& word, Enum& value) {
  for (const auto& entry : Words<Enum>::list) {
    if (word != entry.word) continue;
    value = entry.value;
    return true;
  }
  return false;
}

// Throws Error(kBadInput) that lists the words.
template <class Enum>
Enum parse_word(const std::string& word, const std::string& where) {
  Enum value{};
  if (find_word(word, value)) return value;
  throw Error(ErrorCode::kBadInput, {.where = where,
                                     .problem = "is not a word that is known",
                                     .expected = join_names(words_of<Enum>(), " or "),
                                     .found = word});
}

}  // namespace libra
