#include "libra/api/named_arrays.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "libra/core/error.h"

namespace libra::api {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// What LIBERO's robot says: two pictures of 4 x 6 px that count up, and a state.
class NamedArraysTest : public testing::Test {
 protected:
  NamedArraysTest() {
    std::iota(pixels_.begin(), pixels_.end(), uint8_t{0});
    for (const char* name : {"agentview", "eye_in_hand"}) {
      arrays_.push_back(
          {.name = name, .data = pixels_.data(), .dtype = Dtype::kUint8, .shape = {4, 6, 3}});
    }
    arrays_.push_back(
        {.name = "proprio", .data = state_.data(), .dtype = Dtype::kFloat64, .shape = {8}});
  }

  Error refused() const {
    try {
      observation_of(arrays_, libero_panda());
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return Error(ErrorCode::kFailed, "");
  }

  std::vector<uint8_t> pixels_ = std::vector<uint8_t>(4 * 6 * 3);
  std::vector<double> state_ = {.1, .2, .3, .4, .5, .6, .7, .8};
  std::vector<NamedArray> arrays_;
};

TEST_F(NamedArraysTest, BecomeAnObservation) {
  const Observation seen = observation_of(arrays_, libero_panda(), 7);
  EXPECT_EQ(seen.step, 7);
  EXPECT_EQ(seen.proprio, state_);
  ASSERT_EQ(seen.images.size(), 2u);
  EXPECT_EQ(seen.images[1].height, 4);
  EXPECT_EQ(seen.images[1].width, 6);
  EXPECT_EQ(seen.images[1].rgb, pixels_);
}

TEST_F(NamedArraysTest, StridesAreFollowed) {
  // The picture mirrored, as numpy's [:, ::-1] hands it over; the state as every second number.
  NamedArray& picture = arrays_[0];
  picture.data = pixels_.data() + 5 * 3;
  picture.strides = {18, -3, 1};
  std::vector<float> wide(16);
  for (size_t i = 0; i < 8; ++i) wide[2 * i] = float(i);
  arrays_[2] = {.name = "proprio",
                .data = wide.data(),
                .dtype = Dtype::kFloat32,
                .shape = {8},
                .strides = {2}};
  const Observation seen = observation_of(arrays_, libero_panda());
  EXPECT_EQ(seen.images[0].row(1)[0], 18 + 15);
  EXPECT_EQ(seen.images[0].row(1)[17], 18 + 2);
  EXPECT_EQ(seen.proprio, (Proprio{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST_F(NamedArraysTest, OneErrorTellsAllThatDoesNotFit) {
  arrays_[0].name = "agent_view";
  arrays_[1].shape = {3, 4, 6};
  state_[2] = std::numeric_limits<double>::quiet_NaN();
  const Error error = refused();
  EXPECT_EQ(error.code(), ErrorCode::kBadInput);
  EXPECT_THAT(error.parts().found,
              AllOf(HasSubstr("agentview is missing"), HasSubstr("did you mean agentview?"),
                    HasSubstr("eye_in_hand is uint8 [3, 4, 6] (channels come last)"),
                    HasSubstr("nan at z")));
  EXPECT_THAT(error.parts().expected, AllOf(HasSubstr("agentview uint8 [height, width, 3]"),
                                            HasSubstr("proprio float [8]: x y z")));
  EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
}

TEST_F(NamedArraysTest, KindsAndSizesAreRefused) {
  const std::vector<NamedArray> good = arrays_;
  const auto expect = [&](size_t which, const NamedArray& bad, const char* text) {
    arrays_ = good;
    arrays_[which] = bad;
    EXPECT_THAT(refused().parts().found, HasSubstr(text));
  };
  NamedArray picture = good[0];
  picture.dtype = Dtype::kFloat32;
  expect(0, picture, "agentview is float32 [4, 6, 3]");
  picture = good[0];
  picture.shape = {0, 6, 3};
  expect(0, picture, "sides of 1 to 8192 px");
  picture.shape = {9000, 1, 3};
  expect(0, picture, "sides of 1 to 8192 px");
  picture.shape = {1, 4, 6, 3};
  expect(0, picture, "not a batch");
  picture = good[0];
  picture.data = nullptr;
  expect(0, picture, "agentview has no data");
  picture = good[1];
  picture.name = "agentview";
  expect(1, picture, "agentview is there twice");
  NamedArray state = good[2];
  state.shape = {7};
  expect(2, state, "proprio is float64 [7]");
  state = good[2];
  state.dtype = Dtype::kOther;
  state.dtype_name = "int32";
  expect(2, state, "proprio is int32 [8]");
}

TEST_F(NamedArraysTest, ACameraThatTheRobotMayLackMayBeMissing) {
  Embodiment robot = libero_panda();
  robot.cameras[1].optional = true;
  arrays_.erase(arrays_.begin() + 1);
  const Observation seen = observation_of(arrays_, robot);
  ASSERT_EQ(seen.images.size(), 2u);
  EXPECT_TRUE(seen.images[1].rgb.empty());
}

}  // namespace
}  // namespace libra::api
