#include "libra/sim/libero/zip_archive.h"

#include <zlib.h>

#include <cstdint>
#include <optional>

#include "libra/core/error.h"

namespace libra::sim::libero {
namespace {

constexpr uint32_t kEndMark = 0x06054b50, kEntryMark = 0x02014b50, kLocalMark = 0x04034b50;
constexpr size_t kEndSize = 22, kEntrySize = 46, kLocalSize = 30;
constexpr size_t kMaxComment = 0xffff;
constexpr size_t kMaxEntries = 1000;
constexpr size_t kMaxEntryBytes = size_t{256} << 20;

[[noreturn]] void bad(const std::string& where, const std::string& problem) {
  throw Error(ErrorCode::kBadInput, {.where = where,
                                     .problem = problem,
                                     .expected = "a zip as torch.save or numpy.savez writes it"});
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

// Raw deflate. The output is as large as the directory says, or it is damaged.
std::string inflated(std::string_view stored, size_t size, const std::string& where) {
  std::string out(size, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) bad(where, "cannot be unpacked");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(stored.data()));
  stream.avail_in = static_cast<uInt>(stored.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream, Z_FINISH);
  const bool whole = result == Z_STREAM_END && stream.total_out == size;
  inflateEnd(&stream);
  if (!whole) bad(where, "its compressed entry is damaged");
  return out;
}

std::string contents(std::string_view archive, const Entry& entry, const std::string& where) {
  if ((entry.flags & 1) != 0) bad(where, "its entry is encrypted");
  const bool deflated = entry.method == 8;
  if (!deflated && (entry.method != 0 || entry.stored != entry.size)) {
    bad(where, "its entry is compressed by method " + std::to_string(entry.method));
  }
  if (entry.size > kMaxEntryBytes) bad(where, "its entry is larger than 256 MiB");
  const size_t local = entry.local;
  if (archive.size() < kLocalSize || local > archive.size() - kLocalSize ||
      number(archive, local, 4) != kLocalMark) {
    bad(where, "its entry does not begin where the directory says");
  }
  const size_t start =
      local + kLocalSize + number(archive, local + 26, 2) + number(archive, local + 28, 2);
  if (start > archive.size() || archive.size() - start < entry.stored) {
    bad(where, "its entry reaches past the end of the file");
  }
  const std::string_view stored = archive.substr(start, entry.stored);
  std::string bytes = deflated ? inflated(stored, entry.size, where) : std::string(stored);
  const uLong sum =
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
  if (sum != entry.crc) bad(where, "the check sum of its entry is wrong");
  return bytes;
}

std::optional<Entry> find_entry(std::string_view archive, std::string_view suffix,
                                const std::string& where) {
  const size_t end = find_end(archive, where);
  const size_t count = number(archive, end + 10, 2);
  size_t at = number(archive, end + 16, 4);
  if (count > kMaxEntries || at > end) bad(where, "its directory is damaged");
  std::optional<Entry> found;
  for (size_t i = 0; i < count; ++i) {
    const Entry entry = read_entry(archive, at, end, where);
    at = entry.next;
    if (!entry.name.ends_with(suffix)) continue;
    if (found) bad(where, "has more than one entry '" + std::string(suffix) + "'");
    found = entry;
  }
  return found;
}

}  // namespace

std::string zip_entry(std::string_view archive, std::string_view suffix, const std::string& where) {
  const auto found = find_entry(archive, suffix, where);
  if (!found) bad(where, "has no entry '" + std::string(suffix) + "'");
  return contents(archive, *found, where);
}

bool has_zip_entry(std::string_view archive, std::string_view suffix, const std::string& where) {
  return find_entry(archive, suffix, where).has_value();
}

}  // namespace libra::sim::libero
