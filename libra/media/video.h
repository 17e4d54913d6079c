// H.264 MP4 files of recorded episodes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libra/core/observation.h"

namespace libra::media {

// The cameras side by side, enlarged `scale` times (nearest). Requires: equal heights.
Image side_by_side(const std::vector<Image>& images, int scale);

// Writes frames as they come; the file is complete after finish(), and absent when the writer is
// destroyed before (it is written under a temporary name).
class VideoWriter {
 public:
  // Size is taken from the first frame and rounded down to even numbers. Throws Error(kFailed) when
  // no encoder is found or the file cannot be written.
  // key_every: frames from one that can be decoded alone to the next; 0: as the encoder likes.
  explicit VideoWriter(const std::string& path, double fps = 20, int key_every = 0);
  ~VideoWriter();
  VideoWriter(const VideoWriter&) = delete;
  VideoWriter& operator=(const VideoWriter&) = delete;
  void add(const Image& frame);
  void finish();
  // Name of the encoder in use ("libx264", ...); empty before the first frame.
  const std::string& encoder() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The format's name, as data sets give it ("h264"), of what such an encoder writes.
std::string codec_name(const std::string& encoder);

// One film of several that VideoWriter wrote with the same size and rate, without encoding again.
class VideoJoiner {
 public:
  explicit VideoJoiner(const std::string& path);
  ~VideoJoiner();
  VideoJoiner(const VideoJoiner&) = delete;
  VideoJoiner& operator=(const VideoJoiner&) = delete;
  // Puts a film behind those before; its first frame is shown at `from` (s). False, and nothing
  // happens, when it was encoded otherwise than the first. Throws Error(kBadInput, kFailed).
  bool append(const std::string& film, double from);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace libra::media
