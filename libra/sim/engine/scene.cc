#include "libra/sim/engine/scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "libra/core/embodiment.h"
#include "libra/core/error.h"
#include "libra/sim/bodies/catalogue.h"
#include "libra/sim/engine/compose.h"
#include "libra/sim/engine/textures.h"

namespace libra::sim::engine {
namespace {

// Box and mass of a body, from the collision boxes it carries itself; other shapes by the sphere
// around them.
bodies::ObjectModel measured(const mjModel* m, int body) {
  Vec3 low{1e9, 1e9, 1e9}, high{-1e9, -1e9, -1e9};
  for (int geom = 0; geom < m->ngeom; ++geom) {
    if (m->geom_bodyid[geom] != body || m->geom_group[geom] != 0) continue;
    std::array<double, 9> turn;
    mju_quat2Mat(turn.data(), m->geom_quat + 4 * geom);
    const double* half = m->geom_size + 3 * geom;
    for (size_t i = 0; i < 3; ++i) {
      double reach = m->geom_rbound[geom];
      if (m->geom_type[geom] == mjGEOM_BOX) {
        reach = 0;
        for (size_t k = 0; k < 3; ++k) reach += std::abs(turn[3 * i + k]) * half[k];
      }
      low[i] = std::min(low[i], m->geom_pos[3 * geom + static_cast<int>(i)] - reach);
      high[i] = std::max(high[i], m->geom_pos[3 * geom + static_cast<int>(i)] + reach);
    }
  }
  bodies::ObjectModel model{{}, {}, {}, m->body_mass[body]};
  for (size_t i = 0; i < 3 && low[i] <= high[i]; ++i) {
    model.center[i] = (low[i] + high[i]) / 2;
    model.half[i] = (high[i] - low[i]) / 2;
  }
  return model;
}

}  // namespace

Scene::Scene(const std::string& arena, std::span<const task::Instance> objects,
             std::span<const task::Instance> fixtures)
    : arena_(bodies::find_arena(arena)) {
  list(objects, fixtures);
  for (SceneObject& object : objects_) object.model = bodies::object_model(object.category);
  model_ = compose(arena_, objects_, fixtures_).model;
  paint_textures(model());
  index(RobotNames{});
}

Scene::Scene(const std::string& arena, std::span<const task::Instance> objects,
             std::span<const task::Instance> fixtures, bodies::Composer::Compiled foreign,
             const RobotNames& names)
    : arena_(bodies::find_arena(arena)),
      foreign_xml_(std::move(foreign.xml)),
      model_(std::move(foreign.model)) {
  list(objects, fixtures);
  index(names);
  for (SceneObject& object : objects_) {
    object.model = measured(model(), object.body);
    // Ours are made after LIBERO's, so what fingers take of them is the same.
    if (const bodies::ObjectModel* ours = bodies::find_object_model(object.category)) {
      object.model.grip = ours->grip;
      object.model.held = ours->held;
    }
  }
}

void Scene::list(std::span<const task::Instance> objects,
                 std::span<const task::Instance> fixtures) {
  for (const task::Instance& object : objects)
    objects_.push_back({object.name, object.category, {}, -1, -1, -1});
  for (const task::Instance& fixture : fixtures) {
    if (bodies::is_support(fixture.category)) continue;
    SceneFixture entry;
    entry.name = fixture.name;
    entry.category = fixture.category;
    fixtures_.push_back(std::move(entry));
  }
}

bool Scene::is_of(std::span<const task::Instance> objects,
                  std::span<const task::Instance> fixtures) const {
  const auto same = [](const auto& a, const task::Instance& b) {
    return a.name == b.name && a.category == b.category;
  };
  std::vector<task::Instance> standing;
  for (const task::Instance& fixture : fixtures)
    if (!bodies::is_support(fixture.category)) standing.push_back(fixture);
  return std::equal(objects_.begin(), objects_.end(), objects.begin(), objects.end(), same) &&
         std::equal(fixtures_.begin(), fixtures_.end(), standing.begin(), standing.end(), same);
}

void Scene::index(const RobotNames& names) {
  const auto need = [&](mjtObj type, const std::string& name) {
    const int id = mj_name2id(model(), type, name.c_str());
    if (id >= 0) return id;
    throw Error(ErrorCode::kBadInput,
                {.where = "scene", .problem = "the model has no '" + name + "'"});
  };
  data_.reset(mj_makeData(model()));
  update_poses();
  grip_site_ = need(mjOBJ_SITE, names.grip_site);
  hand_body_ = need(mjOBJ_BODY, names.hand);
  const int gripper_body = need(mjOBJ_BODY, names.gripper);
  gripper_geom_.resize(static_cast<size_t>(model()->ngeom));
  geom_object_.assign(static_cast<size_t>(model()->ngeom), -1);
  for (SceneObject& object : objects_) {
    object.body = need(mjOBJ_BODY, object.name);
    const int joint = model()->body_jntadr[object.body];
    if (joint < 0 || model()->jnt_type[joint] != mjJNT_FREE) {
      throw Error(ErrorCode::kBadInput,
                  {.where = "scene", .problem = "'" + object.name + "' cannot move freely"});
    }
    object.qpos = model()->jnt_qposadr[joint];
    object.dof = model()->jnt_dofadr[joint];
  }
  for (SceneFixture& fixture : fixtures_) {
    fixture.body = need(mjOBJ_BODY, fixture.name);
    for (int joint = 0; joint < model()->njnt; ++joint) {
      if (model()->body_rootid[model()->jnt_bodyid[joint]] == fixture.body)
        fixture.joints.push_back(joint);
    }
  }
  for (int geom = 0; geom < model()->ngeom; ++geom) {
    const int body = model()->geom_bodyid[geom];
    for (int b = body; b > 0; b = model()->body_parentid[b]) {
      if (b == gripper_body) gripper_geom_[static_cast<size_t>(geom)] = true;
    }
    for (size_t i = 0; i < objects_.size(); ++i) {
      if (objects_[i].body == body) geom_object_[static_cast<size_t>(geom)] = static_cast<int>(i);
    }
  }
}

const SceneObject* Scene::find(std::string_view name) const {
  for (const SceneObject& object : objects_)
    if (object.name == name || object.category == name) return &object;
  return nullptr;
}

const SceneObject& Scene::need(std::string_view name) const {
  if (const SceneObject* found = find(name)) return *found;
  std::vector<std::string> known;
  for (const SceneObject& object : objects_) known.push_back(object.category);
  throw Error(ErrorCode::kNotFound, {.where = "scene",
                                     .problem = "there is no object '" + std::string(name) + "'",
                                     .expected = join_names(known)});
}

bool Scene::touches_gripper(int body) const {
  const mjModel* m = model();
  for (int i = 0; i < data()->ncon; ++i) {
    const int one = data()->contact[i].geom1, two = data()->contact[i].geom2;
    if ((m->geom_bodyid[one] == body && is_gripper_geom(two)) ||
        (m->geom_bodyid[two] == body && is_gripper_geom(one))) {
      return true;
    }
  }
  return false;
}

int Scene::camera(std::string_view name) const {
  const int id = mj_name2id(model(), mjOBJ_CAMERA, std::string(name).c_str());
  if (id >= 0) return id;
  throw Error(ErrorCode::kNotFound, {.where = "scene",
                                     .problem = "there is no camera '" + std::string(name) + "'",
                                     .expected = join_names(libero_panda().camera_names())});
}

bool Scene::project(std::string_view name, const std::array<double, 3>& point, double& u,
                    double& v) const {
  const int id = camera(name);
  const double* origin = data()->cam_xpos + 3 * id;
  const double* axes = data()->cam_xmat + 9 * id;  // columns: right, up, backwards
  std::array<double, 3> seen{};
  for (size_t c = 0; c < 3; ++c) {
    for (size_t r = 0; r < 3; ++r) seen[c] += axes[3 * r + c] * (point[r] - origin[r]);
  }
  if (seen[2] >= -1e-6) return false;
  const double half = std::tan(model()->cam_fovy[id] * std::numbers::pi / 360.0);
  u = 0.5 + 0.5 * seen[0] / (-seen[2] * half);
  v = 0.5 - 0.5 * seen[1] / (-seen[2] * half);
  return true;
}

const SceneFixture* Scene::find_fixture(std::string_view name) const {
  for (const SceneFixture& fixture : fixtures_)
    if (fixture.name == name) return &fixture;
  return nullptr;
}

std::string Scene::xml() const {
  return foreign_xml_.empty() ? compose(arena_, objects_, fixtures_).xml : foreign_xml_;
}

void Scene::place_fixture(size_t index, const FixturePose& pose) {
  SceneFixture& fixture = fixtures_.at(index);
  fixture.pose = pose;
  double* position = model()->body_pos + 3 * fixture.body;
  position[0] = pose.x, position[1] = pose.y,
  position[2] = arena_.surface + bodies::fixture_height(fixture.category);
  const Quat quat = turn('z', pose.yaw);
  std::copy(quat.begin(), quat.end(), model()->body_quat + 4 * fixture.body);
}

void Scene::show_burners() const {
  constexpr double kOn = 0.5;  // rad, as the predicate TurnOn has it
  for (const SceneFixture& fixture : fixtures_) {
    // Our stoves glow by a geom, LIBERO's by a site.
    const std::string name = fixture.name + "_burner";
    const bool ours = foreign_xml_.empty();
    const int glow = mj_name2id(model(), ours ? mjOBJ_GEOM : mjOBJ_SITE, name.c_str());
    if (glow < 0 || fixture.joints.empty()) continue;
    const bool on = data()->qpos[model()->jnt_qposadr[fixture.joints[0]]] >= kOn;
    (ours ? model()->geom_rgba : model()->site_rgba)[4 * glow + 3] = on ? 1 : 0;
  }
}

void Scene::begin_changes() {
  if (!unchanged_) unchanged_.reset(mj_copyModel(nullptr, model()));
  changed_ = true;
}

void Scene::undo_changes() {
  if (!changed_) return;
  mj_copyModel(model(), unchanged_.get());
  appearance_ = {};
  changed_ = false;
}

void Scene::repaint(const std::string& texture, std::span<const uint8_t> rgb, uint64_t look) {
  mjModel* m = model();
  const int id = mj_name2id(m, mjOBJ_TEXTURE, texture.c_str());
  if (id < 0 || rgb.size() != static_cast<size_t>(3 * m->tex_width[id] * m->tex_height[id])) {
    throw Error(ErrorCode::kBadInput,
                {.where = "scene", .problem = "no texture '" + texture + "' of this size"});
  }
  std::copy(rgb.begin(), rgb.end(), m->tex_data + m->tex_adr[id]);
  appearance_.textures.resize(static_cast<size_t>(m->ntex));
  appearance_.textures[static_cast<size_t>(id)] = look;
}

const SceneObject& Scene::basket() const {
  if (const SceneObject* basket = find("basket")) return *basket;
  throw Error(ErrorCode::kBadInput, "the scene has no basket");
}

void Scene::update_poses() const {
  mj_kinematics(model(), data());
  mj_comPos(model(), data());
  mj_camlight(model(), data());
}

}  // namespace libra::sim::engine
