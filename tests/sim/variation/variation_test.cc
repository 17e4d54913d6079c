// Names of variations: what is read, what is refused and how, what is drawn.
#include "libra/sim/variation/variation.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "libra/core/error.h"

namespace libra::sim::variation {
namespace {

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& e) {
    EXPECT_EQ(e.exit_code(), 2);
    return e.what();
  }
  return "accepted";
}
std::string refusal_of(const std::string& name) {
  return refusal([&] { parse_variation(name, "--perturb"); });
}

TEST(Variation, NamesAreReadAndWritten) {
  EXPECT_EQ(parse_variation(""), Variation{});
  EXPECT_EQ(parse_variation("camera"), (Variation{"camera", "", 0}));
  EXPECT_EQ(parse_variation("robot:3"), (Variation{"robot", "", 3}));
  EXPECT_EQ(parse_variation("camera.orbit"), (Variation{"camera", "orbit", 0}));
  for (const VariationKind& kind : variation_kinds()) {
    for (const VariationSubkind& subkind : kind.subkinds) {
      const std::string name = std::string(kind.name) + "." + std::string(subkind.name);
      EXPECT_EQ(to_string(parse_variation(name)), name);
      if (!kind.levels) continue;
      for (int level = 1; level <= kVariationLevels; ++level) {
        const std::string graded = name + ":" + std::to_string(level);
        EXPECT_EQ(to_string(parse_variation(graded)), graded);
        EXPECT_EQ(parse_variation(graded).level, level);
      }
    }
  }
}

TEST(Variation, WhatIsRefusedSaysWhatIsKnown) {
  EXPECT_NE(refusal_of("camara").find("did you mean 'camera'?"), std::string::npos);
  EXPECT_NE(refusal_of("weather").find("camera, robot"), std::string::npos);
  EXPECT_NE(refusal_of("camera.orbits").find("orbit, distance, orientation"), std::string::npos);
  for (const char* name : {"robot:0", "robot:6", "robot:-1", "robot:", "robot:two", "robot:3 ",
                           "robot:3:4", "camera.orbit:99999999999999999999"}) {
    EXPECT_NE(refusal_of(name).find("expected 1 to 5"), std::string::npos) << name;
  }
  for (const char* name : {".", ":", ".orbit", ":3", "camera.", "camera..orbit", "Camera", " "}) {
    EXPECT_NE(refusal_of(name), "accepted") << name;
    EXPECT_EQ(refusal_of(name).substr(0, 9), "--perturb") << name;
  }
}

TEST(Variation, WordsOfACommandLine) {
  const auto all = expand_variations({"all"}, kPerturbation, "--perturb");
  EXPECT_EQ(all, list_variations(kPerturbation));
  EXPECT_EQ(expand_variations({"robot:2", "camera.orbit"}, kPerturbation, "--perturb"),
            (std::vector<std::string>{"robot:2", "camera.orbit"}));
  const auto refuse = [](const std::vector<std::string>& words, std::string_view group) {
    return refusal([&] { expand_variations(words, group, "--perturb"); });
  };
  EXPECT_NE(refuse({"robot", "robot"}, kPerturbation).find("twice"), std::string::npos);
  EXPECT_NE(refuse({"robot", "all"}, kPerturbation).find("twice"), std::string::npos);
  EXPECT_NE(refuse({"robot"}, kMemorisation).find("no memorisation"), std::string::npos);
  EXPECT_NE(refuse({""}, kPerturbation), "accepted");
}

TEST(Variation, WhatIsOpenIsDrawnFromTheSeed) {
  std::map<std::string, int> subkinds;
  std::map<int, int> levels;
  constexpr int kDraws = 3000;
  for (uint64_t seed = 0; seed < kDraws; ++seed) {
    const Variation drawn = resolve_variation({"camera", "", 0}, seed);
    EXPECT_EQ(drawn, resolve_variation({"camera", "", 0}, seed));
    ++subkinds[drawn.subkind];
    ++levels[drawn.level];
    // The level of an episode may be asked for without changing anything else.
    EXPECT_EQ(resolve_variation({"camera", "", 4}, seed), (Variation{"camera", drawn.subkind, 4}));
  }
  EXPECT_EQ(subkinds.size(), 3u);
  EXPECT_EQ(levels.size(), 5u);
  for (const auto& [name, count] : subkinds) EXPECT_NEAR(count, kDraws / 3, 120) << name;
  for (const auto& [level, count] : levels) EXPECT_NEAR(count, kDraws / 5, 100) << level;
  EXPECT_EQ(resolve_variation({}, 5), Variation{});
}

TEST(Variation, SeedsDifferByTaskSeedAndEpisode) {
  const Task task{"object", "one", "", 0}, other{"object", "two", "", 0};
  std::set<uint64_t> seeds;
  for (uint64_t seed = 0; seed < 3; ++seed)
    for (uint64_t episode = 0; episode < 3; ++episode)
      for (const Task& t : {task, other})
        seeds.insert(variation_seed(t, {.seed = seed, .episode = episode}));
  EXPECT_EQ(seeds.size(), 18u);
}

}  // namespace
}  // namespace libra::sim::variation
