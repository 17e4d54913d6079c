#include <gtest/gtest.h>

#include "tests/model/golden_report.h"

namespace libra::model {
namespace {

using Check = void (*)(const std::string&, GoldenReport&);
using Module = std::pair<const char*, Check>;

class Golden : public testing::TestWithParam<Module> {};

TEST_P(Golden, AgreesWithTheReference) {
  GoldenReport report;
  report.run(GetParam().second, LIBRA_SOURCE_DIR "/tests/golden");
  EXPECT_TRUE(report.passed()) << report.text();
}

class GoldenBf16 : public testing::TestWithParam<Module> {};

TEST_P(GoldenBf16, WideProductsAgreeWithTheReference) {
  GoldenReport report(Computed::kBf16Wide);
  report.run(GetParam().second, LIBRA_SOURCE_DIR "/tests/golden");
  EXPECT_TRUE(report.passed()) << report.text();
}

TEST_P(GoldenBf16, NarrowProductsLoseNoMoreThanTheOfficialCode) {
  ASSERT_TRUE(has_official_bf16(LIBRA_SOURCE_DIR "/tests/golden"));
  GoldenReport report(Computed::kBf16Narrow);
  report.run(GetParam().second, LIBRA_SOURCE_DIR "/tests/golden");
  EXPECT_TRUE(report.passed()) << report.text();
}

const auto kName = [](const testing::TestParamInfo<Module>& info) {
  return std::string(info.param.first);
};

INSTANTIATE_TEST_SUITE_P(Modules, Golden,
                         testing::Values(Module{"intern_vit", check_intern_vit},
                                         Module{"internlm2", check_internlm2},
                                         Module{"internvl", check_internvl},
                                         Module{"siglip", check_siglip}, Module{"dit", check_dit},
                                         Module{"diffusion", check_diffusion},
                                         Module{"optimisation", check_optimisation}),
                         kName);
INSTANTIATE_TEST_SUITE_P(Networks, GoldenBf16,
                         testing::Values(Module{"intern_vit", check_intern_vit},
                                         Module{"internlm2", check_internlm2},
                                         Module{"internvl", check_internvl},
                                         Module{"siglip", check_siglip}, Module{"dit", check_dit}),
                         kName);

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
