// libra_golden_check --golden DIR: runs every module against a folder of reference numbers.
// Exit code: 0 all within the limits, 1 a miss, 2 bad usage or a bad folder.
#include <cstdio>
#include <cstring>

#include "libra/core/error.h"
#include "tests/model/golden_report.h"

int main(int argc, char** argv) {
  if (argc != 3 || std::strcmp(argv[1], "--golden") != 0) {
    std::fprintf(stderr, "usage: libra_golden_check --golden DIR\n");
    return 2;
  }
  try {
    libra::model::GoldenReport report;
    for (const auto check :
         {libra::model::check_intern_vit, libra::model::check_internlm2,
          libra::model::check_internvl, libra::model::check_siglip, libra::model::check_dit,
          libra::model::check_diffusion, libra::model::check_optimisation}) {
      check(argv[2], report);
    }
    std::fputs(report.text().c_str(), stdout);
    return report.passed() ? 0 : 1;
  } catch (const libra::Error& e) {
    std::fprintf(stderr, "libra_golden_check: %s\n", e.what());
    return e.exit_code();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "libra_golden_check: %s\n", e.what());
    return 2;
  }
}
