#include "libra/serving/wire.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "libra/core/error.h"

namespace libra::serving {
namespace {

double half_to_double(uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int mantissa = bits & 1023;
  double value = 0.0;
  if (exponent == 31) {
    value = mantissa == 0 ? HUGE_VAL : std::nan("");
  } else {
    value = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(mantissa + 1024, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

template <class To>
double read_as(const uint8_t* bytes) {
  To value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<double>(value);
}

double read_number(char kind, size_t item, const uint8_t* bytes) {
  if (kind == 'f') {
    if (item == 8) return read_as<double>(bytes);
    if (item == 4) return read_as<float>(bytes);
    uint16_t half = 0;
    std::memcpy(&half, bytes, sizeof half);
    return half_to_double(half);
  }
  const bool is_signed = kind == 'i';
  switch (item) {
    case 8:
      return is_signed ? read_as<int64_t>(bytes) : read_as<uint64_t>(bytes);
    case 4:
      return is_signed ? read_as<int32_t>(bytes) : read_as<uint32_t>(bytes);
    case 2:
      return is_signed ? read_as<int16_t>(bytes) : read_as<uint16_t>(bytes);
    default:
      return is_signed ? read_as<int8_t>(bytes) : read_as<uint8_t>(bytes);
  }
}

}  // namespace

double WireArray::at(size_t i) const {
  uint8_t native[8] = {};
  const uint8_t* from = bytes.data() + i * item;
  for (size_t k = 0; k < std::min<size_t>(item, 8); ++k) {
    native[k] = from[big_endian ? item - 1 - k : k];
  }
  return read_number(kind, item, native);
}

std::string WireArray::describe() const {
  std::string text = kind == 'b' ? "bool" : kind == 'f' ? "float" : kind == 'i' ? "int" : "uint";
  if (kind != 'b') text += std::to_string(item * 8);
  text += " (";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  }
  return text + ")";
}

std::string describe(const WireValue& value) {
  struct Describer {
    std::string operator()(const WireNothing&) const { return "nothing that is known"; }
    std::string operator()(bool) const { return "true or false"; }
    std::string operator()(int64_t) const { return "a number"; }
    std::string operator()(uint64_t) const { return "a number"; }
    std::string operator()(double) const { return "a number"; }
    std::string operator()(const std::string& s) const {
      return "text of " + std::to_string(s.size()) + " bytes";
    }
    std::string operator()(const std::vector<double>& v) const {
      return std::to_string(v.size()) + " numbers";
    }
    std::string operator()(const WireArray& a) const { return a.describe(); }
    std::string operator()(const WireImage& i) const {
      return "a picture of " + std::to_string(i.bytes.size()) + " bytes";
    }
  };
  return std::visit(Describer{}, value);
}

const WireValue* WireMessage::find(std::string_view name) const {
  const auto at = values.find(name);
  return at == values.end() ? nullptr : &at->second;
}

std::optional<double> WireMessage::number(std::string_view name) const {
  const WireValue* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (const auto* i = std::get_if<int64_t>(value)) return static_cast<double>(*i);
  if (const auto* u = std::get_if<uint64_t>(value)) return static_cast<double>(*u);
  if (const auto* d = std::get_if<double>(value)) return *d;
  if (const auto* a = std::get_if<WireArray>(value); a != nullptr && a->count() == 1) {
    return a->at(0);
  }
  return std::nullopt;
}

std::optional<uint64_t> WireMessage::count(std::string_view name) const {
  const WireValue* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (const auto* u = std::get_if<uint64_t>(value)) return *u;
  const std::optional<double> d = number(name);
  if (!d || !(*d >= 0.0) || *d >= 0x1.0p53 || *d != std::floor(*d)) return std::nullopt;
  return static_cast<uint64_t>(*d);
}

const std::string* WireMessage::text(std::string_view name) const {
  const WireValue* value = find(name);
  return value == nullptr ? nullptr : std::get_if<std::string>(value);
}

bool WireMessage::flag(std::string_view name) const {
  const WireValue* value = find(name);
  if (value == nullptr) return false;
  if (const auto* b = std::get_if<bool>(value)) return *b;
  return number(name).value_or(0.0) != 0.0;
}

bool WireMessage::has(std::string_view name) const {
  const auto at = values.lower_bound(name);
  if (at == values.end()) return false;
  if (at->first == name) return true;
  const auto below = values.lower_bound(std::string(name) + "/");
  return below != values.end() && below->first.starts_with(std::string(name) + "/");
}

void WireMessage::descend(std::string_view prefix) {
  const std::string start = std::string(prefix) + "/";
  std::map<std::string, WireValue, std::less<>> below;
  for (auto& [name, value] : values) {
    if (name.starts_with(start)) below.emplace(name.substr(start.size()), std::move(value));
  }
  values = std::move(below);
}

bool valid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<uint8_t>(text[i]);
    const size_t length = first < 0x80       ? 1
                          : first >> 5 == 6  ? 2
                          : first >> 4 == 14 ? 3
                          : first >> 3 == 30 ? 4
                                             : 0;
    if (length == 0 || i + length > text.size()) return false;
    uint32_t point = length == 1 ? first : first & (0x7fu >> length);
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<uint8_t>(text[i + k]);
      if (next >> 6 != 2) return false;
      point = point << 6 | (next & 63u);
    }
    static constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kLeast[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
      return false;
    }
    i += length;
  }
  return true;
}

std::string printable(std::string_view text, size_t longest) {
  std::string out;
  for (const char c : text.substr(0, longest)) out += c >= ' ' && c <= '~' ? c : '?';
  if (text.size() > longest) out += "...";
  return out;
}

}  // namespace libra::serving
