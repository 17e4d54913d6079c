// What arrives in a message, whatever it is written in: names and values, nested names joined by
// "/". Decoders for msgpack with numpy arrays (openpi's and vla-eval's ways of writing them), JSON
// and multipart forms. Every size is checked before it is used; nothing is executed, and no name in
// a message is ever opened as a file.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libra/core/observation.h"
#include "libra/serving/limits.h"

namespace libra::serving {

using Bytes = std::span<const uint8_t>;
inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// A numpy array as it lies in the message: C order, as many bytes as shape and item ask for.
struct WireArray {
  char kind = 'f';  // b, i, u or f, as numpy says
  size_t item = 4;  // bytes of a number
  bool big_endian = false;
  std::vector<int64_t> shape;
  Bytes bytes;

  size_t count() const { return bytes.size() / item; }
  double at(size_t i) const;
  std::string describe() const;  // "uint8 (224, 224, 3)"
};

// A picture in a file's form; which one its first bytes say.
struct WireImage {
  Bytes bytes;
};

struct WireNothing {};  // null, an empty map, or something that no observation needs

using WireValue = std::variant<WireNothing, bool, int64_t, uint64_t, double, std::string,
                               std::vector<double>, WireArray, WireImage>;
// For people: "text", "a number", "uint8 (224, 224, 3)".
std::string describe(const WireValue& value);

struct WireMessage {
  std::map<std::string, WireValue, std::less<>> values;
  // Bytes that the message's own do not hold, such as decoded base64.
  std::deque<std::vector<uint8_t>> owned;

  const WireValue* find(std::string_view name) const;
  std::optional<double> number(std::string_view name) const;
  // Whole and not negative; exact over the whole range.
  std::optional<uint64_t> count(std::string_view name) const;
  const std::string* text(std::string_view name) const;
  bool flag(std::string_view name) const;  // there, and true or not 0
  // Whether it has the name, or names below it.
  bool has(std::string_view name) const;
  // Only what is below `prefix`, without it.
  void descend(std::string_view prefix);
};

// All throw Error(kBadInput). Arrays and images are views of `bytes`, which must outlive them.
WireMessage decode_msgpack(Bytes bytes, const Limits& limits);
WireMessage decode_json(std::string_view text, const Limits& limits);
// multipart/form-data: files are images, texts are JSON values or plain text.
WireMessage decode_form(std::string_view body, std::string_view content_type, const Limits& limits);

// PNG or JPEG; of anything else, of damaged bytes or beyond the limits throws Error(kBadInput)
// before memory is taken. Transparency is dropped.
Image decode_picture(Bytes bytes, const Limits& limits, const std::string& where);
// An array of pixels: height x width x 1, 3 or 4, or 3 x height x width; bytes, or numbers of [0,
// 1].
Image picture_of(const WireArray& array, const Limits& limits, const std::string& where);

// Throws Error(kBadInput) for text that is no base64.
std::vector<uint8_t> decode_base64(std::string_view text, const std::string& where);
bool valid_utf8(std::string_view text);
// Foreign text as it may stand in a message or log: printable ASCII, cut.
std::string printable(std::string_view text, size_t longest = 60);

}  // namespace libra::serving
