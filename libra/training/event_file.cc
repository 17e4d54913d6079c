#include "libra/training/event_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "libra/core/error.h"

namespace libra::training {
namespace {

// Protocol buffers, as much as scalars need: fields of tensorflow.Event and tensorflow.Summary.
std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  return out += static_cast<char>(value);
}

template <class Number>
std::string little_endian(Number value) {
  static_assert(std::endian::native == std::endian::little);
  std::string out(sizeof value, 0);
  std::memcpy(out.data(), &value, sizeof value);
  return out;
}

enum Wire { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
std::string key(int field, Wire wire) { return varint(uint64_t(field) << 3 | uint64_t(wire)); }
std::string bytes(int field, const std::string& value) {
  return key(field, kBytes) + varint(value.size()) + value;
}

std::string event(int64_t step, const std::string& content) {
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  return key(1, kFixed64) + little_endian(now) + key(2, kVarint) + varint(uint64_t(step)) + content;
}

std::string masked_crc(const std::string& data) {
  const uint32_t crc = crc32c(data.data(), data.size());
  return little_endian(static_cast<uint32_t>(((crc >> 15) | (crc << 17)) + 0xa282ead8u));
}

}  // namespace

uint32_t crc32c(const void* data, size_t count) {
  static const auto table = [] {
    std::array<uint32_t, 256> out{};
    for (uint32_t i = 0; i < 256; ++i) {
      out[i] = i;
      for (int bit = 0; bit < 8; ++bit) out[i] = (out[i] >> 1) ^ (out[i] & 1 ? 0x82f63b78u : 0u);
    }
    return out;
  }();
  uint32_t crc = ~0u;
  for (const auto* at = static_cast<const uint8_t*>(data); count > 0; --count, ++at) {
    crc = (crc >> 8) ^ table[(crc ^ *at) & 0xff];
  }
  return ~crc;
}

EventFile::EventFile(const std::string& folder, int64_t begins) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
                           std::chrono::system_clock::now().time_since_epoch())
                           .count();
  // Two that begin in the same second have different names.
  for (int64_t later = seconds; file_ < 0; ++later) {
    path_ = folder + "/events.out.tfevents." + std::to_string(later) + ".libra";
    file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file_ < 0 && errno != EEXIST) {
      throw Error(ErrorCode::kFailed,
                  {.where = path_, .problem = std::string("cannot be made: ") + strerror(errno)});
    }
  }
  write(event(0, bytes(3, "brain.Event:2")));
  constexpr int kStart = 1;  // of a session, after which older events of later steps do not count
  write(event(begins, bytes(7, key(1, kVarint) + varint(kStart))));
}

EventFile::~EventFile() { close(file_); }

void EventFile::add(int64_t step, const std::map<std::string, double>& scalars) {
  std::string summary;
  for (const auto& [tag, value] : scalars) {
    summary += bytes(1, bytes(1, tag) + key(2, kFixed32) + little_endian(float(value)));
  }
  write(event(step, bytes(5, summary)));
}

void EventFile::write(const std::string& data) {
  const std::string length = little_endian(uint64_t(data.size()));
  const std::string record = length + masked_crc(length) + data + masked_crc(data);
  if (::write(file_, record.data(), record.size()) == ssize_t(record.size())) return;
  throw Error(ErrorCode::kFailed, {.where = path_,
                                   .problem = std::string("cannot be written: ") + strerror(errno),
                                   .next = "make room; the run goes on with --resume"});
}

}  // namespace libra::training
