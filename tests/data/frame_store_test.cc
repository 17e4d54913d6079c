#include "libra/data/frame_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <thread>

#include "libra/core/error.h"
#include "tests/data/toy.h"

namespace libra::data {
namespace {

using ::testing::HasSubstr;

// Byte of pixel p of camera c of frame t of episode e.
uint8_t byte_of(size_t e, int t, size_t c, size_t p) {
  return uint8_t(17 * e + 5 * size_t(t) + 3 * c + p);
}

struct Counted {
  std::atomic<int> decoded{0};
  std::vector<int> frames = {4, 1, 7, 3};
  FrameStore::Decode decode() {
    return [this](size_t e, const TakeFrame& take) {
      ++decoded;
      if (e == 3) throw Error(ErrorCode::kBadInput, "episode 3 is broken");
      for (int t = 0; t < frames[e]; ++t) {
        std::vector<Image> cameras(2, Image(4, 4));
        for (size_t c = 0; c < 2; ++c) {
          for (size_t p = 0; p < 48; ++p) cameras[c].rgb[p] = byte_of(e, t, c, p);
        }
        take(t, cameras);
      }
    };
  }
};

FrameStoreOptions options(uint64_t memory, const std::string& cache, int workers = 0) {
  FrameStoreOptions o;
  o.sides = {4, 2};
  o.memory = memory;
  o.cache = cache;
  o.key = [] { return "a key"; };
  o.workers = workers;
  o.fit = [](const Image& camera, int side, Image& out) {
    out = Image(side, side);
    std::copy_n(camera.rgb.begin(), out.rgb.size(), out.rgb.begin());
  };
  return o;
}

void expect_right(FrameStore& store, const std::vector<int>& frames) {
  std::vector<uint8_t> big(2 * 48), small(2 * 12);
  for (size_t e = 0; e < 3; ++e) {
    for (int t = frames[e] - 1; t >= 0; --t) {
      store.read(e, t, 0, big.data());
      store.read(e, t, 1, small.data());
      for (size_t c = 0; c < 2; ++c) {
        for (size_t p = 0; p < 48; ++p) ASSERT_EQ(big[c * 48 + p], byte_of(e, t, c, p));
        for (size_t p = 0; p < 12; ++p) ASSERT_EQ(small[c * 12 + p], byte_of(e, t, c, p));
      }
    }
  }
}

TEST(FrameStore, GivesTheSameFromMemoryAndFromTheDisk) {
  const Folder folder;
  Counted counted;
  FrameStore memory(counted.frames, 2, counted.decode(), options(1 << 20, ""));
  EXPECT_FALSE(memory.on_disk());
  expect_right(memory, counted.frames);
  EXPECT_EQ(counted.decoded, 3);  // each once
  FrameStore disk(counted.frames, 2, counted.decode(), options(100, folder.path()));
  EXPECT_TRUE(disk.on_disk());
  expect_right(disk, counted.frames);
  EXPECT_EQ(counted.decoded, 6);
}

TEST(FrameStore, WhatIsOnTheDiskIsNotDecodedAgain) {
  const Folder folder;
  Counted first, second;
  {
    FrameStore store(first.frames, 2, first.decode(), options(0, folder.path()));
    std::vector<uint8_t> out(2 * 48);
    store.read(2, 0, 0, out.data());
  }
  FrameStore store(second.frames, 2, second.decode(), options(0, folder.path()));
  expect_right(store, second.frames);
  EXPECT_EQ(second.decoded, 2);  // episodes 0 and 1
}

TEST(FrameStore, AFailedEpisodeIsToldToWhoeverAsksForIt) {
  Counted counted;
  FrameStore store(counted.frames, 2, counted.decode(), options(1 << 20, ""));
  std::vector<uint8_t> out(2 * 48);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(message_of([&] { store.read(3, 0, 0, out.data()); }), HasSubstr("is broken"));
  }
  EXPECT_EQ(counted.decoded, 1);
}

TEST(FrameStore, ManyThreadsDecodeEachEpisodeOnce) {
  Counted counted;
  FrameStore store(counted.frames, 2, counted.decode(), options(1 << 20, "", 3));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { expect_right(store, counted.frames); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(counted.decoded, 4);
}

TEST(FrameStore, SaysWhatDoesNotFit) {
  Counted counted;
  EXPECT_THAT(message_of([&] { FrameStore(counted.frames, 2, counted.decode(), options(10, "")); }),
              HasSubstr("--cache"));
}

}  // namespace
}  // namespace libra::data
