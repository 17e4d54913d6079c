#include "libra/data/demo.h"

#include <algorithm>
#include <cmath>

#include "libra/core/error.h"

namespace libra::data {
namespace {

void expect_length(const std::string& where, const char* part, size_t found, size_t expected) {
  if (found == expected) return;
  throw Error(ErrorCode::kBadInput, {.where = where,
                                     .problem = std::string(part) + " has the wrong length",
                                     .expected = std::to_string(expected),
                                     .found = std::to_string(found)});
}

template <class Rows>
void expect_finite(const std::string& where, const char* part, const Rows& rows) {
  for (size_t t = 0; t < rows.size(); ++t) {
    for (const auto value : rows[t]) {
      if (std::isfinite(value)) continue;
      throw Error(ErrorCode::kBadInput,
                  {.where = where,
                   .problem = std::string(part) + " has a value that is not finite at index " +
                              std::to_string(t)});
    }
  }
}

}  // namespace

int Demo::target_index() const {
  const auto found = std::find(items.begin(), items.end(), target);
  return found == items.end() ? -1 : static_cast<int>(found - items.begin());
}

void check(const Demo& demo, const std::string& where) {
  if (demo.frames < 1 || demo.image_size < 1) {
    throw Error(ErrorCode::kBadInput, {.where = where, .problem = "demonstration has no frames"});
  }
  const auto frames = static_cast<size_t>(demo.frames);
  const size_t cameras = camera_names().size(), side = static_cast<size_t>(demo.image_size);
  expect_length(where, "list of cameras", demo.images.size(), cameras);
  for (const auto& images : demo.images) {
    expect_length(where, "images", images.size(), frames * side * side * 3);
  }
  expect_length(where, "proprio", demo.proprio.size(), frames);
  expect_length(where, "joints", demo.joints.size(), frames);
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
  expect_finite(where, "actions", demo.actions);
  expect_finite(where, "expert_actions", demo.expert_actions);
  expect_finite(where, "proprio", demo.proprio);
}

}  // namespace libra::data
