#include <gtest/gtest.h>

#include "tests/model/golden_report.h"

namespace libra::model {
namespace {

using Check = void (*)(const std::string&, GoldenReport&);

class Golden : public testing::TestWithParam<std::pair<const char*, Check>> {};

TEST_P(Golden, AgreesWithTheReference) {
  GoldenReport report;
  GetParam().second(LIBRA_SOURCE_DIR "/tests/golden", report);
  EXPECT_TRUE(report.passed()) << report.text();
}

INSTANTIATE_TEST_SUITE_P(Modules, Golden,
                         testing::Values(std::pair{"intern_vit", check_intern_vit},
                                         std::pair{"internlm2", check_internlm2},
                                         std::pair{"internvl", check_internvl},
                                         std::pair{"siglip", check_siglip},
                                         std::pair{"dit", check_dit},
                                         std::pair{"diffusion", check_diffusion},
                                         std::pair{"optimisation", check_optimisation}),
                         [](const auto& info) { return std::string(info.param.first); });

// The comparison itself must be able to fail.
TEST(GoldenReport, NoticesDifferences) {
  const torch::Tensor a = torch::tensor({1.0, 2.0}), b = torch::tensor({1.0, 2.001});
  const auto passes = [](const torch::Tensor& x, const torch::Tensor& y) {
    GoldenReport report;
    report.compare("g", "t", x, y, 1e-4);
    return report.passed();
  };
  EXPECT_TRUE(passes(a, a));
  EXPECT_FALSE(passes(a, b));
  EXPECT_FALSE(passes(a, a.reshape({1, 2})));
  EXPECT_FALSE(passes(torch::tensor({1.0, std::nan("")}), a));
  EXPECT_FALSE(passes({}, a));
  EXPECT_FALSE(GoldenReport().passed());
}

}  // namespace
}  // namespace libra::model
