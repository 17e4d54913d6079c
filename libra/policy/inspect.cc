#include "libra/policy/inspect.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "libra/core/error.h"
#include "libra/model/libra_vla/config.h"
#include "libra/model/safetensors.h"

namespace libra::policy {

std::string torch_summary() {
  const auto gpus = torch::cuda::device_count();
  return std::string(TORCH_VERSION) +
         (gpus > 0 ? ", " + std::to_string(gpus) + " CUDA device(s)" : ", no CUDA device");
}

CheckpointSummary inspect_checkpoint(const std::string& dir) {
  const std::string config_path = dir + "/config.json", weights_path = dir + "/model.safetensors";
  std::ifstream file(config_path);
  if (!file) {
    throw Error(
        ErrorCode::kNotFound,
        {.where = config_path, .problem = "cannot be read", .expected = "a checkpoint folder"});
  }
  std::ostringstream text;
  text << file.rdbuf();
  model::LibraVlaConfig config;
  list_fields(config).read_json(text.str(), config_path);

  CheckpointSummary summary;
  summary.name = config.name;
  summary.variant = config.variant;
  summary.horizon = config.action.horizon;
  summary.expansion = config.action.expansion;
  summary.bins = config.action.bins;
  const model::SafetensorsFile weights(weights_path);
  summary.bytes = static_cast<int64_t>(std::filesystem::file_size(weights_path));
  for (const auto& [name, tensor] : weights.header().tensors) {
    int64_t count = 1;
    for (const int64_t side : tensor.shape) count *= side;
    const size_t second = name.find('.', name.find('.') + 1);
    summary.parameters[name.substr(0, second)] += count;
    summary.total += count;
  }
  return summary;
}

}  // namespace libra::policy
