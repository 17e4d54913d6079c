// bf16 autocast of a scope on the CPU or a GPU, for this thread. Weights stay f32; LibTorch casts
// them once per scope.
#pragma once

#include <ATen/autocast_mode.h>
#include <torch/version.h>

namespace libra::nn {

class Bf16Scope {
 public:
  explicit Bf16Scope(bool enabled) : enabled_(enabled) {
    if (!enabled_) return;
    set(true);
    at::autocast::increment_nesting();
  }
  ~Bf16Scope() {
    if (!enabled_) return;
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    set(false);
  }
  Bf16Scope(const Bf16Scope&) = delete;
  Bf16Scope& operator=(const Bf16Scope&) = delete;

 private:
  static void set(bool on) {
#if TORCH_VERSION_MAJOR >= 2 && TORCH_VERSION_MINOR >= 4
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    at::autocast::set_autocast_enabled(at::kCPU, on);
#else
    at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
    at::autocast::set_cpu_enabled(on);
#endif
  }
  bool enabled_;
};

}  // namespace libra::nn
