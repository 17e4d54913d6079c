// Films frame by frame, in any format that FFmpeg reads (H.264, HEVC, AV1, ...).
#pragma once

#include <memory>
#include <string>

#include "libra/core/observation.h"

namespace libra::media {

// Thread: one at a time.
class VideoReader {
 public:
  // Throws Error(kNotFound) when there is no such file, Error(kBadInput) for one without a video
  // that can be decoded, or with a side over 8192 px.
  explicit VideoReader(const std::string& path);
  ~VideoReader();
  VideoReader(const VideoReader&) = delete;
  VideoReader& operator=(const VideoReader&) = delete;

  // Goes to the last key frame at or before `seconds`.
  void seek(double seconds);
  // Goes to the next frame and says the time it is shown at (s); false behind the last. Throws
  // Error(kBadInput) for bytes that are damaged.
  bool next(double& seconds);
  // The picture of that frame.
  void convert(Image& image) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace libra::media
