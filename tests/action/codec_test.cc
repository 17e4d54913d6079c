#include "libra/action/codec.h"

#include <gtest/gtest.h>

#include <cmath>

#include "libra/action/rotation.h"
#include "libra/core/error.h"
#include "libra/core/rng.h"
#include "tests/support/toy_spec.h"

namespace libra::action {
namespace {

NormStats example() {
  NormStats stats = NormStats::identity(libero_panda());
  stats.kind = Normalization::kQuantiles;
  stats.action.q01 = {-0.5, 0.0, 0.25, -1, -1, -1, -1};
  stats.action.q99 = {0.5, 0.2, 0.25, 1, 1, 1, 0.5};
  stats.proprio.q01.assign(8, 1.0);
  stats.proprio.q99.assign(8, 3.0);
  stats.proprio.q01[7] = stats.proprio.q99[7] = 0.04;
  return stats;
}

const Proprio kState(8, 0.0);

TEST(Codec, BoundsMapToOneAndBeyondIsClipped) {
  const Codec codec(libero_panda(), example());
  const auto rows = codec.encode(rows_of({{0.5f, 0.05f, 0.7f, 0.3f, -2, 2, 0.5f}}), kState);
  const auto a = rows[0];
  EXPECT_FLOAT_EQ(a[0], 1.0f);
  EXPECT_FLOAT_EQ(a[1], -0.5f);
  EXPECT_EQ(a[2], 0.0f);  // no range
  EXPECT_FLOAT_EQ(a[3], 0.3f);
  EXPECT_EQ(a[4], -1.0f);
  EXPECT_EQ(a[5], 1.0f);
  EXPECT_EQ(a[6], 0.5f);  // the gripper's statistics are not applied
}

TEST(Codec, RoundTripInsideTheBounds) {
  const Codec codec(libero_panda(), example());
  Rng rng(2);
  for (int i = 0; i < 200; ++i) {
    Action raw(7);
    raw[0] = static_cast<float>(rng.uniform(-0.5, 0.5));
    raw[1] = static_cast<float>(rng.uniform(0, 0.2));
    raw[2] = 0.25f;  // the constant comes back
    raw[6] = rng.uniform() < 0.5 ? -1.0f : 1.0f;
    const auto back = codec.decode(codec.encode(rows_of({raw}), kState), kState);
    for (size_t d = 0; d < 7; ++d) EXPECT_NEAR(back[0][d], raw[d], 1e-6) << d;
  }
  const auto wild = codec.decode(rows_of({{9, -9, 9, 0, 0, 0, 9}}), kState);
  EXPECT_FLOAT_EQ(wild[0][0], 0.5f);
  EXPECT_NEAR(wild[0][1], 0.0f, 1e-7);
  EXPECT_FLOAT_EQ(wild[0][2], 0.25f);
  EXPECT_EQ(wild[0][6], 1.0f);
}

TEST(Codec, ProprioIsNormalised) {
  const Codec codec(libero_panda(), example());
  const std::vector<float> expected = {-1, 0, 1, 1, -1, 0.5f, 0, 0};
  EXPECT_EQ(codec.proprio(Proprio{1, 2, 3, 4, 0, 2.5, 2, 0.01}), expected);
  EXPECT_THROW(codec.proprio(Proprio{1, 2}), Error);
}

TEST(Codec, IdentityOnlyClipsActions) {
  const Codec codec(libero_panda(), NormStats::identity(libero_panda()));
  EXPECT_EQ(codec.encode(rows_of({{0.3f, -2, 0, 0, 0, 0, 1}}), kState),
            rows_of({{0.3f, -1, 0, 0, 0, 0, 1}}));
  EXPECT_EQ(codec.proprio(Proprio{0.3, 3.14, -2, 0, 0, 0, 0, 0})[1], 3.14f);
}

TEST(Codec, StatisticsOfAnotherRobotAreRefused) {
  NormStats stats = example();
  stats.action.q01.pop_back();
  EXPECT_THROW(Codec(libero_panda(), stats), Error);
  EXPECT_THROW(Codec(load_embodiment("aloha"), example()), Error);
}

// Joints that are told places, a hand that is told poses in every way of writing rotations, and a
// gripper that counts from 0 to 1.
Embodiment robot(SegmentKind rotation, int size, Representation representation) {
  Embodiment e;
  e.name = "made up";
  CameraSpec camera;
  camera.name = "front";
  e.cameras = {camera};
  Segment joints, turn, gripper;
  joints.name = "arm";
  joints.kind = SegmentKind::kJoint;
  joints.size = 2;
  turn.name = "hand";
  turn.kind = rotation;
  turn.size = size;
  gripper.name = "gripper";
  gripper.kind = SegmentKind::kGripper;
  gripper.open = 0.0;
  gripper.closed = 1.0;
  e.proprio = {joints, turn, gripper};
  joints.state = "arm";
  turn.state = "hand";
  joints.representation = turn.representation = representation;
  e.action = {joints, turn, gripper};
  e.validate("robot");
  return e;
}

TEST(Codec, JointsAreLearnedAsChangesAndGivenBackAbsolute) {
  const Embodiment from_state = robot(SegmentKind::kAxisAngle, 3, Representation::kDeltaState);
  const Embodiment from_previous =
      robot(SegmentKind::kAxisAngle, 3, Representation::kDeltaPrevious);
  const Proprio state = {1.0, -2.0, 0, 0, 0.3, 0.7};
  const Rows<float> raw = rows_of({{1.1f, -2.5f, 0, 0, 0.4f, 1}, {1.3f, -2.5f, 0, 0, 0.6f, 0}});
  const Rows<float> a = to_changes(from_state, raw, state);
  const Rows<float> b = to_changes(from_previous, raw, state);
  const std::vector<float> first = {0.1f, -0.5f, 0, 0, 0.1f, 1};
  const std::vector<float> from_s = {0.3f, -0.5f, 0, 0, 0.3f, 0}, from_p = {0.2f, 0, 0, 0, 0.2f, 0};
  for (size_t d = 0; d < 6; ++d) {
    EXPECT_NEAR(a[0][d], first[d], 1e-6);
    EXPECT_NEAR(b[0][d], first[d], 1e-6);
    EXPECT_NEAR(a[1][d], from_s[d], 1e-6);
    EXPECT_NEAR(b[1][d], from_p[d], 1e-6);
  }
  for (const Embodiment* e : {&from_state, &from_previous}) {
    const Rows<float> back = from_changes(*e, to_changes(*e, raw, state), state);
    for (size_t i = 0; i < 2; ++i) {
      for (size_t d = 0; d < 6; ++d) EXPECT_NEAR(back[i][d], raw[i][d], 1e-6);
    }
  }
}

TEST(Codec, ChangesOfRotationsAreTheSameInEveryWayOfWritingThem) {
  Rng rng(4);
  for (int trial = 0; trial < 50; ++trial) {
    const auto random = [&] {
      return from_vector({rng.uniform(-2, 2), rng.uniform(-2, 2), rng.uniform(-2, 2)});
    };
    const Quaternion before = random(), after = random();
    std::vector<std::vector<float>> turns;
    for (const auto& [kind, size] :
         std::vector<std::pair<SegmentKind, int>>{{SegmentKind::kAxisAngle, 3},
                                                  {SegmentKind::kQuaternion, 4},
                                                  {SegmentKind::kRotation6d, 6}}) {
      const Embodiment e = robot(kind, size, Representation::kDeltaState);
      EXPECT_EQ(e.model_dim(), 6);
      Proprio state(size_t(e.proprio_dim()));
      from_quaternion(kind, before, std::span(state).subspan(2, size_t(size)));
      std::vector<double> numbers(size_t(size), 0.0);
      from_quaternion(kind, after, numbers);
      Rows<float> raw(1, size_t(e.action_dim()));
      std::copy(numbers.begin(), numbers.end(), raw[0].begin() + 2);
      const Rows<float> change = to_changes(e, raw, state);
      const auto turn = change[0].subspan(2, 3);
      turns.emplace_back(turn.begin(), turn.end());
      const Rows<float> back = from_changes(e, change, state);
      for (size_t d = 0; d < back.width(); ++d) EXPECT_NEAR(back[0][d], raw[0][d], 1e-5);
    }
    for (size_t d = 0; d < 3; ++d) {
      EXPECT_NEAR(turns[0][d], turns[1][d], 1e-5);
      EXPECT_NEAR(turns[0][d], turns[2][d], 1e-5);
    }
  }
}

TEST(Codec, AGrippersEndsAreMinusOneAndOne) {
  const Embodiment e = robot(SegmentKind::kAxisAngle, 3, Representation::kDeltaState);
  NormStats stats = NormStats::identity(e);
  stats.kind = Normalization::kQuantiles;
  const Codec codec(e, stats);
  const Proprio state(6, 0.0);
  const auto ends = codec.encode(rows_of({{0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 1}}), state);
  EXPECT_EQ(ends[0][5], -1.0f);
  EXPECT_EQ(ends[1][5], 1.0f);
  EXPECT_FLOAT_EQ(codec.decode(ends, state)[1][5], 1.0f);
}

}  // namespace
}  // namespace libra::action
