// bf16 autocast of a scope on the CPU or a GPU, for this thread. Weights stay f32; LibTorch casts
// them where they are used.
#pragma once

#include <ATen/autocast_mode.h>

namespace libra::nn {

// Switches autocast of this thread and back at the end of the scope.
class AutocastSwitch {
 public:
  explicit AutocastSwitch(bool on) : before_(enabled()) { set(on); }
  ~AutocastSwitch() { set(before_); }
  AutocastSwitch(const AutocastSwitch&) = delete;
  AutocastSwitch& operator=(const AutocastSwitch&) = delete;

  static bool enabled() { return at::autocast::is_autocast_enabled(at::kCPU); }

 private:
  static void set(bool on) {
    for (const auto device : {at::kCPU, at::kCUDA}) {
      at::autocast::set_autocast_dtype(device, at::kBFloat16);
      at::autocast::set_autocast_enabled(device, on);
    }
  }
  bool before_;
};

class Bf16Scope {
 public:
  explicit Bf16Scope(bool enabled)
      : switch_(enabled || AutocastSwitch::enabled()),
        cache_before_(at::autocast::is_autocast_cache_enabled()) {
    // LibTorch keeps the weights that it has cast, for all threads together, and forgets them when
    // one thread leaves its scope. Whether a weight that is used twice is cast once or twice, and
    // so how its gradients are rounded, would depend on what the other thread does.
    at::autocast::set_autocast_cache_enabled(false);
  }
  ~Bf16Scope() { at::autocast::set_autocast_cache_enabled(cache_before_); }
  Bf16Scope(const Bf16Scope&) = delete;
  Bf16Scope& operator=(const Bf16Scope&) = delete;

 private:
  AutocastSwitch switch_;
  bool cache_before_;
};

}  // namespace libra::nn
