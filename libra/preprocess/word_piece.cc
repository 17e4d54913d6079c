#include "libra/preprocess/word_piece.h"

#include <algorithm>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/preprocess/bert_characters.h"

namespace libra::preprocess {
namespace {

constexpr size_t kMaxVocab = 1 << 20, kMaxWord = 100;  // characters of a word, as the reference
constexpr std::string_view kInside = "##";

void append_utf8(char32_t c, std::string& out) {
  const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;  // bytes after the first
  put((more == 1 ? 0xc0 : more == 2 ? 0xe0 : 0xf0) | c >> (6 * more));
  for (int i = more - 1; i >= 0; --i) put(0x80 | (c >> (6 * i) & 0x3f));
}

// Bytes that are no UTF-8 are left out.
std::u32string decode_utf8(std::string_view text) {
  std::u32string out;
  for (size_t i = 0; i < text.size();) {
    const auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char lead = byte(i++);
    const size_t more = lead < 0x80                   ? 0
                        : lead >= 0xc2 && lead < 0xe0 ? 1
                        : lead >= 0xe0 && lead < 0xf0 ? 2
                        : lead >= 0xf0 && lead < 0xf5 ? 3
                                                      : text.size();
    if (more > text.size() - i) continue;
    char32_t c = more == 0 ? lead : lead & (0x3f >> more);
    bool whole = true;
    for (size_t k = 0; k < more; ++k) {
      whole = whole && (byte(i + k) & 0xc0) == 0x80;
      c = c << 6 | (byte(i + k) & 0x3f);
    }
    constexpr char32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
    if (!whole || c < kLeast[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) continue;
    i += more;
    out += c;
  }
  return out;
}

// Words in lower case and without accents; punctuation and ideographs alone.
std::vector<std::u32string> words_of(std::string_view text) {
  std::u32string folded;
  for (const char32_t c : decode_utf8(text)) {
    const CharacterKind kind = kind_of(c);
    if (kind == CharacterKind::kLeftOut) continue;
    if (kind == CharacterKind::kIdeograph) folded += U' ';
    append_folded(c, folded);
    if (kind == CharacterKind::kIdeograph) folded += U' ';
  }
  std::vector<std::u32string> words;
  bool open = false;  // the last word goes on
  for (const char32_t c : folded) {
    const CharacterKind kind = kind_of(c);
    if (kind == CharacterKind::kSpace) {
      open = false;
      continue;
    }
    const bool alone = kind == CharacterKind::kPunctuation;
    if (!open || alone) words.emplace_back();
    words.back() += c;
    open = !alone;
  }
  return words;
}

}  // namespace

WordPiece::WordPiece(const std::string& vocab_path) {
  load(read_file(vocab_path, "a vocabulary, one piece a line"), vocab_path);
}

WordPiece WordPiece::from_bytes(std::string_view vocab, const std::string& where) {
  WordPiece out;
  out.load(vocab, where);
  return out;
}

void WordPiece::load(std::string_view vocab, const std::string& where) {
  const auto fail = [&](const std::string& problem, const std::string& expected) {
    throw Error(ErrorCode::kBadInput, {.where = where, .problem = problem, .expected = expected});
  };
  while (!vocab.empty()) {
    const size_t end = std::min(vocab.find('\n'), vocab.size());
    std::string piece(vocab.substr(0, end));
    if (piece.ends_with('\r')) piece.pop_back();
    vocab.remove_prefix(std::min(end + 1, vocab.size()));
    const auto id = static_cast<int32_t>(pieces_.size());
    if (pieces_.size() == kMaxVocab) fail("has too many lines", "at most 1048576 pieces");
    if (!ids_.emplace(piece, id).second) {
      fail("holds the piece '" + piece.substr(0, 80) + "' twice", "one line a piece");
    }
    pieces_.push_back(std::move(piece));
  }
  for (const auto& [name, id] : {std::pair("[UNK]", &unk_), {"[CLS]", &cls_}, {"[SEP]", &sep_}}) {
    const auto found = ids_.find(name);
    if (found == ids_.end()) fail("is not a BERT vocabulary", std::string("a line ").append(name));
    *id = found->second;
  }
}

void WordPiece::spell(std::u32string_view word, std::vector<int32_t>& ids) const {
  const size_t before = ids.size();
  std::string piece;
  for (size_t begin = 0; begin < word.size();) {
    // Where each character of what is left ends in `piece`.
    piece = begin == 0 ? "" : kInside;
    std::vector<size_t> ends;
    for (const char32_t c : word.substr(begin)) {
      append_utf8(c, piece);
      ends.push_back(piece.size());
    }
    auto found = ids_.end();
    for (; !ends.empty(); ends.pop_back()) {
      piece.resize(ends.back());
      found = ids_.find(piece);
      if (found != ids_.end()) break;
    }
    if (found == ids_.end()) {
      ids.resize(before);
      ids.push_back(unk_);
      return;
    }
    ids.push_back(found->second);
    begin += ends.size();
  }
}

std::vector<int32_t> WordPiece::encode(std::string_view text, size_t longest) const {
  std::vector<int32_t> ids = {cls_};
  for (const std::u32string& word : words_of(text)) {
    if (ids.size() >= longest) break;
    if (word.size() > kMaxWord) {
      ids.push_back(unk_);
    } else {
      spell(word, ids);
    }
  }
  ids.resize(std::min(ids.size(), longest - 1));
  ids.push_back(sep_);
  return ids;
}

}  // namespace libra::preprocess
