// A robot as data: what its proprio and actions consist of, what its cameras see, how often it is
// told something. Part of every checkpoint and data set; configs/embodiments/ holds one TOML file a
// robot (docs/embodiments.md).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "libra/core/config.h"
#include "libra/core/words.h"

namespace libra {

// What the numbers of a segment are.
enum class SegmentKind {
  kPosition,    // of a point, 3 numbers
  kAxisAngle,   // a rotation as its vector, 3 numbers (rad)
  kQuaternion,  // a rotation as x, y, z, w
  kRotation6d,  // a rotation as the first two columns of its matrix
  kJoint,       // joint positions
  kGripper,     // how far a gripper is shut, `open` to `closed`
  kOther,       // anything else: velocities, forces, base motion
};
template <>
struct Words<SegmentKind> {
  static constexpr Word<SegmentKind> list[] = {{SegmentKind::kPosition, "position"},
                                               {SegmentKind::kAxisAngle, "axis_angle"},
                                               {SegmentKind::kQuaternion, "quaternion"},
                                               {SegmentKind::kRotation6d, "rotation_6d"},
                                               {SegmentKind::kJoint, "joint"},
                                               {SegmentKind::kGripper, "gripper"},
                                               {SegmentKind::kOther, "other"}};
};

// What an action's number asks of the robot.
enum class Command {
  kAbsolute,  // be there
  kRelative,  // move by so much from where you are: zero is no motion
};
template <>
struct Words<Command> {
  static constexpr Word<Command> list[] = {{Command::kAbsolute, "absolute"},
                                           {Command::kRelative, "relative"}};
};

// How its numbers are brought to [-1, 1] for a policy.
enum class Normalization {
  kQuantiles,  // by the 1st and 99th percentile, LIBERO's convention
  kIdentity,   // they are there already
};
template <>
struct Words<Normalization> {
  static constexpr Word<Normalization> list[] = {{Normalization::kQuantiles, "q01_q99"},
                                                 {Normalization::kIdentity, "identity"}};
};

// What a policy learns of an action. Bins of absolute joint positions would say nothing about
// motion, so those are learned as changes and given back absolute.
enum class Representation {
  kAbsolute,       // the numbers as they are
  kDeltaState,     // their difference from the state at the chunk's observation
  kDeltaPrevious,  // their difference from the action before; the first one's from the state
};
template <>
struct Words<Representation> {
  static constexpr Word<Representation> list[] = {
      {Representation::kAbsolute, "absolute"},
      {Representation::kDeltaState, "delta_state"},
      {Representation::kDeltaPrevious, "delta_previous"}};
};

// How a camera's pictures lie in the robot's data and messages; Libra's own have row 0 at the top.
enum class Flip { kNone, kVertical, kHorizontal, kRotated };
template <>
struct Words<Flip> {
  static constexpr Word<Flip> list[] = {{Flip::kNone, "none"},
                                        {Flip::kVertical, "vertical"},
                                        {Flip::kHorizontal, "horizontal"},
                                        {Flip::kRotated, "rotated"}};
};

// A named run of numbers in proprio or in an action.
struct Segment {
  std::string name;
  int size = 1;
  SegmentKind kind = SegmentKind::kOther;
  std::string unit;
  std::vector<std::string> names;  // of its numbers; none: name, or name_0, name_1, ...
  // A gripper's two ends.
  double open = -1.0, closed = 1.0;

  // Of actions:
  Command command = Command::kAbsolute;
  Representation representation = Representation::kAbsolute;
  std::string state;             // the proprio segment that it moves; "" none
  double low = 0.0, high = 0.0;  // what the robot takes; both 0: no limit is known
  void list(ConfigFields& f);
  bool operator==(const Segment&) const = default;

  bool is_rotation() const {
    return kind == SegmentKind::kAxisAngle || kind == SegmentKind::kQuaternion ||
           kind == SegmentKind::kRotation6d;
  }
  bool limited() const { return low < high; }
  // How many numbers a policy predicts for it: changes of a rotation are rotation vectors.
  int model_size() const {
    return is_rotation() && representation != Representation::kAbsolute ? 3 : size;
  }
};

struct CameraSpec {
  std::string name;
  int height = 0, width = 0;  // px, as the robot delivers it
  std::string mount;          // where it sits, for people
  Flip flip = Flip::kNone;    // of its pictures in data and messages
  bool optional = false;      // may be missing: its picture is black then, and not attended to
  void list(ConfigFields& f);
  bool operator==(const CameraSpec&) const = default;
};

// How the arm answers relative end-effector commands, to tell where it will be when what is
// committed now has been executed: a critically damped spring towards a goal that each action sets
// anew from where the arm is (OSC_POSE), fingers that follow their target like a first-order lag.
struct ArmDynamics {
  double translation = 0.05;  // m per unit action
  double rotation = 0.5;      // rad per unit action
  double stiffness = 150.0;   // kp (1/s^2); damping is 2 sqrt(kp)
  double finger_speed = 0.1;  // m/s, of each finger's target
  double finger_lag = 0.1;    // s, of the finger behind it
  double finger_open = 0.04;  // m
  void list(ConfigFields& f);
  bool operator==(const ArmDynamics&) const = default;
};

// Where a segment stands among all numbers of its kind.
struct Span {
  size_t first = 0, size = 0;
};

struct Embodiment {
  std::string name;
  double control_hz = 20.0;
  std::vector<CameraSpec> cameras;
  std::vector<Segment> proprio;
  std::vector<Segment> action;
  ArmDynamics arm;
  void list(ConfigFields& f);
  bool operator==(const Embodiment&) const = default;

  int proprio_dim() const;
  int action_dim() const;  // numbers that the robot takes
  int model_dim() const;   // numbers that a policy predicts (Segment::model_size)
  std::vector<std::string> proprio_names() const;  // one a number
  std::vector<std::string> action_names() const;
  std::vector<std::string> model_names() const;
  std::vector<std::string> camera_names() const;

  // Throws Error(kBadInput) for a robot that cannot be: names that are missing or there twice, a
  // size that does not fit its kind, a `state` that is no proprio segment or of another size.
  void validate(const std::string& where) const;
};

// Where each segment begins, in the order of the list.
std::vector<Span> spans_of(std::span<const Segment> segments);
// The same for what a policy predicts of them.
std::vector<Span> model_spans_of(std::span<const Segment> segments);
// The segment of that name; -1 when there is none.
int find_segment(std::span<const Segment> segments, const std::string& name);
// The first segment of that kind; -1 when there is none.
int find_segment(std::span<const Segment> segments, SegmentKind kind);

// Of a file (it ends in .toml), or of a name in configs/embodiments/. Throws Error(kNotFound),
// which lists the names that there are, and Error(kBadInput).
Embodiment load_embodiment(const std::string& name_or_file);
// Where LIBERO's tasks and Libra's own are done.
const Embodiment& libero_panda();

// A table of what differs, a line each: "" when a policy of `a` can drive a robot, or learn from
// data, of `b`. Sizes of pictures may differ, since pictures are resized.
std::string differences(const Embodiment& a, const std::string& a_is, const Embodiment& b,
                        const std::string& b_is);
// Throws Error(kBadInput) with that table.
void require_same(const Embodiment& a, const std::string& a_is, const Embodiment& b,
                  const std::string& b_is);

}  // namespace libra
