// Pictures of all frames at the size that a model looks at, decoded once: in memory where they fit,
// else in a file that is read piece by piece. An episode is decoded when its first frame is asked
// for; workers decode the others meanwhile.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "libra/data/episode_source.h"

namespace libra::data {

// Makes a picture of the model's size of a camera's: [side, side, 3] bytes.
using FitImage = std::function<void(const Image& camera, int side, Image& out)>;

struct FrameStoreOptions {
  std::vector<int> sides;  // of the pictures kept, px: one for each size that is asked for
  uint64_t memory = 0;     // bytes that pictures may take; what does not fit goes to a file
  std::string cache;       // folder for that file
  // What the pictures follow from: a file made of the same is used again. Asked for files alone.
  std::function<std::string()> key;
  int workers = 1;  // threads that decode ahead; 0: none
  FitImage fit;
};

// Thread: read() from several threads.
class FrameStore {
 public:
  // Decodes the pictures of episode i when `decode(i, take)` is called. frames: of each episode.
  using Decode = std::function<void(size_t episode, const TakeFrame& take)>;
  // Throws Error(kBadInput) when the pictures fit neither in memory nor, with no cache, anywhere,
  // Error(kFailed) when the disk has no room for them.
  FrameStore(const std::vector<int>& frames, size_t cameras, Decode decode,
             FrameStoreOptions options);
  ~FrameStore();

  // Copies a frame's pictures, camera after camera, of size number `which`: cameras x side x side
  // x 3 bytes. Throws what decoding the episode threw.
  void read(size_t episode, int frame, size_t which, uint8_t* out);

  bool on_disk() const { return file_ >= 0; }

 private:
  enum class State : uint8_t { kAbsent, kBusy, kReady, kFailed };
  void ensure(size_t episode);
  void fill(size_t episode);
  void open_file();
  void mark_ready(size_t episode);
  void work();

  std::vector<int> frames_;
  std::vector<uint64_t> first_;       // byte where each episode begins
  std::vector<uint64_t> side_first_;  // byte where each size begins within a frame
  size_t cameras_;
  Decode decode_;
  FrameStoreOptions options_;
  uint64_t frame_bytes_ = 0, total_ = 0;
  std::unique_ptr<uint8_t[]> memory_;
  int file_ = -1, ready_file_ = -1;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<State> states_;
  std::vector<std::string> errors_;
  std::atomic<bool> closing_{false};
  std::atomic<size_t> next_{0};
  std::vector<std::thread> workers_;
};

}  // namespace libra::data
