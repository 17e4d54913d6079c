#include "libra/sim/sim_env.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "libra/core/error.h"
#include "libra/core/rng.h"
#include "libra/sim/layout.h"
#include "libra/sim/osc.h"
#include "libra/sim/placement.h"
#include "libra/sim/predicates.h"
#include "libra/sim/random_scene.h"
#include "libra/sim/renderer.h"
#include "libra/sim/scene.h"
#include "libra/sim/scene_source.h"
#include "libra/sim/variation/effect.h"
#include "libra/sim/world.h"

namespace libra::sim {
namespace {

constexpr double kLiftHeight = 0.03;  // above where it lay (m)
constexpr double kFingersAtStart = 0.020833;

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
  TaskSpec spec;     // as given
  TaskSpec episode;  // with the objects and regions of the current layout
  SimConfig config;
  std::unique_ptr<Scene> scene;
  OscController controller;
  std::shared_ptr<Renderer> renderer;

  Variation variation;
  std::unique_ptr<Effect> effect;  // of the variation; nullptr in a plain episode
  std::array<double, kArmJoints> rest = kReadyPosture;  // that the controller pulls to

  std::string asked;  // of the episode's key
  std::string target, instruction, first_lifted;
  std::vector<Predicate> goal;
  std::vector<size_t> items;        // indices of the objects that can be asked for
  std::vector<double> rest_height;  // of every object, at step 0
  int64_t step = 0;
  bool failed = false;

  Impl(TaskSpec s, SimConfig c) : spec(std::move(s)), episode(spec), config(c) {
    load_scene();
    begin_episode("");
  }

  const mjModel* model() const { return scene->model(); }
  mjData* data() const { return scene->data(); }

  // Compiling takes some milliseconds, so a scene with the same things is kept.
  void load_scene() {
    if (spec.source) {
      if (!scene) scene = spec.source->make_scene();
      return;
    }
    const Problem& problem = episode.problem;
    if (scene && scene->is_of(problem.objects, problem.fixtures)) return;
    scene = std::make_unique<Scene>(problem.name, problem.objects, problem.fixtures);
  }

  void place(const std::vector<FloorPoint>& points) const {
    for (size_t i = 0; i < points.size(); ++i) {
      const SceneObject& object = scene->objects()[i];
      const double bottom = object.model.half[2] - object.model.center[2];
      put_object(*scene, object, {points[i][0], points[i][1], bottom + 2e-4}, 0);
    }
  }

  void open_fingers_halfway() const {
    data()->qpos[kFingerQpos] = kFingersAtStart;
    data()->qpos[kFingerQpos + 1] = -kFingersAtStart;
  }

  void control_step(const Action& action) {
    controller.set_goal(*scene, action);
    for (int i = 0; i < kSubsteps; ++i) {
      mj_step1(scene->model(), data());
      controller.apply(*scene);
      mj_step2(scene->model(), data());
    }
    scene->update_poses();
    note_instability();
  }

  void note_instability() {
    for (const int kind : {mjWARN_BADQPOS, mjWARN_BADQVEL, mjWARN_BADQACC, mjWARN_BADCTRL}) {
      if (data()->warning[kind].number > 0) failed = true;
    }
  }

  void put_state(std::span<const double> state) {
    const auto nq = static_cast<size_t>(model()->nq), nv = static_cast<size_t>(model()->nv);
    if (state.size() != 1 + nq + nv) {
      throw Error(ErrorCode::kBadInput, {.where = "state",
                                         .problem = "has the wrong size for this scene",
                                         .expected = std::to_string(1 + nq + nv) + " numbers",
                                         .found = std::to_string(state.size())});
    }
    mj_resetData(model(), data());
    data()->time = state[0];
    std::copy_n(state.begin() + 1, nq, data()->qpos);
    std::copy_n(state.begin() + 1 + static_cast<long>(nq), nv, data()->qvel);
    controller.reset(*scene, data()->qpos[kFingerQpos], rest);
    mj_forward(model(), data());
    note_instability();
  }

  std::vector<double> get_state() const {
    std::vector<double> out{data()->time};
    out.insert(out.end(), data()->qpos, data()->qpos + model()->nq);
    out.insert(out.end(), data()->qvel, data()->qvel + model()->nv);
    return out;
  }

  // How an object is called as an item: by its category where that names one thing.
  std::string item_name(const SceneObject& object) const {
    const auto same = [&](const SceneObject& o) { return o.category == object.category; };
    const auto& all = scene->objects();
    return std::count_if(all.begin(), all.end(), same) == 1 ? object.category : object.name;
  }

  void begin_episode(const std::string& wanted) {
    asked = wanted;
    const std::string& instance =
        asked.empty() ? goal_target(episode.problem) : find_item(episode.problem, asked);
    const SceneObject* moved = scene->find(instance);
    target = moved != nullptr ? item_name(*moved) : instance;
    instruction = asked.empty() ? episode.task.instruction : asked_instruction(episode, asked);
    goal = asked.empty() ? episode.problem.goal : asked_goal(episode.problem, asked);
    first_lifted.clear();
    step = 0;
    failed = false;
    rest_height.clear();
    items.clear();
    const auto askable = askable_items(episode.problem);
    for (size_t i = 0; i < scene->objects().size(); ++i) {
      const SceneObject& object = scene->objects()[i];
      rest_height.push_back(data()->xpos[3 * object.body + 2]);
      if (std::find(askable.begin(), askable.end(), object.name) != askable.end())
        items.push_back(i);
    }
  }

  void reset(const EpisodeKey& key) {
    Rng rng(mix_seed({hash_name(spec.task.suite), hash_name(spec.task.name), hash_name(key.layout),
                      key.seed, key.episode}));
    require_layout(spec, key.layout);
    begin_variation(key);
    if (key.layout == "shuffled") episode.problem = shuffle_problem(spec.problem, rng);
    if (effect) effect->change_task(episode);
    if (episode.old && !key.target.empty()) {
      throw Error(ErrorCode::kBadInput,
                  {.where = "variation '" + key.variation + "'",
                   .problem = "decides itself what is asked for",
                   .next = "leave out the item that is to be asked for instead"});
    }
    const Problem listed = episode.problem;
    if (effect) {
      for (Instance& thing : effect->added_objects(listed))
        episode.problem.objects.push_back(std::move(thing));
    }
    load_scene();
    mj_resetData(model(), data());
    if (spec.source) {
      spec.source->place(*scene, key);
    } else {
      place_plain(listed, rng);
    }
    if (effect) vary_start();
    settle();
    begin_episode(key.target);
  }

  // Back to what is compiled and to the task's file, then the effect of the key's variation.
  void begin_variation(const EpisodeKey& key) {
    scene->undo_changes();
    rest = kReadyPosture;
    episode = spec;
    const uint64_t seed = variation_seed(spec.task, key);
    variation = resolve_variation(parse_variation(key.variation), seed);
    effect = make_effect(variation, spec, seed);
  }

  // Where the file says things stand, and the arm at its ready posture.
  void place_plain(const Problem& problem, Rng& rng) {
    if (scene->arena().floor) {
      place(place_objects(problem, rng));
    } else {
      place_scene(*scene, problem, rng);
    }
    for (int k = 0; k < kArmJoints; ++k) {
      data()->qpos[k] = kReadyPosture[static_cast<size_t>(k)] + config.arm_noise * rng.normal();
    }
    open_fingers_halfway();
  }

  void vary_start() {
    scene->begin_changes();
    effect->place(*scene, episode.problem);
    effect->change_model(*scene);
    std::array<double, kArmJoints> before;
    std::copy_n(data()->qpos, kArmJoints, before.begin());
    effect->change_arm(*scene);
    for (size_t k = 0; k < kArmJoints; ++k) rest[k] += data()->qpos[k] - before[k];
  }

  // Lets things come to rest while the gripper opens; then time starts.
  void settle() {
    controller.reset(*scene, data()->qpos[kFingerQpos], rest);
    Action still{};
    still[6] = -1;
    for (int i = 0; i < config.settle_steps; ++i) control_step(still);
    std::vector<double> settled = get_state();
    settled[0] = 0;
    put_state(settled);
  }

  void random_scene(uint64_t seed) {
    if (!scene->arena().floor || spec.source) {
      throw Error(ErrorCode::kBadInput,
                  {.where = "suite '" + spec.task.suite + "'",
                   .problem = "has no random still scenes",
                   .next = "they are made of groceries on the floor: use suite 'object'"});
    }
    Rng rng(mix_seed({hash_name("random scene"), seed}));
    begin_variation({});
    episode.problem.objects = draw_instances(rng);
    load_scene();
    mj_resetData(model(), data());
    place(scatter(episode.problem.objects, rng));
    pose_arm(*scene, {rng.uniform(-0.28, 0.22), rng.uniform(-0.30, 0.30), rng.uniform(0.19, 0.36)});
    const double opening = rng.uniform() < 0.7 ? 0.0398 : rng.uniform(0.0, 0.04);
    data()->qpos[kFingerQpos] = opening;
    data()->qpos[kFingerQpos + 1] = -opening;
    controller.reset(*scene, opening);
    mj_forward(model(), data());
    const std::string& first = episode.problem.objects.front().name;
    for (Predicate& atom : episode.problem.goal) {
      for (std::string& arg : atom.args)
        if (arg == goal_target(spec.problem)) arg = first;
    }
    episode.task.instruction = "pick up the " + item_phrase(first) + " and place it in the basket";
    begin_episode("");
  }

  bool all_hold(std::span<const Predicate> atoms) const {
    return holds_all(atoms, SceneWorld(*scene, episode.problem));
  }
  bool goal_holds() const { return all_hold(goal); }

  StepResult advance(const Action& action) {
    ++step;
    if (!failed) control_step(action);
    for (const size_t i : items) {
      const SceneObject& object = scene->objects()[i];
      if (first_lifted.empty() &&
          data()->xpos[3 * object.body + 2] > rest_height[i] + kLiftHeight) {
        first_lifted = item_name(object);
      }
    }
    return outcome();
  }

  // Where the words ask for nothing, the right thing is not to do the old task until time is up.
  StepResult outcome() const {
    const bool asks = !episode.old || episode.old->asks;
    const bool late = step >= spec.task.max_steps;
    StepResult result;
    if (!failed && asks && goal_holds()) result.reached = Goal::kAsked;
    if (!failed && result.reached == Goal::kNone && remembers()) result.reached = Goal::kOld;
    result.success =
        asks ? result.reached == Goal::kAsked : late && !failed && result.reached == Goal::kNone;
    result.done = result.reached != Goal::kNone || failed || late;
    return result;
  }
  bool remembers() const {
    return episode.old && !episode.old->goal.empty() && all_hold(episode.old->goal);
  }

  const SceneObject& object(std::string_view name) const {
    if (const SceneObject* found = scene->find(name)) return *found;
    std::vector<std::string> known;
    for (const SceneObject& o : scene->objects()) known.push_back(o.category);
    throw Error(ErrorCode::kNotFound, {.where = "scene",
                                       .problem = "there is no object '" + std::string(name) + "'",
                                       .expected = join_names(known)});
  }

  int camera(std::string_view name) const {
    const int id = mj_name2id(model(), mjOBJ_CAMERA, std::string(name).c_str());
    if (id >= 0) return id;
    throw Error(ErrorCode::kNotFound, {.where = "scene",
                                       .problem = "there is no camera '" + std::string(name) + "'",
                                       .expected = join_names(camera_names())});
  }

  template <size_t N>
  static std::array<double, N> copy(const double* from) {
    std::array<double, N> out;
    std::copy_n(from, N, out.begin());
    return out;
  }
};

SimEnv::SimEnv(TaskSpec spec, SimConfig config)
    : impl_(std::make_unique<Impl>(std::move(spec), config)) {}
SimEnv::~SimEnv() = default;

void SimEnv::reset(const EpisodeKey& key) { impl_->reset(key); }
StepResult SimEnv::step(const Action& action) { return impl_->advance(action); }

void SimEnv::observe(Observation& out) {
  out.images.resize(camera_names().size());
  for (size_t i = 0; i < camera_names().size(); ++i) {
    render(camera_names()[i], impl_->config.image_size, impl_->config.image_size, out.images[i]);
    if (impl_->effect) impl_->effect->change_image(camera_names()[i], impl_->step, out.images[i]);
  }
  out.proprio = proprio();
  out.step = impl_->step;
  out.time = static_cast<double>(impl_->step) * kSubsteps * impl_->model()->opt.timestep;
}

const Task& SimEnv::task() const { return impl_->spec.task; }
const std::string& SimEnv::instruction() const { return impl_->instruction; }
const std::string& SimEnv::target() const { return impl_->target; }
const std::string& SimEnv::first_lifted() const { return impl_->first_lifted; }
const SimConfig& SimEnv::config() const { return impl_->config; }
const Variation& SimEnv::variation() const { return impl_->variation; }
int64_t SimEnv::step_count() const { return impl_->step; }
const std::vector<Predicate>& SimEnv::goal() const { return impl_->goal; }
bool SimEnv::goal_holds() const { return impl_->goal_holds(); }
const std::optional<OldTask>& SimEnv::old_task() const { return impl_->episode.old; }
bool SimEnv::atom_holds(const Predicate& atom) const { return impl_->all_hold({&atom, 1}); }
bool SimEnv::failed() const { return impl_->failed; }

std::vector<std::string> SimEnv::items() const {
  std::vector<std::string> names;
  for (const size_t i : impl_->items) {
    names.push_back(impl_->item_name(impl_->scene->objects()[i]));
  }
  return names;
}

std::vector<double> SimEnv::state() const { return impl_->get_state(); }
void SimEnv::set_state(std::span<const double> state) {
  impl_->put_state(state);
  impl_->begin_episode(std::string(impl_->asked));
}
const Scene& SimEnv::scene() const { return *impl_->scene; }
const Problem& SimEnv::problem() const { return impl_->episode.problem; }
std::string SimEnv::model_xml() const { return impl_->scene->xml(); }

Proprio SimEnv::proprio() const {
  const auto position = eef_position();
  const auto rotation = axis_angle(impl_->data()->xquat + 4 * impl_->scene->hand_body());
  const auto fingers = finger_positions();
  return {position[0], position[1], position[2], rotation[0],
          rotation[1], rotation[2], fingers[0],  fingers[1]};
}

std::array<double, 7> SimEnv::joint_positions() const { return Impl::copy<7>(impl_->data()->qpos); }
std::array<double, 3> SimEnv::eef_position() const {
  return Impl::copy<3>(impl_->data()->site_xpos + 3 * impl_->scene->grip_site());
}
std::array<double, 9> SimEnv::eef_rotation() const {
  return Impl::copy<9>(impl_->data()->site_xmat + 9 * impl_->scene->grip_site());
}
std::array<double, 2> SimEnv::finger_positions() const {
  return Impl::copy<2>(impl_->data()->qpos + kFingerQpos);
}
std::array<double, 3> SimEnv::item_position(std::string_view name) const {
  return Impl::copy<3>(impl_->data()->xpos + 3 * impl_->object(name).body);
}
std::array<double, 3> SimEnv::basket_position() const { return item_position("basket"); }
double SimEnv::surface() const { return impl_->scene->arena().surface; }

ItemPose SimEnv::item_pose(std::string_view name) const {
  const SceneObject& object = impl_->object(name);
  return {object.category, Impl::copy<3>(impl_->data()->xpos + 3 * object.body),
          Impl::copy<9>(impl_->data()->xmat + 9 * object.body), object.model.half,
          object.model.center};
}

bool SimEnv::touches_gripper(std::string_view name) const {
  const int body = impl_->object(name).body;
  const mjModel* m = impl_->model();
  const mjData* d = impl_->data();
  for (int i = 0; i < d->ncon; ++i) {
    const int one = d->contact[i].geom1, two = d->contact[i].geom2;
    if ((m->geom_bodyid[one] == body && impl_->scene->is_gripper_geom(two)) ||
        (m->geom_bodyid[two] == body && impl_->scene->is_gripper_geom(one))) {
      return true;
    }
  }
  return false;
}

bool SimEnv::project(std::string_view camera, const std::array<double, 3>& point, double& u,
                     double& v) const {
  const int id = impl_->camera(camera);
  const double* origin = impl_->data()->cam_xpos + 3 * id;
  const double* axes = impl_->data()->cam_xmat + 9 * id;  // columns: right, up, backwards
  std::array<double, 3> seen{};
  for (size_t c = 0; c < 3; ++c)
    for (size_t r = 0; r < 3; ++r) seen[c] += axes[3 * r + c] * (point[r] - origin[r]);
  if (seen[2] >= -1e-6) return false;
  const double half = std::tan(impl_->model()->cam_fovy[id] * std::numbers::pi / 360.0);
  u = 0.5 + 0.5 * seen[0] / (-seen[2] * half);
  v = 0.5 - 0.5 * seen[1] / (-seen[2] * half);
  return true;
}

void SimEnv::render(std::string_view camera, int height, int width, Image& out) {
  if (!impl_->renderer) {
    impl_->renderer = impl_->spec.source ? Renderer::for_model(impl_->scene->model())
                                         : Renderer::for_this_thread(impl_->scene->model());
  }
  impl_->scene->show_burners();
  impl_->renderer->render(impl_->scene->model(), impl_->data(), impl_->scene->appearance(),
                          impl_->camera(camera), height, width, out);
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
