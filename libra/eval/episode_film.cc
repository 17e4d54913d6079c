#include "libra/eval/episode_film.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "libra/core/file.h"

namespace libra::eval {

using media::side_by_side;
using media::VideoWriter;

namespace {

constexpr int kThumbnail = 128;  // px, height of a film strip's frame

// Mean of factor x factor blocks.
Image shrunk(const Image& image, int factor) {
  if (factor <= 1) return image;
  Image out(image.height / factor, image.width / factor);
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width * 3; ++x) {
      int sum = 0;
      for (int dy = 0; dy < factor; ++dy) {
        for (int dx = 0; dx < factor; ++dx) {
          sum += image.row(y * factor + dy)[(x / 3 * factor + dx) * 3 + x % 3];
        }
      }
      out.row(y)[x] = static_cast<uint8_t>(sum / (factor * factor));
    }
  }
  return out;
}

Image thumbnail(const std::vector<Image>& images) {
  std::vector<Image> small;
  for (const Image& image : images) small.push_back(shrunk(image, image.height / kThumbnail));
  return side_by_side(small, 1);
}

template <class Work>
void film(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    throw FilmError(error);
  }
}

}  // namespace

std::vector<size_t> spread(size_t size, size_t count) {
  std::vector<size_t> picked;
  count = std::min(size, count);
  for (size_t i = 0; i < count; ++i) {
    picked.push_back(count == 1 ? 0 : i * (size - 1) / (count - 1));
  }
  return picked;
}

void EpisodeFilm::clear() {
  writer_.reset();
  steps_.clear();
  pictures_.clear();
}

void EpisodeFilm::open(const std::string& path, double hz) {
  film([&] { writer_ = std::make_unique<VideoWriter>(path, std::round(hz)); });
  log_path_ = path.substr(0, path.rfind('.')) + ".jsonl";
}

void EpisodeFilm::add(const std::vector<Image>& cameras) {
  if (writer_) film([&] { writer_->add(side_by_side(cameras, 2)); });
}

void EpisodeFilm::note(int64_t step, const std::vector<Image>& cameras) {
  pictures_.push_back(thumbnail(cameras));
  steps_.push_back(step);
}

void EpisodeFilm::finish(const std::string& log) {
  if (writer_) {
    film([&] {
      writer_->finish();
      write_file(log_path_, log);
    });
  }
  writer_.reset();
}

Strip EpisodeFilm::strip(size_t count) {
  Strip strip;
  for (const size_t i : spread(pictures_.size(), count)) {
    strip.steps.push_back(steps_[i]);
    strip.frames.push_back(std::move(pictures_[i]));
  }
  return strip;
}

}  // namespace libra::eval
