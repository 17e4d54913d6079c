#include "libra/sim/libero/libero_source.h"

#include <algorithm>
#include <cmath>

#include "libra/core/error.h"

namespace libra::sim::libero {
namespace {

constexpr RobotNames kRobot{"gripper0_grip_site", "robot0_right_hand", "gripper0_right_gripper"};
constexpr const char* kBody = "_main";
constexpr const char* kBurner = "_burner";  // the one site that is ever seen

bool is_burner(const mjModel* m, int site) {
  const char* name = mj_id2name(m, mjOBJ_SITE, site);
  return name != nullptr && std::string_view(name).ends_with(kBurner);
}

// The one region that the file puts a fixture on; nullptr when it says nothing.
const Region* region_of(const Problem& problem, const std::string& fixture) {
  for (const Predicate& atom : problem.init) {
    if (atom.kind == PredicateKind::kOn && atom.args[0] == fixture) {
      return problem.find_region(atom.args[1]);
    }
  }
  return nullptr;
}

// A joint's bounds of "on" are those of the predicate, so the light never contradicts it.
bool is_on(const JointState& joint) { return joint.value >= 0.5; }

}  // namespace

ComposedModel LiberoSource::compose_model() const {
  return compose(problem_, checkout_, task_.name, options_);
}

InitStates LiberoSource::states() const {
  return read_init_states(checkout_.init_file(task_.suite, task_.name));
}

std::unique_ptr<Scene> LiberoSource::make_scene() const {
  const InitStates stored = states();
  auto scene = std::make_unique<Scene>(compose_model().xml, problem_.objects, kRobot, kBody);
  mjModel* m = scene->model();
  const auto size = static_cast<size_t>(1 + m->nq + m->nv);
  if (stored.columns != size) {
    throw Error(ErrorCode::kBadInput,
                {.where = checkout_.init_file(task_.suite, task_.name),
                 .problem = "the stored states do not fit the model of the task",
                 .expected = std::to_string(size) + " numbers (time, qpos, qvel)",
                 .found = std::to_string(stored.columns)});
  }
  for (int site = 0; site < m->nsite; ++site) m->site_rgba[4 * site + 3] = 0;
  return scene;
}

void LiberoSource::place_fixtures(const Scene& scene, Rng& rng) const {
  const ArenaFacts& arena = find_arena(problem_.name, task_.name);
  mjModel* m = scene.model();
  for (const Instance& fixture : problem_.fixtures) {
    const int body = mj_name2id(m, mjOBJ_BODY, (fixture.name + kBody).c_str());
    const Region* region = region_of(problem_, fixture.name);
    if (body < 0 || region == nullptr || region->ranges.empty()) continue;
    const Rectangle& r = region->ranges[rng.below(region->ranges.size())];
    const double x = rng.uniform(r.x0, r.x1), y = rng.uniform(r.y0, r.y1);
    const double yaw = rng.uniform(region->yaw[0], region->yaw[1]);
    double* position = m->body_pos + 3 * body;
    position[0] = arena.origin[0] + x;
    position[1] = arena.origin[1] + y;
    double* rotation = m->body_quat + 4 * body;
    rotation[0] = std::cos(yaw / 2), rotation[1] = rotation[2] = 0;
    rotation[3] = std::sin(yaw / 2);
  }
}

void LiberoSource::place(const Scene& scene, const EpisodeKey& key) const {
  if (key.layout != "libero") {
    throw Error(ErrorCode::kBadInput, {.where = "layout",
                                       .problem = "is not one that LIBERO's own tasks have",
                                       .expected = "libero",
                                       .found = key.layout});
  }
  Rng rng(mix_seed({hash_name("fixtures"), hash_name(task_.suite), hash_name(task_.name), key.seed,
                    key.episode}));
  place_fixtures(scene, rng);
  const InitStates stored = states();
  const auto row = stored.row(key.episode % stored.rows);
  const auto nq = static_cast<long>(scene.model()->nq);
  std::copy(row.begin() + 1, row.begin() + 1 + nq, scene.data()->qpos);
  std::copy(row.begin() + 1 + nq, row.end(), scene.data()->qvel);
  update_looks(scene);
}

std::unique_ptr<World> LiberoSource::world(const Scene& scene) const {
  return std::make_unique<LiberoWorld>(scene, problem_);
}

void LiberoSource::update_looks(const Scene& scene) const {
  mjModel* m = scene.model();
  for (int site = 0; site < m->nsite; ++site) {
    if (!is_burner(m, site)) continue;
    const char* name = mj_id2name(m, mjOBJ_SITE, site);
    const std::string_view instance(
        name, std::string_view(name).size() - std::string_view(kBurner).size());
    const auto joints = LiberoWorld(scene, problem_).joints(instance);
    const bool on = std::any_of(joints.begin(), joints.end(), is_on);
    m->site_rgba[4 * site + 3] = on ? 1.0f : 0.0f;
  }
}

const Instance* LiberoWorld::owner(int body) const {
  const mjModel* m = scene_.model();
  for (int b = body; b > 0; b = m->body_parentid[b]) {
    const char* name = mj_id2name(m, mjOBJ_BODY, b);
    if (name == nullptr || !std::string_view(name).ends_with(kBody)) continue;
    const std::string instance(name,
                               std::string_view(name).size() - std::string_view(kBody).size());
    if (const Instance* object = problem_.find_object(instance)) return object;
    if (const Instance* fixture = problem_.find_fixture(instance)) return fixture;
  }
  return nullptr;
}

std::optional<SiteBox> LiberoWorld::site(std::string_view name) const {
  const mjModel* m = scene_.model();
  const mjData* d = scene_.data();
  const int id = mj_name2id(m, mjOBJ_SITE, std::string(name).c_str());
  if (id < 0) return std::nullopt;
  SiteBox box;
  std::copy_n(d->site_xpos + 3 * id, 3, box.position.begin());
  std::copy_n(d->site_xmat + 9 * id, 9, box.rotation.begin());
  std::copy_n(m->site_size + 3 * id, 3, box.half_size.begin());
  if (const Instance* instance = owner(m->site_bodyid[id])) box.parent = instance->name;
  return box;
}

Vec3 LiberoWorld::body_position(std::string_view instance) const {
  const int id = mj_name2id(scene_.model(), mjOBJ_BODY, (std::string(instance) + kBody).c_str());
  if (id < 0) {
    throw Error(ErrorCode::kNotFound,
                {.where = "scene", .problem = "no body of '" + std::string(instance) + "'"});
  }
  Vec3 position;
  std::copy_n(scene_.data()->xpos + 3 * id, 3, position.begin());
  return position;
}

bool LiberoWorld::contact(std::string_view a, std::string_view b) const {
  const mjModel* m = scene_.model();
  const mjData* d = scene_.data();
  const auto belongs = [&](int geom, std::string_view name) {
    const Instance* instance = m->geom_group[geom] == 0 ? owner(m->geom_bodyid[geom]) : nullptr;
    return instance != nullptr && instance->name == name;
  };
  for (int i = 0; i < d->ncon; ++i) {
    const int one = d->contact[i].geom1, two = d->contact[i].geom2;
    if ((belongs(one, a) && belongs(two, b)) || (belongs(one, b) && belongs(two, a))) return true;
  }
  return false;
}

std::vector<JointState> LiberoWorld::joints(std::string_view name) const {
  const mjModel* m = scene_.model();
  const int site = mj_name2id(m, mjOBJ_SITE, std::string(name).c_str());
  std::vector<JointState> found;
  for (int joint = 0; joint < m->njnt; ++joint) {
    if (m->jnt_type[joint] == mjJNT_FREE) continue;
    const int body = m->jnt_bodyid[joint];
    const Instance* instance = owner(body);
    if (instance == nullptr) continue;
    if (site >= 0 ? m->site_bodyid[site] == body : instance->name == name) {
      found.push_back({instance->category, scene_.data()->qpos[m->jnt_qposadr[joint]]});
    }
  }
  return found;
}

}  // namespace libra::sim::libero
