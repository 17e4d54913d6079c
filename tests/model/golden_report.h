// Compares our modules with folders of reference numbers (tests/golden and others of the same form)
// and keeps the worst relative difference of each group of tensors.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libra/core/file.h"
#include "libra/model/safetensors.h"
#include "libra/nn/linear.h"
#include "libra/nn/torch.h"

namespace libra::model {

// Limits on max|a - b| / max|b| of a tensor, and in bf16 on |a - b| / |b| (Euclidean norms):
// rounding the sets' weights to bf16 alone moves single elements by up to 3.4e-2 of the largest.
// Narrow products (nn/linear.h) may lose kOfficialShare times what the official code loses of the
// same tensor when it runs in bf16, which bf16.json says beside each set, and where it does not,
// of the set's worst (tests/golden/official_bf16.py).
inline constexpr double kForwardLimit = 2e-5;
inline constexpr double kGradientLimit = 1e-4;
inline constexpr double kBf16Limit = 2e-2;
inline constexpr double kOfficialShare = 1.25;

enum class Computed { kF32, kBf16Wide, kBf16Narrow };

class GoldenReport {
 public:
  // In bf16 the networks run in that precision, forward only.
  explicit GoldenReport(Computed computed = Computed::kF32, torch::Device device = torch::kCPU)
      : computed_(computed), device_(device) {}
  torch::Device device() const { return device_; }  // of the networks
  using Check = void (*)(const std::string& dir, GoldenReport& report);
  void run(Check check, const std::string& dir);
  // What is compared from now on belongs to the set in `dir`.
  void enter(const std::string& dir);
  // Under narrow products the set says more of each tensor.
  double forward_limit() const { return with_gradients() ? kForwardLimit : kBf16Limit; }
  bool with_gradients() const { return computed_ == Computed::kF32; }
  void cast(torch::nn::Module& module) const {
    nn::set_precision(module, with_gradients() ? torch::kFloat32 : torch::kBFloat16);
    module.to(device_);
  }

  struct Group {
    double worst = 0.0;  // difference over limit
    double difference = 0.0, limit = 0.0;
    std::string tensor;  // that has it
    int compared = 0;
  };

  void compare(const std::string& group, const std::string& name, const torch::Tensor& actual,
               const torch::Tensor& expected, double limit);
  // limit on max|a - b| itself: for values that are zero in theory.
  void compare_absolute(const std::string& group, const std::string& name,
                        const torch::Tensor& actual, const torch::Tensor& expected, double limit);
  void add(const std::string& group, const std::string& name, double difference, double limit);
  bool passed() const;
  const std::map<std::string, Group>& groups() const { return groups_; }
  std::string text() const;  // one line per group

 private:
  double official_limit(const std::string& tensor) const;

  Computed computed_;
  torch::Device device_;
  std::map<std::string, double> official_;  // loss of each tensor of the set
  std::map<std::string, Group> groups_;
};

// A set's tensors, on the device of the networks.
class GoldenFile {
 public:
  GoldenFile(const std::string& path, const GoldenReport& report)
      : file_(path), device_(report.device()) {}
  std::vector<std::string> names() const { return file_.names(); }
  bool contains(const std::string& name) const { return file_.contains(name); }
  torch::Tensor tensor(const std::string& name) const { return file_.tensor(name).to(device_); }

 private:
  SafetensorsFile file_;
  torch::Device device_;
};

// Whether every set of networks in `dir` says what the official code loses in bf16.
bool has_official_bf16(const std::string& dir);

// Each runs the modules against `dir` (the folder that holds intern_vit/, internlm2/, ...).
void check_intern_vit(const std::string& dir, GoldenReport& report);
void check_internlm2(const std::string& dir, GoldenReport& report);
void check_internvl(const std::string& dir, GoldenReport& report);
void check_siglip(const std::string& dir, GoldenReport& report);
void check_dit(const std::string& dir, GoldenReport& report);
void check_diffusion(const std::string& dir, GoldenReport& report);
void check_optimisation(const std::string& dir, GoldenReport& report);

}  // namespace libra::model
