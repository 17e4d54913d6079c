#include "libra/data/lerobot_camera.h"

#include <sstream>
#include <utility>

#include "libra/core/error.h"
#include "libra/media/image_file.h"

namespace libra::data {

LeRobotCamera::LeRobotCamera(const LeRobotMeta& meta, const CameraSpec& spec,
                             const LeRobotEpisode& episode, const ParquetFile& table,
                             std::string where)
    : where_(std::move(where)), tolerance_(0.25 / meta.fps) {
  const auto feature = meta.features.find(kLeRobotPictures + spec.name);
  if (feature == meta.features.end()) return;
  feature_ = feature->first;
  in_table_ = feature->second.dtype == "image";
  if (in_table_) {
    encoded_ = table.pictures(feature_, episode.first_row, episode.length);
    return;
  }
  const LeRobotVideo& part = episode.videos.at(feature_);
  film_ = std::make_unique<media::VideoReader>(part.path);
  from_ = part.from;
  if (part.from > 0) film_->seek(part.from);
}

void LeRobotCamera::read(int64_t step, double time, Image& out) {
  if (feature_.empty()) {
    out = Image(8, 8);  // black
    return;
  }
  if (!in_table_) return read_film(step, time, out);
  const std::string& bytes = encoded_[size_t(step)];
  if (bytes.empty()) refuse_lerobot(where_, "step " + std::to_string(step) + " has no picture");
  out = media::decode_image({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, where_);
}

void LeRobotCamera::read_film(int64_t step, double time, Image& out) {
  const double wanted = from_ + time;
  for (;;) {
    if (!pending_ && !film_->next(at_)) {
      refuse_lerobot(where_, "video of " + feature_ + " is shorter than the table",
                     "a frame for step " + std::to_string(step));
    }
    pending_ = at_ >= wanted - tolerance_;
    if (pending_) break;
  }
  if (at_ > wanted + tolerance_) {
    std::ostringstream found;
    found << at_ << " s, wanted " << wanted << " s";
    refuse_lerobot(where_,
                   "step " + std::to_string(step) + ": no frame of " + feature_ +
                       " within a quarter of a step of its timestamp",
                   "", found.str());
  }
  film_->convert(out);
}

}  // namespace libra::data
