// The controller against the published start pose, closed forms, and a dense evaluation of its
// formula.
#include "libra/sim/engine/osc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "libra/core/rng.h"
#include "libra/sim/sim_env.h"
#include "libra/sim/suite.h"

namespace libra::sim {
namespace {

using Matrix = std::vector<std::vector<double>>;

Matrix zeros(size_t rows, size_t cols) { return Matrix(rows, std::vector<double>(cols, 0.0)); }

Matrix multiply(const Matrix& a, const Matrix& b) {
  Matrix out = zeros(a.size(), b[0].size());
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < b[0].size(); ++j)
      for (size_t k = 0; k < b.size(); ++k) out[i][j] += a[i][k] * b[k][j];
  return out;
}

Matrix transpose(const Matrix& a) {
  Matrix out = zeros(a[0].size(), a.size());
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < a[0].size(); ++j) out[j][i] = a[i][j];
  return out;
}

Matrix inverse(Matrix a) {  // Gauss-Jordan with row pivoting
  const size_t n = a.size();
  Matrix out = zeros(n, n);
  for (size_t i = 0; i < n; ++i) out[i][i] = 1;
  for (size_t c = 0; c < n; ++c) {
    size_t pivot = c;
    for (size_t r = c; r < n; ++r)
      if (std::abs(a[r][c]) > std::abs(a[pivot][c])) pivot = r;
    std::swap(a[c], a[pivot]);
    std::swap(out[c], out[pivot]);
    const double scale = 1 / a[c][c];
    for (size_t k = 0; k < n; ++k) a[c][k] *= scale, out[c][k] *= scale;
    for (size_t r = 0; r < n; ++r) {
      if (r == c) continue;
      const double factor = a[r][c];
      for (size_t k = 0; k < n; ++k) a[r][k] -= factor * a[c][k], out[r][k] -= factor * out[c][k];
    }
  }
  return out;
}

Matrix column(const std::vector<double>& values) {
  Matrix out = zeros(values.size(), 1);
  for (size_t i = 0; i < values.size(); ++i) out[i][0] = values[i];
  return out;
}

const std::vector<task::Instance>& things() {
  static const std::vector<task::Instance> list = {{"milk_1", "milk", {}},
                                                   {"basket_1", "basket", {}}};
  return list;
}

TEST(Osc, TorquesEqualTheFormulaEvaluatedDensely) {
  const engine::Scene scene("libero_floor_manipulation", things());
  const mjModel* m = scene.model();
  mjData* d = scene.data();
  const auto nv = static_cast<size_t>(m->nv);
  Rng rng(5);
  for (int trial = 0; trial < 5; ++trial) {
    mj_resetData(m, d);
    engine::OscController controller;
    for (size_t k = 0; k < 7; ++k) {
      d->qpos[k] = bodies::kReadyPosture[k] + 0.2 * rng.normal();
      d->qvel[k] = 0.05 * rng.normal();
    }
    controller.reset(scene, 0.04);
    mj_forward(m, d);
    const double* site = d->site_xpos + 3 * scene.grip_site();
    const std::array<double, 3> start{site[0], site[1], site[2]};
    // A small rotation about z, so that its goal is known: Exp(0.5 a) R.
    const Action action{0.02f, -0.03f, 0.01f, 0, 0, 0.05f, 1};
    std::array<double, 9> goal{};
    const double *r = d->site_xmat + 9 * scene.grip_site(), c = std::cos(0.5 * 0.05f),
                 s = std::sin(0.5 * 0.05f);
    for (int k = 0; k < 3; ++k) {
      goal[k] = c * r[k] - s * r[3 + k], goal[3 + k] = s * r[k] + c * r[3 + k],
      goal[6 + k] = r[6 + k];
    }
    controller.set_goal(scene, action);
    controller.apply(scene);

    std::vector<double> full(nv * nv), jac(6 * nv);
    mj_fullM(m, full.data(), d->qM);
    mj_jacSite(m, d, jac.data(), jac.data() + 3 * nv, scene.grip_site());
    Matrix M = zeros(7, 7), J = zeros(6, 7);
    for (size_t i = 0; i < 7; ++i)
      for (size_t j = 0; j < 7; ++j) M[i][j] = full[i * nv + j];
    for (size_t i = 0; i < 6; ++i)
      for (size_t j = 0; j < 7; ++j) J[i][j] = jac[i * nv + j];
    const Matrix Minv = inverse(M), A = multiply(multiply(J, Minv), transpose(J)), L = inverse(A);
    Matrix Ap = zeros(3, 3), Ao = zeros(3, 3);
    for (size_t i = 0; i < 3; ++i)
      for (size_t j = 0; j < 3; ++j) Ap[i][j] = A[i][j], Ao[i][j] = A[3 + i][3 + j];
    const Matrix v = multiply(J, column({d->qvel, d->qvel + 7}));
    const double kd = 2 * std::sqrt(150.0);
    std::vector<double> force(3), turn(3);
    for (size_t i = 0; i < 3; ++i) {
      force[i] = 150 * (start[i] + 0.05 * action[i] - site[i]) - kd * v[i][0];
      const size_t a = (i + 1) % 3, b = (i + 2) % 3;
      double e = 0;
      for (size_t k = 0; k < 3; ++k)
        e += 0.5 * (r[3 * a + k] * goal[3 * b + k] - r[3 * b + k] * goal[3 * a + k]);
      turn[i] = 150 * e - kd * v[3 + i][0];
    }
    const Matrix f = multiply(inverse(Ap), column(force)), t = multiply(inverse(Ao), column(turn));
    Matrix wrench = zeros(6, 1);
    for (size_t i = 0; i < 3; ++i) wrench[i] = f[i], wrench[3 + i] = t[i];
    Matrix N = multiply(multiply(multiply(Minv, transpose(J)), L), J);
    std::vector<double> posture(7);
    for (size_t i = 0; i < 7; ++i) {
      for (size_t j = 0; j < 7; ++j) N[i][j] = (i == j) - N[i][j];
      posture[i] = 10 * (bodies::kReadyPosture[i] - d->qpos[i]) - 2 * std::sqrt(10.0) * d->qvel[i];
    }
    const Matrix null = multiply(transpose(N), multiply(M, column(posture)));
    const Matrix task = multiply(transpose(J), wrench);
    for (size_t k = 0; k < 7; ++k) {
      const double limit = k < 5 ? 80 : 12;
      const double expected = std::clamp(task[k][0] + d->qfrc_bias[k] + null[k][0], -limit, limit);
      EXPECT_NEAR(d->ctrl[k], expected, 1e-6) << "joint " << k + 1 << ", trial " << trial;
    }
  }
}

TEST(Osc, StartPoseIsThePublishedOne) {
  const engine::Scene scene("libero_floor_manipulation", things());
  std::copy_n(bodies::kReadyPosture.begin(), 7, scene.data()->qpos);
  scene.update_poses();
  const double* site = scene.data()->site_xpos + 3 * scene.grip_site();
  EXPECT_NEAR(site[0], -0.1485, 1e-4);
  EXPECT_NEAR(site[1], 0.0, 1e-4);
  EXPECT_NEAR(site[2], 0.2613, 1e-4);
  const double* quat = scene.data()->xquat + 4 * scene.hand_body();
  const std::array<double, 4> published{0, 0.99960, 0.00025, -0.02840};
  double dot = 0;
  for (size_t i = 0; i < 4; ++i) dot += quat[i] * published[i];
  EXPECT_NEAR(std::abs(dot), 1.0, 1e-5);
}

TEST(Osc, GripperTakesEightActionsFromOpenToShut) {
  const engine::Scene scene("libero_floor_manipulation", things());
  engine::OscController controller;
  std::copy_n(bodies::kReadyPosture.begin(), 7, scene.data()->qpos);
  controller.reset(scene, 0.04);
  mj_forward(scene.model(), scene.data());
  for (int action = 1; action <= 8; ++action) {
    controller.set_goal(scene, {0, 0, 0, 0, 0, 0, 0.3f});  // only the sign counts
    for (int i = 0; i < engine::kSubsteps; ++i) controller.apply(scene);
    EXPECT_NEAR(scene.data()->ctrl[7], 0.04 - 0.005 * action, 1e-12);
    EXPECT_NEAR(scene.data()->ctrl[8], -0.04 + 0.005 * action, 1e-12);
  }
  controller.set_goal(scene, {0, 0, 0, 0, 0, 0, 0});  // zero holds
  controller.apply(scene);
  EXPECT_NEAR(scene.data()->ctrl[7], 0.0, 1e-12);
}

class Moving : public ::testing::Test {
 protected:
  Moving() : env_(load_suite("object").tasks[0], SimConfig{.arm_noise = 0}) { env_.reset({}); }
  SimEnv env_;
};

TEST_F(Moving, HoldsItsPoseAgainstGravity) {
  const auto before = env_.eef_position();
  for (int i = 0; i < 40; ++i) env_.step({0, 0, 0, 0, 0, 0, -1});
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(env_.eef_position()[i], before[i], 0.002);
}

TEST_F(Moving, FirstStepFollowsTheCriticallyDampedResponse) {
  // From rest: x(t) = s (1 - (1 + w t) exp(-w t)), w^2 = 150 / s^2, goal s = 0.05 m, t = 0.05 s.
  const double wt = std::sqrt(150.0) * 0.05, expected = 0.05 * (1 - (1 + wt) * std::exp(-wt));
  const auto before = env_.eef_position();
  env_.step({1, 0, 0, 0, 0, 0, -1});
  const auto after = env_.eef_position();
  // Joint friction, and the two halves of the task being solved apart, take about a fifth.
  EXPECT_NEAR(after[0] - before[0], expected, 0.25 * expected);
  EXPECT_NEAR(after[1], before[1], 0.1 * expected);
}

TEST_F(Moving, EveryAxisMovesItsOwnWay) {
  for (const int axis : {0, 1, 2}) {
    for (const float sign : {1.0f, -1.0f}) {
      env_.reset({});
      const auto before = env_.eef_position();
      Action action{0, 0, 0, 0, 0, 0, -1};
      action[static_cast<size_t>(axis)] = sign;
      for (int i = 0; i < 6; ++i) env_.step(action);
      const auto after = env_.eef_position();
      for (size_t k = 0; k < 3; ++k) {
        const double moved = sign * (after[k] - before[k]);
        if (k == static_cast<size_t>(axis)) {
          EXPECT_GT(moved, 0.04);
        } else {
          EXPECT_LT(std::abs(moved), 0.015);
        }
      }
    }
  }
}

TEST_F(Moving, RotationTurnsAboutTheWorldAxis) {
  const auto before = env_.eef_rotation();
  for (int i = 0; i < 10; ++i) env_.step({0, 0, 0, 0, 0, 0.5f, -1});
  const auto after = env_.eef_rotation();
  // The gripper points down, so a turn about z shows in the angle of its first axis in the plane.
  const double turned = std::atan2(after[3], after[0]) - std::atan2(before[3], before[0]);
  EXPECT_GT(std::remainder(turned, 2 * std::numbers::pi), 0.2);
  EXPECT_NEAR(after[8], before[8], 0.02);
}

}  // namespace
}  // namespace libra::sim
