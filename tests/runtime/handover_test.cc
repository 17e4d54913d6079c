// Values that cross threads: none torn, none unseen without a count, none out of order.
#include <gtest/gtest.h>

#include <thread>

#include "libra/runtime/ring.h"
#include "libra/runtime/triple_buffer.h"

namespace libra {
namespace {

// Large enough to be torn if it could be.
struct Triple {
  uint64_t serial = 0;
  std::array<uint64_t, 100> same{};
};

TEST(TripleBuffer, HandsOverTheNewestValueOnce) {
  TripleBuffer<int> buffer(7);
  EXPECT_FALSE(buffer.update());
  EXPECT_EQ(buffer.front(), 7);
  buffer.back() = 1;
  EXPECT_FALSE(buffer.publish());
  buffer.back() = 2;
  EXPECT_TRUE(buffer.publish());  // 1 was never read
  EXPECT_TRUE(buffer.update());
  EXPECT_EQ(buffer.front(), 2);
  EXPECT_FALSE(buffer.update());
  EXPECT_EQ(buffer.front(), 2);
  buffer.back() = 3;
  EXPECT_FALSE(buffer.publish());  // 2 was
}

TEST(TripleBuffer, NeverTearsAndCountsWhatWasNeverRead) {
  constexpr uint64_t kValues = 300'000;
  TripleBuffer<Triple> buffer;
  uint64_t replaced = 0, read = 0;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (uint64_t i = 1; i <= kValues; ++i) {
      Triple& value = buffer.back();
      value.serial = i;
      value.same.fill(i);
      if (buffer.publish()) ++replaced;
    }
    done = true;
  });
  uint64_t last = 0;
  const auto look = [&] {
    if (!buffer.update()) return;
    ++read;
    const Triple& value = buffer.front();
    ASSERT_GT(value.serial, last);
    last = value.serial;
    for (uint64_t x : value.same) ASSERT_EQ(x, last);
  };
  while (!done) look();
  writer.join();
  look();
  EXPECT_EQ(last, kValues);
  EXPECT_EQ(read + replaced, kValues);
}

TEST(Ring, KeepsOrderAndCountsWhatDoesNotFit) {
  Ring<int> ring(3);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ring.push(i), i < 3);
  EXPECT_EQ(ring.lost(), 2u);
  int value = -1;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(ring.pop(value));
    EXPECT_EQ(value, i);
  }
  EXPECT_FALSE(ring.pop(value));

  constexpr uint64_t kValues = 300'000;
  Ring<Triple> shared(64);
  std::thread writer([&] {
    Triple v;
    for (uint64_t i = 1; i <= kValues; ++i) {
      v.serial = i;
      v.same.fill(i);
      shared.push(v);
    }
  });
  uint64_t last = 0, read = 0;
  Triple v;
  const auto look = [&] {
    while (shared.pop(v)) {
      ++read;
      ASSERT_GT(v.serial, last);
      last = v.serial;
      ASSERT_EQ(v.same[0], last);
      ASSERT_EQ(v.same[99], last);
    }
  };
  while (read + shared.lost() < kValues) look();
  writer.join();
  look();
  EXPECT_EQ(read + shared.lost(), kValues);
}

}  // namespace
}  // namespace libra
