#include "libra/sim/expert/basket.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "libra/sim/expert/hand.h"

namespace libra::sim::expert {
namespace {

constexpr double kWidestGrasp = 0.074;   // m
constexpr double kGripBelowTop = 0.035;  // deeper and the palm touches the item
constexpr double kLowestGrip = 0.012;    // tips 3 mm above the floor
constexpr double kClearance = 0.012;     // tips over the item before they straddle it
constexpr double kStraddle = 0.02;       // off-centre along x at which a low gripper stays low
constexpr double kCarryBottom = 0.165;  // underside of a carried item: over the wall and all things
constexpr double kReleaseHeight = 0.125;  // grip site inside the basket, palm above the wall
constexpr double kInBasket = 0.03;        // distance from the basket's axis at which to lower

struct BasketView {
  Hand hand;
  Vec3 item{};
  Vec3 half{};  // world-aligned half extents of the item
  Vec3 basket{};
};

BasketView look_around(const SimEnv& env, const ExpertConfig& config) {
  BasketView v{.hand = look(env, config).hand};
  const ItemPose pose = env.item_pose(env.target());
  v.item = pose.position;
  for (size_t r = 0; r < 3; ++r) {
    for (size_t c = 0; c < 3; ++c)
      v.half[r] += std::abs(pose.rotation[3 * r + c]) * pose.half_extent[c];
  }
  v.basket = env.basket_position();
  return v;
}

double distance_xy(const Vec3& a, const Vec3& b) { return std::hypot(a[0] - b[0], a[1] - b[1]); }

double grip_height(const BasketView& v) {
  return std::max(kLowestGrip, v.item[2] + v.half[2] - kGripBelowTop);
}

double grasp_width(const BasketView& v) { return std::min(2 * v.half[1], kWidestGrasp); }

// The fingers are around the item and as close as its width lets them be.
bool holds_item(const BasketView& v) {
  const bool around =
      std::abs(v.hand.grip[0] - v.item[0]) < 0.02 && std::abs(v.hand.grip[1] - v.item[1]) < 0.012;
  const bool level = v.hand.grip[2] - kTipsBelowGrip < v.item[2] + v.half[2] - 0.004 &&
                     v.hand.grip[2] > v.item[2] - v.half[2];
  return around && level && v.hand.closed_to(grasp_width(v) + 0.0015) &&
         v.hand.aperture > 0.5 * grasp_width(v);
}

// Proportional motion towards `goal`; sideways motion waits while the gripper is far below its
// height.
Action move(const ExpertConfig& config, const Vec3& from, const Vec3& goal, float gripper) {
  double x = config.gain * (goal[0] - from[0]), y = config.gain * (goal[1] - from[1]);
  const double rise = goal[2] - from[2];
  const double calm = std::clamp(1.0 - (rise - 0.02) / 0.04, 0.0, 1.0);
  const double length = std::hypot(x, y);
  const double scale = length > config.speed ? config.speed / length : 1.0;
  x *= scale * calm, y *= scale * calm;
  const double z = std::clamp(config.gain * rise, -config.speed, config.speed);
  return {static_cast<float>(x), static_cast<float>(y), static_cast<float>(z), 0, 0, 0, gripper};
}

constexpr float kOpen = -1.0f, kClose = 1.0f;

// With the item in the fingers: up, over the basket's wall, down, open.
Action carry(const ExpertConfig& config, const BasketView& v, const char*& phase) {
  const double bottom = v.item[2] - v.half[2];
  const double away = distance_xy(v.item, v.basket);
  const double cruise = v.hand.grip[2] + (kCarryBottom - bottom);
  if (away < kInBasket) {
    phase = "lower";
    const bool low = v.hand.grip[2] < kReleaseHeight + 0.01;
    if (low) phase = "release";
    return move(config, v.hand.grip,
                {v.hand.grip[0] + v.basket[0] - v.item[0], v.hand.grip[1] + v.basket[1] - v.item[1],
                 kReleaseHeight},
                low ? kOpen : kClose);
  }
  phase = bottom < kCarryBottom - 0.02 ? "lift" : "carry";
  return move(
      config, v.hand.grip,
      {v.hand.grip[0] + v.basket[0] - v.item[0], v.hand.grip[1] + v.basket[1] - v.item[1], cruise},
      kClose);
}

// How far the gripper is off, as a multiple of what the grasp forgives: along x the pads are short
// and the item long, along y the fingers must pass on both sides.
double misfit(const ExpertConfig& config, const BasketView& v) {
  const double along = std::clamp(0.6 * v.half[0], config.align, 0.018);
  const double across = v.hand.room(2 * (v.half[1] + bodies::kPadInset), config.align, 0.005);
  return std::max(std::abs(v.hand.grip[0] - v.item[0]) / along,
                  std::abs(v.hand.grip[1] - v.item[1]) / across);
}

// With empty fingers: over the item, down a funnel, close.
Action reach(const ExpertConfig& config, const BasketView& v, const char*& phase) {
  const double top = v.item[2] + v.half[2];
  const double low = grip_height(v), hover = top + kTipsBelowGrip + kClearance;
  const double cruise = std::max(config.cruise_height, hover);
  const bool aligned = misfit(config, v) < 1;
  // Once the tips are below the top the fingers hold the item between them or push it.
  const bool straddles =
      v.hand.grip[2] - kTipsBelowGrip < top &&
      std::abs(v.hand.grip[0] - v.item[0]) < std::min(kStraddle, 0.8 * v.half[0]) &&
      std::abs(v.hand.grip[1] - v.item[1]) < v.hand.open / 2 - v.half[1] + 0.002;
  double height = low;
  if (!aligned && !straddles) {
    const double away = distance_xy(v.hand.grip, v.item);
    height = hover + (cruise - hover) * std::clamp((away - config.align) / config.funnel, 0.0, 1.0);
  }
  phase = height > low ? "reach" : "descend";
  const bool missed = v.hand.aperture < 0.5 * grasp_width(v);
  const bool close = (aligned || straddles) && v.hand.grip[2] < low + 0.006 && !missed;
  if (close) phase = "close";
  return move(config, v.hand.grip, {v.item[0], v.item[1], height}, close ? kClose : kOpen);
}

}  // namespace

Action act_on_floor(const ExpertConfig& config, const SimEnv& env, bool& done, const char*& phase) {
  const BasketView v = look_around(env, config);
  done = false;
  if (env.goal_holds()) {
    done = v.hand.opened_to(0.07);
    phase = done ? "retreat" : "release";
    const double rise = done ? 0.05 : 0.0;
    return move(config, v.hand.grip, {v.hand.grip[0], v.hand.grip[1], v.hand.grip[2] + rise},
                kOpen);
  }
  return holds_item(v) ? carry(config, v, phase) : reach(config, v, phase);
}

}  // namespace libra::sim::expert
