// Pickles and zips made byte by byte: what torch.save writes for a numpy array, and what it does
// not.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace libra::sim::libero {

inline uint32_t check_sum(const std::string& bytes) {
  return uint32_t(crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), uInt(bytes.size())));
}

inline std::string little(uint64_t value, size_t size) {
  std::string out;
  for (size_t i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

// The operation that pushes a small whole number.
inline std::string pickled_int(uint32_t value) {
  if (value < 0x100) return "K" + little(value, 1);
  if (value < 0x10000) return "M" + little(value, 2);
  return "J" + little(value, 4);
}

inline std::string pickled_text(const std::string& text) {
  return "X" + little(text.size(), 4) + text;
}

// Bytes as the text of the characters U+0000 to U+00FF, in UTF-8.
inline std::string latin1_text(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xc0 | byte >> 6);
      out += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return out;
}

inline std::string bytes_of(const std::vector<double>& values) {
  std::string bytes(values.size() * sizeof(double), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// What differs between pickles of arrays.
struct PickleParts {
  uint32_t rows = 1, columns = 1;
  std::string data;  // the bytes of the numbers
  std::string dtype = "f8", order = "<";
  bool column_order = false;
  std::string reconstruct = "cnumpy.core.multiarray\n_reconstruct\n";
};

inline std::string pickled_array(const PickleParts& p) {
  std::string out = "\x80\x02";
  uint64_t memo = 0;
  // An operation, and the one that remembers its result under the next number.
  const auto add = [&](const std::string& operation) {
    out += operation + "q" + little(memo++, 1);
  };
  add(p.reconstruct);
  add("cnumpy\nndarray\n");
  add(pickled_int(0) + "\x85");
  add("c_codecs\nencode\n");  // 3
  add(pickled_text("b"));
  add(pickled_text("latin1"));  // 5
  for (const char* operation : {"\x86", "R", "\x87", "R"}) add(operation);
  out += "(" + pickled_int(1);
  add(pickled_int(p.rows) + pickled_int(p.columns) + "\x86");
  add("cnumpy\ndtype\n");
  add(pickled_text(p.dtype));
  add("\x89\x88\x87");
  add("R");
  out += "(" + pickled_int(3);
  add(pickled_text(p.order));
  out += "NNN";
  for (int i = 0; i < 2; ++i) out += "J" + little(0xffffffffu, 4);
  add(pickled_int(0) + "t");
  out += p.column_order ? "b\x88" : "b\x89";
  out += std::string("h\x03");
  add(pickled_text(latin1_text(p.data)));
  out += std::string("h\x05");
  for (const char* operation : {"\x86", "R", "t"}) add(operation);
  return out + "b.";
}

inline std::string pickled_array(const std::vector<double>& values, uint32_t rows,
                                 uint32_t columns) {
  PickleParts parts;
  parts.rows = rows, parts.columns = columns, parts.data = bytes_of(values);
  return pickled_array(parts);
}

struct ZipEntry {
  std::string name, bytes;
  uint32_t method = 0;
};

inline std::string zip_of(const std::vector<ZipEntry>& entries) {
  std::string out, directory;
  for (const ZipEntry& e : entries) {
    const std::string facts = little(e.method, 2) + little(0, 4) + little(check_sum(e.bytes), 4) +
                              little(e.bytes.size(), 4) + little(e.bytes.size(), 4) +
                              little(e.name.size(), 2) + little(0, 2);
    directory += "PK\x01\x02" + little(0, 2) + little(0, 2) + little(0, 2) + facts + little(0, 2) +
                 little(0, 2) + little(0, 2) + little(0, 4) + little(out.size(), 4) + e.name;
    out += "PK\x03\x04" + little(0, 2) + little(0, 2) + facts + e.name + e.bytes;
  }
  const size_t start = out.size();
  return out + directory + "PK\x05\x06" + little(0, 4) + little(entries.size(), 2) +
         little(entries.size(), 2) + little(directory.size(), 4) + little(start, 4) + little(0, 2);
}

inline std::string init_archive(const std::vector<double>& values, uint32_t rows,
                                uint32_t columns) {
  return zip_of(
      {{"archive/data.pkl", pickled_array(values, rows, columns)}, {"archive/version", "3\n"}});
}

}  // namespace libra::sim::libero
