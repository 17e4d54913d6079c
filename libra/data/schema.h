// Names of the demonstration files' objects, shared by writer and reader.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace libra::data::schema {

inline constexpr const char* kTiming = "obs_timing";
inline constexpr const char* kBeforeAction = "before_action";
// Attribute of a demonstration's group: pictures are of every so manieth step. None: of each.
inline constexpr const char* kEvery = "pictures_every";

// In a demonstration's group; other programs' files have none.
inline constexpr const char* kLabels = "labels";
inline constexpr const char* kItemUv = "labels/item_uv";
inline constexpr const char* kItemPosition = "labels/item_position";

// Dataset of a camera's images in a demonstration's obs group, by index among LIBERO's cameras.
inline const char* image_dataset(size_t camera) {
  return camera == 0 ? "obs/agentview_rgb" : "obs/eye_in_hand_rgb";
}

// Turns frames of rows x row_bytes upside down in place: the files keep images bottom-up
// ("opengl").
inline void flip_rows(std::vector<uint8_t>& images, size_t rows, size_t row_bytes) {
  if (rows * row_bytes == 0) return;
  for (size_t frame = 0; frame + rows * row_bytes <= images.size(); frame += rows * row_bytes) {
    for (size_t y = 0; y < rows / 2; ++y) {
      const auto top = images.begin() + static_cast<std::ptrdiff_t>(frame + y * row_bytes);
      const auto bottom =
          images.begin() + static_cast<std::ptrdiff_t>(frame + (rows - 1 - y) * row_bytes);
      std::swap_ranges(top, top + static_cast<std::ptrdiff_t>(row_bytes), bottom);
    }
  }
}

}  // namespace libra::data::schema
