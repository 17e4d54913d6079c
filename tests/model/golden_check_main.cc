// libra_golden_check --golden DIR: runs every module against a folder of reference numbers.
// Exit code: 0 all within the limits, 1 a miss, 2 bad usage or a bad folder.
#include <cstdio>
#include <cstring>

#include "libra/core/error.h"
#include "tests/model/golden_report.h"
#include "tests/preprocess/golden_inputs.h"

int main(int argc, char** argv) {
  if (argc != 3 || std::strcmp(argv[1], "--golden") != 0) {
    std::fprintf(stderr, "usage: libra_golden_check --golden DIR\n");
    return 2;
  }
  using namespace libra::model;
  try {
    GoldenReport exact, wide(Computed::kBf16Wide), narrow(Computed::kBf16Narrow);
    const libra::preprocess::GoldenSink sink = [&](const auto&... comparison) {
      exact.add(comparison...);
    };
    for (const auto check : {libra::preprocess::check_images, libra::preprocess::check_texts,
                             libra::preprocess::check_bins}) {
      check(argv[2], sink);
    }
    for (const auto check : {check_intern_vit, check_internlm2, check_internvl, check_siglip,
                             check_dit, check_diffusion, check_optimisation}) {
      exact.run(check, argv[2]);
    }
    const bool official = has_official_bf16(argv[2]);
    for (const auto check :
         {check_intern_vit, check_internlm2, check_internvl, check_siglip, check_dit}) {
      wide.run(check, argv[2]);
      if (official) narrow.run(check, argv[2]);
    }
    std::printf("inputs, and networks in f32\n%s\nnetworks in bf16, wide products\n%s",
                exact.text().c_str(), wide.text().c_str());
    std::printf("\nnetworks in bf16, narrow products\n%s",
                official ? narrow.text().c_str() : "not checked: sets without bf16.json\n");
    return exact.passed() && wide.passed() && (!official || narrow.passed()) ? 0 : 1;
  } catch (const libra::Error& e) {
    std::fprintf(stderr, "libra_golden_check: %s\n", e.what());
    return e.exit_code();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "libra_golden_check: %s\n", e.what());
    return 2;
  }
}
