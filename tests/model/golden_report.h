// Compares our modules with folders of reference numbers (tests/golden and others of the same form)
// and keeps the worst relative difference of each group of tensors.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libra/core/file.h"
#include "libra/nn/linear.h"
#include "libra/nn/torch.h"

namespace libra::model {

// Limits on max|a - b| / max|b| of a tensor, and in bf16 on |a - b| / |b| (Euclidean norms):
// rounding the sets' weights to bf16 alone moves single elements by up to 3.4e-2 of the largest.
inline constexpr double kForwardLimit = 2e-5;
inline constexpr double kGradientLimit = 1e-4;
inline constexpr double kBf16Limit = 2e-2;

class GoldenReport {
 public:
  // In bf16 the networks run in that precision (nn/linear.h), forward only.
  explicit GoldenReport(torch::ScalarType dtype = torch::kFloat32) : dtype_(dtype) {}
  double forward_limit() const { return with_gradients() ? kForwardLimit : kBf16Limit; }
  bool with_gradients() const { return dtype_ == torch::kFloat32; }
  void cast(torch::nn::Module& module) const { nn::set_precision(module, dtype_); }

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
  torch::ScalarType dtype_;
  std::map<std::string, Group> groups_;
};

// Each runs the modules against `dir` (the folder that holds intern_vit/, internlm2/, ...).
void check_intern_vit(const std::string& dir, GoldenReport& report);
void check_internlm2(const std::string& dir, GoldenReport& report);
void check_internvl(const std::string& dir, GoldenReport& report);
void check_siglip(const std::string& dir, GoldenReport& report);
void check_dit(const std::string& dir, GoldenReport& report);
void check_diffusion(const std::string& dir, GoldenReport& report);
void check_optimisation(const std::string& dir, GoldenReport& report);

}  // namespace libra::model
