// The frozen sentence encoder that reads instructions for small planners (model::TextConfig).
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "libra/model/backbones/bert.h"
#include "libra/model/libra_vla/pointing_head.h"
#include "libra/preprocess/word_piece.h"

namespace libra::policy {

// In f32 on the CPU, whatever the policy runs on. A text is encoded once, alone, so its states do
// not depend on the texts beside it. Thread: all threads may share one.
class TextEncoder {
 public:
  // Reads the folder `config.encoder`, also one of data_root(). Throws Error(kNotFound / kBadInput)
  // that names it: not there, not whole, of another width, or with other weights than config.hash
  // says.
  explicit TextEncoder(const model::TextConfig& config);

  // file_hash() of the weights.
  const std::string& hash() const { return hash_; }
  // texts[b] holds the queries of sample b; all lists have the same length P. -> token states
  // [B, P, L, width] with zeros where no token stands. A text without words has the states of [CLS]
  // and [SEP]; what a text has beyond the encoder's max_seq_length is not read.
  model::TextQueries encode(std::span<const std::vector<std::string>> texts) const;

 private:
  struct States {
    int64_t length = 0;         // tokens
    std::vector<float> values;  // [length, width]
  };
  std::shared_ptr<const States> states(const std::string& text) const;

  std::string hash_;
  int64_t width_;
  size_t longest_ = 0;  // tokens
  preprocess::WordPiece words_;
  model::Bert network_{nullptr};
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::string, std::shared_ptr<const States>> known_;
  mutable size_t kept_ = 0;  // numbers in known_
};

}  // namespace libra::policy
