#include "libra/sim/variation/preset.h"

#include "libra/sim/variation/effect.h"

namespace libra::sim::variation {
namespace {

class PostureEffect final : public Effect {
 public:
  explicit PostureEffect(const std::array<double, bodies::kArmJoints>& rest) : rest_(rest) {}
  void change_rest(std::array<double, bodies::kArmJoints>& rest) override { rest = rest_; }

 private:
  std::array<double, bodies::kArmJoints> rest_;
};

// Several at once.
class PresetEffect final : public Effect {
 public:
  PresetEffect(const Preset& preset, uint64_t seed) {
    if (preset.camera) parts_.push_back(make_camera_effect(*preset.camera));
    if (preset.rest) parts_.push_back(std::make_unique<PostureEffect>(*preset.rest));
    if (preset.noise > 0) parts_.push_back(make_noise_effect(preset.noise, seed));
  }
  void change_model(engine::Scene& scene) override {
    for (const auto& part : parts_) part->change_model(scene);
  }
  void change_rest(std::array<double, bodies::kArmJoints>& rest) override {
    for (const auto& part : parts_) part->change_rest(rest);
  }
  void change_image(std::string_view camera, int64_t step, Image& image) const override {
    for (const auto& part : parts_) part->change_image(camera, step, image);
  }

 private:
  std::vector<std::unique_ptr<Effect>> parts_;
};

}  // namespace

std::unique_ptr<Effect> make_preset_effect(const Preset& preset, uint64_t seed) {
  return std::make_unique<PresetEffect>(preset, seed);
}

}  // namespace libra::sim::variation
