// H.264 MP4 files of recorded episodes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libra/core/observation.h"

namespace libra::eval {

// The cameras side by side, enlarged `scale` times (nearest). Requires: equal heights.
Image side_by_side(const std::vector<Image>& images, int scale);

// Writes frames as they come; the file is complete after finish(), and absent when the writer is
// destroyed before (it is written under a temporary name).
class VideoWriter {
 public:
  // Size is taken from the first frame and rounded down to even numbers. Throws Error(kFailed) when
  // no encoder is found or the file cannot be written.
  VideoWriter(const std::string& path, int fps = 20);
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

}  // namespace libra::eval
