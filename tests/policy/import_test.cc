#include "libra/policy/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "libra/core/error.h"
#include "libra/core/rng.h"
#include "libra/model/published.h"
#include "libra/model/safetensors.h"
#include "libra/model/weights_folder.h"
#include "libra/policy/bundle.h"
#include "libra/policy/load_policy.h"
#include "tests/policy/random_observation.h"

namespace libra::policy {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kTokenizer = LIBRA_SOURCE_DIR "/assets/tokenizer";

model::LibraVlaConfig config_of(const std::string& path) {
  model::LibraVlaConfig config;
  list_fields(config).read_toml_file(path);
  return config;
}
model::LibraVlaConfig small() {
  return config_of(LIBRA_SOURCE_DIR "/tests/policy/published_model.toml");
}

class Import : public testing::Test {
 protected:
  Import() : dir_((fs::path(testing::TempDir()) / "libra_import").string()) {
    fs::remove_all(dir_);
    fs::create_directories(dir_);
  }
  PublishedFolders published(int64_t shard_bytes = 1 << 30) {
    return write_random_published(small(), kTokenizer, dir_, 3, shard_bytes);
  }
  std::string out() const { return dir_ + "/checkpoint"; }
  // The message of the error that importing `folders` ends in.
  std::string refusal(const PublishedFolders& folders) {
    try {
      import_weights(small(), folders, out(), 1);
    } catch (const Error& e) {
      EXPECT_EQ(e.exit_code(), 2);
      EXPECT_FALSE(fs::exists(out()));
      return e.what();
    }
    ADD_FAILURE() << "accepted";
    return "";
  }
  // Rewrites a one-file folder after `change` saw its tensors.
  static void rewrite(const std::string& folder, auto change) {
    std::map<std::string, torch::Tensor> tensors;
    {
      const model::WeightsFolder weights(folder);
      for (const auto& [name, stored] : weights.tensors())
        tensors[name] = weights.tensor(name).clone();
    }
    change(tensors);
    std::vector<std::pair<std::string, torch::Tensor>> list(tensors.begin(), tensors.end());
    model::write_safetensors(folder + "/model.safetensors", list);
  }
  static void write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }

  std::string dir_;
};

TEST_F(Import, PublishedWeightsComeThroughByteForByteFromShards) {
  const PublishedFolders folders = published(/*shard_bytes=*/8192);
  EXPECT_TRUE(fs::exists(folders.internvl + "/model.safetensors.index.json"));
  const ImportReport report = import_weights(small(), folders, out(), 1);
  EXPECT_THAT(report.left_out, testing::Contains("language_model.output.weight"));
  EXPECT_THAT(report.left_out, testing::Contains("vision_model.head.probe"));

  const model::WeightsFolder internvl(folders.internvl), siglip(folders.siglip);
  const model::SafetensorsFile checkpoint(weights_path(out()));
  int64_t published_weights = 0, compared = 0;
  for (const TensorRow& row : tensor_table(read_bundle_config(out()))) {
    ASSERT_TRUE(checkpoint.contains(row.name)) << row.name;
    const torch::Tensor ours = checkpoint.tensor(row.name);
    EXPECT_EQ(ours.scalar_type(), torch::kBFloat16);
    if (row.origin == Origin::kLibra) continue;
    const auto& source = row.origin == Origin::kInternVl ? internvl : siglip;
    EXPECT_TRUE(torch::equal(ours, source.tensor(row.published))) << row.name;
    published_weights += ours.numel();
    ++compared;
  }
  EXPECT_EQ(report.published, published_weights);
  EXPECT_EQ(checkpoint.names().size(), tensor_table(read_bundle_config(out())).size());
  EXPECT_GT(compared, 80);
}

TEST_F(Import, TheCheckpointPlansAndRefinesAlikeInBothPrecisions) {
  import_weights(small(), published(), out(), 1);
  std::vector<std::vector<float>> certainty, actions;
  for (const Precision precision : {Precision::kF32, Precision::kBf16Wide}) {
    const auto policy = load_policy(out(), {.precision = precision});
    const Observation observation = random_observation(5);
    const PlanRequest request{&observation, "pick up the milk", 0};
    IntentPlan plan;
    policy->planner()->plan({&request, 1}, {&plan, 1});
    Intent intent = plan.intents[0];  // the same for both: bins may differ where they are close
    for (uint8_t& bin : intent.bin.values()) bin = 3;
    const RefineRequest refine{&observation, &intent, request.instruction, 9};
    ActionChunk chunk;
    policy->refiner().refine({&refine, 1}, {&chunk, 1});
    certainty.emplace_back();
    actions.emplace_back();
    for (int i = 0; i < plan.intents[0].horizon; ++i) {
      for (size_t d = 0; d < 7; ++d) {
        certainty.back().push_back(plan.intents[0].probability[size_t(i)][d]);
        actions.back().push_back(chunk.actions[size_t(i)][d]);
      }
    }
  }
  // Stored in bf16 and computed in f32 either way, so only the order of sums differs.
  for (size_t i = 0; i < actions[0].size(); ++i) {
    EXPECT_NEAR(certainty[0][i], certainty[1][i], 1e-5);
    EXPECT_NEAR(actions[0][i], actions[1][i], 1e-4);
  }
}

TEST_F(Import, ConfigurationComesFromThePublishedFiles) {
  const PublishedFolders folders = published();
  model::LibraVlaConfig other = small();
  other.planner.backbone = {};
  other.refiner.vision = {};
  const model::LibraVlaConfig read = with_published_towers(other, folders);
  EXPECT_EQ(read.image_size, 28);
  EXPECT_EQ(read.refiner_image_size, 30);
  EXPECT_EQ(read.planner.backbone.llm_config.num_key_value_heads, 2);
  EXPECT_EQ(read.planner.backbone.llm_config.rope_scaling_type, "dynamic");
  EXPECT_FALSE(read.planner.backbone.llm_config.with_lm_head);
  EXPECT_EQ(read.refiner.vision.hidden_size, 12);
}

// Every generation of transformers writes it elsewhere.
TEST(PublishedConfig, RopeScalingIsReadUnderAllItsNames) {
  const auto read = [](const std::string& text) {
    return model::read_internlm2_config("{" + text + "}", "config.json");
  };
  for (const std::string section : {
           R"("rope_scaling": {"type": "dynamic", "factor": 2.0}, "rope_theta": 1e6)",
           R"("rope_scaling": {"rope_type": "dynamic", "factor": 2.0}, "rope_theta": 1e6)",
           R"("rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e6})",
       }) {
    const auto config = read(section);
    EXPECT_EQ(config.rope_scaling_type, "dynamic") << section;
    EXPECT_EQ(config.rope_scaling_factor, 2.0) << section;
    EXPECT_EQ(config.rope_theta, 1e6) << section;
  }
  EXPECT_EQ(read(R"("rope_parameters": {"rope_type": "default"})").rope_scaling_type, "none");
  EXPECT_EQ(read(R"("rope_scaling": null)").rope_scaling_type, "none");
  EXPECT_THROW(read(R"("rope_scaling": {"rope_type": "yarn", "factor": 4.0})"), Error);
  EXPECT_THROW(model::read_internvl_config(R"({"vision_config": {}})", "config.json"), Error);
}

TEST_F(Import, EveryProblemOfBothFoldersIsListedAtOnce) {
  const PublishedFolders folders = published();
  rewrite(folders.internvl, [](auto& tensors) {
    tensors.erase("mlp1.1.weight");
    tensors["stranger"] = torch::zeros({2});
    tensors["mlp1.1.bias"] = torch::zeros({3});
  });
  rewrite(folders.siglip, [](auto& tensors) {
    tensors["vision_model.post_layernorm.bias"] = torch::zeros({12}, torch::kInt64);
    tensors.erase("vision_model.post_layernorm.weight");
  });
  EXPECT_THAT(
      refusal(folders),
      AllOf(HasSubstr("1 missing (mlp1.1.weight)"), HasSubstr("1 unexpected (stranger)"),
            HasSubstr("mlp1.1.bias: expected [32], found [3]"),
            HasSubstr("1 missing (vision_model.post_layernorm.weight)"),
            HasSubstr("vision_model.post_layernorm.bias: expected BF16, F16 or F32, found I64"),
            Not(HasSubstr("text_model"))));
}

TEST_F(Import, DamagedFoldersAreNamed) {
  const PublishedFolders whole = published(8192);
  EXPECT_THAT(refusal({dir_ + "/nowhere", whole.siglip}), HasSubstr("nowhere/config.json"));

  const std::string shard = whole.internvl + "/model-00002-of-00";
  for (const auto& entry : fs::directory_iterator(whole.internvl)) {
    if (entry.path().string().starts_with(shard)) fs::rename(entry.path(), dir_ + "/moved");
  }
  EXPECT_THAT(refusal(whole),
              AllOf(HasSubstr("names a shard that is not there"), HasSubstr("model-00002-of-00")));
}

TEST_F(Import, AnIndexMustBeOneAndStayInItsFolder) {
  const PublishedFolders folders = published();
  const std::string index = folders.siglip + "/model.safetensors.index.json";
  write(index, "{\"weight_map\": {\"a\": \"../internvl/model.safetensors\"}}");
  EXPECT_THAT(refusal(folders), HasSubstr("shard is not a plain file name"));
  write(index, "[1, 2]");
  EXPECT_THAT(refusal(folders), HasSubstr("not a safetensors index"));
  write(index, "{\"weight_map\": {\"a\": \"model.safetensors\"}}");
  EXPECT_THAT(refusal(folders), HasSubstr("holds a tensor that the index places elsewhere"));
}

TEST_F(Import, ATokenizerThatIsNoneAndAConfigThatIsNone) {
  const PublishedFolders folders = published();
  const std::string model = folders.internvl + "/tokenizer.model";
  fs::copy_file(folders.internvl + "/config.json", model, fs::copy_options::overwrite_existing);
  EXPECT_THAT(refusal(folders), HasSubstr("tokenizer.model"));
  write(folders.siglip + "/config.json", "hidden_size = 12");
  EXPECT_THAT(refusal(folders), HasSubstr("siglip/config.json: not a JSON object"));
}

TEST(LoadPolicy, DevicesThatAreNotThere) {
  const std::string tiny = LIBRA_SOURCE_DIR "/checkpoints/libra_tiny_object";
  const auto message = [&](const PolicyOptions& options) -> std::string {
    try {
      load_policy(tiny, options);
    } catch (const Error& e) {
      EXPECT_EQ(e.exit_code(), 2);
      return e.what();
    }
    return "accepted";
  };
  EXPECT_THAT(message({.device = "tpu"}), HasSubstr("expected cpu, cuda or cuda:N"));
  EXPECT_THAT(message({.device = "cuda:9"}), HasSubstr("CUDA devices"));
}

}  // namespace
}  // namespace libra::policy
