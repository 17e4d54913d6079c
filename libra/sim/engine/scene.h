// A compiled arena: the MuJoCo model of the robot, the furniture, the fixtures and the things on
// them, with the addresses of everything the environment reads or writes. Source files only: it
// includes MuJoCo.
#pragma once

#include <mujoco/mujoco.h>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libra/sim/bodies/arena.h"
#include "libra/sim/bodies/catalogue.h"
#include "libra/sim/bodies/panda.h"
#include "libra/sim/bodies/spec.h"
#include "libra/sim/engine/renderer.h"
#include "libra/sim/task/bddl.h"

namespace libra::sim::engine {

// What a model calls the robot's parts.
struct RobotNames {
  const char* grip_site = "grip_site";
  const char* hand = "right_hand";
  const char* gripper = "right_gripper";
};

struct SceneObject {
  std::string name;  // instance
  std::string category;
  bodies::ObjectModel model;
  int body = -1;
  int qpos = -1;  // address of its 7 position numbers
  int dof = -1;   // address of its 6 velocity numbers
};

// Where a fixture stands.
struct FixturePose {
  double x = 0, y = 0;  // world (m)
  double yaw = 0;       // rad
};

struct SceneFixture {
  std::string name;  // instance
  std::string category;
  int body = -1;
  std::vector<int> joints;  // ids, in the order of the model
  FixturePose pose;
};

inline constexpr int kSubsteps = 25;  // of 2 ms in a control step of 50 ms
inline constexpr int kFingerQpos = bodies::kArmJoints;

// qpos: 7 arm joints, 2 fingers, 7 for each object in the order given, then the fixtures' joints.
// Immutable after compiling, but for the fixtures' poses and what perturbations change in the
// model.
class Scene {
 public:
  // Throws Error(kBadInput) for an unknown problem class, Error(kNotFound) for an object or fixture
  // without a body, Error(kFailed) when MuJoCo refuses the model.
  Scene(const std::string& arena, std::span<const task::Instance> objects,
        std::span<const task::Instance> fixtures = {});
  // A model from elsewhere: the same order of joints and actuators, bodies called as the instances.
  // Throws Error(kBadInput) when one of them or a part of the robot is not there.
  Scene(const std::string& arena, std::span<const task::Instance> objects,
        std::span<const task::Instance> fixtures, bodies::Composer::Compiled foreign,
        const RobotNames& names);

  // Whether it was made of these.
  bool is_of(std::span<const task::Instance> objects,
             std::span<const task::Instance> fixtures) const;

  mjModel* model() const { return model_.get(); }
  mjData* data() const { return data_.get(); }
  // It is a model from elsewhere.
  bool foreign() const { return !foreign_xml_.empty(); }
  // The model as MJCF, numbers to six digits, with the fixtures where they stand now; of a model
  // from elsewhere as it was compiled.
  std::string xml() const;
  const bodies::Arena& arena() const { return arena_; }
  const std::vector<SceneObject>& objects() const { return objects_; }
  // Without the supports, which belong to the arena.
  const std::vector<SceneFixture>& fixtures() const { return fixtures_; }
  // Poses are not recomputed.
  void place_fixture(size_t index, const FixturePose& pose);
  const SceneObject& basket() const;
  // By instance or category; nullptr when there is none.
  const SceneObject* find(std::string_view name) const;
  // The same. Throws Error(kNotFound) that lists the categories that are there.
  const SceneObject& need(std::string_view name) const;
  // By instance; nullptr when there is none.
  const SceneFixture* find_fixture(std::string_view name) const;

  // What a variation changes in the model it changes after begin_changes(); undo_changes() puts the
  // model back as it was before the first of them, the fixtures' poses included.
  void begin_changes();
  void undo_changes();
  // Other pixels for a texture, kTexturePixels square and row by row; `look` tells them from any
  // others and is not 0. Throws Error(kBadInput) when the model has no such texture of that size.
  void repaint(const std::string& texture, std::span<const uint8_t> rgb, uint64_t look);
  void cast_shadows() { appearance_.shadows = true; }
  const Appearance& appearance() const { return appearance_; }

  int grip_site() const { return grip_site_; }
  int hand_body() const { return hand_body_; }
  bool is_gripper_geom(int geom) const { return gripper_geom_[geom]; }
  // Index into objects() of the object that a geom belongs to, or -1.
  int object_of_geom(int geom) const { return geom_object_[geom]; }

  // Whether a finger or pad is in contact with the body.
  bool touches_gripper(int body) const;
  // Its id. Throws Error(kNotFound) that lists those of the robot.
  int camera(std::string_view name) const;
  // As SimEnv::project.
  bool project(std::string_view camera, const std::array<double, 3>& point, double& u,
               double& v) const;

  // Recomputes poses (not velocities or contacts) after qpos changed.
  void update_poses() const;
  // Burners glow while their stove is on: a cue that a camera sees.
  void show_burners() const;

 private:
  void list(std::span<const task::Instance> objects, std::span<const task::Instance> fixtures);
  // Finds everything in the model.
  void index(const RobotNames& names);

  const bodies::Arena& arena_;
  std::string foreign_xml_;
  bodies::ModelPtr model_;
  std::unique_ptr<mjData, bodies::DataDeleter> data_;
  std::vector<SceneObject> objects_;
  std::vector<SceneFixture> fixtures_;
  bodies::ModelPtr unchanged_;  // nullptr until the first change
  Appearance appearance_;
  bool changed_ = false;
  int grip_site_ = -1, hand_body_ = -1;
  std::vector<bool> gripper_geom_;
  std::vector<int> geom_object_;
};

}  // namespace libra::sim::engine
