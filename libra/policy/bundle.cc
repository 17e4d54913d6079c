#include "libra/policy/bundle.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "libra/core/data_root.h"
#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/model/checkpoint.h"
#include "libra/nn/precision.h"
#include "libra/policy/load_policy.h"

namespace libra::policy {
namespace {

namespace fs = std::filesystem;

// Of a checkpoint folder. 1: without an embodiment, which was LIBERO's.
constexpr int kFormat = 2;
constexpr const char* kConfigFile = "config.json";
constexpr const char* kWeightsFile = "model.safetensors";
constexpr const char* kStatsFile = "norm_stats.json";
constexpr const char* kTokenizerFile = "tokenizer.model";
constexpr const char* kAddedTokensFile = "added_tokens.json";

// A text file of a checkpoint folder.
std::string read_part(const fs::path& path) {
  return read_file(path.string(),
                   std::string("a checkpoint folder with ") + kConfigFile + ", " + kWeightsFile +
                       ", " + kStatsFile + ", " + kTokenizerFile,
                   "train one with `libra train`, or use one from checkpoints/");
}

std::vector<std::pair<std::shared_ptr<torch::nn::Module>, std::string>> halves(
    const ModelBundle& bundle) {
  return {{bundle.planner.ptr(), "planner."}, {bundle.refiner.ptr(), "refiner."}};
}

// kAuto decided by the size of the model.
Precision resolve_precision(Precision asked, const ModelBundle& bundle) {
  if (asked != Precision::kAuto) return asked;
  return is_large(bundle) ? Precision::kBf16 : Precision::kF32;
}

bool wants_narrow_products(Precision precision) {
  return precision == Precision::kBf16Narrow ||
         (precision == Precision::kBf16 && nn::bf16_is_faster());
}

}  // namespace

bool is_large(const ModelBundle& bundle) {
  constexpr int64_t kLarge = 256'000'000;
  int64_t count = 0;
  for (const auto& [half, prefix] : halves(bundle)) {
    for (const auto& p : half->parameters()) count += p.numel();
  }
  return count > kLarge;
}

void check_weights_finite(const ModelBundle& bundle, const std::string& where) {
  const torch::NoGradGuard no_grad;
  std::vector<std::string> bad;
  for (const auto& [half, prefix] : halves(bundle)) {
    for (const auto& [name, tensor] : model::named_tensors(*half)) {
      // A sum is NaN or infinite where a value is; and is one pass without a copy.
      if (!tensor.is_floating_point() || tensor.sum(torch::kFloat64).isfinite().item<bool>())
        continue;
      bad.push_back(prefix + name);
    }
  }
  if (bad.empty()) return;
  throw Error(ErrorCode::kBadInput,
              {.where = where,
               .problem = "weights are not finite numbers: " + model::counted(bad, "tensors"),
               .next = "take a checkpoint of before the training diverged"});
}

torch::Device find_device(const std::string& name) {
  const auto fail = [&](const std::string& problem, const std::string& next) {
    throw Error(ErrorCode::kBadInput, {.where = "--device " + name,
                                       .problem = problem,
                                       .expected = "cpu, cuda or cuda:N",
                                       .next = next});
  };
  if (name == "cpu") return torch::kCPU;
  const bool numbered = name.size() == 6 && name.starts_with("cuda:") && std::isdigit(name[5]);
  if (name != "cuda" && !numbered) fail("unknown device", "");
  const int index = numbered ? name[5] - '0' : 0;
  if (index >= int(torch::cuda::device_count())) {
    fail("this LibTorch sees " + std::to_string(torch::cuda::device_count()) + " CUDA devices",
         "`libra doctor` tells what there is; build against a LibTorch with CUDA to use a GPU");
  }
  return torch::Device(torch::kCUDA, c10::DeviceIndex(index));
}

void move_to(ModelBundle& bundle, torch::Device device) {
  bundle.planner->to(device);
  bundle.refiner->to(device);
}

ModelBundle make_bundle(const model::LibraVlaConfig& config, const action::NormStats& stats,
                        const std::string& tokenizer_dir, nn::Fresh fresh) {
  config.validate("model config");
  std::string added;  // the published folders have one of them or both
  for (const char* name : {"tokenizer_config.json", kAddedTokensFile}) {
    const std::string path = tokenizer_dir + "/" + name;
    if (fs::exists(path)) added = path;
  }
  auto tokenizer =
      std::make_shared<const preprocess::Tokenizer>(tokenizer_dir + "/" + kTokenizerFile, added);
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
  std::shared_ptr<const TextEncoder> text;
  if (config.planner.text.enabled()) {
    text = std::make_shared<const TextEncoder>(config.planner.text);
    bundle.config.planner.text.hash = text->hash();
  }
  bundle.planner =
      model::PlannerNet(config, tokenizer->special_id(preprocess::kImageContext), fresh);
  bundle.refiner = model::RefinerNet(config, fresh);
  bundle.scheduler = nn::DiffusionScheduler(config.refiner.diffusion);
  bundle.transforms = std::make_shared<const Transforms>(
      bundle.config, stats, tokenizer, static_cast<int>(bundle.planner->tokens_per_image()), text);
  return bundle;
}

model::LibraVlaConfig read_bundle_config(const std::string& dir) {
  model::LibraVlaConfig config;
  const std::string path = (fs::path(dir) / kConfigFile).string();
  nlohmann::json values = nlohmann::json::parse(read_part(path), nullptr, false);
  int format = 1;
  if (values.is_object() && values.contains("format")) {
    if (values["format"].is_number_integer()) format = values["format"].get<int>();
    if (format < 2 || format > kFormat) {
      throw Error(ErrorCode::kBadInput, {.where = path,
                                         .problem = "is of a format that this Libra does not know",
                                         .expected = "up to " + std::to_string(kFormat),
                                         .found = values["format"].dump(),
                                         .next = "use a newer Libra"});
    }
    values.erase("format");
  } else if (values.is_object()) {
    values.erase("cameras");  // before embodiments there was one robot
  }
  list_fields(config).read_json(values.is_discarded() ? "" : values.dump(), path);
  return config;
}

std::string weights_path(const std::string& dir) { return (fs::path(dir) / kWeightsFile).string(); }

action::NormStats read_bundle_stats(const std::string& dir) {
  const std::string path = (fs::path(dir) / kStatsFile).string();
  return action::norm_stats_from_json(read_part(path), path);
}

ModelBundle adopt_bundle(const std::string& folder, const model::LibraVlaConfig& config,
                         const action::NormStats& stats, AdoptedWeights& adopted) {
  const std::string dir = find_data(folder), weights = weights_path(dir);
  ModelBundle bundle = make_bundle(config, stats, dir);
  for (const auto& [half, prefix] : halves(bundle)) {
    const auto report = model::load_into(*half, weights,
                                         {.prefix = prefix,
                                          .allow_missing = true,
                                          .allow_unexpected = true,
                                          .allow_misshapen = true,
                                          .precision = torch::kFloat32});
    adopted.kept += report.loaded;
    for (const auto* list : {&report.missing, &report.misshapen}) {
      adopted.fresh.insert(adopted.fresh.end(), list->begin(), list->end());
    }
    adopted.left.insert(adopted.left.end(), report.unexpected.begin(), report.unexpected.end());
  }
  if (adopted.kept == 0) {
    throw Error(ErrorCode::kBadInput, {.where = folder,
                                       .problem = "has no tensor that fits this model",
                                       .next = "start without it"});
  }
  check_weights_finite(bundle, weights);
  return bundle;
}

ModelBundle load_bundle(const std::string& folder, const BundleOptions& options) {
  const std::string dir = find_data(folder);
  const torch::Device device = find_device(options.device);
  const std::string weights = weights_path(dir);
  const model::LibraVlaConfig config = read_bundle_config(dir);
  ModelBundle bundle = make_bundle(config, read_bundle_stats(dir), dir, nn::Fresh::kNone);
  const Precision resolved = resolve_precision(options.precision, bundle);
  const auto precision = resolved == Precision::kF32 ? torch::kFloat32 : torch::kBFloat16;
  bundle.narrow_products = wants_narrow_products(resolved);
  for (const auto& [half, prefix] : halves(bundle)) {
    const auto report = model::load_into(
        *half, weights, {.prefix = prefix, .allow_unexpected = true, .precision = precision});
    bundle.unclaimed.insert(bundle.unclaimed.end(), report.unexpected.begin(),
                            report.unexpected.end());
  }
  for (const std::string& name : model::SafetensorsFile(weights).names()) {
    if (!name.starts_with("planner.") && !name.starts_with("refiner.")) {
      bundle.unclaimed.push_back(name);
    }
  }
  // Large weights are not read before they are used; what they do then is looked at.
  if (!is_large(bundle)) check_weights_finite(bundle, weights);
  if (!device.is_cpu()) move_to(bundle, device);
  bundle.planner->eval();
  bundle.refiner->eval();
  return bundle;
}

std::vector<model::PendingTensor> bundle_weights(const ModelBundle& bundle) {
  auto weights = model::module_tensors(*bundle.planner, "planner.", torch::kBFloat16);
  for (auto& entry : model::module_tensors(*bundle.refiner, "refiner.", torch::kBFloat16)) {
    weights.push_back(std::move(entry));
  }
  return weights;
}

void save_bundle(const ModelBundle& bundle, const std::string& dir) {
  save_bundle(bundle, bundle_weights(bundle), dir);
}

void save_bundle(const ModelBundle& bundle, std::vector<model::PendingTensor> weights,
                 const std::string& dir,
                 const std::function<void(const model::PendingTensor&)>& progress) {
  const fs::path fresh(dir + ".new");
  fs::remove_all(fresh);
  fs::create_directories(fresh);
  model::LibraVlaConfig config = bundle.config;
  nlohmann::json values = nlohmann::json::parse(list_fields(config).to_json());
  values["format"] = kFormat;
  write_file((fresh / kConfigFile).string(), values.dump(2) + "\n");
  write_file((fresh / kStatsFile).string(), action::to_json(bundle.transforms->stats()));
  write_file((fresh / kTokenizerFile).string(), bundle.transforms->tokenizer().model_bytes());
  write_file((fresh / kAddedTokensFile).string(),
             bundle.transforms->tokenizer().added_tokens_json());
  model::write_safetensors(weights_path(fresh.string()), std::move(weights), {{"format", "libra"}},
                           progress);
  replace_path(fresh.string(), dir);
}

}  // namespace libra::policy
