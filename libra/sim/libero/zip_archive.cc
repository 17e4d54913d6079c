#include "libra/sim/libero/zip_archive.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "libra/core/error.h"

namespace libra::sim::libero {
namespace {

constexpr uint32_t kEndMark = 0x06054b50, kEntryMark = 0x02014b50, kLocalMark = 0x04034b50;
constexpr size_t kEndSize = 22, kEntrySize = 46, kLocalSize = 30;
constexpr size_t kMaxComment = 0xffff;
constexpr size_t kMaxEntries = 1000;

[[noreturn]] void bad(const std::string& where, const std::string& problem) {
  throw Error(ErrorCode::kBadInput,
              {.where = where,
               .problem = problem,
               .expected = "a zip of stored entries as torch.save writes it"});
}

// Little-endian numbers; the caller has checked that they lie inside.
uint32_t number(std::string_view bytes, size_t at, size_t size) {
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) {
    value |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[at + i])) << (8 * i);
  }
  return value;
}

// Position of the record that ends a zip: the last one whose comment reaches the end of the file.
size_t find_end(std::string_view archive, const std::string& where) {
  if (archive.size() >= kEndSize) {
    const size_t last = archive.size() - kEndSize;
    const size_t first = last > kMaxComment ? last - kMaxComment : 0;
    for (size_t at = last + 1; at-- > first;) {
      if (number(archive, at, 4) == kEndMark &&
          number(archive, at + 20, 2) == archive.size() - at - kEndSize) {
        return at;
      }
    }
  }
  bad(where, "is not a zip or is cut short");
}

struct Entry {
  std::string_view name;
  uint32_t flags, method, crc, stored, size, local;
  size_t next;  // position of the next directory entry
};

Entry read_entry(std::string_view archive, size_t at, size_t end, const std::string& where) {
  if (at > end || end - at < kEntrySize || number(archive, at, 4) != kEntryMark) {
    bad(where, "its directory is damaged");
  }
  const size_t name = number(archive, at + 28, 2), extra = number(archive, at + 30, 2);
  const size_t comment = number(archive, at + 32, 2), rest = name + extra + comment;
  if (end - at - kEntrySize < rest) bad(where, "its directory is damaged");
  return {archive.substr(at + kEntrySize, name), number(archive, at + 8, 2),
          number(archive, at + 10, 2),           number(archive, at + 16, 4),
          number(archive, at + 20, 4),           number(archive, at + 24, 4),
          number(archive, at + 42, 4),           at + kEntrySize + rest};
}

std::string_view contents(std::string_view archive, const Entry& entry, const std::string& where) {
  if ((entry.flags & 1) != 0) bad(where, "its entry is encrypted");
  if (entry.method != 0 || entry.stored != entry.size) bad(where, "its entry is compressed");
  const size_t local = entry.local;
  if (archive.size() < kLocalSize || local > archive.size() - kLocalSize ||
      number(archive, local, 4) != kLocalMark) {
    bad(where, "its entry does not begin where the directory says");
  }
  const size_t start =
      local + kLocalSize + number(archive, local + 26, 2) + number(archive, local + 28, 2);
  if (start > archive.size() || archive.size() - start < entry.size) {
    bad(where, "its entry reaches past the end of the file");
  }
  const std::string_view bytes = archive.substr(start, entry.size);
  if (crc32(bytes) != entry.crc) bad(where, "the check sum of its entry is wrong");
  return bytes;
}

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1) != 0 ? 0xedb88320u ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
  return table;
}

}  // namespace

uint32_t crc32(std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> kTable = make_crc_table();
  uint32_t c = 0xffffffffu;
  for (const char byte : bytes) c = kTable[(c ^ static_cast<uint8_t>(byte)) & 0xff] ^ (c >> 8);
  return c ^ 0xffffffffu;
}

std::string_view stored_entry(std::string_view archive, std::string_view suffix,
                              const std::string& where) {
  const size_t end = find_end(archive, where);
  const size_t count = number(archive, end + 10, 2);
  size_t at = number(archive, end + 16, 4);
  if (count > kMaxEntries || at > end) bad(where, "its directory is damaged");
  std::string_view found;
  bool any = false;
  for (size_t i = 0; i < count; ++i) {
    const Entry entry = read_entry(archive, at, end, where);
    at = entry.next;
    if (!entry.name.ends_with(suffix)) continue;
    if (any) bad(where, "has more than one entry '" + std::string(suffix) + "'");
    any = true;
    found = contents(archive, entry, where);
  }
  if (!any) bad(where, "has no entry '" + std::string(suffix) + "'");
  return found;
}

}  // namespace libra::sim::libero
