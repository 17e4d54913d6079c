// The sentencepiece library behind an interface, in a shared object of its own. Debian's
// libsentencepiece carries a copy of protobuf whose symbols clash with the libprotobuf that
// LibTorch loads; in one program the two crash before main. So the module is loaded with its
// symbols to itself (docs/decisions/0002-sentencepiece-apart.md).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace libra::preprocess {

class PieceModel {
 public:
  virtual ~PieceModel() = default;
  // The serialised model; false when it is not one.
  virtual bool load(std::string_view bytes) = 0;
  virtual int size() const = 0;
  virtual int unk_id() const = 0;
  virtual int bos_id() const = 0;
  virtual int eos_id() const = 0;
  virtual std::string piece(int id) const = 0;  // Requires: 0 <= id < size()
  // "" when it went well, else the reason.
  virtual std::string encode(std::string_view text, std::vector<int>* ids) const = 0;
  virtual std::string decode(const std::vector<int>& ids, std::string* text) const = 0;
};

// Throws Error(kFailed) when the module cannot be loaded.
std::unique_ptr<PieceModel> make_piece_model();

}  // namespace libra::preprocess
