// bf16 autocast of a scope on the CPU or a GPU, for this thread. Weights stay f32; LibTorch casts
// them once per scope.
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
  explicit Bf16Scope(bool enabled) : switch_(enabled || AutocastSwitch::enabled()), on_(enabled) {
    if (on_) at::autocast::increment_nesting();
  }
  ~Bf16Scope() {
    if (on_ && at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  }
  Bf16Scope(const Bf16Scope&) = delete;
  Bf16Scope& operator=(const Bf16Scope&) = delete;

 private:
  AutocastSwitch switch_;
  bool on_;
};

}  // namespace libra::nn
