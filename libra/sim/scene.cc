#include "libra/sim/scene.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <mutex>
#include <numbers>

#include "libra/core/error.h"
#include "libra/core/rng.h"
#include "libra/sim/fixtures.h"

namespace libra::sim {
namespace {

// Only collision geoms (group 0) carry mass, as in LIBERO; every body states its inertia anyway.
constexpr const char* kOpening = R"(<mujoco model="libra">
<compiler angle="radian" inertiagrouprange="0 0"/>
<option timestep="0.002" impratio="20" cone="elliptic" jacobian="sparse" density="1.2" viscosity="0.00002"/>
)";
constexpr const char* kAssets = R"(<visual>
<global offwidth="128" offheight="128"/>
<map znear="0.001" zfar="30"/>
<quality shadowsize="0" offsamples="0" numslices="16" numstacks="6" numquads="1"/>
</visual>
<asset>
<texture name="floor" type="2d" builtin="flat" rgb1=".8 .8 .8" width="256" height="256"/>
<texture name="wall" type="2d" builtin="flat" rgb1=".8 .8 .8" width="256" height="256"/>
<texture name="sky" type="skybox" builtin="gradient" rgb1=".9 .9 1" rgb2=".2 .3 .4" width="32" height="192"/>
<texture name="wood" type="2d" builtin="flat" rgb1=".8 .8 .8" width="256" height="256"/>
<material name="wood" texture="wood" texrepeat="3 3" texuniform="true" specular=".1" shininess=".2"/>
<material name="floor" texture="floor" texrepeat="2 2" texuniform="true" specular="0" shininess="0"/>
<material name="wall" texture="wall" texrepeat="1 1" texuniform="true" specular="0" shininess="0"/>
<material name="paper" specular=".15" shininess=".2"/>
<material name="plastic" specular=".4" shininess=".5"/>
</asset>
<default>
<default class="look"><geom group="1" contype="0" conaffinity="0" material="paper"/></default>
<default class="solid"><geom group="0" friction=".95 .3 .1" solref=".001 1" solimp=".998 .998 .001" rgba=".5 .5 .5 .3"/></default>
<default class="arm"><joint type="hinge" axis="0 0 1" frictionloss=".1" limited="true"/></default>
<default class="limb"><geom group="0" contype="0" conaffinity="1"/></default>
<default class="shell"><geom group="1" contype="0" conaffinity="0" material="plastic" rgba=".93 .94 .95 1"/></default>
<default class="trim"><geom group="1" contype="0" conaffinity="0" material="plastic" rgba=".24 .25 .28 1"/></default>
<default class="steel"><geom group="1" type="box" contype="0" conaffinity="0" material="plastic" rgba=".34 .36 .40 1"/></default>
<default class="rubber"><geom group="1" type="box" contype="0" conaffinity="0" rgba=".10 .10 .11 1"/></default>
<default class="finger">
<joint type="slide" axis="0 1 0" damping="100" armature="1" frictionloss="1" limited="true"/>
<geom group="0" type="box" contype="0" conaffinity="1" condim="4" friction="1 .005 .0001" solref=".02 1"/>
</default>
<default class="pad"><geom group="0" type="box" size=".008 .004 .008" friction="2 .05 .0001" solref=".01 .5"/></default>
</default>
<worldbody>
<light name="light1" pos="1 1 4" dir="0 -.15 -1" directional="false" castshadow="false" diffuse=".8 .8 .8" specular=".3 .3 .3"/>
<light name="light2" pos="-3 -3 4" dir="0 -.15 -1" directional="false" castshadow="false" diffuse=".8 .8 .8" specular=".3 .3 .3"/>
)";
constexpr const char* kRoom =
    R"(<camera name="frontview" pos="1 0 1.48" quat=".56 .43 .43 .56" fovy="45"/>
<geom name="floor" class="solid" group="1" type="plane" size="3 3 .125" friction="1 .005 .0001" solref=".02 1" solimp=".9 .95 .001" rgba="@floor" material="floor"/>
<geom class="look" type="box" pos="-2 0 1.5" size=".01 1.5 1.5" rgba="@wall" material="wall"/>
<geom class="look" type="box" pos="-1.25 2.25 1.5" euler="0 0 .7853982" size="1.06 .01 1.5" rgba="@wall" material="wall"/>
<geom class="look" type="box" pos="-1.25 -2.25 1.5" euler="0 0 -.7853982" size="1.06 .01 1.5" rgba="@wall" material="wall"/>
<geom class="look" type="box" pos="1.25 3 1.5" size="1.75 .01 1.5" rgba="@wall" material="wall"/>
<geom class="look" type="box" pos="1.25 -3 1.5" size="1.75 .01 1.5" rgba="@wall" material="wall"/>
<geom class="look" type="box" pos="3 0 1.5" size=".01 3 1.5" rgba="@wall" material="wall"/>
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string camera_mjcf(const Arena& arena) {
  const auto [x, y, z] = arena.camera;
  const auto [a, b, c, d] = arena.camera_quat;
  std::array<char, 300> text;
  std::snprintf(text.data(), text.size(),
                "<camera name=\"agentview\" pos=\"%.17g %.17g %.17g\" quat=\"%.17g %.17g %.17g "
                "%.17g\" fovy=\"45\"/>\n",
                x, y, z, a, b, c, d);
  return text.data();
}

// Everything but the robot and the things. Bowls and drawers are many boxes, so tables get room for
// more contacts than the floor.
std::string room_mjcf(const Arena& arena) {
  const std::string room =
      replaced(replaced(kRoom, "@floor", arena.floor_tint), "@wall", arena.wall_tint);
  return std::string(kOpening) +
         (arena.floor ? "<size nconmax=\"200\" njmax=\"700\"/>\n"
                      : "<size nconmax=\"600\" njmax=\"3000\"/>\n") +
         kAssets + camera_mjcf(arena) + room + furniture_mjcf(arena);
}

std::string standing(const SceneFixture& fixture, double height) {
  std::array<char, 160> pose;
  std::snprintf(pose.data(), pose.size(), " pos=\"%.17g %.17g %.17g\" euler=\"0 0 %.17g\">",
                fixture.pose.x, fixture.pose.y, height, fixture.pose.yaw);
  std::string text = fixture_mjcf(fixture.name, fixture.category);
  return text.replace(text.find('>'), 1, pose.data());
}

double standing_height(const Arena& arena, const SceneFixture& fixture) {
  return arena.surface + fixture_height(fixture.category);
}

std::string compose(const Arena& arena, std::span<const SceneObject> objects,
                    std::span<const SceneFixture> fixtures) {
  std::string xml = room_mjcf(arena) + robot_body_mjcf(arena.robot), contact;
  for (const SceneObject& object : objects) xml += body_mjcf(object.name, object.category);
  for (const SceneFixture& fixture : fixtures) {
    xml += standing(fixture, standing_height(arena, fixture));
    contact += fixture_excludes(fixture.name, fixture.category);
  }
  xml += "</worldbody>\n";
  if (!contact.empty()) xml += "<contact>\n" + contact + "</contact>\n";
  return xml + "<actuator>\n" + robot_actuator_mjcf() + "</actuator>\n</mujoco>\n";
}

// MuJoCo's own handler writes a log file into the working directory; the environment reads the
// warning counters instead.
void take_over_messages() {
  static std::once_flag once;
  std::call_once(once, [] {
    mju_user_warning = [](const char*) {};
    // By default MuJoCo asks for a key and ends the program.
    mju_user_error = [](const char* message) {
      std::string text(message);
      text.erase(text.find_last_not_of(" \r\n") + 1);
      throw Error(ErrorCode::kFailed, {.where = "MuJoCo", .problem = text});
    };
  });
}

uint8_t shade(double value) { return static_cast<uint8_t>(std::clamp(value, 0.0, 255.0)); }

// Stone tiles: a thin grout line, every tile a little different, fine grain.
void paint_floor(uint8_t* rgb) {
  constexpr int kTile = kTexturePixels / 2;
  Rng grain(hash_name("floor"));
  for (int y = 0; y < kTexturePixels; ++y) {
    for (int x = 0; x < kTexturePixels; ++x) {
      const bool grout = x % kTile < 2 || y % kTile < 2;
      const uint64_t tile = splitmix64(static_cast<uint64_t>(y / kTile * 7 + x / kTile));
      const double value =
          grout ? 150 : 186 + static_cast<double>(tile % 11) + grain.uniform(-5, 5);
      uint8_t* p = rgb + 3 * (y * kTexturePixels + x);
      p[0] = shade(value + 1), p[1] = shade(value), p[2] = shade(value - 4);
    }
  }
}

// Plaster: soft blotches that repeat without a seam.
void paint_wall(uint8_t* rgb) {
  constexpr double kTurn = 2 * std::numbers::pi / kTexturePixels;
  for (int y = 0; y < kTexturePixels; ++y) {
    for (int x = 0; x < kTexturePixels; ++x) {
      const double blotch = std::sin(3 * kTurn * x + 2 * std::sin(2 * kTurn * y)) +
                            std::sin(5 * kTurn * y + 2 * std::sin(3 * kTurn * x));
      uint8_t* p = rgb + 3 * (y * kTexturePixels + x);
      p[0] = shade(208 + 4 * blotch), p[1] = shade(206 + 4 * blotch),
      p[2] = shade(200 + 4 * blotch);
    }
  }
}

std::vector<uint8_t> painted(void (*paint)(uint8_t*)) {
  std::vector<uint8_t> pixels(static_cast<size_t>(kTexturePixels) * kTexturePixels * 3);
  paint(pixels.data());
  return pixels;
}

// Boards along x with a grain that runs along them.
void paint_wood(uint8_t* rgb) {
  constexpr int kBoard = kTexturePixels / 4;
  constexpr double kTurn = 2 * std::numbers::pi / kTexturePixels;
  Rng grain(hash_name("wood"));
  std::vector<double> streak(kTexturePixels);
  for (double& value : streak) value = grain.uniform(-6, 6);
  for (int y = 0; y < kTexturePixels; ++y) {
    const double board = static_cast<double>(splitmix64(static_cast<uint64_t>(y / kBoard)) % 17);
    for (int x = 0; x < kTexturePixels; ++x) {
      const double wave = 4 * std::sin(2 * kTurn * x + 9 * kTurn * y);
      const double value = y % kBoard < 1 ? 176 : 216 + board + streak[y] + wave;
      uint8_t* p = rgb + 3 * (y * kTexturePixels + x);
      p[0] = shade(value + 6), p[1] = shade(value), p[2] = shade(value - 10);
    }
  }
}

// Painted once for all scenes.
void paint_textures(mjModel* m) {
  static const std::vector<uint8_t> floor = painted(paint_floor), wall = painted(paint_wall),
                                    wood = painted(paint_wood);
  const auto place = [&](const char* name) {
    return m->tex_data + m->tex_adr[mj_name2id(m, mjOBJ_TEXTURE, name)];
  };
  std::copy(floor.begin(), floor.end(), place("floor"));
  std::copy(wall.begin(), wall.end(), place("wall"));
  std::copy(wood.begin(), wood.end(), place("wood"));
}

// Box and mass of a body, from the collision boxes it carries itself; other shapes by the sphere
// around them.
ObjectModel measured(const mjModel* m, int body) {
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
  ObjectModel model{{}, {}, {}, m->body_mass[body]};
  for (size_t i = 0; i < 3 && low[i] <= high[i]; ++i) {
    model.center[i] = (low[i] + high[i]) / 2;
    model.half[i] = (high[i] - low[i]) / 2;
  }
  return model;
}

}  // namespace

ModelPtr compile_model(const std::string& xml) {
  take_over_messages();
  const auto vfs = std::make_unique<mjVFS>();
  mj_defaultVFS(vfs.get());
  constexpr const char* kName = "scene.xml";
  if (mj_addBufferVFS(vfs.get(), kName, xml.data(), static_cast<int>(xml.size())) != 0) {
    mj_deleteVFS(vfs.get());
    throw Error(ErrorCode::kFailed, "the scene does not fit into MuJoCo's virtual file system");
  }
  std::array<char, 1000> message{};
  ModelPtr model(mj_loadXML(kName, vfs.get(), message.data(), static_cast<int>(message.size())));
  mj_deleteVFS(vfs.get());
  if (!model) {
    throw Error(ErrorCode::kFailed, {.where = "scene",
                                     .problem = "MuJoCo refused the composed model",
                                     .found = message.data()});
  }
  return model;
}

Scene::Scene(const std::string& arena, std::span<const Instance> objects,
             std::span<const Instance> fixtures)
    : arena_(find_arena(arena)) {
  list(objects, fixtures);
  for (SceneObject& object : objects_) object.model = object_model(object.category);
  model_ = compile_model(compose(arena_, objects_, fixtures_));
  paint_textures(model());
  index(RobotNames{});
}

Scene::Scene(const std::string& arena, std::span<const Instance> objects,
             std::span<const Instance> fixtures, std::string xml, const RobotNames& names)
    : arena_(find_arena(arena)), foreign_xml_(std::move(xml)), model_(compile_model(foreign_xml_)) {
  list(objects, fixtures);
  index(names);
  for (SceneObject& object : objects_) object.model = measured(model(), object.body);
}

void Scene::list(std::span<const Instance> objects, std::span<const Instance> fixtures) {
  for (const Instance& object : objects)
    objects_.push_back({object.name, object.category, {}, -1, -1, -1});
  for (const Instance& fixture : fixtures) {
    if (is_support(fixture.category)) continue;
    SceneFixture entry;
    entry.name = fixture.name;
    entry.category = fixture.category;
    fixtures_.push_back(std::move(entry));
  }
}

bool Scene::is_of(std::span<const Instance> objects, std::span<const Instance> fixtures) const {
  const auto same = [](const auto& a, const Instance& b) {
    return a.name == b.name && a.category == b.category;
  };
  std::vector<Instance> standing;
  for (const Instance& fixture : fixtures)
    if (!is_support(fixture.category)) standing.push_back(fixture);
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

const SceneFixture* Scene::find_fixture(std::string_view name) const {
  for (const SceneFixture& fixture : fixtures_)
    if (fixture.name == name) return &fixture;
  return nullptr;
}

std::string Scene::xml() const {
  return foreign_xml_.empty() ? compose(arena_, objects_, fixtures_) : foreign_xml_;
}

void Scene::place_fixture(size_t index, const FixturePose& pose) {
  SceneFixture& fixture = fixtures_.at(index);
  fixture.pose = pose;
  double* position = model()->body_pos + 3 * fixture.body;
  position[0] = pose.x, position[1] = pose.y, position[2] = standing_height(arena_, fixture);
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

}  // namespace libra::sim
