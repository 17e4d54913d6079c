#include "libra/training/event_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace libra::training {
namespace {

namespace fs = std::filesystem;

TEST(Crc32c, KnownAnswers) {
  EXPECT_EQ(crc32c("123456789", 9), 0xe3069283u);  // RFC 3720, B.4, and the usual check value
  const std::string zeros(32, '\0');
  EXPECT_EQ(crc32c(zeros.data(), zeros.size()), 0x8a9136aau);
}

// Against the format's description: length, its masked CRC, an Event, its masked CRC; the third
// record is Event{step: 7, summary: {value: {tag: "loss", simple_value: 0.5}}}.
TEST(EventFile, RecordsAreFramedAndEncoded) {
  const fs::path folder = fs::temp_directory_path() / "events";
  fs::remove_all(folder);
  fs::create_directories(folder);
  EventFile(folder.string(), 3).add(7, {{"loss", 0.5}});
  std::string bytes;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::ostringstream all;
    all << file.rdbuf();
    bytes = all.str();
  }
  std::vector<std::string> events;
  for (size_t at = 0; at < bytes.size();) {
    uint64_t length = 0;
    uint32_t check = 0;
    std::memcpy(&length, bytes.data() + at, 8);
    std::memcpy(&check, bytes.data() + at + 8, 4);
    const uint32_t crc = crc32c(bytes.data() + at, 8);
    ASSERT_EQ(check, ((crc >> 15) | (crc << 17)) + 0xa282ead8u);
    ASSERT_LE(at + 16 + length, bytes.size());
    events.push_back(bytes.substr(at + 12, length));
    at += 16 + length;
  }
  ASSERT_EQ(events.size(), 3u);
  EXPECT_NE(events[0].find("brain.Event:2"), std::string::npos);
  EXPECT_EQ(events[1].substr(9), std::string("\x10\x03\x3a\x02\x08\x01", 6));
  const std::string value("\x0a\x04loss\x15\x00\x00\x00\x3f", 11);
  EXPECT_EQ(events[2].substr(9), "\x10\x07\x2a\x0d\x0a\x0b" + value);
}

}  // namespace
}  // namespace libra::training
