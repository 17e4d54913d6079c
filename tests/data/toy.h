// Small demonstrations and scenes with numbers that tell where they came from.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <tuple>

#include "libra/core/error.h"
#include "libra/core/rng.h"
#include "libra/data/data.h"
#include "tests/support/message_of.h"
#include "tests/support/temp_folder.h"
#include "tests/support/toy_spec.h"

namespace libra::data {

using Folder = TempFolder;

inline Demo toy_demo(int frames, uint64_t seed, int side = 6) {
  Rng rng(seed);
  Demo d;
  d.frames = frames;
  d.height = d.width = side;
  d.images.resize(2);
  for (auto& images : d.images) {
    images.resize(static_cast<size_t>(frames * side * side * 3));
    for (auto& byte : images) byte = static_cast<uint8_t>(rng.below(256));
  }
  d.items = {"milk", "butter", "ketchup"};
  for (int t = 0; t < frames; ++t) {
    Proprio proprio(8);
    for (double& x : proprio) x = rng.uniform(-1, 1);
    d.proprio.push_back(proprio);
    std::vector<double> joints(7);
    for (double& x : joints) x = rng.uniform(-3, 3);
    d.joints.push_back(joints);
    Action action(7), clean(7);
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

// The same with pictures of every so manieth step alone.
inline Demo thinned(const Demo& whole, int every) {
  Demo d = whole;
  d.every = every;
  const auto bytes = d.images[0].size() / size_t(d.frames);
  for (size_t c = 0; c < d.images.size(); ++c) {
    d.images[c].clear();
    for (int t = 0; t < d.frames; t += every) {
      d.images[c].insert(d.images[c].end(), whole.image(c, t), whole.image(c, t) + bytes);
    }
  }
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

template <class T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// Every part of a demonstration came through, to the last bit.
inline void expect_same(const Demo& read, const Demo& wrote) {
  EXPECT_EQ(read.frames, wrote.frames);
  EXPECT_EQ(read.every, wrote.every);
  EXPECT_EQ(read.images, wrote.images);
  EXPECT_EQ(read.proprio, wrote.proprio);
  EXPECT_EQ(read.joints, wrote.joints);
  EXPECT_EQ(read.actions, wrote.actions);
  EXPECT_EQ(read.expert_actions, wrote.expert_actions);
  EXPECT_EQ(read.perturbed, wrote.perturbed);
  EXPECT_EQ(read.success, wrote.success);
  EXPECT_EQ(read.states, wrote.states);
  EXPECT_EQ(read.items, wrote.items);
  EXPECT_TRUE(same_bytes(read.item_uv, wrote.item_uv));  // with its not-a-number
  EXPECT_EQ(read.item_position, wrote.item_position);
  EXPECT_EQ(read.model_xml, wrote.model_xml);
  EXPECT_EQ(std::tie(read.suite, read.task, read.instruction, read.target, read.layout,
                     read.variation, read.seed, read.episode),
            std::tie(wrote.suite, wrote.task, wrote.instruction, wrote.target, wrote.layout,
                     wrote.variation, wrote.seed, wrote.episode));
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
