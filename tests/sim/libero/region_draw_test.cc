// Starts drawn from regions, on the real LIBERO: in the distribution of the stored states, and none
// of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "libra/core/error.h"
#include "libra/sim/libero/libero.h"
#include "libra/sim/libero/libero_source.h"
#include "libra/sim/suite.h"
#include "tests/sim/libero/real_libero.h"

namespace libra::sim::libero {
namespace {

class RegionDraw : public RealLiberoTest {};

std::vector<double> drawn(const engine::SceneSource& source, const engine::Scene& scene,
                          uint64_t episode) {
  source.place(scene, {.layout = kRegions, .seed = 1'000'000, .episode = episode, .target = ""});
  return {scene.data()->qpos, scene.data()->qpos + scene.model()->nq};
}

// Of all forty tasks: what LIBERO never varies is as stored; what it varies lies where it lies
// there (within 1.6 cm of their span, as fifty draws do not reach its ends: places, joints; within
// six deviations: the arm), and no draw is a stored state.
TEST_F(RegionDraw, IsInLiberosDistributionButNoStoredState) {
  constexpr uint64_t kDraws = 8;
  constexpr double kSlack = .016;
  for (const char* name : {"libero_spatial", "libero_object", "libero_goal", "libero_10"}) {
    for (const task::TaskSpec& spec : load_suite(libero(), name).tasks) {
      const auto& source = dynamic_cast<const LiberoSource&>(*spec.source);
      const InitStates stored = source.states();
      const auto scene = source.make_scene();
      const auto nq = static_cast<size_t>(scene->model()->nq);
      std::set<std::vector<double>> all;
      for (uint64_t episode = 0; episode < kDraws; ++episode) {
        const std::vector<double> q = drawn(source, *scene, episode);
        EXPECT_EQ(drawn(source, *scene, episode), q) << "the same key draws the same";
        all.insert(q);
        for (size_t row = 0; row < stored.rows; ++row) {
          double apart = 0;
          for (size_t i = 0; i < nq; ++i)
            apart = std::max(apart, std::abs(q[i] - stored.row(row)[1 + i]));
          EXPECT_GT(apart, 1e-4) << spec.task.name << ", state " << row;
        }
        for (size_t i = 0; i < nq; ++i) {
          double low = stored.row(0)[1 + i], high = low;
          for (size_t row = 0; row < stored.rows; ++row) {
            low = std::min(low, stored.row(row)[1 + i]);
            high = std::max(high, stored.row(row)[1 + i]);
          }
          const double slack = i < 7 ? .07 : high - low > 1e-3 ? kSlack : 1e-3;
          EXPECT_GE(q[i], low - slack) << spec.task.name << ", qpos " << i;
          EXPECT_LE(q[i], high + slack) << spec.task.name << ", qpos " << i;
        }
      }
      EXPECT_EQ(all.size(), kDraws);
    }
  }
}

}  // namespace
}  // namespace libra::sim::libero
