// Small demonstrations and scenes with numbers that tell where they came from.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <string>

#include "libra/core/error.h"
#include "libra/core/rng.h"
#include "libra/data/data.h"
#include "tests/support/message_of.h"
#include "tests/support/temp_folder.h"

namespace libra::data {

using Folder = TempFolder;

inline Demo toy_demo(int frames, uint64_t seed, int side = 6) {
  Rng rng(seed);
  Demo d;
  d.frames = frames;
  d.image_size = side;
  d.images.resize(2);
  for (auto& images : d.images) {
    images.resize(static_cast<size_t>(frames * side * side * 3));
    for (auto& byte : images) byte = static_cast<uint8_t>(rng.below(256));
  }
  d.items = {"milk", "butter", "ketchup"};
  for (int t = 0; t < frames; ++t) {
    Proprio proprio;
    for (double& x : proprio) x = rng.uniform(-1, 1);
    d.proprio.push_back(proprio);
    std::array<double, 7> joints;
    for (double& x : joints) x = rng.uniform(-3, 3);
    d.joints.push_back(joints);
    Action action, clean;
    for (float& x : action) x = static_cast<float>(rng.uniform(-1, 1));
    for (float& x : clean) x = static_cast<float>(rng.uniform(-1, 1));
    d.actions.push_back(action);
    d.expert_actions.push_back(clean);
    d.perturbed.push_back(rng.uniform() < 0.3);
    d.success.push_back(t + 2 >= frames);
    std::vector<double> state = {0.05 * t};
    for (int i = 0; i < 9; ++i) state.push_back(rng.normal());
    d.states.push_back(state);
    for (size_t i = 0; i < d.items.size() * 4; ++i)
      d.item_uv.push_back(static_cast<float>(rng.uniform()));
    for (size_t i = 0; i < d.items.size() * 3; ++i)
      d.item_position.push_back(static_cast<float>(rng.normal()));
  }
  d.item_uv[3] = std::numeric_limits<float>::quiet_NaN();
  d.suite = "object";
  d.task = "pick_up_the_butter";
  d.instruction = "pick up the butter";
  d.target = "butter";
  d.layout = "shuffled";
  d.variation = "clearance:3";
  d.seed = 1'000'007;
  d.episode = seed;
  d.model_xml =
      "<mujoco>" + std::string(100'000, 'x') + "</mujoco>";  // more than an object header holds
  return d;
}

inline DemoFileInfo toy_info() {
  DemoFileInfo info;
  info.suite = "object";
  info.task = "pick_up_the_butter";
  info.instruction = "pick up the butter";
  info.bddl_file_name = "pick_up_the_butter.bddl";
  info.bddl_file_content = "(define (problem x))";
  return info;
}

// Writes `count` demonstrations of 5, 6, ... frames.
inline std::string toy_file(const Folder& folder, int count = 2,
                            const std::string& name = "a_demo.hdf5") {
  DemoFileWriter writer(folder / name, toy_info());
  for (int i = 0; i < count; ++i) writer.append(toy_demo(5 + i, static_cast<uint64_t>(i)));
  writer.finish();
  return folder / name;
}

}  // namespace libra::data
