#include "libra/training/step/run_config.h"

#include <gtest/gtest.h>

#include <map>

#include "libra/policy/import.h"

namespace libra::training {
namespace {

RunConfig read(const std::string& name) {
  RunConfig run;
  list_fields(run).read_toml_file(LIBRA_SOURCE_DIR "/configs/" + name);
  run.model.validate(name);
  return run;
}

// The paper's model is the one that was published: InternVL2_5-2B and SigLIP so400m.
TEST(Libra2b, CountsArePublishedOnes) {
  RunConfig run = read("libra_2b.toml");
  run.model.planner.backbone.llm_config.with_lm_head = true;
  run.model.refiner.vision.pooling_head = true;
  run.model.refiner.vision.image_size = 384;
  std::map<std::string, int64_t> count;
  for (const policy::TensorRow& row : policy::tensor_table(run.model)) {
    const std::string part = row.published.substr(0, row.published.find('.'));
    int64_t weights = 1;
    for (const int64_t side : row.shape) weights *= side;
    count[policy::origin_name(row.origin) + ("/" + part)] += weights;
  }
  EXPECT_EQ(count["InternVL/vision_model"], 304'012'288);
  EXPECT_EQ(count["InternVL/mlp1"], 12'595'200);
  EXPECT_EQ(count["InternVL/language_model"], 1'889'146'880);
  EXPECT_EQ(count["SigLIP/vision_model"], 428'225'600);
}

// Trained ones: those of a frozen text encoder are in no table.
TEST(SmallModels, HaveAFewMillionWeights) {
  for (const char* name : {"libra_tiny.toml", "libra_small.toml"}) {
    int64_t weights = 0;
    for (const policy::TensorRow& row : policy::tensor_table(read(name).model)) {
      EXPECT_TRUE(row.origin == policy::Origin::kLibra || !row.published.empty()) << row.name;
      int64_t size = 1;
      for (const int64_t side : row.shape) size *= side;
      weights += size;
    }
    EXPECT_GT(weights, 1'000'000) << name;
    EXPECT_LT(weights, 9'999'999) << name;
  }
}

}  // namespace
}  // namespace libra::training
