#include "libra/model/libra_vla/pointing_head.h"

#include <gtest/gtest.h>

#include "libra/nn/autocast.h"

namespace libra::model {
namespace {

// A trained head points at single cells; the spread is then a difference of nearly equal numbers.
// Closed form: with all of the share in cell (x, y), uv is that cell's centre.
TEST(PointingHead, StaysFiniteAndExactUnderBf16WhenTheMapIsSharp) {
  torch::manual_seed(1);
  const int64_t side = 16, width = 8, cameras = 2, asked = 3;
  PointingHead head(PointingConfig{.enabled = true, .width = int(width)}, TextConfig{}, 4, 20, 8);
  const TextQueries queries{torch::randint(20, {1, asked, 4}), torch::ones({1, asked, 4}) == 1};
  for (const int64_t cell : {0, 37, 255}) {
    // Every query sees one loud cell, whatever it asks: +-q . q is far from zero there.
    torch::Tensor map = torch::zeros({cameras, width, side * side});
    map.select(2, cell) = 3e4;
    map = map.reshape({cameras, width, side, side}).requires_grad_();
    const nn::Bf16Scope bf16(true);
    const Pointing out = head->forward(map, queries);
    EXPECT_TRUE(torch::isfinite(out.token).all().item<bool>()) << "cell " << cell;
    const torch::Tensor loud = out.logits.narrow(-1, 0, side * side).argmax(-1) == cell;
    const float u = float(cell % side) + 0.5f, v = float(cell / side) + 0.5f;
    const torch::Tensor centre = torch::tensor({u, v}) / double(side);
    const torch::Tensor error = (out.uv - centre).abs().amax(-1);
    EXPECT_TRUE(loud.any().item<bool>());
    EXPECT_LT(error.masked_select(loud).max().item<double>(), 1e-6) << "cell " << cell;
    out.token.to(torch::kFloat32).sum().backward();
    EXPECT_TRUE(torch::isfinite(map.grad()).all().item<bool>()) << "cell " << cell;
  }
}

}  // namespace
}  // namespace libra::model
