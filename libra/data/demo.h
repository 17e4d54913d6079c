// One demonstration in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "libra/core/embodiment.h"
#include "libra/core/observation.h"
#include "libra/core/rows.h"

namespace libra::data {

// Which episode it is, and what world it happened in.
struct EpisodeLabel {
  std::string suite, task;
  std::string target;             // item that the instruction names
  std::string layout, variation;  // of the episode's key
  std::string model_xml;
  uint64_t seed = 0, episode = 0;
  std::vector<std::string> items;  // present items; empty in files that other programs wrote

  // How the formats that have room for it call its parts.
  using Text = std::pair<const char*, std::string EpisodeLabel::*>;
  static constexpr Text kTexts[] = {
      {"suite", &EpisodeLabel::suite},         {"task", &EpisodeLabel::task},
      {"target", &EpisodeLabel::target},       {"layout", &EpisodeLabel::layout},
      {"variation", &EpisodeLabel::variation}, {"model_xml", &EpisodeLabel::model_xml}};
  using Number = std::pair<const char*, uint64_t EpisodeLabel::*>;
  static constexpr Number kNumbers[] = {{"seed", &EpisodeLabel::seed},
                                        {"episode", &EpisodeLabel::episode}};
};

// All vectors over time have `frames` entries; what stands at index t was seen before action t.
struct Demo : EpisodeLabel {
  int frames = 0;             // T
  size_t cameras = 2;         // pictures a frame, whether or not they are here
  int height = 0, width = 0;  // of the camera images (px)
  int every = 1;              // pictures are those of frames 0, every, 2 x every, ...: P of them
  std::vector<std::vector<uint8_t>> images;  // per camera: P x height x width x 3
  Rows<double> proprio;
  Rows<double> joints;  // rad; none: the data have none

  Rows<float> actions;             // as executed: replaying them replays the demonstration
  Rows<float> expert_actions;      // the expert's clean action in the state visited: the label
  std::vector<uint8_t> perturbed;  // 1: the executed action was a push that nobody could foresee
  std::vector<uint8_t> success;    // 1: the goal held after the action
  std::vector<std::vector<double>> states;  // [time, qpos, qvel]

  // Labels from the simulator; policies never see them. Empty in files that other programs wrote.
  std::vector<float> item_uv;  // T x items x cameras x 2, in [0, 1]; not-a-number: not in view
  std::vector<float> item_position;  // T x items x 3, world (m)

  std::string instruction;

  int pictures() const { return (frames + every - 1) / every; }  // P
  bool pictured(int t) const { return t % every == 0; }
  // Requires: pictured(t).
  const uint8_t* image(size_t camera, int t) const {
    return images[camera].data() + size_t(t / every) * size_t(height) * size_t(width) * 3;
  }
  const float* uv(int t) const { return item_uv.data() + size_t(t) * items.size() * cameras * 2; }
  const float* position(int t, size_t item) const {
    return item_position.data() + (size_t(t) * items.size() + item) * 3;
  }
  int target_index() const;  // into items; -1 when it is not among them
};

// Takes the pictures of an episode, pictured frame by pictured frame, upright, a picture a camera;
// `cameras` may be changed by the receiver.
using TakeFrame = std::function<void(int frame, std::vector<Image>& cameras)>;
// From how a camera's pictures lie in data to row 0 at the top, and back.
void flip(Flip how, Image& image);
// Hands over the pictures that a demonstration holds.
void hand_over(const Demo& demo, const TakeFrame& take);

// Throws Error(kBadInput) with `where` unless all parts have the length that frames, picture size
// and items ask for, there are two cameras and at least one frame, and actions and proprio are
// finite.
void check(const Demo& demo, const std::string& where);
// The same of actions and proprio alone.
void check_numbers(const Demo& demo, const std::string& where);

}  // namespace libra::data
