// Hostile vocabularies must end in libra::Error or in a tokenizer, and hostile texts in ids within
// the vocabulary, no more than asked for. Input: a vocabulary, a zero byte, a text.
#include <cstdlib>

#include "libra/core/error.h"
#include "libra/preprocess/word_piece.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using libra::preprocess::WordPiece;
  constexpr size_t kLongest = 16;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t middle = std::min(input.find('\0'), size);
  const std::string_view vocab = input.substr(0, middle),
                         text = input.substr(std::min(middle + 1, size));
  try {
    const WordPiece tokenizer = WordPiece::from_bytes(vocab, "fuzz");
    const auto ids = tokenizer.encode(text, kLongest);
    if (ids.size() < 2 || ids.size() > kLongest) std::abort();
    for (const int32_t id : ids) {
      if (id < 0 || id >= tokenizer.vocab_size()) std::abort();
    }
  } catch (const libra::Error&) {
  }
  return 0;
}
