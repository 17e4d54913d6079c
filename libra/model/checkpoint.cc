#include "libra/model/checkpoint.h"

#include <map>
#include <set>
#include <sstream>

#include "libra/core/error.h"
#include "libra/model/safetensors.h"

namespace libra::model {
namespace {

// Parameters and buffers by name.
std::vector<std::pair<std::string, torch::Tensor>> named_tensors(const torch::nn::Module& module) {
  std::vector<std::pair<std::string, torch::Tensor>> out;
  for (const auto& p : module.named_parameters()) out.emplace_back(p.key(), p.value());
  for (const auto& b : module.named_buffers()) out.emplace_back(b.key(), b.value());
  return out;
}

std::string shape_text(torch::IntArrayRef shape) {
  std::ostringstream out;
  out << shape;
  return out.str();
}

// "3 missing (a, b, c)"; long lists are cut.
std::string counted(const std::vector<std::string>& names, const std::string& what) {
  constexpr size_t kShown = 8;
  const std::vector<std::string> shown(names.begin(),
                                       names.begin() + long(std::min(kShown, names.size())));
  return std::to_string(names.size()) + " " + what + " (" + join_names(shown) +
         (names.size() > kShown ? ", ..." : "") + ")";
}

}  // namespace

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
  std::vector<std::pair<torch::Tensor, torch::Tensor>> copies;  // to, from
  for (const auto& [own, tensor] : named_tensors(module)) {
    const std::string name = options.prefix + (options.rename ? options.rename(own) : own);
    const auto at = source.find(name);
    if (at == source.end()) {
      report.missing.push_back(name);
      continue;
    }
    claimed.insert(name);
    const torch::Tensor stored = at->second->tensor(name);
    if (stored.sizes() != tensor.sizes()) {
      wrong.push_back(name + ": expected " + shape_text(tensor.sizes()) + ", found " +
                      shape_text(stored.sizes()));
    } else if (stored.is_floating_point() != tensor.is_floating_point()) {
      wrong.push_back(name + ": found " + c10::toString(stored.scalar_type()));
    } else {
      copies.emplace_back(tensor, stored);
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
  for (auto& [to, from] : copies) to.copy_(from);
  report.loaded = int64_t(copies.size());
  return report;
}

LoadReport load_into(torch::nn::Module& module, const std::string& file,
                     const LoadOptions& options) {
  return load_into(module, std::vector<std::string>{file}, options);
}

std::vector<std::pair<std::string, torch::Tensor>> module_tensors(const torch::nn::Module& module,
                                                                  const std::string& prefix,
                                                                  torch::ScalarType dtype) {
  std::vector<std::pair<std::string, torch::Tensor>> out;
  for (const auto& [name, tensor] : named_tensors(module)) {
    const torch::Tensor plain = tensor.detach();
    out.emplace_back(prefix + name, plain.is_floating_point() ? plain.to(dtype) : plain);
  }
  return out;
}

void save_module(const torch::nn::Module& module, const std::string& path,
                 torch::ScalarType dtype) {
  write_safetensors(path, module_tensors(module, "", dtype));
}

}  // namespace libra::model
