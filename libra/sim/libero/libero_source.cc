#include "libra/sim/libero/libero_source.h"

#include <algorithm>

#include "libra/core/error.h"

namespace libra::sim::libero {
namespace {

constexpr RobotNames kRobot{"gripper0_grip_site", "robot0_right_hand", "gripper0_right_gripper"};

// The one region that the file puts a fixture on; nullptr when it says nothing.
const Region* region_of(const Problem& problem, const std::string& fixture) {
  for (const Predicate& atom : problem.init) {
    if (atom.kind == PredicateKind::kOn && atom.args[0] == fixture) {
      return problem.find_region(atom.args[1]);
    }
  }
  return nullptr;
}

}  // namespace

ComposedModel LiberoSource::compose_model() const {
  return compose(problem_, checkout_, task_.name, options_);
}

InitStates LiberoSource::states() const {
  return read_init_states(checkout_.init_file(task_.suite, task_.name));
}

std::unique_ptr<Scene> LiberoSource::make_scene() const {
  const InitStates stored = states();
  auto scene = std::make_unique<Scene>(problem_.name, problem_.objects, problem_.fixtures,
                                       compose_model().xml, kRobot);
  mjModel* m = scene->model();
  const auto size = static_cast<size_t>(1 + m->nq + m->nv);
  if (stored.columns != size) {
    throw Error(ErrorCode::kBadInput,
                {.where = checkout_.init_file(task_.suite, task_.name),
                 .problem = "the stored states do not fit the model of the task",
                 .expected = std::to_string(size) + " numbers (time, qpos, qvel)",
                 .found = std::to_string(stored.columns)});
  }
  // No site is seen but for burners that are on.
  for (int site = 0; site < m->nsite; ++site) m->site_rgba[4 * site + 3] = 0;
  return scene;
}

void LiberoSource::place_fixtures(const Scene& scene, Rng& rng) const {
  const Vec3& origin = scene.arena().origin;
  for (const SceneFixture& fixture : scene.fixtures()) {
    const Region* region = region_of(problem_, fixture.name);
    if (region == nullptr || region->ranges.empty()) continue;
    const Rectangle& r = region->ranges[rng.below(region->ranges.size())];
    double* position = scene.model()->body_pos + 3 * fixture.body;
    position[0] = origin[0] + rng.uniform(r.x0, r.x1);
    position[1] = origin[1] + rng.uniform(r.y0, r.y1);
    const Quat rotation = turn('z', rng.uniform(region->yaw[0], region->yaw[1]));
    std::copy(rotation.begin(), rotation.end(), scene.model()->body_quat + 4 * fixture.body);
  }
}

void LiberoSource::place(const Scene& scene, const EpisodeKey& key) const {
  Rng rng(mix_seed({hash_name("fixtures"), hash_name(task_.suite), hash_name(task_.name), key.seed,
                    key.episode}));
  place_fixtures(scene, rng);
  const InitStates stored = states();
  const auto row = stored.row(key.episode % stored.rows);
  const auto nq = static_cast<long>(scene.model()->nq);
  std::copy(row.begin() + 1, row.begin() + 1 + nq, scene.data()->qpos);
  std::copy(row.begin() + 1 + nq, row.end(), scene.data()->qvel);
}

}  // namespace libra::sim::libero
