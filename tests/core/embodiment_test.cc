#include "libra/core/embodiment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libra/core/error.h"

namespace libra {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Embodiment, TheShippedRobotsAreWhatTheyShouldBe) {
  const Embodiment& panda = libero_panda();
  EXPECT_EQ(panda.action_dim(), 7);
  EXPECT_EQ(panda.model_dim(), 7);
  EXPECT_EQ(panda.proprio_dim(), 8);
  EXPECT_EQ(panda.control_hz, 20.0);
  EXPECT_THAT(panda.camera_names(), ElementsAre("agentview", "eye_in_hand"));
  EXPECT_THAT(panda.action_names(),
              ElementsAre("dx", "dy", "dz", "droll", "dpitch", "dyaw", "gripper"));
  const Embodiment aloha = load_embodiment("aloha");
  EXPECT_EQ(aloha.action_dim(), 14);
  EXPECT_EQ(aloha.proprio_dim(), 14);
  EXPECT_EQ(aloha.cameras.size(), 3u);
  EXPECT_EQ(aloha.control_hz, 50.0);
  EXPECT_EQ(load_embodiment("so101").action_dim(), 6);
  EXPECT_EQ(load_embodiment("droid").action_dim(), 8);
  EXPECT_EQ(load_embodiment("agibot_g1").action_dim(), 16);
}

TEST(Embodiment, ComesThroughJsonAndTomlUnchanged) {
  for (const char* name : {"libero_panda", "aloha", "so101", "droid", "agibot_g1"}) {
    Embodiment robot = load_embodiment(name), json, toml;
    list_fields(json).read_json(list_fields(robot).to_json(), "test");
    EXPECT_EQ(json, robot) << name;
    list_fields(toml).read_toml(list_fields(robot).to_toml(), "test");
    EXPECT_EQ(toml, robot) << name;
  }
}

std::string complaint(const std::function<void(Embodiment&)>& change) {
  Embodiment robot = load_embodiment("aloha");
  change(robot);
  try {
    robot.validate("robot.toml");
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Embodiment, RobotsThatCannotBeAreRefused) {
  EXPECT_EQ(complaint([](Embodiment&) {}), "accepted");
  EXPECT_THAT(complaint([](Embodiment& e) { e.action.clear(); }), HasSubstr("[[action]]"));
  EXPECT_THAT(complaint([](Embodiment& e) { e.action[1].name = "left_arm"; }),
              HasSubstr("found 'left_arm'"));
  EXPECT_THAT(complaint([](Embodiment& e) { e.cameras[2].name = "cam_high"; }),
              HasSubstr("found 'cam_high'"));
  EXPECT_THAT(complaint([](Embodiment& e) { e.action[0].state = "nothing"; }),
              HasSubstr("one of the proprio segments"));
  EXPECT_THAT(complaint([](Embodiment& e) { e.action[0].state = "left_gripper"; }),
              HasSubstr("of the same kind and size"));
  EXPECT_THAT(complaint([](Embodiment& e) { e.action[0].names.pop_back(); }),
              HasSubstr("names: expected 6, found 5"));
  EXPECT_THAT(complaint([](Embodiment& e) { e.action[0].kind = SegmentKind::kQuaternion; }),
              HasSubstr("size of a quaternion: expected 4, found 6"));
  EXPECT_THAT(complaint([](Embodiment& e) { e.action[1].open = e.action[1].closed; }),
              HasSubstr("open and closed"));
  EXPECT_THAT(complaint([](Embodiment& e) { e.action[0].command = Command::kRelative; }),
              HasSubstr("a difference already"));
}

TEST(Embodiment, UnknownNamesAreAnsweredWithTheKnownOnes) {
  try {
    load_embodiment("panda3000");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_THAT(error.what(), HasSubstr("agibot_g1, aloha, droid, libero_panda, so101"));
  }
}

TEST(Embodiment, WhatDiffersIsOneTable) {
  Embodiment other = libero_panda();
  EXPECT_EQ(differences(libero_panda(), "the policy", other, "the data"), "");
  other.cameras[0].height = 480;  // pictures are resized
  EXPECT_EQ(differences(libero_panda(), "the policy", other, "the data"), "");
  other.control_hz = 10;
  other.cameras[1].name = "wrist";
  other.action.pop_back();
  const std::string table = differences(libero_panda(), "the policy", other, "the data");
  EXPECT_THAT(table, HasSubstr("the policy (libero_panda)"));
  EXPECT_THAT(table, HasSubstr("camera 2"));
  EXPECT_THAT(table, HasSubstr("wrist"));
  EXPECT_THAT(table, HasSubstr("20 Hz"));
  EXPECT_THAT(table, HasSubstr("nothing"));
  EXPECT_THAT(table, Not(HasSubstr("camera 1")));
  EXPECT_THROW(require_same(libero_panda(), "the policy", other, "the data"), Error);
}

}  // namespace
}  // namespace libra
