#include "tests/preprocess/golden_inputs.h"

#include <gtest/gtest.h>

#include <map>

namespace libra::preprocess {
namespace {

const std::string kGolden = LIBRA_SOURCE_DIR "/tests/golden";

using Check = void (*)(const std::string&, const GoldenSink&);

// Everything within its limit, and at least so many comparisons in each group.
void expect_agreement(Check check, const std::map<std::string, int>& at_least) {
  std::map<std::string, int> seen;
  check(kGolden,
        [&](const std::string& group, const std::string& name, double difference, double limit) {
          EXPECT_LE(difference, limit) << group << ": " << name;
          ++seen[group];
        });
  for (const auto& [group, count] : at_least) EXPECT_GE(seen[group], count) << group;
}

TEST(GoldenInputs, Images) {
  expect_agreement(check_images, {{"image_preprocess resize", 4},
                                  {"image_preprocess pixels", 6},
                                  {"image_preprocess tiles", 3},
                                  {"image_preprocess tilings", 51},
                                  {"image_preprocess_full resize", 4},
                                  {"image_preprocess_full pixels", 4}});
}

TEST(GoldenInputs, Texts) {
  expect_agreement(check_texts,
                   {{"tokenizer", 60}, {"tokenizer conversations", 4}, {"prompts", 5}});
}

TEST(GoldenInputs, Bins) { expect_agreement(check_bins, {{"discretise", 5}}); }

}  // namespace
}  // namespace libra::preprocess
