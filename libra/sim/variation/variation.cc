#include "libra/sim/variation/variation.h"

#include <algorithm>
#include <charconv>

#include "libra/core/error.h"
#include "libra/core/rng.h"

namespace libra::sim::variation {
namespace {

const VariationKind* find_kind(std::string_view name) {
  for (const VariationKind& kind : variation_kinds())
    if (kind.name == name) return &kind;
  return nullptr;
}

const VariationKind& need_kind(const std::string& name, const std::string& where) {
  if (const VariationKind* kind = find_kind(name)) return *kind;
  std::vector<std::string> known;
  for (const VariationKind& kind : variation_kinds()) known.emplace_back(kind.name);
  const std::string near = nearest_name(name, known);
  throw Error(ErrorCode::kBadInput, {.where = where,
                                     .problem = "there is no variation '" + name + "'",
                                     .expected = join_names(known),
                                     .next = near.empty() ? "" : "did you mean '" + near + "'?"});
}

void check_subkind(const VariationKind& kind, const std::string& name, const std::string& where) {
  std::vector<std::string> known;
  for (const VariationSubkind& subkind : kind.subkinds) {
    if (subkind.name == name) return;
    known.emplace_back(subkind.name);
  }
  const std::string near = nearest_name(name, known);
  throw Error(ErrorCode::kBadInput,
              {.where = where,
               .problem = "'" + std::string(kind.name) + "' has no sub-kind '" + name + "'",
               .expected = known.empty() ? "none" : join_names(known),
               .next = near.empty() ? "" : "did you mean '" + near + "'?"});
}

int parse_level(const VariationKind& kind, std::string_view text, const std::string& where) {
  int level = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), level);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (kind.levels && whole && level >= 1 && level <= kVariationLevels) return level;
  throw Error(ErrorCode::kBadInput,
              {.where = where,
               .problem = "level of '" + std::string(kind.name) + "'",
               .expected = kind.levels ? "1 to " + std::to_string(kVariationLevels)
                                       : "none: it has no levels",
               .found = std::string(text)});
}

}  // namespace

std::span<const VariationKind> variation_kinds() {
  static const std::vector<VariationKind> kinds = {
      {"camera",
       kPerturbation,
       "agentview stands elsewhere",
       {{"orbit", "turned about the workspace, up to 75 degrees to a side, half of them 15 higher"},
        {"distance", "1.15 to 2 times as far away"},
        {"orientation", "same place, turned 2 to 10 degrees aside and up or down"}}},
      {"robot",
       kPerturbation,
       "the arm starts in another posture",
       {{"joints", "0.1 to 0.5 rad away in the space of the seven joints"}}},
      {"language",
       kPerturbation,
       "the instruction in other words",
       {{"rewording", "from another verb to an indirect sentence with a relative clause"},
        {"common_sense", "things are called by what they are for"},
        {"reasoning", "says what leads to the task"},
        {"distraction", "one to five sentences about something else around it"}}},
      {"light",
       kPerturbation,
       "the lights change",
       {{"diffuse", "dim, bright or coloured"},
        {"direction", "from elsewhere: turned about the workspace and lower"},
        {"specular", "harder, on glossier surfaces"},
        {"shadow", "things cast shadows, longer and deeper ones with the level"}}},
      {"background",
       kPerturbation,
       "surfaces look like other materials",
       {{"surface", "table top, or floor where things lie on it"},
        {"wall", "walls"},
        {"both", "surface and walls"}}},
      {"noise",
       kPerturbation,
       "agentview's images are corrupted",
       {{"motion_blur", "a trail in a direction that changes at every step"},
        {"gaussian_blur", "out of focus"},
        {"zoom_blur", "smeared away from the middle"},
        {"fog", "drifting clouds"},
        {"glass_blur", "pixels change places with neighbours"}}},
      {"layout",
       kPerturbation,
       "things lie elsewhere, or more of them",
       {{"added", "one to five things that the task does not need"},
        {"displaced", "objects up to 3 cm a level, fixtures up to 1 cm"},
        {"relocated", "objects up to 9 cm a level, fixtures up to 2 cm"}}},
      {"swapped_positions",
       kMemorisation,
       "things exchange places, the instruction stays",
       {},
       /*levels=*/false},
      {"replaced_target",
       kMemorisation,
       "another thing stands in the target's place and is asked for",
       {},
       /*levels=*/false},
      {"swapped_instruction",
       kMemorisation,
       "same scene, something else is asked for",
       {},
       /*levels=*/false},
      {"meaningless_instruction",
       kMemorisation,
       "same scene, words that ask for nothing",
       {},
       /*levels=*/false},
      {"clearance",
       kClearance,
       "the fingers open only 4, 3, 2, 1, 0.5 mm (level 1 to 5) wider, on either side, than what "
       "they take",
       {}},
  };
  return kinds;
}

std::string_view group_of(std::string_view kind) {
  const VariationKind* known = find_kind(kind);
  return known != nullptr ? known->group : "";
}

std::vector<std::string> list_variations(std::string_view group) {
  std::vector<std::string> names;
  for (const VariationKind& kind : variation_kinds())
    if (kind.group == group) names.emplace_back(kind.name);
  return names;
}

Variation parse_variation(std::string_view text, const std::string& where) {
  if (text.empty()) return {};
  Variation variation;
  const size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const size_t dot = name.find('.');
  variation.kind = name.substr(0, dot);
  const VariationKind& kind = need_kind(variation.kind, where);
  if (dot != std::string_view::npos) {
    variation.subkind = name.substr(dot + 1);
    check_subkind(kind, variation.subkind, where);
  }
  if (colon != std::string_view::npos)
    variation.level = parse_level(kind, text.substr(colon + 1), where);
  return variation;
}

std::string to_string(const Variation& variation) {
  return variation.kind + (variation.subkind.empty() ? "" : "." + variation.subkind) +
         (variation.level == 0 ? "" : ":" + std::to_string(variation.level));
}

std::vector<std::string> expand_variations(const std::vector<std::string>& words,
                                           std::string_view group, const std::string& where) {
  std::vector<std::string> names;
  const auto add = [&](std::string name) {
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      throw Error(ErrorCode::kBadInput,
                  {.where = where, .problem = "'" + name + "' is given twice"});
    }
    names.push_back(std::move(name));
  };
  for (const std::string& word : words) {
    if (word == "all") {
      for (std::string& name : list_variations(group)) add(std::move(name));
      continue;
    }
    const Variation variation = parse_variation(word, where);
    if (group_of(variation.kind) != group) {
      throw Error(ErrorCode::kBadInput, {.where = where,
                                         .problem = "'" + word + "' is no " + std::string(group),
                                         .expected = "all, " + join_names(list_variations(group))});
    }
    add(to_string(variation));
  }
  return names;
}

uint64_t variation_seed(const Task& task, const EpisodeKey& key) {
  return mix_seed(
      {hash_name("variation"), hash_name(task.suite), hash_name(task.name), key.seed, key.episode});
}

Variation resolve_variation(Variation variation, uint64_t seed) {
  const VariationKind* kind = find_kind(variation.kind);
  if (kind == nullptr) return variation;
  Rng rng(mix_seed({seed, hash_name(variation.kind)}));
  const double subkind = rng.uniform(), level = rng.uniform();
  if (variation.subkind.empty() && !kind->subkinds.empty()) {
    const auto count = static_cast<double>(kind->subkinds.size());
    variation.subkind = kind->subkinds[static_cast<size_t>(subkind * count)].name;
  }
  if (variation.level == 0 && kind->levels)
    variation.level = 1 + static_cast<int>(level * kVariationLevels);
  return variation;
}

}  // namespace libra::sim::variation
