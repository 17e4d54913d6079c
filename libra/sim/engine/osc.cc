#include "libra/sim/engine/osc.h"

#include <algorithm>
#include <cmath>

namespace libra::sim::engine {
namespace {

constexpr int kDof = bodies::kArmJoints;
template <int N>
using Vec = std::array<double, N>;
template <int R, int C>
using Mat = std::array<std::array<double, C>, R>;

// Lower Cholesky factor in place. Pivots that vanish (a singular posture) are raised to a small
// share of the largest, which is what the pseudo-inverse of a damped matrix does.
template <int N>
void factorise(Mat<N, N>& a) {
  double largest = 0;
  for (int i = 0; i < N; ++i) largest = std::max(largest, a[i][i]);
  const double least = 1e-9 * largest + 1e-300;
  for (int j = 0; j < N; ++j) {
    double pivot = a[j][j];
    for (int k = 0; k < j; ++k) pivot -= a[j][k] * a[j][k];
    a[j][j] = std::sqrt(std::max(pivot, least));
    for (int i = j + 1; i < N; ++i) {
      double sum = a[i][j];
      for (int k = 0; k < j; ++k) sum -= a[i][k] * a[j][k];
      a[i][j] = sum / a[j][j];
    }
  }
}

template <int N>
Vec<N> solve_factored(const Mat<N, N>& l, Vec<N> b) {
  for (int i = 0; i < N; ++i) {
    for (int k = 0; k < i; ++k) b[i] -= l[i][k] * b[k];
    b[i] /= l[i][i];
  }
  for (int i = N - 1; i >= 0; --i) {
    for (int k = i + 1; k < N; ++k) b[i] -= l[k][i] * b[k];
    b[i] /= l[i][i];
  }
  return b;
}

template <int N>
Vec<N> solve_spd(Mat<N, N> a, const Vec<N>& b) {
  factorise<N>(a);
  return solve_factored<N>(a, b);
}

// Arm block of the joint-space inertia, out of MuJoCo's sparse rows.
Mat<kDof, kDof> arm_inertia(const mjModel* m, const mjData* d) {
  Mat<kDof, kDof> inertia{};
  for (int i = 0; i < kDof; ++i) {
    int address = m->dof_Madr[i];
    for (int j = i; j >= 0; j = m->dof_parentid[j], ++address) {
      inertia[i][j] = inertia[j][i] = d->qM[address];
    }
  }
  return inertia;
}

}  // namespace

void OscController::reset(const Scene& scene, double finger,
                          const std::array<double, bodies::kArmJoints>& rest) {
  mjData* d = scene.data();
  rest_ = rest;
  Vec<kDof> kept;
  std::copy_n(d->qpos, kDof, kept.begin());
  std::copy_n(rest_.begin(), kDof, d->qpos);
  mj_kinematics(scene.model(), d);
  std::copy_n(d->site_xmat + 9 * scene.grip_site(), 9, goal_rotation_.begin());
  std::copy_n(d->site_xpos + 3 * scene.grip_site(), 3, rest_position_.begin());
  std::copy_n(kept.begin(), kDof, d->qpos);
  scene.update_poses();
  std::copy_n(d->site_xpos + 3 * scene.grip_site(), 3, goal_position_.begin());
  // Where the command ends that opens the fingers: at 1, or before it if they do not open so far.
  const double widest = scene.model()->actuator_ctrlrange[2 * kDof + 1];
  most_open_ = (widest - 0.02) / 0.02;
  const double command = std::clamp((finger - 0.02) / 0.02, -1.0, most_open_);
  grip_ = {command, -command};
  grip_sign_ = 0;
  unseen_ = false;
  jacobian_.assign(static_cast<size_t>(6 * scene.model()->nv), 0.0);
}

void OscController::begin_unseen() {
  unseen_ = true;
  grip_ = {0, 0};
}

void OscController::set_goal(const Scene& scene, const Action& action) {
  const auto entry = [&](int i) {  // a NaN counts as no motion
    const double value = action[static_cast<size_t>(i)];
    return std::isnan(value) ? 0.0 : std::clamp(value, -1.0, 1.0);
  };
  const double* position =
      unseen_ ? rest_position_.data() : scene.data()->site_xpos + 3 * scene.grip_site();
  for (int i = 0; i < 3; ++i) goal_position_[i] = position[i] + gains_.move_scale * entry(i);
  Vec<3> turn{};
  for (int i = 0; i < 3; ++i) turn[i] = gains_.turn_scale * entry(3 + i);
  if (turn[0] != 0 || turn[1] != 0 || turn[2] != 0) {
    const double angle = mju_normalize3(turn.data());
    Vec<4> quat;
    Vec<9> rotation;
    mju_axisAngle2Quat(quat.data(), turn.data(), angle);
    mju_quat2Mat(rotation.data(), quat.data());
    mju_mulMatMat(goal_rotation_.data(), rotation.data(),
                  scene.data()->site_xmat + 9 * scene.grip_site(), 3, 3, 3);
  }
  const double grip = entry(6);
  grip_sign_ = grip > 0 ? 1 : grip < 0 ? -1 : 0;
}

void OscController::apply(const Scene& scene) {
  const mjModel* m = scene.model();
  mjData* d = scene.data();
  const int nv = m->nv;
  mj_jacSite(m, d, jacobian_.data(), jacobian_.data() + 3 * nv, scene.grip_site());
  Mat<6, kDof> jac;
  for (int r = 0; r < 6; ++r) std::copy_n(jacobian_.data() + r * nv, kDof, jac[r].begin());

  const Mat<kDof, kDof> inertia = arm_inertia(m, d);
  Mat<kDof, kDof> factor = inertia;
  factorise<kDof>(factor);
  Mat<6, 6> compliance;  // J M^-1 J^T, the inverse of the operational-space inertia
  for (int c = 0; c < 6; ++c) {
    const Vec<kDof> column = solve_factored<kDof>(factor, jac[c]);
    for (int r = 0; r < 6; ++r) {
      double sum = 0;
      for (int k = 0; k < kDof; ++k) sum += jac[r][k] * column[k];
      compliance[r][c] = sum;
    }
  }

  const double kd = 2 * std::sqrt(gains_.kp) * gains_.damping_ratio;
  Vec<6> velocity{};
  for (int r = 0; r < 6; ++r)
    for (int k = 0; k < kDof; ++k) velocity[r] += jac[r][k] * d->qvel[k];
  const double* position = d->site_xpos + 3 * scene.grip_site();
  const double* rotation = d->site_xmat + 9 * scene.grip_site();
  Vec<3> turn_error{};
  for (int c = 0; c < 3; ++c) {
    const Vec<3> now{rotation[c], rotation[3 + c], rotation[6 + c]};
    const Vec<3> goal{goal_rotation_[c], goal_rotation_[3 + c], goal_rotation_[6 + c]};
    Vec<3> cross;
    mju_cross(cross.data(), now.data(), goal.data());
    for (int i = 0; i < 3; ++i) turn_error[i] += 0.5 * cross[i];
  }
  Vec<3> push, twist;
  for (int i = 0; i < 3; ++i) {
    push[i] = gains_.kp * (goal_position_[i] - position[i]) - kd * velocity[i];
    twist[i] = gains_.kp * turn_error[i] - kd * velocity[3 + i];
  }
  Mat<3, 3> linear, angular;
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 3; ++c) {
      linear[r][c] = compliance[r][c];
      angular[r][c] = compliance[3 + r][3 + c];
    }
  push = solve_spd<3>(linear, push);
  twist = solve_spd<3>(angular, twist);

  // Posture: N^T M x = M x - J^T Lambda J x with x the wanted joint acceleration.
  Vec<kDof> posture;
  const double null_kd = 2 * std::sqrt(gains_.null_kp);
  for (int k = 0; k < kDof; ++k)
    posture[k] = gains_.null_kp * (rest_[k] - d->qpos[k]) - null_kd * d->qvel[k];
  Vec<6> leak{};
  for (int r = 0; r < 6; ++r)
    for (int k = 0; k < kDof; ++k) leak[r] += jac[r][k] * posture[k];
  leak = solve_spd<6>(compliance, leak);

  for (int k = 0; k < kDof; ++k) {
    double torque = d->qfrc_bias[k];
    if (!unseen_) {
      for (int i = 0; i < 3; ++i)
        torque += jac[i][k] * (push[i] - leak[i]) + jac[3 + i][k] * (twist[i] - leak[3 + i]);
      for (int j = 0; j < kDof; ++j) torque += inertia[k][j] * posture[j];
    }
    const double limit = m->actuator_ctrlrange[2 * k + 1];
    d->ctrl[k] = std::clamp(torque, -limit, limit);
  }

  unseen_ = false;

  constexpr double kGripSpeed = 0.01;  // of the command's range [-1, 1], each substep
  const Vec<2> direction{-grip_sign_, grip_sign_};
  for (int i = 0; i < 2; ++i) {
    grip_[i] = std::clamp(grip_[i] + kGripSpeed * direction[i], i == 0 ? -1.0 : -most_open_,
                          i == 0 ? most_open_ : 1.0);
    d->ctrl[kDof + i] = (i == 0 ? 0.02 : -0.02) + 0.02 * grip_[i];
  }
}

}  // namespace libra::sim::engine
