#include "libra/policy/inspect.h"

#include <ATen/Version.h>
#include <torch/version.h>

#include <filesystem>

#include "libra/core/data_root.h"
#include "libra/model/safetensors.h"
#include "libra/nn/precision.h"
#include "libra/policy/bundle.h"

namespace libra::policy {

std::string torch_summary() {
  const auto gpus = torch::cuda::device_count();
  return std::string(TORCH_VERSION) + ", kernels for " + at::get_cpu_capability() +
         (gpus > 0 ? ", " + std::to_string(gpus) + " CUDA device(s)" : ", no CUDA device");
}

std::string precision_summary() {
  return nn::bf16_is_faster() ? "products in bf16, which this processor multiplies faster than f32"
                              : "products in f32, because bf16 is no faster on this processor";
}

CheckpointSummary inspect_checkpoint(const std::string& folder) {
  const std::string dir = find_data(folder);
  const model::LibraVlaConfig config = read_bundle_config(dir);
  const std::string path = weights_path(dir);

  CheckpointSummary summary;
  summary.name = config.name;
  summary.variant = word_of(config.variant);
  summary.horizon = config.action.horizon;
  summary.expansion = config.action.expansion;
  summary.bins = config.action.bins;
  const model::SafetensorsFile weights(path);
  summary.bytes = static_cast<int64_t>(std::filesystem::file_size(path));
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
