// The files of others and theirs of ours, with h5py on the other side (h5py_files.py). Skipped
// where there is no Python with h5py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "libra/data/data.h"
#include "tests/data/toy.h"

namespace libra::data {
namespace {

using nlohmann::json;
using testing::Each;
using testing::ElementsAre;

// What the command prints; fails the test when it does not end with 0.
std::string run(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return out;
}

class H5py : public testing::Test {
 protected:
  void SetUp() override {
    const std::string python = LIBRA_PYTHON;
    if (python.empty() || std::system((python + " -c 'import h5py' 2>/dev/null").c_str()) != 0) {
      GTEST_SKIP() << "no Python with h5py (python3-h5py)";
    }
  }
  static std::string files(const std::string& what, const std::string& path) {
    return run(std::string(LIBRA_PYTHON) + " " LIBRA_SOURCE_DIR "/tests/data/h5py_files.py " +
               what + " " + path);
  }
};

// First number of every frame's proprio: frame + 0.1 in the test files.
std::vector<int> seen_at(const Demo& demo) {
  std::vector<int> frames;
  for (size_t t = 0; t < demo.proprio.size(); ++t) {
    frames.push_back(static_cast<int>(demo.proprio[t][0]));
  }
  return frames;
}

void expect_upright(const Demo& demo, const std::vector<int>& frames) {
  const size_t side = static_cast<size_t>(demo.height);
  ASSERT_EQ(demo.images.size(), 2u);
  for (size_t camera = 0; camera < 2; ++camera) {
    for (size_t t = 0; t < frames.size(); ++t) {
      const uint8_t* frame = demo.images[camera].data() + t * side * side * 3;
      EXPECT_EQ(frame[0], 10 * frames[t] + static_cast<int>(camera));
      EXPECT_EQ(frame[2], side - 1) << "the first row is the top, counted from the bottom";
      EXPECT_EQ(frame[1], 0) << "left stays left";
      EXPECT_EQ(frame[(side - 1) * 3 + 1], side - 1);
    }
  }
}

TEST_F(H5py, ReadsLiberosOwnFile) {
  const Folder folder;
  std::filesystem::create_directories(folder / "libero_object");
  const std::string path =
      folder / "libero_object/pick_up_the_milk_and_place_it_in_the_basket_demo.hdf5";
  files("libero", path);
  const DemoFile file(path);
  EXPECT_EQ(file.size(), 2);
  EXPECT_FALSE(file.observed_before_action());
  EXPECT_EQ(file.info().suite, "libero_object");
  EXPECT_EQ(file.info().instruction, "pick up the milk and place it in the basket")
      << "as LIBERO's policies are told, not as the language field has it";
  const Demo demo = file.read(1);
  // Action 0 has no observation before it; 3 and 5 are idle. Observation i was taken after action
  // i, so before action i stands observation i - 1.
  EXPECT_THAT(seen_at(demo), ElementsAre(0, 1, 3, 5, 6));
  ASSERT_EQ(demo.frames, 5);
  EXPECT_EQ(file.frames(1), 5);
  EXPECT_THAT(demo.actions[0], ElementsAre(0.25f, -0.5f, 0, 0, 0, 0.125f, -1));
  EXPECT_THAT(demo.actions[1], ElementsAre(0, 0, -0.75f, 0, 0, 0, -1));
  EXPECT_THAT(demo.actions[2], ElementsAre(0, 0, 0, 0, 0, 0, 1)) << "closing is not idle";
  EXPECT_EQ(demo.expert_actions, demo.actions);
  EXPECT_THAT(demo.success, ElementsAre(0, 0, 0, 0, 1));
  EXPECT_THAT(demo.perturbed, Each(0));
  expect_upright(demo, {0, 1, 3, 5, 6});
  EXPECT_NEAR(demo.proprio[4][5], 6.6, 1e-12);
  EXPECT_NEAR(demo.proprio[4][7], -0.006, 1e-12);
  EXPECT_EQ(demo.states[2][0], 4) << "a state is that before the action of its index";
}

TEST_F(H5py, ReadsWhatOpenVlaRecordedAnew) {
  const Folder folder;
  const std::string path = folder / "KITCHEN_SCENE3_turn_on_the_stove_demo.hdf5";
  files("openvla", path);
  const DemoFile file(path);
  EXPECT_TRUE(file.observed_before_action());
  EXPECT_EQ(file.info().instruction, "turn on the stove");
  const Demo demo = file.read(0);
  EXPECT_THAT(seen_at(demo), ElementsAre(0, 1, 2, 4, 6, 7));
  EXPECT_THAT(demo.actions[0], ElementsAre(0.5f, 0, 0, 0, 0, 0, -1));
  expect_upright(demo, {0, 1, 2, 4, 6, 7});
}

TEST_F(H5py, TrainingReadsAFolderOfThem) {
  const Folder folder;
  files("libero", folder / "a_demo.hdf5");
  files("openvla", folder / "b_demo.hdf5");
  const auto opened = EpisodeSet::open({folder.path()}, EpisodeSetOptions());
  const EpisodeSet& set = *opened;
  EXPECT_EQ(set.frames(), 5 + 5 + 6);
}

TEST_F(H5py, RobomimicAndLiberoReadOurs) {
  const Folder folder;
  const json seen = json::parse(files("read", toy_file(folder, 12)));
  EXPECT_EQ(seen["demos"].size(), 12u);
  EXPECT_EQ(seen["demos"][10], "demo_10");
  EXPECT_EQ(seen["num_demos"], 12);
  EXPECT_EQ(seen["lengths"][0], 5);
  EXPECT_EQ(seen["total"], 12 * 5 + 66);
  EXPECT_EQ(seen["env_type"], 1) << "robosuite";
  EXPECT_EQ(seen["robots"], json::array({"Panda"}));
  EXPECT_EQ(seen["language"], "pick up the butter");
  EXPECT_EQ(seen["images"], "opengl");
  EXPECT_EQ(seen["bddl"], "pick_up_the_butter.bddl");

  const json shapes = {{"actions", {5, 7}},
                       {"states", {5, 10}},
                       {"robot_states", {5, 9}},
                       {"rewards", {5}},
                       {"dones", {5}},
                       {"agentview_rgb", {5, 6, 6, 3}},
                       {"eye_in_hand_rgb", {5, 6, 6, 3}},
                       {"gripper_states", {5, 2}},
                       {"joint_states", {5, 7}},
                       {"ee_states", {5, 6}},
                       {"ee_pos", {5, 3}},
                       {"ee_ori", {5, 3}}};
  EXPECT_EQ(seen["shapes"], shapes);
  for (const auto& [name, type] : seen["dtypes"].items()) {
    const bool bytes = name.ends_with("_rgb") || name == "rewards" || name == "dones";
    EXPECT_EQ(type, bytes ? "uint8" : "float64") << name;
  }

  const Demo wrote = toy_demo(5, 0);
  for (size_t t = 0; t < 2; ++t)
    for (size_t i = 0; i < 7; ++i)
      EXPECT_EQ(seen["actions"][t][i].get<float>(), wrote.actions[t + 1][i]);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(seen["ee_states"][i].get<double>(), wrote.proprio[1][i]);
  for (size_t y = 0; y < 6; ++y) {
    EXPECT_EQ(seen["agentview"][y], wrote.images[0][(1 * 6 + 5 - y) * 6 * 3]) << "bottom row first";
  }
  EXPECT_EQ(seen["init_state"].get<std::vector<double>>(), wrote.states[0]);
  EXPECT_EQ(seen["model_file"], wrote.model_xml.size());
  EXPECT_EQ(seen["dones"], json({0, 0, 0, 0, 1}));
}

}  // namespace
}  // namespace libra::data
