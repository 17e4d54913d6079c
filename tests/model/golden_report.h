// Compares our modules with folders of reference numbers (tests/golden and others of the same form)
// and keeps the worst relative difference of each group of tensors.
#pragma once

#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

namespace libra::model {

// Limits on max|a - b| / max|b| of a tensor.
inline constexpr double kForwardLimit = 2e-5;
inline constexpr double kGradientLimit = 1e-4;

class GoldenReport {
 public:
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
  bool passed() const;
  const std::map<std::string, Group>& groups() const { return groups_; }
  std::string text() const;  // one line per group

 private:
  void add(const std::string& group, const std::string& name, double difference, double limit);
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

// The contents of a text file; throws Error(kNotFound).
std::string read_text(const std::string& path);
}  // namespace libra::model
