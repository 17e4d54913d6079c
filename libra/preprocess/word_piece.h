// The tokenizer of uncased BERT models such as all-MiniLM-L6-v2 (reference: transformers'
// BertTokenizer): lower case without accents, words and punctuation apart, and each word as the
// longest pieces of a vocabulary from its beginning on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace libra::preprocess {

// Thread: constant after construction.
class WordPiece {
 public:
  // vocab_path: vocab.txt, one piece a line, whose number is its id; pieces inside a word begin
  // with "##". Throws Error(kNotFound / kBadInput) that names the file.
  explicit WordPiece(const std::string& vocab_path);
  // As above, from bytes; `where` is named in errors.
  static WordPiece from_bytes(std::string_view vocab, const std::string& where);

  // UTF-8 (other bytes are left out) to ids between those of [CLS] and [SEP], `longest` in all at
  // most: what a text has beyond is cut off. A word that cannot be spelled is [UNK]. The names of
  // special tokens are text like any other. Requires longest >= 2.
  std::vector<int32_t> encode(std::string_view text, size_t longest = SIZE_MAX) const;

  int vocab_size() const { return static_cast<int>(pieces_.size()); }
  // Requires 0 <= id < vocab_size().
  const std::string& piece(int32_t id) const { return pieces_[static_cast<size_t>(id)]; }

 private:
  WordPiece() = default;
  void load(std::string_view vocab, const std::string& where);
  void spell(std::u32string_view word, std::vector<int32_t>& ids) const;

  std::vector<std::string> pieces_;
  std::unordered_map<std::string, int32_t> ids_;
  int32_t unk_ = 0, cls_ = 0, sep_ = 0;
};

}  // namespace libra::preprocess
