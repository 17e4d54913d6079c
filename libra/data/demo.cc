#include "libra/data/demo.h"

#include <algorithm>
#include <cmath>

#include "libra/core/error.h"
#include "libra/data/schema.h"

namespace libra::data {
namespace {

void expect_length(const std::string& where, const char* part, size_t found, size_t expected) {
  if (found == expected) return;
  throw Error(ErrorCode::kBadInput, {.where = where,
                                     .problem = std::string(part) + " has the wrong length",
                                     .expected = std::to_string(expected),
                                     .found = std::to_string(found)});
}

template <class T>
void expect_finite(const std::string& where, const char* part, const Rows<T>& rows) {
  for (size_t t = 0; t < rows.size(); ++t) {
    for (size_t d = 0; d < rows.width(); ++d) {
      if (std::isfinite(rows[t][d])) continue;
      throw Error(ErrorCode::kBadInput,
                  {.where = where,
                   .problem = std::string(part) + " of step " + std::to_string(t) + ", dimension " +
                              std::to_string(d) + ", is NaN or infinite",
                   .next = "leave such episodes out with --skip-bad, or mend the data"});
    }
  }
}

}  // namespace

int Demo::target_index() const {
  const auto found = std::find(items.begin(), items.end(), target);
  return found == items.end() ? -1 : static_cast<int>(found - items.begin());
}

void flip(Flip how, Image& image) {
  if (how == Flip::kVertical || how == Flip::kRotated) {
    schema::flip_rows(image.rgb, size_t(image.height), size_t(image.width) * 3);
  }
  if (how == Flip::kHorizontal || how == Flip::kRotated) {
    for (int y = 0; y < image.height; ++y) {
      uint8_t* line = image.row(y);
      for (int x = 0; x < image.width / 2; ++x) {
        std::swap_ranges(line + x * 3, line + x * 3 + 3, line + (image.width - 1 - x) * 3);
      }
    }
  }
}

void hand_over(const Demo& demo, const TakeFrame& take) {
  std::vector<Image> cameras;
  for (int t = 0; t < demo.frames; t += demo.every) {
    cameras.assign(demo.images.size(), Image(demo.height, demo.width));
    for (size_t c = 0; c < cameras.size(); ++c) {
      std::copy_n(demo.image(c, t), cameras[c].rgb.size(), cameras[c].rgb.begin());
    }
    take(t, cameras);
  }
}

void check(const Demo& demo, const std::string& where) {
  if (demo.frames < 1 || demo.every < 1 || demo.height < 1 || demo.width < 1) {
    throw Error(ErrorCode::kBadInput, {.where = where, .problem = "demonstration has no frames"});
  }
  const auto frames = static_cast<size_t>(demo.frames);
  const size_t cameras = libero_panda().cameras.size(),
               pixels = static_cast<size_t>(demo.height) * static_cast<size_t>(demo.width);
  expect_length(where, "list of cameras", demo.images.size(), cameras);
  for (const auto& images : demo.images) {
    expect_length(where, "images", images.size(), size_t(demo.pictures()) * pixels * 3);
  }
  expect_length(where, "proprio", demo.proprio.size(), frames);
  if (!demo.joints.empty()) expect_length(where, "joints", demo.joints.size(), frames);
  expect_length(where, "actions", demo.actions.size(), frames);
  expect_length(where, "expert_actions", demo.expert_actions.size(), frames);
  expect_length(where, "perturbed", demo.perturbed.size(), frames);
  expect_length(where, "success", demo.success.size(), frames);
  if (!demo.states.empty()) {
    expect_length(where, "states", demo.states.size(), frames);
    for (const auto& state : demo.states) {
      expect_length(where, "a row of states", state.size(), demo.states[0].size());
    }
  }
  expect_length(where, "items/uv", demo.item_uv.size(), frames * demo.items.size() * cameras * 2);
  expect_length(where, "items/position", demo.item_position.size(), frames * demo.items.size() * 3);
  check_numbers(demo, where);
}

void check_numbers(const Demo& demo, const std::string& where) {
  expect_finite(where, "actions", demo.actions);
  expect_finite(where, "expert_actions", demo.expert_actions);
  expect_finite(where, "proprio", demo.proprio);
}

}  // namespace libra::data
