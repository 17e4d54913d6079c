// A compiled scene: the MuJoCo model of the robot, the arena and the things in it, with the
// addresses of everything the environment reads or writes. Source files only: it includes MuJoCo.
#pragma once

#include <mujoco/mujoco.h>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libra/sim/bddl.h"
#include "libra/sim/catalogue.h"
#include "libra/sim/robot_mjcf.h"

namespace libra::sim {

struct ModelDeleter {
  void operator()(mjModel* m) const { mj_deleteModel(m); }
};
struct DataDeleter {
  void operator()(mjData* d) const { mj_deleteData(d); }
};

using ModelPtr = std::unique_ptr<mjModel, ModelDeleter>;

// Throws Error(kFailed) with MuJoCo's message when it refuses the model.
ModelPtr compile_model(const std::string& xml);

// What a model calls the robot's parts.
struct RobotNames {
  const char* grip_site = "grip_site";
  const char* hand = "right_hand";
  const char* gripper = "right_gripper";
};

struct SceneObject {
  std::string name;  // instance
  std::string category;
  const Grocery* grocery = nullptr;  // nullptr for the basket
  int body = -1;
  int qpos = -1;  // address of its 7 position numbers
  int dof = -1;   // address of its 6 velocity numbers
};

inline constexpr int kSubsteps = 25;  // of 2 ms in a control step of 50 ms
inline constexpr int kFingerQpos = kArmJoints;
inline constexpr int kTexturePixels = 256;  // side of the floor and wall textures

// qpos: 7 arm joints, 2 fingers, 7 for each object in the order given. Immutable after compiling,
// but for what perturbations change in the model.
class Scene {
 public:
  // Throws Error(kBadInput) for an arena other than libero_floor_manipulation, Error(kNotFound) for
  // an object without a body, Error(kFailed) when MuJoCo refuses the model.
  Scene(const std::string& arena, std::span<const Instance> objects);
  // A model from elsewhere, with the same order of joints and actuators. Body "<instance><suffix>"
  // of every object has a free joint. Throws Error(kBadInput) when a body or a part is not there.
  Scene(std::string xml, std::span<const Instance> objects, const RobotNames& names,
        const std::string& body_suffix);

  mjModel* model() const { return model_.get(); }
  mjData* data() const { return data_.get(); }
  const std::string& xml() const { return xml_; }
  const std::vector<SceneObject>& objects() const { return objects_; }
  const SceneObject& basket() const;
  // By instance or category; nullptr when there is none.
  const SceneObject* find(std::string_view name) const;

  int grip_site() const { return grip_site_; }
  int hand_body() const { return hand_body_; }
  bool is_gripper_geom(int geom) const { return gripper_geom_[geom]; }
  // Index into objects() of the object that a geom belongs to, or -1.
  int object_of_geom(int geom) const { return geom_object_[geom]; }

  // Recomputes poses (not velocities or contacts) after qpos changed.
  void update_poses() const;

 private:
  void index(std::span<const Instance> objects, const RobotNames& names,
             const std::string& body_suffix);

  std::string xml_;
  ModelPtr model_;
  std::unique_ptr<mjData, DataDeleter> data_;
  std::vector<SceneObject> objects_;
  int grip_site_ = -1, hand_body_ = -1;
  std::vector<bool> gripper_geom_;
  std::vector<int> geom_object_;
};

}  // namespace libra::sim
