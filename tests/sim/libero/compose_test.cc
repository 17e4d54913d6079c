#include "libra/sim/libero/compose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

#include <numbers>

#include "libra/core/error.h"
#include "libra/sim/libero/libero_suite.h"
#include "libra/sim/sim_env.h"
#include "libra/sim/suite.h"
#include "tests/sim/libero/tiny_checkout.h"
#include "tests/support/message_of.h"

namespace libra::sim::libero {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

task::TaskSpec first_task(const TinyCheckout& tiny, bool allow = false) {
  return load_suite(tiny.open(), "libero_goal", {.allow_missing_visuals = allow}).tasks.at(0);
}

std::vector<std::string> joint_names(const mjModel* m) {
  std::vector<std::string> names;
  for (int j = 0; j < m->njnt; ++j) names.emplace_back(mj_id2name(m, mjOBJ_JOINT, j));
  return names;
}

TEST(Compose, JointsComeInLiberosOrder) {
  const TinyCheckout tiny;
  const SimEnv env(first_task(tiny));
  const mjModel* m = env.model();
  EXPECT_THAT(
      joint_names(m),
      ElementsAre("robot0_joint1", "robot0_joint2", "robot0_joint3", "robot0_joint4",
                  "robot0_joint5", "robot0_joint6", "robot0_joint7", "gripper0_finger_joint1",
                  "gripper0_finger_joint2", "cream_cheese_1_joint0", "cream_cheese_2_joint0",
                  "milk_1_joint0", "white_cabinet_1_top_level"));
  EXPECT_EQ(1 + m->nq + m->nv, static_cast<int>(kTinyWidth));
  // What robosuite gives the arm's joints over the file.
  EXPECT_EQ(m->dof_damping[0], 0.1);
  EXPECT_EQ(m->dof_damping[6], 0.01);
  EXPECT_EQ(m->dof_frictionloss[3], 0.1);
  EXPECT_NEAR(m->dof_armature[3], 5.0 / 4, 1e-15);
  EXPECT_EQ(m->dof_damping[9], 0.0005) << "of a free joint";
  // Only collision geoms weigh: 100 kg/m3 of an 8 x 4 x 2 cm box.
  EXPECT_NEAR(m->body_mass[mj_name2id(m, mjOBJ_BODY, "cream_cheese_1")], 0.0064, 1e-12);
}

TEST(Compose, ArenaIsSizedAndZonesAreDrawn) {
  const TinyCheckout tiny;
  const SimEnv env(first_task(tiny));
  const mjModel* m = env.model();
  const mjData* d = env.data();
  const int table = mj_name2id(m, mjOBJ_GEOM, "table_collision");
  EXPECT_NEAR(d->geom_xpos[3 * table + 2] + m->geom_size[3 * table + 2], 0.90, 1e-12);
  EXPECT_EQ(m->geom_friction[3 * table], 0.6);
  const int leg = mj_name2id(m, mjOBJ_GEOM, "table_leg1_visual");
  EXPECT_NEAR(d->geom_xpos[3 * leg + 2] - m->geom_size[3 * leg + 1], 0.0, 1e-12)
      << "legs reach the floor from the table's middle";
  const int zone = mj_name2id(m, mjOBJ_SITE, "main_table_cube_zone");
  ASSERT_GE(zone, 0);
  EXPECT_NEAR(d->site_xpos[3 * zone], 0.12, 1e-12);
  EXPECT_NEAR(d->site_xpos[3 * zone + 2], 0.895, 1e-12);
  EXPECT_NEAR(m->site_size[3 * zone + 1], 0.02, 1e-12);
  const int base = mj_name2id(m, mjOBJ_BODY, "robot0_base");
  EXPECT_NEAR(d->xpos[3 * base + 2], 0.912, 1e-12);
  EXPECT_NEAR(d->xpos[3 * mj_name2id(m, mjOBJ_BODY, "mount0_base") + 2], 0.922, 1e-12);
  EXPECT_GE(mj_name2id(m, mjOBJ_CAMERA, "eye_in_hand"), 0);
  EXPECT_NEAR(m->cam_pos[3 * mj_name2id(m, mjOBJ_CAMERA, "agentview") + 2], 1.61035, 1e-5);
}

TEST(Compose, MissingFilesAreNamedWithTheTaskThatNeedsThem) {
  const TinyCheckout tiny;
  tiny.remove("LIBERO/libero/libero/assets/stable_hope_objects/milk/look.stl");
  tiny.remove("LIBERO/libero/libero/assets/stable_hope_objects/cream_cheese/skin.png");
  tiny.remove("robosuite/robosuite/models/assets/robots/panda/meshes/shell.stl");
  const std::string message = message_of([&] { SimEnv env(first_task(tiny)); });
  EXPECT_THAT(message,
              AllOf(HasSubstr("milk/look.stl"), HasSubstr("cream_cheese/skin.png"),
                    HasSubstr("panda/meshes/shell.stl"), HasSubstr("'KITCHEN_SCENE1_do_it'"),
                    HasSubstr("--allow-missing-visuals")));
  EXPECT_THAT(message, Not(HasSubstr("not_there.png"))) << "nothing refers to it";
}

TEST(Compose, MissingLooksGiveWayToCollisionShapes) {
  const TinyCheckout tiny;
  SimEnv whole(first_task(tiny));
  tiny.remove("LIBERO/libero/libero/assets/stable_hope_objects/milk/look.stl");
  tiny.remove("LIBERO/libero/libero/assets/stable_hope_objects/milk/skin.png");
  const task::TaskSpec task = first_task(tiny, true);
  EXPECT_EQ(replaced_visuals(task).size(), 2u);
  SimEnv env(task);
  const mjModel* m = env.model();
  const int body = mj_name2id(m, mjOBJ_BODY, "milk_1");
  std::vector<int> seen;
  for (int g = 0; g < m->ngeom; ++g) {
    if (m->geom_bodyid[g] == body && m->geom_group[g] == 1) seen.push_back(g);
  }
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(m->geom_type[seen[0]], mjGEOM_BOX);
  EXPECT_EQ(m->geom_size[3 * seen[0] + 2], 0.05);
  EXPECT_EQ(m->geom_contype[seen[0]] | m->geom_conaffinity[seen[0]], 0);
  // The physics is the same.
  const mjModel* before = whole.model();
  for (int i = 0; i < before->nbody; ++i) EXPECT_EQ(before->body_mass[i], m->body_mass[i]);
  whole.reset({});
  env.reset({});
  EXPECT_EQ(whole.state(), env.state());
}

TEST(Compose, AMeshThatCollidesIsNeverReplaced) {
  const TinyCheckout tiny;
  std::string robot = tiny_robot();
  robot.replace(robot.find("contype=\"0\" conaffinity=\"0\" group=\"1\""), 37, "group=\"0\"");
  tiny.write("robosuite/robosuite/models/assets/robots/panda/robot.xml", robot);
  SimEnv env(first_task(tiny, true));
  tiny.remove("robosuite/robosuite/models/assets/robots/panda/meshes/shell.stl");
  EXPECT_THAT(message_of([&] { SimEnv again(first_task(tiny, true)); }),
              AllOf(HasSubstr("collide"), HasSubstr("shell.stl")));
}

TEST(Compose, FilesOfAnotherFormAreErrors) {
  const TinyCheckout tiny;
  const std::string milk = "LIBERO/libero/libero/assets/stable_hope_objects/milk/milk.xml";
  const auto with = [&](const std::string& text) {
    tiny.write(milk, text);
    return message_of([&] { SimEnv env(first_task(tiny)); });
  };
  EXPECT_THAT(with("no XML"), AllOf(HasSubstr("milk.xml"), HasSubstr("not a MuJoCo model")));
  EXPECT_THAT(with("<mujoco><worldbody/></mujoco>"),
              HasSubstr("milk.xml: has no <body name=\"object\">"));
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += "<body>";
  EXPECT_THAT(with("<mujoco>" + deep), HasSubstr("milk.xml"));
  std::string unknown = tiny_object("1 1 1");
  unknown.replace(unknown.find("class=\"solid\" type"), 13, "class=\"other\"");
  EXPECT_THAT(with(unknown), HasSubstr("'other'"));
  tiny.remove(milk);
  EXPECT_THAT(message_of([&] { SimEnv env(first_task(tiny)); }), HasSubstr("category 'milk'"));
  tiny.write(milk, tiny_object("-1 -1 -1"));
  EXPECT_THAT(message_of([&] { SimEnv env(first_task(tiny)); }), HasSubstr("MuJoCo refused"));
}

}  // namespace
}  // namespace libra::sim::libero
