#include "libra/policy/import.h"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/model/checkpoint.h"
#include "libra/model/published.h"
#include "libra/model/weights_folder.h"
#include "libra/policy/bundle.h"

namespace libra::policy {
namespace {

namespace fs = std::filesystem;
using model::PendingTensor;

// Where a published tower stands in our networks.
struct Tower {
  Origin origin;
  std::string prefix;  // published name = our name without this
};
const std::vector<Tower>& towers() {
  static const std::vector<Tower> list = {{Origin::kInternVl, "planner.backbone."},
                                          {Origin::kSigLip, "refiner.vision."}};
  return list;
}

// Parts of the published models that the policy does not use.
bool is_unneeded(Origin origin, const std::string& name) {
  if (origin == Origin::kInternVl) return name == "language_model.output.weight";
  return name.starts_with("text_model.") || name.starts_with("vision_model.head.") ||
         name == "logit_scale" || name == "logit_bias";
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::ostringstream out;
  out << torch::IntArrayRef(shape);
  return out.str();
}

std::string read_config(const std::string& folder) {
  return read_file(folder + "/config.json", "a published model folder");
}

int64_t weights_of(const std::vector<int64_t>& shape) { return c10::multiply_integers(shape); }

std::vector<TensorRow> rows_of(const torch::nn::Module& planner, const torch::nn::Module& refiner) {
  std::vector<TensorRow> rows;
  const auto add = [&](const torch::nn::Module& half, const std::string& prefix) {
    for (const auto& [name, tensor] : model::named_tensors(half)) {
      TensorRow row{prefix + name, tensor.sizes().vec(), Origin::kLibra, ""};
      for (const Tower& tower : towers()) {
        if (!row.name.starts_with(tower.prefix)) continue;
        row.origin = tower.origin;
        row.published = row.name.substr(tower.prefix.size());
      }
      rows.push_back(std::move(row));
    }
  };
  add(planner, "planner.");
  add(refiner, "refiner.");
  return rows;
}

// What `folder` lacks, has too much or has in another shape, against the table's rows of `origin`.
void compare(const std::vector<TensorRow>& rows, Origin origin, const model::WeightsFolder& folder,
             std::vector<std::string>& problems, ImportReport& report) {
  std::vector<std::string> missing, unexpected, wrong;
  std::map<std::string, const TensorRow*> expected;
  for (const TensorRow& row : rows) {
    if (row.origin != origin) continue;
    expected[row.published] = &row;
    const auto at = folder.tensors().find(row.published);
    if (at == folder.tensors().end()) {
      missing.push_back(row.published);
    } else if (at->second.shape != row.shape) {
      wrong.push_back(row.published + ": expected " + shape_text(row.shape) + ", found " +
                      shape_text(at->second.shape));
    } else if (!model::holds_weights(model::scalar_type(at->second.dtype))) {
      wrong.push_back(row.published + ": expected BF16, F16 or F32, found " +
                      model::dtype_name(at->second.dtype));
    }
  }
  for (const auto& [name, stored] : folder.tensors()) {
    if (expected.count(name) > 0) continue;
    if (is_unneeded(origin, name)) {
      report.left_out.push_back(name);
      report.unneeded += weights_of(stored.shape);
    } else {
      unexpected.push_back(name);
    }
  }
  const auto add = [&](const std::vector<std::string>& names, const std::string& what) {
    if (!names.empty())
      problems.push_back(folder.dir() + ": " + model::counted(names, what, names.size()));
  };
  add(missing, "missing");
  add(unexpected, "unexpected");
  add(wrong, "of wrong shape or type");
}

// The tensors of `origin`, in groups of at most `limit` bytes.
std::vector<std::vector<PendingTensor>> shards(const std::vector<TensorRow>& rows, Origin origin,
                                               int64_t limit) {
  std::vector<std::vector<PendingTensor>> out(1);
  int64_t size = 0;
  for (const TensorRow& row : rows) {
    if (row.origin != origin) continue;
    const bool is_norm = row.shape.size() == 1 && row.published.ends_with("weight");
    PendingTensor tensor{
        row.published, torch::kBFloat16, row.shape, [row, is_norm] {
          return is_norm ? torch::ones(row.shape, torch::kBFloat16)
                         : torch::empty(row.shape, torch::kBFloat16).normal_(0.0, 0.02);
        }};
    if (size > 0 && size + tensor.bytes() > limit) {
      out.emplace_back();
      size = 0;
    }
    size += tensor.bytes();
    out.back().push_back(std::move(tensor));
  }
  return out;
}

int64_t bytes_of(const std::vector<PendingTensor>& tensors) {
  int64_t total = 0;
  for (const auto& tensor : tensors) total += tensor.bytes();
  return total;
}

// Files named as published: model-00001-of-00003.safetensors and their index, or one file.
void write_shards(const std::string& dir, std::vector<std::vector<PendingTensor>> groups,
                  const std::function<void(const PendingTensor&)>& progress) {
  nlohmann::ordered_json map = nlohmann::ordered_json::object();
  int64_t total = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    char name[64] = "model.safetensors";
    if (groups.size() > 1) {
      std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", i + 1, groups.size());
    }
    for (const auto& tensor : groups[i]) map[tensor.name] = name;
    total += bytes_of(groups[i]);
    model::write_safetensors(dir + "/" + name, std::move(groups[i]), {{"format", "pt"}}, progress);
  }
  if (groups.size() > 1) {
    const nlohmann::ordered_json index = {{"metadata", {{"total_size", total}}},
                                          {"weight_map", std::move(map)}};
    write_file(dir + "/model.safetensors.index.json", index.dump(2));
  }
}

}  // namespace

const char* origin_name(Origin origin) {
  switch (origin) {
    case Origin::kInternVl:
      return "InternVL";
    case Origin::kSigLip:
      return "SigLIP";
    default:
      return "Libra";
  }
}

std::vector<TensorRow> tensor_table(const model::LibraVlaConfig& config) {
  config.validate("model config");
  const model::PlannerNet planner(config, /*img_context_token_id=*/0, nn::Fresh::kNone);
  const model::RefinerNet refiner(config, nn::Fresh::kNone);
  return rows_of(*planner, *refiner);
}

model::LibraVlaConfig with_published_towers(model::LibraVlaConfig config,
                                            const PublishedFolders& folders) {
  const std::string internvl = folders.internvl + "/config.json";
  config.planner.backbone = model::read_internvl_config(read_config(folders.internvl), internvl);
  config.planner.backbone.llm_config.with_lm_head = false;  // hidden states are all it gives
  config.image_size = config.planner.backbone.vision_config.image_size;
  if (config.refiner_has_vision()) {
    const std::string siglip = folders.siglip + "/config.json";
    config.refiner.vision = model::read_siglip_config(read_config(folders.siglip), siglip);
    config.refiner_image_size = config.refiner.vision.image_size;
  }
  return config;
}

ImportReport import_weights(const model::LibraVlaConfig& wanted, const PublishedFolders& folders,
                            const std::string& out, uint64_t seed, const ImportProgress& progress) {
  const model::LibraVlaConfig config = with_published_towers(wanted, folders);
  std::map<Origin, model::WeightsFolder> sources;
  sources.emplace(Origin::kInternVl, folders.internvl);
  if (config.refiner_has_vision()) sources.emplace(Origin::kSigLip, folders.siglip);

  torch::manual_seed(seed);
  const ModelBundle bundle = make_bundle(config, action::NormStats::identity(config.embodiment),
                                         folders.internvl, nn::Fresh::kHeads);
  const std::vector<TensorRow> rows = rows_of(*bundle.planner, *bundle.refiner);
  ImportReport report;
  std::vector<std::string> problems;
  for (const auto& [origin, folder] : sources) compare(rows, origin, folder, problems, report);
  if (!problems.empty()) {
    throw Error(ErrorCode::kBadInput,
                {.where = "libra import",
                 .problem = "weights do not belong to the model that config.json describes",
                 .found = join_names(problems, "; ")});
  }

  std::vector<PendingTensor> weights = bundle_weights(bundle);
  for (size_t i = 0; i < rows.size(); ++i) {
    const TensorRow& row = rows[i];
    if (row.origin == Origin::kLibra) {
      report.fresh += weights_of(row.shape);
      continue;
    }
    report.published += weights_of(row.shape);
    const model::WeightsFolder& source = sources.at(row.origin);
    weights[i].make = [&source, name = row.published] { return source.tensor(name); };
  }
  const int64_t total = bytes_of(weights);
  int64_t done = 0;
  save_bundle(bundle, std::move(weights), out, [&](const PendingTensor& tensor) {
    done += tensor.bytes();
    if (progress) progress(done, total);
  });
  return report;
}

PublishedFolders write_random_published(const model::LibraVlaConfig& wanted,
                                        const std::string& tokenizer_dir, const std::string& dir,
                                        uint64_t seed, int64_t shard_bytes,
                                        const ImportProgress& progress) {
  model::LibraVlaConfig config = wanted;  // with the parts that the policy leaves out
  config.planner.backbone.llm_config.with_lm_head = true;
  config.refiner.vision.pooling_head = true;
  torch::manual_seed(seed);
  const PublishedFolders folders{dir + "/internvl", dir + "/siglip"};
  fs::create_directories(folders.internvl);
  fs::create_directories(folders.siglip);
  const std::vector<TensorRow> rows = tensor_table(config);
  int64_t done = 0, total = 0;
  for (const TensorRow& row : rows) {
    if (row.origin != Origin::kLibra) total += 2 * weights_of(row.shape);
  }
  const auto count = [&](const PendingTensor& tensor) {
    done += tensor.bytes();
    if (progress) progress(done, total);
  };
  write_shards(folders.internvl, shards(rows, Origin::kInternVl, shard_bytes), count);
  write_shards(folders.siglip, shards(rows, Origin::kSigLip, shard_bytes), count);
  write_file(folders.internvl + "/config.json",
             model::internvl_config_json(config.planner.backbone));
  write_file(folders.siglip + "/config.json", model::siglip_config_json(config.refiner.vision));
  for (const char* name : {"tokenizer.model", "added_tokens.json"}) {
    fs::copy_file(tokenizer_dir + "/" + name, folders.internvl + "/" + name,
                  fs::copy_options::overwrite_existing);
  }
  return folders;
}

}  // namespace libra::policy
