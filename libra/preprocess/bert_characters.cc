#include "libra/preprocess/bert_characters.h"

#include <algorithm>
#include <iterator>

namespace libra::preprocess {
namespace {

struct Range {
  char32_t first, last;
};
// first + i * step becomes to + i * step, or `to` alone where advance is 0.
struct Fold {
  char32_t first, last, step, to, advance;
};
struct Pair {
  char32_t from, first, second;
};

#include "libra/preprocess/bert_tables.inc"

// The signs of Chinese, Japanese kanji and Korean hanja, as the reference counts them: its last
// range but one begins later than Unicode's, at 2b820.
constexpr Range kIdeographs[] = {{0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xf900, 0xfaff},
                                 {0x20000, 0x2a6df}, {0x2a700, 0x2b73f}, {0x2b740, 0x2b81f},
                                 {0x2b920, 0x2ceaf}, {0x2f800, 0x2fa1f}};
constexpr Range kSpaces[] = {{0x09, 0x0a},     {0x0d, 0x0d},     {0x20, 0x20},     {0xa0, 0xa0},
                             {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f},
                             {0x205f, 0x205f}, {0x3000, 0x3000}};

// The row whose `first` is the last not beyond c, where it reaches c.
template <class Row, size_t N>
const Row* row_of(const Row (&rows)[N], char32_t c) {
  const auto after = std::upper_bound(std::begin(rows), std::end(rows), c,
                                      [](char32_t value, const Row& r) { return value < r.first; });
  if (after == std::begin(rows)) return nullptr;
  const Row* row = std::prev(after);
  return c <= row->last ? row : nullptr;
}

bool is_ascii_punctuation(char32_t c) {
  return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) ||
         (c >= 123 && c <= 126);
}

// The parts of a Korean syllable (Unicode, 3.12).
bool append_hangul(char32_t c, std::u32string& out) {
  constexpr char32_t kFirst = 0xac00, kLast = 0xd7a3, kLead = 0x1100, kVowel = 0x1161,
                     kTail = 0x11a7, kVowels = 21, kTails = 28;
  if (c < kFirst || c > kLast) return false;
  const char32_t index = c - kFirst, tail = index % kTails;
  out += kLead + index / (kVowels * kTails);
  out += kVowel + index / kTails % kVowels;
  if (tail != 0) out += kTail + tail;
  return true;
}

}  // namespace

CharacterKind kind_of(char32_t c) {
  if (row_of(kSpaces, c)) return CharacterKind::kSpace;
  if (row_of(kLeftOut, c)) return CharacterKind::kLeftOut;
  if (is_ascii_punctuation(c) || row_of(kPunctuation, c)) return CharacterKind::kPunctuation;
  if (row_of(kIdeographs, c)) return CharacterKind::kIdeograph;
  return CharacterKind::kLetter;
}

void append_folded(char32_t c, std::u32string& out) {
  if (append_hangul(c, out)) return;
  for (const Pair& pair : kPairs) {
    if (pair.from == c) {
      out += {pair.first, pair.second};
      return;
    }
  }
  const Fold* fold = row_of(kFolds, c);
  const bool folds = fold != nullptr && (c - fold->first) % fold->step == 0;
  out += folds ? fold->to + fold->advance * (c - fold->first) : c;
}

}  // namespace libra::preprocess
