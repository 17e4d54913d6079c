#include "libra/model/safetensors_header.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "libra/core/error.h"
#include "libra/model/strict_json.h"

namespace libra::model {
namespace {

using nlohmann::json;

struct DtypeFacts {
  const char* name;
  size_t size;
};
constexpr std::array<DtypeFacts, 15> kDtypes = {{{"F64", 8},
                                                 {"I64", 8},
                                                 {"U64", 8},
                                                 {"F32", 4},
                                                 {"I32", 4},
                                                 {"U32", 4},
                                                 {"F16", 2},
                                                 {"BF16", 2},
                                                 {"I16", 2},
                                                 {"U16", 2},
                                                 {"I8", 1},
                                                 {"U8", 1},
                                                 {"BOOL", 1},
                                                 {"F8_E4M3", 1},
                                                 {"F8_E5M2", 1}}};
constexpr uint64_t kMaxHeader = 100'000'000;  // the format's own limit

[[noreturn]] void bad(const std::string& where, const std::string& problem,
                      const std::string& expected = {}, const std::string& found = {}) {
  throw Error(ErrorCode::kBadInput,
              {.where = where, .problem = problem, .expected = expected, .found = found});
}

uint64_t number(const json& value, const std::string& where, const std::string& what) {
  if (!value.is_number_unsigned()) {
    bad(where, what + " is not a whole number >= 0", {},
        printable(value.dump(-1, ' ', true, json::error_handler_t::replace)));
  }
  return value.get<uint64_t>();
}

StoredDtype parse_dtype(const json& value, const std::string& where) {
  if (!value.is_string()) bad(where, "dtype is not a text");
  const std::string& word = value.get_ref<const std::string&>();
  for (size_t i = 0; i < kDtypes.size(); ++i) {
    if (word == kDtypes[i].name) return StoredDtype(i);
  }
  std::vector<std::string> known;
  for (const DtypeFacts& facts : kDtypes) known.emplace_back(facts.name);
  bad(where, "unknown dtype", join_names(known), printable(word));
}

StoredTensor parse_tensor(const json& value, uint64_t data_size, const std::string& where) {
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") ||
      !value.contains("shape") || !value.contains("data_offsets")) {
    bad(where, "malformed entry", "dtype, shape and data_offsets");
  }
  const json &shape = value["shape"], &offsets = value["data_offsets"];
  if (!shape.is_array() || shape.size() > 16) bad(where, "shape is not a short list");
  if (!offsets.is_array() || offsets.size() != 2) bad(where, "data_offsets is not a pair");

  StoredTensor out;
  out.dtype = parse_dtype(value["dtype"], where);
  uint64_t bytes = dtype_size(out.dtype);
  // Beyond 2^62 bytes nothing can be real; stopping there keeps the product from wrapping.
  constexpr uint64_t kLimit = uint64_t{1} << 62;
  bool empty = false;
  for (const json& side : shape) {
    const uint64_t n = number(side, where, "a side of the shape");
    if (n > kLimit || (n != 0 && bytes > kLimit / n)) bad(where, "shape is too large");
    empty = empty || n == 0;
    if (n != 0) bytes *= n;
    out.shape.push_back(int64_t(n));
  }
  if (empty) bytes = 0;
  out.begin = number(offsets[0], where, "a data offset");
  out.end = number(offsets[1], where, "a data offset");
  if (out.begin > out.end || out.end > data_size) {
    bad(where, "data lies outside of the file",
        "offsets within " + std::to_string(data_size) + " bytes",
        std::to_string(out.begin) + " to " + std::to_string(out.end));
  }
  if (out.end - out.begin != bytes) {
    bad(where, "shape and data disagree", std::to_string(bytes) + " bytes",
        std::to_string(out.end - out.begin));
  }
  return out;
}

// Every byte of the data must belong to exactly one tensor.
void check_layout(const SafetensorsHeader& header, uint64_t data_size, const std::string& where) {
  std::vector<const std::pair<const std::string, StoredTensor>*> order;
  for (const auto& entry : header.tensors) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::pair(a->second.begin, a->second.end) < std::pair(b->second.begin, b->second.end);
  });
  uint64_t next = 0;
  for (const auto* entry : order) {
    if (entry->second.begin != next) {
      bad(where + " [" + printable(entry->first) + "]",
          entry->second.begin < next ? "data overlaps another tensor"
                                     : "data leaves a hole before it",
          "offset " + std::to_string(next), std::to_string(entry->second.begin));
    }
    next = entry->second.end;
  }
  if (next != data_size) {
    bad(where, "file has the wrong size", std::to_string(next) + " bytes of data",
        std::to_string(data_size));
  }
}

}  // namespace

size_t dtype_size(StoredDtype dtype) { return kDtypes[size_t(dtype)].size; }
const char* dtype_name(StoredDtype dtype) { return kDtypes[size_t(dtype)].name; }

SafetensorsHeader parse_safetensors(std::span<const std::byte> file, const std::string& where) {
  if (file.size() < 8)
    bad(where, "not a safetensors file", "at least 8 bytes", std::to_string(file.size()));
  uint64_t length = 0;
  for (size_t i = 0; i < 8; ++i) length |= uint64_t(file[i]) << (8 * i);
  if (length > kMaxHeader || length > file.size() - 8) {
    bad(where, "header is longer than the file",
        "at most " + std::to_string(std::min<uint64_t>(kMaxHeader, file.size() - 8)) + " bytes",
        std::to_string(length));
  }
  const char* begin = reinterpret_cast<const char*>(file.data()) + 8;
  const json root = parse_strict_json({begin, size_t(length)}, where, "header");
  if (!root.is_object()) bad(where, "header is not a JSON object");

  SafetensorsHeader out;
  out.data_offset = 8 + length;
  const uint64_t data_size = file.size() - out.data_offset;
  for (const auto& [name, value] : root.items()) {
    if (name != "__metadata__") {
      out.tensors[name] = parse_tensor(value, data_size, where + " [" + printable(name) + "]");
      continue;
    }
    if (!value.is_object()) bad(where, "__metadata__ is not a JSON object");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string())
        bad(where, "__metadata__ holds something else than text", {}, printable(key));
      out.metadata[key] = text.get<std::string>();
    }
  }
  check_layout(out, data_size, where);
  return out;
}

}  // namespace libra::model
