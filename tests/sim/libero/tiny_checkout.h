// A folder with the shape of LIBERO's and robosuite's checkouts and the smallest models that their
// joining needs: a seven-joint arm of capsules, a floor and a table arena, a cube, a can and a
// cabinet with one drawer. Everything in it is made here.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "libra/core/file.h"
#include "libra/sim/libero/checkout.h"
#include "tests/sim/libero/pickles.h"

namespace libra::sim::libero {

// A grey picture of one pixel.
inline std::string tiny_png() {
  const auto big = [](uint32_t v) {
    const std::string l = little(v, 4);
    return std::string(l.rbegin(), l.rend());
  };
  const auto chunk = [&](const std::string& body) {
    return big(static_cast<uint32_t>(body.size() - 4)) + body + big(check_sum(body));
  };
  const std::string row("\0\x80\x80\x80", 4);
  uint32_t a = 1, b = 0;
  for (const char c : row) a = (a + static_cast<uint8_t>(c)) % 65521, b = (b + a) % 65521;
  const std::string zlib = std::string("\x78\x01\x01", 3) + little(row.size(), 2) +
                           little(~row.size() & 0xffff, 2) + row + big(b << 16 | a);
  return std::string("\x89PNG\r\n\x1a\n") +
         chunk("IHDR" + big(1) + big(1) + std::string("\x08\x02\0\0\0", 5)) + chunk("IDAT" + zlib) +
         chunk("IEND");
}

inline std::string tiny_arena(const std::string& body) {
  return R"(<mujoco><asset>
<texture type="skybox" builtin="gradient" rgb1="1 1 1" rgb2="0 0 0" width="32" height="32"/>
<texture name="texplane" type="2d" file="../textures/any.png"/>
<texture name="tex-wall" type="2d" file="../textures/any.png"/>
<material name="floorplane" texture="texplane"/><material name="walls" texture="tex-wall"/>
<texture name="unused" type="2d" file="../textures/not_there.png"/>
</asset><worldbody>)" +
         body +
         R"(<geom name="wall" type="box" size="1 1 .01" pos="-2 0 1" group="1" contype="0" conaffinity="0" material="walls"/>
<camera name="agentview" pos="0 0 3"/><light pos="1 1 4" dir="0 0 -1"/></worldbody></mujoco>)";
}

inline std::string tiny_robot() {
  std::string body, end;
  for (int i = 1; i <= 7; ++i) {
    const std::string n = std::to_string(i);
    body += "<body name=\"link" + n + "\" pos=\"0 0 .1\"><joint name=\"joint" + n + "\" axis=\"" +
            (i % 2 == 1 ? "0 0 1" : "0 1 0") + "\" damping=\"9\"/>" +
            "<inertial pos=\"0 0 .05\" mass=\"1\" diaginertia=\".1 .1 .1\"/>";
    end += "</body>";
  }
  std::string motors;
  for (int i = 1; i <= 7; ++i) {
    const std::string n = std::to_string(i);
    motors += "<motor name=\"torq" + n + "\" joint=\"joint" + n +
              "\" ctrllimited=\"true\" ctrlrange=\"-80 80\"/>";
  }
  return "<mujoco><actuator>" + motors +
         "</actuator><asset><mesh name=\"shell\" file=\"meshes/shell.stl\"/></asset><worldbody>"
         "<body name=\"base\" pos=\"0 0 0\"><body name=\"link0\">" +
         body +
         "<geom type=\"mesh\" mesh=\"shell\" contype=\"0\" conaffinity=\"0\" group=\"1\"/>"
         "<geom type=\"sphere\" size=\".03\" group=\"0\"/>"
         "<body name=\"right_hand\" pos=\"0 0 .1\"><inertial pos=\"0 0 0\" mass=\".5\" "
         "diaginertia=\".05 .05 .05\"/><camera name=\"eye_in_hand\" fovy=\"75\"/></body>" +
         end + "</body></body></worldbody></mujoco>";
}

inline constexpr const char* kTinyGripper = R"(<mujoco><actuator>
<position name="f1" joint="finger_joint1" kp="1000" ctrllimited="true" ctrlrange="0 .04"/>
<position name="f2" joint="finger_joint2" kp="1000" ctrllimited="true" ctrlrange="-.04 0"/>
</actuator><worldbody><body name="right_gripper">
<inertial pos="0 0 .1" mass=".3" diaginertia=".01 .01 .01"/>
<body name="eef" pos="0 0 .1"><site name="grip_site"/></body>
<body name="leftfinger" pos="0 0 .05"><inertial pos="0 0 0" mass=".1" diaginertia=".01 .01 .01"/>
<joint name="finger_joint1" type="slide" axis="0 1 0" range="0 .04" damping="100" armature="1"/></body>
<body name="rightfinger" pos="0 0 .05"><inertial pos="0 0 0" mass=".1" diaginertia=".01 .01 .01"/>
<joint name="finger_joint2" type="slide" axis="0 1 0" range="-.04 0" damping="100" armature="1"/></body>
</body></worldbody></mujoco>)";

// An object of one box, looked at through a mesh and a texture of its own.
inline std::string tiny_object(const std::string& half) {
  return R"(<mujoco><asset><texture name="skin" type="2d" file="skin.png"/>
<material name="skin" texture="skin"/><mesh name="look" file="look.stl"/></asset>
<default><default class="solid"><geom group="0" density="100" friction=".95 .3 .1"/></default></default>
<worldbody><body><body name="object">
<geom type="mesh" mesh="look" material="skin" group="1" contype="0" conaffinity="0"/>
<geom class="solid" type="box" size=")" +
         half +
         R"("/></body><site name="bottom_site" pos="0 0 -.06"/></body></worldbody></mujoco>)";
}

inline constexpr const char* kTinyCabinet = R"(<mujoco><worldbody><body><body name="object">
<body name="base">
<geom type="box" size=".1 .1 .01" pos="0 0 .01" group="0"/>
<site name="top_side" type="box" pos="0 0 .02" size=".09 .09 .001"/>
<body name="cabinet_top"><inertial pos="0 0 0" mass="3" diaginertia="1 1 1"/>
<joint name="top_level" type="slide" axis="0 1 0" range="-.16 .01" damping="50"/>
<site name="top_region" type="box" pos="0 0 .05" size=".05 .05 .02"/></body>
</body></body><site name="bottom_site" pos="0 0 -.045"/></body></worldbody></mujoco>)";

inline constexpr const char* kTinyTable =
    R"(<geom name="floor" type="plane" size="3 3 .1" group="1" material="floorplane"/>
<body name="table" pos="0 0 9"><geom name="table_collision" type="box" size="9 9 9" group="0"/>
<geom name="table_visual" type="box" size="9 9 9" group="1" contype="0" conaffinity="0"/>
<site name="table_top"/>
<geom name="table_leg1_visual" type="cylinder" size="1 1" group="1" contype="0" conaffinity="0"/>
<geom name="table_leg2_visual" type="cylinder" size="1 1" group="1" contype="0" conaffinity="0"/>
<geom name="table_leg3_visual" type="cylinder" size="1 1" group="1" contype="0" conaffinity="0"/>
<geom name="table_leg4_visual" type="cylinder" size="1 1" group="1" contype="0" conaffinity="0"/>
</body>)";

// Objects of two categories out of the order of the fixtures' names, a cabinet, a zone.
inline constexpr const char* kTinyTask = R"((define (problem LIBERO_Tabletop_Manipulation)
(:domain robosuite)
(:language do it)
(:regions
  (cube_zone (:target main_table) (:ranges ((0.10 -0.02 0.14 0.02))))
  (can_zone (:target main_table) (:ranges ((-0.02 0.18 0.02 0.22))))
  (cabinet_zone (:target main_table) (:ranges ((-0.02 -0.31 0.02 -0.29))) (:yaw_rotation ((3.0 3.2))))
  (top_side (:target white_cabinet_1))
  (top_region (:target white_cabinet_1)))
(:fixtures main_table - table white_cabinet_1 - white_cabinet)
(:objects cream_cheese_1 cream_cheese_2 - cream_cheese milk_1 - milk)
(:obj_of_interest milk_1)
(:init (On cream_cheese_1 main_table_cube_zone) (On milk_1 main_table_can_zone)
       (On white_cabinet_1 main_table_cabinet_zone) (On cream_cheese_2 white_cabinet_1_top_side)
       (Open white_cabinet_1_top_region))
(:goal (And (On milk_1 cream_cheese_1))))
)";

// nq = 9 arm and fingers, 3 objects, 1 drawer: 31; nv = 9 + 18 + 1 = 28.
inline constexpr uint32_t kTinyWidth = 1 + 31 + 28;

inline std::vector<double> tiny_state(double drawer) {
  std::vector<double> s(kTinyWidth, 0.0);
  const std::vector<double> arm = {0, -0.161037389, 0, -2.44459747, 0, 2.2267522, 0.785398163};
  std::copy(arm.begin(), arm.end(), s.begin() + 1);
  s[8] = 0.020833, s[9] = -0.020833;
  const double poses[3][3] = {{0.12, 0, 0.93}, {0, -0.3, 0.94}, {0, 0.2, 0.96}};
  for (size_t i = 0; i < 3; ++i) {
    for (size_t k = 0; k < 3; ++k) s[10 + 7 * i + k] = poses[i][k];
    s[10 + 7 * i + 3] = 1;
  }
  s[31] = drawer;
  return s;
}

class TinyCheckout {
 public:
  TinyCheckout() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = std::filesystem::temp_directory_path() /
            (std::string("libra_libero_") + test->test_suite_name() + "_" + test->name());
    std::filesystem::remove_all(root_);
    const std::string l = "LIBERO/libero/libero/", r = "robosuite/robosuite/models/assets/";
    write(l + "benchmark/libero_suite_task_map.py",
          "# made for a test\nlibero_task_map = {\n    \"libero_goal\": [  # one \"task\"\n"
          "        \"KITCHEN_SCENE1_do_it\",\n        'do_it_again',\n    ],\n    \"empty\": "
          "[],\n}\n");
    for (const char* task : {"KITCHEN_SCENE1_do_it", "do_it_again"}) {
      write(l + "bddl_files/libero_goal/" + task + ".bddl", kTinyTask);
      std::vector<double> states = tiny_state(-0.15);
      for (const double x : tiny_state(-0.145)) states.push_back(x);
      write(l + "init_files/libero_goal/" + task + ".pruned_init",
            init_archive(states, 2, kTinyWidth));
    }
    write(l + "assets/scenes/libero_tabletop_base_style.xml", tiny_arena(kTinyTable));
    for (const char* name : {"light-gray-floor-tile.png", "light-gray-plaster.png"}) {
      write(l + "assets/textures/" + name, tiny_png());
    }
    for (const char* name : {"cream_cheese", "milk"}) {
      const std::string folder = l + "assets/stable_hope_objects/" + name + "/";
      write(folder + name + ".xml",
            tiny_object(name == std::string("milk") ? ".03 .03 .05" : ".04 .02 .01"));
      write(folder + "skin.png", tiny_png());
      write(folder + "look.stl", tiny_stl());
    }
    write(l + "assets/articulated_objects/white_cabinet.xml", kTinyCabinet);
    write(r + "base.xml",
          "<mujoco><compiler angle=\"radian\" inertiagrouprange=\"0 0\" autolimits=\"true\"/>"
          "<option impratio=\"20\" cone=\"elliptic\"/><worldbody/></mujoco>");
    write(r + "robots/panda/robot.xml", tiny_robot());
    write(r + "robots/panda/meshes/shell.stl", tiny_stl());
    write(r + "mounts/rethink_mount.xml",
          "<mujoco><worldbody><body name=\"base\" pos=\"0 0 -9\"><geom type=\"box\" size=\".1 .1 "
          ".1\" pos=\"0 0 -.5\"/></body></worldbody></mujoco>");
    write(r + "grippers/panda_gripper.xml", kTinyGripper);
  }
  ~TinyCheckout() { std::filesystem::remove_all(root_); }

  std::string libero() const { return (root_ / "LIBERO").string(); }
  // A suite of these tasks besides libero_goal; the same task file with `change` done to it.
  void add_suite(const std::string& suite, const std::vector<std::string>& tasks,
                 const std::function<std::string(std::string)>& change) const {
    const std::string l = "LIBERO/libero/libero/";
    std::string names;
    for (const auto& task : tasks) {
      write(l + "bddl_files/" + suite + "/" + task + ".bddl", change(kTinyTask));
      names += "\"" + task + "\", ";
    }
    std::ofstream(root_ / (l + "benchmark/libero_suite_task_map.py"), std::ios::app)
        << "\"" << suite << "\": [" << names << "]\n";
  }
  void write_task(const std::string& suite, const std::string& task,
                  const std::string& text) const {
    write("LIBERO/libero/libero/bddl_files/" + suite + "/" + task + ".bddl", text);
  }
  std::string robosuite() const { return (root_ / "robosuite").string(); }
  Checkout open() const { return {libero(), robosuite()}; }
  std::string package(const std::string& path) const { return libero() + "/libero/libero/" + path; }
  // Paths relative to the folder of both.
  void write(const std::string& path, const std::string& bytes) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    write_file((root_ / path).string(), bytes);
  }
  void remove(const std::string& path) const { std::filesystem::remove(root_ / path); }

 private:
  // A tetrahedron of 2 cm.
  static std::string tiny_stl() {
    const float p[4][3] = {{0, 0, 0}, {.02f, 0, 0}, {0, .02f, 0}, {0, 0, .02f}};
    const int faces[4][3] = {{0, 2, 1}, {0, 1, 3}, {0, 3, 2}, {1, 2, 3}};
    std::string out(80, ' ');
    out += little(4, 4);
    for (const auto& face : faces) {
      out += std::string(12, '\0');
      for (const int v : face) out.append(reinterpret_cast<const char*>(p[v]), 12);
      out += std::string(2, '\0');
    }
    return out;
  }
  std::filesystem::path root_;
};

}  // namespace libra::sim::libero
