#include "libra/training/step/injection.h"

#include <gtest/gtest.h>

namespace libra::training {
namespace {

TEST(InjectionSwitch, TeacherWhileAccuracyRisesFreeOnThePlateau) {
  InjectionSwitch injection(InjectionConfig{});
  int switched_at = -1;
  for (int step = 0; step < 6000; ++step) {
    const double accuracy = std::min(0.3 + 0.4 * step / 2000.0, 0.7);  // rises for 2000 steps
    injection.update(accuracy);
    if (injection.free() && switched_at < 0) switched_at = step;
  }
  EXPECT_GT(switched_at, 2000);
  EXPECT_LT(switched_at, 5000);
  EXPECT_TRUE(injection.free());
}

TEST(InjectionSwitch, FixedModes) {
  InjectionSwitch teacher(InjectionConfig{.mode = InjectionMode::kTeacher, .tau = 0});
  InjectionSwitch free(InjectionConfig{.mode = InjectionMode::kFree, .tau = 2});
  for (int step = 0; step < 3000; ++step) {
    teacher.update(0.9);
    free.update(0.1);
  }
  EXPECT_FALSE(teacher.free());
  EXPECT_TRUE(free.free());
}

TEST(InjectionSwitch, StateRestores) {
  InjectionSwitch a(InjectionConfig{}), b(InjectionConfig{});
  for (int step = 0; step < 700; ++step) a.update(0.5 + 0.0001 * step);
  b.set_state(a.state());
  a.update(0.6);
  b.update(0.6);
  EXPECT_EQ(a.long_average(), b.long_average());
  EXPECT_EQ(a.short_average(), b.short_average());
}

}  // namespace
}  // namespace libra::training
