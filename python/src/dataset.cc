#include "dataset.h"

#include <algorithm>
#include <utility>

#include "libra/core/error.h"

namespace libra::python {
namespace {

// One camera's pictures, one after the other.
struct Reel {
  int height = 0, width = 0;
  std::vector<uint8_t> rgb;
};

}  // namespace

PyEpisode::PyEpisode(std::shared_ptr<const data::EpisodeSource> source, int index)
    : source_(std::move(source)), index_(index) {
  const nb::gil_scoped_release without;
  demo_ = source_->read(index_);
}

nb::dict PyEpisode::pictures(int start, int stop) const {
  if (stop < 0 || stop > demo_.frames) stop = demo_.frames;
  if (start < 0 || start >= stop) {
    throw Error(ErrorCode::kBadInput,
                {.where = "Episode.pictures",
                 .problem = "there are no such frames",
                 .expected = "0 to " + std::to_string(demo_.frames),
                 .found = std::to_string(start) + " to " + std::to_string(stop)});
  }
  const auto frames = static_cast<size_t>(stop - start);
  std::vector<Reel> reels;
  {
    const nb::gil_scoped_release without;
    source_->decode(index_, [&](int frame, std::vector<Image>& cameras) {
      if (frame < start || frame >= stop) return;
      reels.resize(cameras.size());
      for (size_t c = 0; c < cameras.size(); ++c) {
        const Image& image = cameras[c];
        Reel& reel = reels[c];
        if (reel.rgb.empty()) {
          reel = {image.height, image.width, {}};
          reel.rgb.resize(frames * image.rgb.size());
        }
        if (image.height != reel.height || image.width != reel.width) {
          throw Error(ErrorCode::kBadInput, {.where = "frame " + std::to_string(frame),
                                             .problem = "is of another size than those before"});
        }
        std::copy(image.rgb.begin(), image.rgb.end(),
                  reel.rgb.begin() + std::ptrdiff_t(size_t(frame - start) * image.rgb.size()));
      }
    });
  }
  nb::dict out;
  const auto& cameras = source_->embodiment().cameras;
  for (size_t c = 0; c < reels.size() && c < cameras.size(); ++c) {
    const size_t height = size_t(reels[c].height), width = size_t(reels[c].width);
    out[cameras[c].name.c_str()] = give<Film>(std::move(reels[c].rgb), {frames, height, width, 3});
  }
  return out;
}

PyDataset::PyDataset(const std::string& path, const std::string& embodiment) {
  const nb::gil_scoped_release without;
  source_ = data::open_source(path, embodiment);
}

std::unique_ptr<PyEpisode> PyDataset::episode(int64_t index) const {
  const int64_t count = source_->size();
  if (index < 0) index += count;
  if (index < 0 || index >= count) {
    throw nb::index_error(
        ("episode " + std::to_string(index) + " of " + std::to_string(count)).c_str());
  }
  return std::make_unique<PyEpisode>(source_, static_cast<int>(index));
}

}  // namespace libra::python
