#include "libra/sim/random_scene.h"

#include <algorithm>
#include <cmath>

namespace libra::sim {

std::vector<task::Instance> draw_instances(Rng& rng) {
  constexpr size_t kPresent = 6;
  std::vector<std::string> names(bodies::groceries().begin(), bodies::groceries().end());
  rng.shuffle(names);
  std::vector<task::Instance> out;
  for (size_t i = 0; i < kPresent; ++i) out.push_back({names[i] + "_1", names[i], {}});
  out.push_back({"basket_1", "basket", {}});
  return out;
}

std::vector<engine::FloorPoint> scatter(const std::vector<task::Instance>& objects, Rng& rng) {
  const auto draw = [&](const task::Instance& object) {
    if (object.category == "basket") {
      return engine::FloorPoint{rng.uniform(-0.03, 0.03), rng.uniform(0.23, 0.29)};
    }
    return engine::FloorPoint{rng.uniform(-0.27, 0.22), rng.uniform(-0.31, 0.15)};
  };
  std::vector<engine::FloorPoint> points(objects.size());
  for (;;) {
    std::vector<engine::Footprint> prints;
    for (size_t i = objects.size(); i-- > 0;) {  // the basket, last in the list, goes first
      for (int attempt = 0; attempt < 50; ++attempt) {
        points[i] = draw(objects[i]);
        const engine::Footprint print = engine::footprint(objects[i].category, points[i]);
        const bool free =
            std::all_of(prints.begin(), prints.end(), [&](const engine::Footprint& other) {
              constexpr double kGap = 0.01;
              return std::abs(print.center[0] - other.center[0]) >
                         print.half_x + other.half_x + kGap ||
                     std::abs(print.center[1] - other.center[1]) >
                         print.half_y + other.half_y + kGap;
            });
        if (free) {
          prints.push_back(print);
          break;
        }
      }
    }
    if (prints.size() == objects.size()) return points;
  }
}

void pose_arm(const engine::Scene& scene, const std::array<double, 3>& target) {
  const mjModel* m = scene.model();
  mjData* d = scene.data();
  std::copy_n(bodies::kReadyPosture.begin(), bodies::kArmJoints, d->qpos);
  scene.update_poses();
  std::array<double, 9> upright;
  std::copy_n(d->site_xmat + 9 * scene.grip_site(), 9, upright.begin());
  std::vector<double> jacobian(static_cast<size_t>(6 * m->nv));
  // Damped Newton steps by gradient: q += J^T (J J^T + damping)^-1 e, a dozen of them reach a
  // millimetre over the whole work space.
  for (int iteration = 0; iteration < 12; ++iteration) {
    const double* position = d->site_xpos + 3 * scene.grip_site();
    const double* rotation = d->site_xmat + 9 * scene.grip_site();
    std::array<double, 6> error{};
    for (int i = 0; i < 3; ++i)
      error[static_cast<size_t>(i)] = target[static_cast<size_t>(i)] - position[i];
    for (int c = 0; c < 3; ++c) {
      const std::array<double, 3> now{rotation[c], rotation[3 + c], rotation[6 + c]};
      const std::array<double, 3> goal{upright[static_cast<size_t>(c)],
                                       upright[static_cast<size_t>(3 + c)],
                                       upright[static_cast<size_t>(6 + c)]};
      std::array<double, 3> cross;
      mju_cross(cross.data(), now.data(), goal.data());
      for (size_t i = 0; i < 3; ++i) error[3 + i] += 0.5 * cross[i];
    }
    mj_jacSite(m, d, jacobian.data(), jacobian.data() + 3 * m->nv, scene.grip_site());
    std::array<double, 36> normal{};
    for (int r = 0; r < 6; ++r)
      for (int c = 0; c < 6; ++c) {
        double sum = r == c ? 1e-4 : 0;
        for (int k = 0; k < bodies::kArmJoints; ++k)
          sum += jacobian[r * m->nv + k] * jacobian[c * m->nv + k];
        normal[static_cast<size_t>(r * 6 + c)] = sum;
      }
    mju_cholFactor(normal.data(), 6, 1e-12);
    mju_cholSolve(error.data(), normal.data(), error.data(), 6);
    for (int k = 0; k < bodies::kArmJoints; ++k) {
      double move = 0;
      for (int r = 0; r < 6; ++r) move += jacobian[r * m->nv + k] * error[static_cast<size_t>(r)];
      d->qpos[k] = std::clamp(d->qpos[k] + std::clamp(move, -0.5, 0.5), m->jnt_range[2 * k],
                              m->jnt_range[2 * k + 1]);
    }
    scene.update_poses();
  }
}

}  // namespace libra::sim
