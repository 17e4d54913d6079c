// Hostile tokenizer files must end in libra::Error or in a tokenizer that encodes within its
// vocabulary. Input that begins with { is a list of added tokens for a good model, everything else
// a sentencepiece model.
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "libra/core/error.h"
#include "libra/preprocess/tokenizer.h"

namespace {

std::string read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using libra::preprocess::Tokenizer;
  static const std::string good = read(LIBRA_SOURCE_DIR "/assets/tokenizer/tokenizer.model");
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const bool added = input.starts_with("{");
  try {
    const Tokenizer tokenizer =
        Tokenizer::from_bytes(added ? std::string_view(good) : input, added ? input : "{}", "fuzz");
    const auto ids = tokenizer.encode("pick up the <IMG_CONTEXT> \xc3\xa4 butter");
    for (const int32_t id : ids) {
      if (id < 0 || id >= tokenizer.vocab_size()) std::abort();
    }
    tokenizer.decode(ids);
  } catch (const libra::Error&) {
  }
  return 0;
}
