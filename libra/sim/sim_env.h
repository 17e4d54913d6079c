// The simulated Env: one task of a suite, a Panda among the things its BDDL file names, pixels and
// proprio.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libra/core/config.h"
#include "libra/core/env.h"
#include "libra/sim/suite.h"
#include "libra/sim/variation/variation.h"

struct mjModel_;
struct mjData_;

namespace libra::sim {

namespace engine {
class Scene;
}

struct SimConfig {
  int image_size = 128;     // side of the square camera images (px)
  double arm_noise = 0.02;  // standard deviation of the arm joints at the start (rad)
  int settle_steps = 10;    // control steps with an open gripper before step 0
  // Of LIBERO's scenes: vertices of meshes nearer than about this become one (m), so that pictures
  // are drawn faster and look a little other: for training, never for an evaluation. 0: none do.
  double mesh_cell = 0;
  void list(ConfigFields& f) {
    f.add("image_size", image_size, "side of the square camera images (px)", {16, 1024});
    f.add("arm_noise", arm_noise, "standard deviation of the arm joints at the start (rad)",
          {0, 0.2});
    f.add("settle_steps", settle_steps, "control steps before step 0, gripper opening", {0, 100});
  }
};

// What a scripted expert, a label or a test may know beyond the sensors. Policies never see it.
struct ItemPose {
  std::string name;                     // category, "alphabet_soup"
  std::array<double, 3> position{};     // body origin, world (m)
  std::array<double, 9> rotation{};     // row-major, body to world; upright at the start: identity
  std::array<double, 3> half_extent{};  // half sizes of the item's box in its own axes (m)
  std::array<double, 3> center{};       // of that box from the body origin, in its own axes (m)
};

// Thread: as Env, used only by the thread that made it. Physics alone needs no display; the first
// observe() or render() opens the thread's EGL context and throws Error(kFailed) where there is
// none.
class SimEnv final : public Env {
 public:
  explicit SimEnv(task::TaskSpec spec, SimConfig config = {});
  ~SimEnv() override;
  SimEnv(const SimEnv&) = delete;
  SimEnv& operator=(const SimEnv&) = delete;

  // Throws Error(kBadInput) for a layout that the suite does not have and for a variation that
  // parse_variation refuses or that cannot be made of the task, Error(kNotFound) for a target that
  // is not there.
  void reset(const EpisodeKey& key) override;
  // Physics that blows up ends the episode as failed (done without success) and stays there. A
  // memorisation test ends with the first of both goals that holds.
  StepResult step(const Action& action) override;
  const Embodiment& embodiment() const override { return libero_panda(); }
  void observe(Observation& out) override;
  const Task& task() const override;
  const std::string& instruction() const override;
  // The movable things, without those that the goal puts something into or onto; by category where
  // that names one thing, else by instance.
  std::vector<std::string> items() const override;
  // The item that the first placing clause of the goal moves; a goal without one gives the fixture
  // or region of its first clause.
  const std::string& target() const override;
  const std::string& first_lifted() const override;

  const SimConfig& config() const;
  int64_t step_count() const;
  // What the current episode changes, nothing left open.
  const variation::Variation& variation() const;
  // The predicates that must hold, of the current episode.
  const std::vector<task::Predicate>& goal() const;
  bool goal_holds() const;
  // What the current episode is held against where it tests for memory; nullopt elsewhere.
  const std::optional<task::OldTask>& old_task() const;
  // Any other atom at the current state, such as those of the task's init. Throws as holds().
  bool atom_holds(const task::Predicate& atom) const;
  bool failed() const;  // the physics blew up

  // [time, qpos, qvel] in LIBERO's order: 1 + 58 + 51 = 110 numbers for six groceries and the
  // basket. Where fixtures stand is not in it, as in LIBERO: reset() puts them there.
  std::vector<double> state() const;
  // Puts the state in place as an initial state: the orientation goal and the rest posture of the
  // controller are those of a reset, the gripper command is the one that the finger opening shows.
  // Throws Error(kBadInput) when the size differs.
  void set_state(std::span<const double> state);
  std::string model_xml() const;
  const engine::Scene& scene() const;    // for source files that include MuJoCo
  const task::Problem& problem() const;  // of the current episode

  Proprio proprio() const;
  std::array<double, 7> joint_positions() const;
  std::array<double, 3> eef_position() const;                        // grip site, world
  std::array<double, 9> eef_rotation() const;                        // grip site, row-major
  std::array<double, 2> finger_positions() const;                    // m: [0, .04] and [-.04, 0]
  std::array<double, 3> item_position(std::string_view name) const;  // category or instance
  ItemPose item_pose(std::string_view name) const;
  std::array<double, 3> basket_position() const;  // body origin, at the basket's base
  double surface() const;  // height of the floor or table that things stand on (m)
  bool touches_gripper(std::string_view name) const;  // a finger or pad is in contact with the item

  // Image coordinates of a world point, normalised to [0, 1] in the upright image: u to the right,
  // v down. False when the point is behind the camera. Throws Error(kNotFound) for an unknown
  // camera.
  bool project(std::string_view camera, const std::array<double, 3>& point, double& u,
               double& v) const;
  // Any camera at any size; observe() uses this for the embodiment's.
  void render(std::string_view camera, int height, int width, Image& out);

  // A still scene for grounding data: six random groceries anywhere in reach, the basket near its
  // place, the arm at a random pose above them, nothing moving. The first grocery becomes the
  // target. Costs a few milliseconds (a model is compiled when the set of groceries is new).
  void reset_random_scene(uint64_t seed);

  // Who draws the images, e.g. "llvmpipe (LLVM 15.0.6, 256 bits)"; "" before the first of them.
  std::string render_device() const;

  const mjModel_* model() const;
  const mjData_* data() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A factory for rollouts: looks the task up in its suite and makes the environment.
EnvFactory make_sim_factory(SimConfig config = {}, std::string asset_root = default_asset_root());

// Version of the physics engine, e.g. "2.2.2".
std::string mujoco_version();

}  // namespace libra::sim
