// The shared object of piece_model.h: the only file that includes sentencepiece.
#include <sentencepiece_processor.h>

#include "libra/preprocess/piece_model.h"

namespace {

class SentencePieceModel final : public libra::preprocess::PieceModel {
 public:
  bool load(std::string_view bytes) override {
    return processor_.LoadFromSerializedProto(bytes).ok() && processor_.GetPieceSize() > 0;
  }
  int size() const override { return processor_.GetPieceSize(); }
  int unk_id() const override { return processor_.unk_id(); }
  int bos_id() const override { return processor_.bos_id(); }
  int eos_id() const override { return processor_.eos_id(); }
  std::string piece(int id) const override { return processor_.IdToPiece(id); }
  std::string encode(std::string_view text, std::vector<int>* ids) const override {
    const auto status = processor_.Encode(text, ids);
    return status.ok() ? "" : status.ToString();
  }
  std::string decode(const std::vector<int>& ids, std::string* text) const override {
    const auto status = processor_.Decode(ids, text);
    return status.ok() ? "" : status.ToString();
  }

 private:
  sentencepiece::SentencePieceProcessor processor_;
};

}  // namespace

extern "C" __attribute__((visibility("default"))) libra::preprocess::PieceModel*
libra_make_piece_model() {
  return new SentencePieceModel();
}
