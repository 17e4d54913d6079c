#include "libra/sim/sim_env.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "libra/core/error.h"
#include "libra/core/rng.h"
#include "libra/sim/engine/layout.h"
#include "libra/sim/engine/physics.h"
#include "libra/sim/engine/placement.h"
#include "libra/sim/engine/renderer.h"
#include "libra/sim/engine/scene.h"
#include "libra/sim/engine/scene_source.h"
#include "libra/sim/episode.h"
#include "libra/sim/random_scene.h"
#include "libra/sim/suite.h"
#include "libra/sim/variation/effect.h"

namespace libra::sim {
namespace {

// LIBERO's axis-angle of a wxyz quaternion: the angle is in [0, 2 pi], without a canonical sign.
std::array<double, 3> axis_angle(const double* quat) {
  const double w = std::clamp(quat[0], -1.0, 1.0);
  const double length = std::sqrt(1.0 - w * w);
  if (length < 1e-9) return {0, 0, 0};
  const double scale = 2.0 * std::acos(w) / length;
  return {quat[1] * scale, quat[2] * scale, quat[3] * scale};
}

}  // namespace

struct SimEnv::Impl {
  task::TaskSpec spec;     // as given
  task::TaskSpec current;  // with the objects and regions of the episode's layout
  SimConfig config;
  engine::Physics physics;
  Episode episode;
  std::shared_ptr<engine::Renderer> renderer;
  variation::Variation variation;
  std::unique_ptr<variation::Effect> effect;  // of the variation; nullptr in a plain episode

  Impl(task::TaskSpec s, SimConfig c) : spec(std::move(s)), current(spec), config(c) {
    load_scene();
    episode.begin(current, scene(), "");
  }

  engine::Scene& scene() const { return physics.scene(); }
  const mjModel* model() const { return physics.model(); }
  mjData* data() const { return physics.data(); }

  // Compiling takes some milliseconds, so a scene with the same things is kept.
  void load_scene() {
    if (spec.source) {
      if (!physics.has_scene()) physics.set_scene(spec.source->make_scene());
      return;
    }
    const task::Problem& problem = current.problem;
    if (physics.has_scene() && scene().is_of(problem.objects, problem.fixtures)) return;
    physics.set_scene(
        std::make_unique<engine::Scene>(problem.name, problem.objects, problem.fixtures));
  }

  void begin(const std::string& asked) {
    physics.forget_failure();
    episode.begin(current, scene(), asked);
  }

  void reset(const EpisodeKey& key) {
    Rng rng(mix_seed({hash_name(spec.task.suite), hash_name(spec.task.name), hash_name(key.layout),
                      key.seed, key.episode}));
    task::require_layout(spec, key.layout);
    begin_variation(key);
    if (key.layout == "shuffled") current.problem = engine::shuffle_problem(spec.problem, rng);
    if (effect) effect->change_task(current);
    if (current.old && !key.target.empty()) {
      throw Error(ErrorCode::kBadInput,
                  {.where = "variation '" + key.variation + "'",
                   .problem = "decides itself what is asked for",
                   .next = "leave out the item that is to be asked for instead"});
    }
    const task::Problem listed = current.problem;
    if (effect) {
      for (task::Instance& thing : effect->added_objects(listed))
        current.problem.objects.push_back(std::move(thing));
    }
    load_scene();
    physics.clear();
    if (spec.source) {
      spec.source->place(scene(), key);
    } else {
      place_plain(listed, rng);
    }
    if (effect) vary_start();
    physics.settle(config.settle_steps, spec.source != nullptr);
    begin(key.target);
  }

  // Back to what is compiled and to the task's file, then the effect of the key's variation.
  void begin_variation(const EpisodeKey& key) {
    scene().undo_changes();
    current = spec;
    const uint64_t seed = variation::variation_seed(spec.task, key);
    variation = variation::resolve_variation(variation::parse_variation(key.variation), seed);
    effect = variation::make_effect(variation, spec, seed);
  }

  // Where the file says things stand, and the arm at its ready posture.
  void place_plain(const task::Problem& problem, Rng& rng) {
    if (scene().arena().floor) {
      physics.put_on_floor(engine::place_objects(problem, rng));
    } else {
      engine::place_scene(scene(), problem, rng);
    }
    physics.ready_arm(config.arm_noise, rng);
  }

  void vary_start() {
    scene().begin_changes();
    effect->place(scene(), current.problem);
    effect->change_model(scene());
    std::array<double, bodies::kArmJoints> before;
    std::copy_n(data()->qpos, bodies::kArmJoints, before.begin());
    effect->change_arm(scene());
    physics.shift_rest(before);
    effect->change_rest(physics.rest());
  }

  void random_scene(uint64_t seed) {
    if (!scene().arena().floor || spec.source) {
      throw Error(ErrorCode::kBadInput,
                  {.where = "suite '" + spec.task.suite + "'",
                   .problem = "has no random still scenes",
                   .next = "they are made of groceries on the floor: use suite 'object'"});
    }
    Rng rng(mix_seed({hash_name("random scene"), seed}));
    begin_variation({});
    current.problem.objects = draw_instances(rng);
    load_scene();
    physics.clear();
    physics.put_on_floor(scatter(current.problem.objects, rng));
    pose_arm(scene(),
             {rng.uniform(-0.28, 0.22), rng.uniform(-0.30, 0.30), rng.uniform(0.19, 0.36)});
    const double opening = rng.uniform() < 0.7 ? 0.0398 : rng.uniform(0.0, 0.04);
    physics.hold_still(opening);
    const std::string& first = current.problem.objects.front().name;
    for (task::Predicate& atom : current.problem.goal) {
      for (std::string& arg : atom.args)
        if (arg == task::goal_target(spec.problem)) arg = first;
    }
    current.task.instruction =
        "pick up the " + task::item_phrase(first) + " and place it in the basket";
    begin("");
  }

  StepResult advance(const Action& action) {
    if (!physics.failed()) physics.control_step(action);
    episode.advance(scene());
    return episode.outcome(current, scene(), physics.failed());
  }

  template <size_t N>
  static std::array<double, N> copy(const double* from) {
    std::array<double, N> out;
    std::copy_n(from, N, out.begin());
    return out;
  }
};

SimEnv::SimEnv(task::TaskSpec spec, SimConfig config)
    : impl_(std::make_unique<Impl>(std::move(spec), config)) {}
SimEnv::~SimEnv() = default;

void SimEnv::reset(const EpisodeKey& key) { impl_->reset(key); }
StepResult SimEnv::step(const Action& action) {
  if (action.size() != static_cast<size_t>(embodiment().action_dim())) {
    throw Error(ErrorCode::kBadInput, {.where = "action",
                                       .problem = "has the wrong number of values",
                                       .expected = std::to_string(embodiment().action_dim()),
                                       .found = std::to_string(action.size())});
  }
  return impl_->advance(action);
}

void SimEnv::observe(Observation& out) {
  const auto& cameras = embodiment().cameras;
  out.images.resize(cameras.size());
  for (size_t i = 0; i < cameras.size(); ++i) {
    render(cameras[i].name, impl_->config.image_size, impl_->config.image_size, out.images[i]);
    if (impl_->effect)
      impl_->effect->change_image(cameras[i].name, impl_->episode.step(), out.images[i]);
  }
  out.proprio = proprio();
  out.step = impl_->episode.step();
  out.time =
      static_cast<double>(impl_->episode.step()) * engine::kSubsteps * impl_->model()->opt.timestep;
}

const Task& SimEnv::task() const { return impl_->spec.task; }
const std::string& SimEnv::instruction() const { return impl_->episode.instruction(); }
const std::string& SimEnv::target() const { return impl_->episode.target(); }
const std::string& SimEnv::first_lifted() const { return impl_->episode.first_lifted(); }
const SimConfig& SimEnv::config() const { return impl_->config; }
const variation::Variation& SimEnv::variation() const { return impl_->variation; }
int64_t SimEnv::step_count() const { return impl_->episode.step(); }
const std::vector<task::Predicate>& SimEnv::goal() const { return impl_->episode.goal(); }
bool SimEnv::goal_holds() const {
  return impl_->episode.goal_holds(impl_->current, impl_->scene());
}
const std::optional<task::OldTask>& SimEnv::old_task() const { return impl_->current.old; }
bool SimEnv::atom_holds(const task::Predicate& atom) const {
  return all_hold({&atom, 1}, impl_->current, impl_->scene());
}
bool SimEnv::failed() const { return impl_->physics.failed(); }

std::vector<std::string> SimEnv::items() const { return impl_->episode.items(impl_->scene()); }

std::vector<double> SimEnv::state() const { return impl_->physics.state(); }
void SimEnv::set_state(std::span<const double> state) {
  impl_->physics.put(state);
  impl_->begin(std::string(impl_->episode.asked()));
}
const engine::Scene& SimEnv::scene() const { return impl_->scene(); }
const task::Problem& SimEnv::problem() const { return impl_->current.problem; }
std::string SimEnv::model_xml() const { return impl_->scene().xml(); }

Proprio SimEnv::proprio() const {
  const auto position = eef_position();
  const auto rotation = axis_angle(impl_->data()->xquat + 4 * impl_->scene().hand_body());
  const auto fingers = finger_positions();
  return {position[0], position[1], position[2], rotation[0],
          rotation[1], rotation[2], fingers[0],  fingers[1]};
}

std::array<double, 7> SimEnv::joint_positions() const { return Impl::copy<7>(impl_->data()->qpos); }
std::array<double, 3> SimEnv::eef_position() const {
  return Impl::copy<3>(impl_->data()->site_xpos + 3 * impl_->scene().grip_site());
}
std::array<double, 9> SimEnv::eef_rotation() const {
  return Impl::copy<9>(impl_->data()->site_xmat + 9 * impl_->scene().grip_site());
}
std::array<double, 2> SimEnv::finger_positions() const {
  return Impl::copy<2>(impl_->data()->qpos + engine::kFingerQpos);
}
std::array<double, 3> SimEnv::item_position(std::string_view name) const {
  return Impl::copy<3>(impl_->data()->xpos + 3 * impl_->scene().need(name).body);
}
std::array<double, 3> SimEnv::basket_position() const { return item_position("basket"); }
double SimEnv::surface() const { return impl_->scene().arena().surface; }

ItemPose SimEnv::item_pose(std::string_view name) const {
  const engine::SceneObject& object = impl_->scene().need(name);
  return {object.category, Impl::copy<3>(impl_->data()->xpos + 3 * object.body),
          Impl::copy<9>(impl_->data()->xmat + 9 * object.body), object.model.half,
          object.model.center};
}

bool SimEnv::touches_gripper(std::string_view name) const {
  return impl_->scene().touches_gripper(impl_->scene().need(name).body);
}

bool SimEnv::project(std::string_view camera, const std::array<double, 3>& point, double& u,
                     double& v) const {
  return impl_->scene().project(camera, point, u, v);
}

void SimEnv::render(std::string_view camera, int height, int width, Image& out) {
  if (!impl_->renderer) {
    mjModel* model = impl_->scene().model();
    impl_->renderer = impl_->spec.source
                          ? engine::Renderer::for_model(model, {.cell = impl_->config.mesh_cell})
                          : engine::Renderer::for_this_thread(model);
  }
  impl_->scene().show_burners();
  impl_->renderer->render(impl_->scene().model(), impl_->data(), impl_->scene().appearance(),
                          impl_->scene().camera(camera), height, width, out);
}

void SimEnv::reset_random_scene(uint64_t seed) { impl_->random_scene(seed); }

const mjModel_* SimEnv::model() const { return impl_->model(); }
const mjData_* SimEnv::data() const { return impl_->data(); }

EnvFactory make_sim_factory(SimConfig config, std::string asset_root) {
  return [config, asset_root = std::move(asset_root)](const Task& task) -> std::unique_ptr<Env> {
    return std::make_unique<SimEnv>(load_suite(task.suite, asset_root).find_task(task.name),
                                    config);
  };
}

std::string SimEnv::render_device() const {
  return impl_->renderer ? impl_->renderer->device() : "";
}

std::string mujoco_version() { return mj_versionString(); }

}  // namespace libra::sim
