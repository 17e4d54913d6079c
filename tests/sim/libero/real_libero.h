// Tests on the real LIBERO: the checkouts of -DLIBRA_LIBERO_ROOT and -DLIBRA_ROBOSUITE_ROOT, else
// what scripts/setup --libero brought; skipped where there is neither.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "libra/sim/libero/checkout.h"

namespace libra::sim::libero {

// LIBERO's own five suites; wheels and forks add variants of them.
inline bool is_of_five(std::string_view suite) {
  return suite == "libero_spatial" || suite == "libero_object" || suite == "libero_goal" ||
         suite == "libero_10" || suite == "libero_90";
}

class RealLiberoTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::string(LIBRA_LIBERO_ROOT).empty()) {
      checkout_.emplace(LIBRA_LIBERO_ROOT, LIBRA_ROBOSUITE_ROOT);
    } else {
      checkout_ = Checkout::find_in(LIBRA_SITE);
    }
    if (!checkout_) {
      GTEST_SKIP() << "LIBERO is not here: scripts/setup --libero, or -DLIBRA_LIBERO_ROOT= and "
                      "-DLIBRA_ROBOSUITE_ROOT=";
    }
  }
  const Checkout& libero() const { return *checkout_; }

 private:
  std::optional<Checkout> checkout_;
};

}  // namespace libra::sim::libero
