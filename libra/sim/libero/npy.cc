#include <algorithm>
#include <charconv>

#include "libra/core/error.h"
#include "libra/sim/libero/number_array.h"
#include "libra/sim/libero/number_data.h"

namespace libra::sim::libero {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

[[noreturn]] void bad_npy(const std::string& where, const std::string& problem,
                          const std::string& found = "") {
  throw Error(ErrorCode::kBadInput,
              {.where = where,
               .problem = problem,
               .expected = "a .npy file of f32 or f64 in row order, little-endian",
               .found = found});
}

// The text after `'key':` in the header's dictionary.
std::string_view header_value(std::string_view header, const std::string& key,
                              const std::string& where) {
  const std::string quoted = "'" + key + "':";
  const size_t at = header.find(quoted);
  if (at == std::string_view::npos) bad_npy(where, "its header has no '" + key + "'");
  std::string_view value = header.substr(at + quoted.size());
  return value.substr(std::min(value.find_first_not_of(' '), value.size()));
}

std::vector<size_t> parse_shape(std::string_view text, const std::string& where) {
  const size_t end = text.find(')');
  if (!text.starts_with('(') || end == std::string_view::npos) {
    bad_npy(where, "its shape is damaged");
  }
  std::vector<size_t> shape;
  for (const char *at = text.data() + 1, *last = text.data() + end; at < last;) {
    size_t side = 0;
    const auto [next, error] = std::from_chars(at, last, side);
    if (error != std::errc() || side > kMaxNumbers || shape.size() == 8) {
      bad_npy(where, "its shape is damaged", std::string(text.substr(0, end + 1)));
    }
    shape.push_back(side);
    at = std::find_if(next, last, [](char c) { return c >= '0' && c <= '9'; });
  }
  return shape;
}

}  // namespace

NumberArray parse_npy(std::string_view bytes, const std::string& where) {
  if (!bytes.starts_with(kMagic) || bytes.size() < 12) bad_npy(where, "is not a .npy file");
  const int version = bytes[6];
  if (version < 1 || version > 3) {
    bad_npy(where, "is a .npy file of an unknown version", std::to_string(version));
  }
  const size_t field = version == 1 ? 2 : 4, start = 8 + field;
  size_t length = 0;
  for (size_t i = 0; i < field; ++i) length |= size_t(uint8_t(bytes[8 + i])) << (8 * i);
  if (length > bytes.size() - start) bad_npy(where, "ends inside its header");
  const std::string_view header = bytes.substr(start, length);
  const std::string_view type = header_value(header, "descr", where);
  NumberArray array;
  array.shape = parse_shape(header_value(header, "shape", where), where);
  const bool wide = type.starts_with("'<f8'");
  if (!wide && !type.starts_with("'<f4'")) {
    bad_npy(where, "holds other numbers", std::string(type.substr(0, type.find(','))));
  }
  if (!header_value(header, "fortran_order", where).starts_with("False")) {
    bad_npy(where, "stands in column order");
  }
  const std::string_view data = bytes.substr(start + length);
  if (data.size() != count_of(array.shape) * (wide ? 8 : 4)) {
    bad_npy(where, "does not hold the numbers of its shape",
            std::to_string(data.size()) + " bytes");
  }
  array.values = numbers_of(data, wide);
  return array;
}

}  // namespace libra::sim::libero
