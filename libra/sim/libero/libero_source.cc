#include "libra/sim/libero/libero_source.h"

#include <algorithm>

#include "libra/core/error.h"
#include "libra/sim/libero/region_draw.h"

namespace libra::sim::libero {
namespace {

constexpr engine::RobotNames kRobot{"gripper0_grip_site", "robot0_right_hand",
                                    "gripper0_right_gripper"};

}  // namespace

ComposedModel LiberoSource::compose_model() const {
  return compose(problem_, checkout_, task_.name, options_);
}

InitStates LiberoSource::states() const { return read_init_states(states_); }

std::unique_ptr<engine::Scene> LiberoSource::make_scene() const {
  const InitStates stored = states();
  auto scene = std::make_unique<engine::Scene>(problem_.name, problem_.objects, problem_.fixtures,
                                               compose_model().composer.compile(), kRobot);
  mjModel* m = scene->model();
  const auto size = static_cast<size_t>(1 + m->nq + m->nv);
  if (stored.columns != size) {
    throw Error(ErrorCode::kBadInput,
                {.where = states_,
                 .problem = "the stored states do not fit the model of the task",
                 .expected = std::to_string(size) + " numbers (time, qpos, qvel)",
                 .found = std::to_string(stored.columns)});
  }
  // No site is seen but for burners that are on.
  for (int site = 0; site < m->nsite; ++site) m->site_rgba[4 * site + 3] = 0;
  return scene;
}

void LiberoSource::place(const engine::Scene& scene, const EpisodeKey& key) const {
  Rng rng(mix_seed({hash_name("fixtures"), hash_name(task_.suite), hash_name(task_.name), key.seed,
                    key.episode}));
  draw_fixtures(scene, problem_, rng);
  const InitStates stored = states();
  if (key.layout == kRegions) {
    std::call_once(sized_, [&] { sizes_ = nominal_sizes(problem_, checkout_); });
    return draw_start(scene, problem_, sizes_, stored, rng);
  }
  const auto row = stored.row(key.episode % stored.rows);
  const auto nq = static_cast<long>(scene.model()->nq);
  std::copy(row.begin() + 1, row.begin() + 1 + nq, scene.data()->qpos);
  std::copy(row.begin() + 1 + nq, row.end(), scene.data()->qvel);
}

}  // namespace libra::sim::libero
