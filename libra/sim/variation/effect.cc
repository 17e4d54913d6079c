#include "libra/sim/variation/effect.h"

#include <array>

#include "libra/core/error.h"
#include "libra/sim/variation/clearance.h"
#include "libra/sim/variation/memorisation.h"

namespace libra::sim::variation {
namespace {

struct Maker {
  std::string_view kind;
  std::unique_ptr<Effect> (*make)(const EffectRequest&);
};
constexpr std::array kMakers{
    Maker{"camera", make_camera_effect},
    Maker{"robot", make_robot_effect},
    Maker{"light", make_light_effect},
    Maker{"background", make_background_effect},
    Maker{"noise", make_noise_effect},
    Maker{"layout", make_layout_effect},
    Maker{"language", make_language_effect},
    Maker{"clearance", make_clearance_effect},
    Maker{"swapped_positions", make_memory_effect},
    Maker{"replaced_target", make_memory_effect},
    Maker{"swapped_instruction", make_memory_effect},
    Maker{"meaningless_instruction", make_memory_effect},
};

}  // namespace

std::unique_ptr<Effect> make_effect(const Variation& variation, const task::TaskSpec& spec,
                                    uint64_t seed) {
  if (variation.kind.empty())
    return spec.preset != nullptr ? make_preset_effect(*spec.preset, seed) : nullptr;
  if (spec.preset != nullptr) {
    throw Error(ErrorCode::kBadInput,
                {.where = "variation '" + to_string(variation) + "'",
                 .problem = "does not go with suite '" + spec.task.suite + "'",
                 .next = "its tasks are varied already"});
  }
  const uint64_t own = mix_seed(
      {seed, hash_name(variation.kind), hash_name(variation.subkind), hash_name("effect")});
  for (const Maker& maker : kMakers) {
    if (maker.kind == variation.kind) return maker.make({variation, spec, own});
  }
  throw Error(ErrorCode::kBadInput,
              {.where = "variation", .problem = "nothing makes '" + to_string(variation) + "'"});
}

std::string why_without(const task::TaskSpec& spec, const std::string& name) {
  const std::string kind = parse_variation(name).kind;
  const auto group = group_of(kind);
  if (spec.preset != nullptr && group != kPerturbation) return "it is a variant already";
  if (group == kMemorisation) return why_without_test(spec, kind);
  return group == kClearance ? why_without_clearance(spec) : "";
}

void require_variation(const task::TaskSpec& spec, const std::string& name) {
  make_effect(resolve_variation(parse_variation(name), 0), spec, 0);
}

}  // namespace libra::sim::variation
