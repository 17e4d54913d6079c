// The tokenizer of InternLM2: a sentencepiece model plus tokens that are matched as they stand.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace libra::preprocess {

// Tokens that prompts are built of; their ids come from the files.
inline constexpr std::string_view kImageStart = "<img>";
inline constexpr std::string_view kImageEnd = "</img>";
inline constexpr std::string_view kImageContext = "<IMG_CONTEXT>";
inline constexpr std::string_view kTurnStart = "<|im_start|>";
inline constexpr std::string_view kTurnEnd = "<|im_end|>";

// Thread: constant after construction, so one may be shared by all threads.
class Tokenizer {
 public:
  // model_path: sentencepiece model. added_tokens_path: JSON object token -> id, such as
  // added_tokens.json, or a tokenizer_config.json with added_tokens_decoder; "" for none.
  // Throws Error(kNotFound) or Error(kBadInput) that names the file.
  explicit Tokenizer(const std::string& model_path, const std::string& added_tokens_path = "");
  // As above, from bytes; `where` is named in errors.
  static Tokenizer from_bytes(std::string_view model, std::string_view added_tokens_json,
                              const std::string& where);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  // Splits at special tokens first, then encodes each stretch on its own; bos in front if asked.
  std::vector<int32_t> encode(std::string_view text, bool add_bos = true) const;
  // Pieces joined; special tokens are left out.
  std::string decode(std::span<const int32_t> ids) const;

  // Pieces and added tokens together: one more than the largest id.
  int vocab_size() const;
  int unk_id() const;
  int bos_id() const;
  int eos_id() const;
  int pad_id() const;  // eos, as the reference sets it
  // Id of a special token. Throws Error(kNotFound) when the tokenizer lacks it.
  int32_t special_id(std::string_view token) const;
  // The piece or special token of an id; Requires 0 <= id < vocab_size().
  std::string piece(int32_t id) const;
  // The bytes of the two files, for checkpoints that carry their tokenizer with them.
  const std::string& model_bytes() const;
  std::string added_tokens_json() const;

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace libra::preprocess
