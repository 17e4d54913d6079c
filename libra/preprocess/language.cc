#include "libra/preprocess/language.h"

#include <algorithm>

#include "libra/core/error.h"

namespace libra::preprocess {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_word(char c) {
  c = lower(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

bool stands_at(std::string_view text, size_t at, std::string_view phrase) {
  if (phrase.empty() || text.size() - at < phrase.size()) return false;
  for (size_t i = 0; i < phrase.size(); ++i) {
    if (lower(text[at + i]) != lower(phrase[i])) return false;
  }
  const size_t end = at + phrase.size();
  return (at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]));
}

}  // namespace

std::optional<PhraseMatch> find_phrase(std::string_view instruction,
                                       std::span<const std::string> phrases) {
  for (size_t at = 0; at < instruction.size(); ++at) {
    std::optional<PhraseMatch> best;
    for (size_t i = 0; i < phrases.size(); ++i) {
      if (stands_at(instruction, at, phrases[i]) && (!best || phrases[i].size() > best->length)) {
        best = PhraseMatch{i, at, phrases[i].size()};
      }
    }
    if (best) return best;
  }
  return std::nullopt;
}

std::string substitute_phrase(std::string_view instruction, std::span<const std::string> phrases,
                              std::string_view phrase) {
  const auto match = find_phrase(instruction, phrases);
  if (!match) {
    throw Error(ErrorCode::kBadInput,
                {.where = "instruction '" + std::string(instruction) + "'",
                 .problem = "names no known item",
                 .expected = join_names({phrases.begin(), phrases.end()}, " or ")});
  }
  std::string text(instruction);
  return text.replace(match->begin, match->length, phrase);
}

std::string ask_for(std::string_view instruction, std::string_view target, std::string_view item) {
  const auto words_of = [](std::string_view category) {
    std::string words(category);
    std::replace(words.begin(), words.end(), '_', ' ');
    return words;
  };
  const std::string whole = words_of(target);
  for (size_t at = 0; at != std::string::npos && item != target;) {
    const std::vector<std::string> name = {whole.substr(at)};
    if (find_phrase(instruction, name)) {
      return substitute_phrase(instruction, name, words_of(item));
    }
    const size_t space = whole.find(' ', at);
    at = space == std::string::npos ? space : space + 1;
  }
  return item == target ? std::string(instruction) : words_of(item);
}

}  // namespace libra::preprocess
