#include "libra/model/checkpoint.h"

#include <map>
#include <set>
#include <sstream>

#include "libra/core/error.h"
#include "libra/nn/linear.h"

namespace libra::model {
namespace {

std::string shape_text(torch::IntArrayRef shape) {
  std::ostringstream out;
  out << shape;
  return out.str();
}

}  // namespace

std::string counted(const std::vector<std::string>& names, const std::string& what, size_t shown) {
  const std::vector<std::string> first(names.begin(),
                                       names.begin() + long(std::min(shown, names.size())));
  return std::to_string(names.size()) + " " + what + " (" + join_names(first) +
         (names.size() > shown ? ", ..." : "") + ")";
}

std::vector<std::pair<std::string, torch::Tensor>> named_tensors(const torch::nn::Module& module) {
  std::vector<std::pair<std::string, torch::Tensor>> out;
  for (const auto& p : module.named_parameters()) out.emplace_back(p.key(), p.value());
  for (const auto& b : module.named_buffers()) out.emplace_back(b.key(), b.value());
  return out;
}

LoadReport load_into(torch::nn::Module& module, const std::vector<std::string>& paths,
                     const LoadOptions& options) {
  std::vector<SafetensorsFile> files;
  for (const auto& path : paths) files.emplace_back(path);
  std::map<std::string, const SafetensorsFile*> source;
  for (const auto& file : files) {
    for (const auto& name : file.names()) {
      if (!name.starts_with(options.prefix)) continue;
      if (!source.emplace(name, &file).second) {
        throw Error(
            ErrorCode::kBadInput,
            {.where = file.path(), .problem = "name is also in another file", .found = name});
      }
    }
  }

  LoadReport report;
  std::vector<std::string> wrong;
  std::set<std::string> claimed;
  std::vector<std::pair<torch::Tensor, torch::Tensor>> pairs;  // ours, stored
  for (const auto& [own, tensor] : named_tensors(module)) {
    const std::string name = options.prefix + (options.rename ? options.rename(own) : own);
    const auto at = source.find(name);
    if (at == source.end()) {
      report.missing.push_back(name);
      continue;
    }
    claimed.insert(name);
    const torch::Tensor stored = at->second->tensor(name);
    if (stored.sizes() != tensor.sizes() && options.allow_misshapen) {
      report.misshapen.push_back(name);
    } else if (stored.sizes() != tensor.sizes()) {
      wrong.push_back(name + ": expected " + shape_text(tensor.sizes()) + ", found " +
                      shape_text(stored.sizes()));
    } else if (holds_weights(stored.scalar_type()) != tensor.is_floating_point()) {
      wrong.push_back(name + ": found " + c10::toString(stored.scalar_type()));
    } else {
      pairs.emplace_back(tensor, stored);
    }
  }
  for (const auto& [name, file] : source) {
    if (claimed.count(name) == 0) report.unexpected.push_back(name);
  }

  std::vector<std::string> problems;
  if (!report.missing.empty() && !options.allow_missing)
    problems.push_back(counted(report.missing, "missing"));
  if (!report.unexpected.empty() && !options.allow_unexpected) {
    problems.push_back(counted(report.unexpected, "unexpected"));
  }
  if (!wrong.empty()) problems.push_back(counted(wrong, "of wrong shape or type"));
  if (!problems.empty()) {
    throw Error(ErrorCode::kBadInput, {.where = join_names(paths),
                                       .problem = "weights do not belong to this model",
                                       .found = join_names(problems, "; "),
                                       .next = "use the config that the weights came with"});
  }
  const torch::NoGradGuard no_grad;
  for (auto& [own, stored] : pairs) {
    const auto dtype =
        options.precision ? nn::parameter_type(own, *options.precision) : own.scalar_type();
    own.set_data(stored.to(own.device(), dtype));
    stored.reset();  // gives the file's pages back if they were converted
  }
  report.loaded = int64_t(pairs.size());
  return report;
}

LoadReport load_into(torch::nn::Module& module, const std::string& file,
                     const LoadOptions& options) {
  return load_into(module, std::vector<std::string>{file}, options);
}

std::vector<PendingTensor> module_tensors(const torch::nn::Module& module,
                                          const std::string& prefix, torch::ScalarType dtype) {
  std::map<std::string, std::shared_ptr<nn::LinearImpl>> adapted;  // by their weight's name
  for (const auto& entry : module.named_modules("", /*include_self=*/false)) {
    auto linear = std::dynamic_pointer_cast<nn::LinearImpl>(entry.value());
    if (linear && linear->has_lora()) adapted[entry.key() + ".weight"] = std::move(linear);
  }
  std::vector<PendingTensor> out;
  for (const auto& [name, tensor] : named_tensors(module)) {
    if (nn::is_lora(name)) continue;
    out.push_back(pending(prefix + name, tensor));
    if (tensor.is_floating_point()) out.back().dtype = dtype;
    if (const auto found = adapted.find(name); found != adapted.end()) {
      out.back().make = [layer = found->second] { return layer->merged_weight(); };
    }
  }
  return out;
}

void save_module(const torch::nn::Module& module, const std::string& path,
                 torch::ScalarType dtype) {
  write_safetensors(path, module_tensors(module, "", dtype));
}

}  // namespace libra::model
