#include "libra/sim/robot_mjcf.h"

#include <cstdio>

namespace libra::sim {
namespace {

struct Link {
  const char* name;
  const char* pose;      // attributes of the body; the base is given
  const char* inertial;  // attributes
  const char* joint;     // attributes; "" for none
  const char* shapes;    // geoms
};

// Link frames, masses and joint data: the tables of the Panda model that LIBERO uses; the armature
// is 5 / (joint number). Shapes approximate the bounding boxes of its meshes. A "limb" collides
// with things and not with the arm itself; the lower links, which never come near things, have
// none.
constexpr std::array<Link, 9> kLinks{{
    {"link0", "", "pos=\"0 0 .05\" mass=\"4\" diaginertia=\".4 .4 .4\"", "",
     R"(<geom class="shell" type="cylinder" fromto="0 0 0 0 0 .14" size=".072"/>
<geom class="shell" type="box" pos="-.08 0 .045" size=".07 .06 .045"/>
<geom class="trim" type="cylinder" fromto="0 0 0 0 0 .012" size=".092"/>)"},
    {"link1", "pos=\"0 0 .333\"", "pos=\"0 0 -.07\" mass=\"3\" diaginertia=\".3 .3 .3\"",
     R"(range="-2.8973 2.8973" damping=".1" armature="5")",
     R"(<geom class="shell" type="cylinder" fromto="0 0 -.19 0 0 -.06" size=".056"/>
<geom class="shell" type="capsule" fromto="0 -.07 0 0 0 -.05" size=".056"/>
<geom class="trim" type="cylinder" fromto="0 -.130 0 0 .050 0" size=".050"/>)"},
    {"link2", "pos=\"0 0 0\" quat=\".7071 -.7071 0 0\"",
     "pos=\"0 -.1 0\" mass=\"3\" diaginertia=\".3 .3 .3\"",
     R"(range="-1.7628 1.7628" damping=".1" armature="2.5")",
     R"(<geom class="shell" type="capsule" fromto="0 0 .072 0 -.06 .04" size=".056"/>
<geom class="shell" type="cylinder" fromto="0 -.194 0 0 -.05 0" size=".056"/>)"},
    {"link3", "pos=\"0 -.316 0\" quat=\".7071 .7071 0 0\"",
     "pos=\".04 0 -.05\" mass=\"2\" diaginertia=\".2 .2 .2\"",
     R"(range="-2.8973 2.8973" damping=".1" armature="1.6666667")",
     R"(<geom class="shell" type="cylinder" fromto="0 0 -.121 0 0 -.03" size=".055"/>
<geom class="shell" type="capsule" fromto="0 0 -.03 .08 .035 0" size=".052"/>
<geom class="trim" type="cylinder" fromto=".0825 -.052 0 .0825 .110 0" size=".048"/>)"},
    {"link4", "pos=\".0825 0 0\" quat=\".7071 .7071 0 0\"",
     "pos=\"-.04 .05 0\" mass=\"2\" diaginertia=\".2 .2 .2\"",
     R"(range="-3.0718 -.0698" damping=".1" armature="1.25")",
     R"(<geom class="shell" type="capsule" fromto="0 0 .055 -.05 .03 .01" size=".054"/>
<geom class="shell" type="cylinder" fromto="-.0825 .02 0 -.0825 .124 0" size=".054"/>)"},
    {"link5", "pos=\"-.0825 .384 0\" quat=\".7071 -.7071 0 0\"",
     "pos=\"0 0 -.15\" mass=\"2\" diaginertia=\".2 .2 .2\"",
     R"(range="-2.8973 2.8973" damping=".1" armature="1")",
     R"(<geom class="limb" type="capsule" fromto="0 0 -.20 0 .06 -.02" size=".06"/>
<geom class="shell" type="cylinder" fromto="0 0 -.262 0 0 -.17" size=".054"/>
<geom class="shell" type="capsule" fromto="0 .02 -.18 0 .072 -.02" size=".048"/>
<geom class="trim" type="cylinder" fromto="0 -.052 0 0 .128 0" size=".046"/>)"},
    {"link6", "pos=\"0 0 0\" quat=\".7071 .7071 0 0\"",
     "pos=\".06 0 0\" mass=\"1.5\" diaginertia=\".1 .1 .1\"",
     R"(range="-.0175 3.7525" damping=".01" armature=".83333333")",
     R"(<geom class="limb" type="capsule" fromto="0 0 0 .088 .01 0" size=".05"/>
<geom class="shell" type="capsule" fromto="0 .015 0 .07 .015 0" size=".047"/>
<geom class="shell" type="cylinder" fromto=".088 -.050 0 .088 .08 0" size=".045"/>)"},
    {"link7", "pos=\".088 0 0\" quat=\".7071 .7071 0 0\"",
     "pos=\"0 0 .08\" mass=\".5\" diaginertia=\".05 .05 .05\"",
     R"(range="-2.8973 2.8973" damping=".01" armature=".71428571")",
     R"(<geom class="limb" type="cylinder" fromto="0 0 .052 0 0 .1065" size=".048"/>
<geom class="trim" type="cylinder" fromto="0 0 .052 0 0 .1065" size=".044"/>
<geom class="shell" type="box" pos=".035 .035 .08" quat=".924 0 0 .383" size=".028 .030 .014"/>)"},
    {"right_hand", "pos=\"0 0 .1065\" quat=\".924 0 0 -.383\"",
     "pos=\"0 0 0\" mass=\".5\" diaginertia=\".05 .05 .05\"", "",
     R"(<camera name="eye_in_hand" pos=".05 0 0" quat="0 .707108 .707108 0" fovy="75"/>)"},
}};

// Finger shapes stay behind the pads, which are the only part that touches a held thing. What is
// seen of the hand tapers, as the Panda's does, so that it covers as much of the wrist camera's
// picture as in LIBERO (the lowest 15 %) and the fingers are seen below it.
constexpr const char* kGripper = R"(
<body name="right_gripper" quat=".7071 0 0 -.7071">
<inertial pos="0 0 .17" mass=".3" diaginertia=".09 .07 .05"/>
<geom class="limb" name="hand" type="box" pos=".002 0 .020" size=".102 .032 .046"/>
<geom class="shell" type="box" pos=".002 0 .012" size=".102 .030 .022"/>
<geom class="shell" type="box" pos=".002 0 .050" size=".102 .0145 .016"/>
<geom class="trim" type="cylinder" fromto="0 0 -.026 0 0 .0" size=".046"/>
<site name="grip_site" pos="0 0 .097"/>
<body name="leftfinger" pos="0 0 .0524" quat=".7071 0 0 .7071">
<inertial pos="0 0 .05" mass=".1" diaginertia=".01 .01 .005"/>
<joint class="finger" name="finger_joint1" range="0 .04"/>
<geom class="finger" name="finger1_upper" pos="0 .0142 .017" size=".0105 .0122 .017"/>
<geom class="finger" name="finger1_tip" pos="0 .0098 .0437" size=".0095 .0078 .0101"/>
<geom class="steel" pos="0 .0142 .017" size=".0105 .0122 .017"/>
<geom class="steel" pos="0 .0098 .0437" size=".0095 .0078 .0101"/>
<geom class="rubber" pos="0 .0035 .041" size=".008 .004 .008"/>
<body name="finger_joint1_tip" pos="0 .0085 .056"><inertial pos="0 0 0" mass=".01" diaginertia=".01 .01 .01"/>
<geom class="pad" name="pad1" pos="0 -.005 -.015"/></body>
</body>
<body name="rightfinger" pos="0 0 .0524" quat=".7071 0 0 .7071">
<inertial pos="0 0 .05" mass=".1" diaginertia=".01 .01 .005"/>
<joint class="finger" name="finger_joint2" range="-.04 0"/>
<geom class="finger" name="finger2_upper" pos="0 -.0142 .017" size=".0105 .0122 .017"/>
<geom class="finger" name="finger2_tip" pos="0 -.0098 .0437" size=".0095 .0078 .0101"/>
<geom class="steel" pos="0 -.0142 .017" size=".0105 .0122 .017"/>
<geom class="steel" pos="0 -.0098 .0437" size=".0095 .0078 .0101"/>
<geom class="rubber" pos="0 -.0035 .041" size=".008 .004 .008"/>
<body name="finger_joint2_tip" pos="0 -.0085 .056"><inertial pos="0 0 0" mass=".01" diaginertia=".01 .01 .01"/>
<geom class="pad" name="pad2" pos="0 .005 -.015"/></body>
</body>
</body>
)";

constexpr std::array<double, kArmJoints> kTorqueLimit{80, 80, 80, 80, 80, 12, 12};

}  // namespace

std::string robot_body_mjcf(const std::array<double, 3>& base) {
  std::array<char, 80> place;
  std::snprintf(place.data(), place.size(), "pos=\"%g %g %g\"", base[0], base[1], base[2]);
  std::string open, close;
  for (size_t i = 0; i < kLinks.size(); ++i) {
    const Link& link = kLinks[i];
    open += std::string("<body name=\"") + link.name + "\" " + (i == 0 ? place.data() : link.pose) +
            ">\n<inertial " + link.inertial + "/>\n";
    if (*link.joint != 0) {
      open += "<joint class=\"arm\" name=\"joint" + std::to_string(i) + "\" " + link.joint + "/>\n";
    }
    open += std::string(link.shapes) + "\n";
    close += "</body>\n";
  }
  return open + kGripper + close;
}

std::string robot_actuator_mjcf() {
  std::string out;
  for (int i = 0; i < kArmJoints; ++i) {
    std::array<char, 160> text;
    std::snprintf(text.data(), text.size(),
                  "<motor joint=\"joint%d\" ctrllimited=\"true\" ctrlrange=\"%g %g\"/>\n", i + 1,
                  -kTorqueLimit[i], kTorqueLimit[i]);
    out += text.data();
  }
  out +=
      R"(<position joint="finger_joint1" kp="1000" ctrllimited="true" ctrlrange="0 .04" forcelimited="true" forcerange="-20 20"/>
<position joint="finger_joint2" kp="1000" ctrllimited="true" ctrlrange="-.04 0" forcelimited="true" forcerange="-20 20"/>
)";
  return out;
}

}  // namespace libra::sim
