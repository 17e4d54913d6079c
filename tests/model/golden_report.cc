#include "tests/model/golden_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

namespace libra::model {
namespace {

constexpr const char* kOfficialFile = "bf16.json";

}  // namespace

bool has_official_bf16(const std::string& dir) {
  namespace fs = std::filesystem;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    const fs::path set = entry.path().parent_path();
    if (set.filename() == "bert_tiny") continue;  // text encoders run in f32 alone
    if (entry.path().filename() == "model.safetensors" && !fs::exists(set / kOfficialFile)) {
      return false;
    }
  }
  return true;
}

void GoldenReport::run(Check check, const std::string& dir) {
  const nn::NarrowProducts products(computed_ == Computed::kBf16Narrow);
  enter(dir);
  check(dir, *this);
}

void GoldenReport::enter(const std::string& dir) {
  official_.clear();
  const std::string file = dir + "/" + kOfficialFile;
  if (computed_ != Computed::kBf16Narrow || !std::filesystem::exists(file)) return;
  official_ = nlohmann::json::parse(read_file(file)).get<std::map<std::string, double>>();
}

void GoldenReport::add(const std::string& group, const std::string& name, double difference,
                       double limit) {
  Group& g = groups_[group];
  ++g.compared;
  const double share =
      std::isfinite(difference) ? difference / limit : std::numeric_limits<double>::infinity();
  if (g.compared > 1 && share <= g.worst) return;
  g.worst = share;
  g.difference = difference;
  g.limit = limit;
  g.tensor = name;
}

void GoldenReport::compare(const std::string& group, const std::string& name,
                           const torch::Tensor& actual, const torch::Tensor& expected,
                           double limit) {
  const auto size = [&](const torch::Tensor& x) {
    if (x.numel() == 0) return 0.0;
    const torch::Tensor wide = x.detach().to(torch::kFloat64);
    return (with_gradients() ? wide.abs().max() : wide.norm()).item<double>();
  };
  double difference = std::numeric_limits<double>::infinity();
  if (actual.defined() && actual.sizes() == expected.sizes()) {
    const double whole = size(expected);
    difference =
        size(actual.to(torch::kCPU, torch::kFloat64) - expected.to(torch::kCPU, torch::kFloat64)) /
        (whole > 0 ? whole : 1.0);
  }
  add(group, name, difference, official_.empty() ? limit : official_limit(name));
}

double GoldenReport::official_limit(const std::string& tensor) const {
  if (official_.contains(tensor)) return kOfficialShare * official_.at(tensor);
  double worst = 0;
  for (const auto& [name, loss] : official_) worst = std::max(worst, loss);
  return kOfficialShare * worst;
}

void GoldenReport::compare_absolute(const std::string& group, const std::string& name,
                                    const torch::Tensor& actual, const torch::Tensor& expected,
                                    double limit) {
  double difference = std::numeric_limits<double>::infinity();
  if (actual.defined() && actual.sizes() == expected.sizes()) {
    difference = expected.numel() == 0 ? 0.0
                                       : (actual.detach().to(torch::kCPU, torch::kFloat64) -
                                          expected.to(torch::kCPU, torch::kFloat64))
                                             .abs()
                                             .max()
                                             .item<double>();
  }
  add(group, name, difference, limit);
}

bool GoldenReport::passed() const {
  for (const auto& [name, group] : groups_) {
    if (!(group.worst <= 1.0)) return false;
  }
  return !groups_.empty();
}

std::string GoldenReport::text() const {
  std::ostringstream out;
  for (const auto& [name, g] : groups_) {
    char line[256];
    std::snprintf(line, sizeof line, "%-4s %-38s %5d compared, worst %.1e of %.0e  %s\n",
                  g.worst <= 1.0 ? "ok" : "MISS", name.c_str(), g.compared, g.difference, g.limit,
                  g.tensor.c_str());
    out << line;
  }
  return out.str();
}

}  // namespace libra::model
