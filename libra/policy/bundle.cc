#include "libra/policy/bundle.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "libra/core/error.h"
#include "libra/model/checkpoint.h"
#include "libra/model/safetensors.h"

namespace libra::policy {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfigFile = "config.json";
constexpr const char* kWeightsFile = "model.safetensors";
constexpr const char* kStatsFile = "norm_stats.json";
constexpr const char* kTokenizerFile = "tokenizer.model";
constexpr const char* kAddedTokensFile = "added_tokens.json";

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw Error(ErrorCode::kNotFound,
                {.where = path.string(),
                 .problem = "cannot be read",
                 .expected = std::string("a checkpoint folder with ") + kConfigFile + ", " +
                             kWeightsFile + ", " + kStatsFile + ", " + kTokenizerFile,
                 .next = "train one with `libra train`, or use one from checkpoints/"});
  }
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  if (!file.flush())
    throw Error(ErrorCode::kFailed, {.where = path.string(), .problem = "cannot be written"});
}

}  // namespace

ModelBundle make_bundle(const model::LibraVlaConfig& config, const action::NormStats& stats,
                        const std::string& tokenizer_dir) {
  config.validate("model config");
  const std::string added = tokenizer_dir + "/" + kAddedTokensFile;
  auto tokenizer = std::make_shared<const preprocess::Tokenizer>(
      tokenizer_dir + "/" + kTokenizerFile, fs::exists(added) ? added : "");
  const int vocab = config.planner.backbone.llm_config.vocab_size;
  if (tokenizer->vocab_size() > vocab) {
    throw Error(ErrorCode::kBadInput,
                {.where = tokenizer_dir,
                 .problem = "the tokenizer has more tokens than the language model",
                 .expected = "at most " + std::to_string(vocab),
                 .found = std::to_string(tokenizer->vocab_size()),
                 .next = "set model.planner.backbone.llm_config.vocab_size"});
  }
  ModelBundle bundle;
  bundle.config = config;
  bundle.planner = model::PlannerNet(config, tokenizer->special_id(preprocess::kImageContext));
  bundle.refiner = model::RefinerNet(config);
  bundle.scheduler = nn::DiffusionScheduler(config.refiner.diffusion);
  bundle.transforms = std::make_shared<const Transforms>(
      config, stats, tokenizer, static_cast<int>(bundle.planner->tokens_per_image()));
  return bundle;
}

ModelBundle load_bundle(const std::string& dir) {
  const fs::path folder(dir);
  model::LibraVlaConfig config;
  const std::string config_path = (folder / kConfigFile).string();
  list_fields(config).read_json(read_file(config_path), config_path);
  const std::string stats_path = (folder / kStatsFile).string();
  const action::NormStats stats = action::norm_stats_from_json(read_file(stats_path), stats_path);
  ModelBundle bundle = make_bundle(config, stats, dir);
  const std::string weights = (folder / kWeightsFile).string();
  // Each half ignores the other's tensors; a name of neither is found by both together.
  model::load_into(*bundle.planner, weights, {.prefix = "planner."});
  model::load_into(*bundle.refiner, weights, {.prefix = "refiner."});
  bundle.planner->eval();
  bundle.refiner->eval();
  return bundle;
}

void save_bundle(const ModelBundle& bundle, const std::string& dir) {
  const fs::path kept(dir), fresh(dir + ".new");
  fs::remove_all(fresh);
  fs::create_directories(fresh);
  model::LibraVlaConfig config = bundle.config;
  write_file(fresh / kConfigFile, list_fields(config).to_json());
  write_file(fresh / kStatsFile, action::to_json(bundle.transforms->stats()));
  write_file(fresh / kTokenizerFile, bundle.transforms->tokenizer().model_bytes());
  write_file(fresh / kAddedTokensFile, bundle.transforms->tokenizer().added_tokens_json());
  auto tensors = model::module_tensors(*bundle.planner, "planner.", torch::kBFloat16);
  for (auto& entry : model::module_tensors(*bundle.refiner, "refiner.", torch::kBFloat16)) {
    tensors.push_back(std::move(entry));
  }
  model::write_safetensors((fresh / kWeightsFile).string(), tensors, {{"format", "libra"}});
  fs::remove_all(kept);
  fs::rename(fresh, kept);
}

}  // namespace libra::policy
