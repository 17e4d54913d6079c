// The names of what can be changed against the plain episode, to see what a policy has learned:
// perturbations after LIBERO-Plus, memorisation tests after LIBERO-PRO, and narrower clearances.
// A name is KIND, KIND.SUBKIND, or either with :LEVEL behind it ("camera", "light.shadow",
// "noise:3", "noise.fog:5"); what it leaves open is drawn from the episode's seed. effect.h does
// the changing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libra/core/env.h"
#include "libra/sim/task/task_spec.h"

namespace libra::sim::variation {

inline constexpr int kVariationLevels = 5;  // 1 hardly different .. 5 very different

// Groups of kinds.
inline constexpr std::string_view kPerturbation = "perturbation";
inline constexpr std::string_view kMemorisation = "memorisation";
inline constexpr std::string_view kClearance = "clearance";

struct VariationSubkind {
  std::string_view name, what;  // one line for listings
};

struct VariationKind {
  std::string_view name, group, what;
  std::vector<VariationSubkind> subkinds;  // may be empty
  bool levels = true;                      // whether its changes come in levels
};

struct Variation {
  std::string kind;     // "" is the plain episode
  std::string subkind;  // "" drawn from the seed, or the kind has none
  int level = 0;        // 1 .. kVariationLevels; 0 drawn from the seed, or the kind has none
  bool operator==(const Variation&) const = default;
};

// All kinds, those of a group together.
std::span<const VariationKind> variation_kinds();
// Of a kind; "" for the plain episode and for unknown ones.
std::string_view group_of(std::string_view kind);
// Names of a group's kinds.
std::vector<std::string> list_variations(std::string_view group);

// "" gives the plain episode. Throws Error(kBadInput), `where` in front, for an unknown kind (with
// the nearest known one), an unknown subkind (with the kind's), and a level out of range (with the
// range).
Variation parse_variation(std::string_view text, const std::string& where = "variation");
// The name, as parse_variation reads it.
std::string to_string(const Variation& variation);
// The variation names behind words of a command line: "all" is every kind of the group. Throws as
// parse_variation, for kinds of another group, and for names given twice.
std::vector<std::string> expand_variations(const std::vector<std::string>& words,
                                           std::string_view group, const std::string& where);

// Seed of all that is drawn for a varied episode: a function of task, seed and episode.
uint64_t variation_seed(const Task& task, const EpisodeKey& key);
// Why a task is left out of a memorisation test or of the clearances; "" when it is not.
std::string why_without(const task::TaskSpec& spec, const std::string& name);
// Throws Error(kBadInput) when the task cannot have a variation of this name.
void require_variation(const task::TaskSpec& spec, const std::string& name);
// Nothing left open. Two levels of one episode have the same subkind.
Variation resolve_variation(Variation variation, uint64_t seed);

}  // namespace libra::sim::variation
