// One demonstration in memory.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "libra/core/observation.h"

namespace libra::data {

// All vectors over time have `frames` entries; what stands at index t was seen before action t.
struct Demo {
  int frames = 0;                            // T
  int image_size = 0;                        // side S of the camera images (px)
  std::vector<std::vector<uint8_t>> images;  // per camera: T x S x S x 3, row 0 at the top
  std::vector<Proprio> proprio;
  std::vector<std::array<double, 7>> joints;  // rad

  std::vector<Action> actions;         // as executed: replaying them replays the demonstration
  std::vector<Action> expert_actions;  // the expert's clean action in the state visited: the label
  std::vector<uint8_t> perturbed;  // 1: the executed action was a push that nobody could foresee
  std::vector<uint8_t> success;    // 1: the goal held after the action
  std::vector<std::vector<double>> states;  // [time, qpos, qvel]

  // Labels from the simulator; policies never see them. Empty in files that other programs wrote.
  std::vector<std::string> items;  // present items
  std::vector<float> item_uv;      // T x items x cameras x 2, in [0, 1]; not-a-number: not in view
  std::vector<float> item_position;  // T x items x 3, world (m)

  std::string suite, task, instruction;
  std::string target;             // item that the instruction names
  std::string layout, variation;  // of the episode's key
  uint64_t seed = 0, episode = 0;
  std::string model_xml;

  const uint8_t* image(size_t camera, int t) const {
    return images[camera].data() + size_t(t) * image_size * image_size * 3;
  }
  const float* uv(int t) const {
    return item_uv.data() + size_t(t) * items.size() * images.size() * 2;
  }
  const float* position(int t, size_t item) const {
    return item_position.data() + (size_t(t) * items.size() + item) * 3;
  }
  int target_index() const;  // into items; -1 when it is not among them
};

// Throws Error(kBadInput) with `where` unless all parts have the length that frames, image_size and
// items ask for, there are two cameras and at least one frame, and actions and proprio are finite.
void check(const Demo& demo, const std::string& where);

}  // namespace libra::data
