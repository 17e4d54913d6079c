// Other ways to say what a task asks for, and sentences that say nothing about it: language.json
// beside suite.json (docs/benchmark.md). No policy is trained on them.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "libra/core/env.h"
#include "libra/core/rng.h"
#include "libra/sim/variation/variation.h"

namespace libra::sim::variation {

// Sentences are lower case, without punctuation, as LIBERO's instructions are.
struct Wording {
  // By level: 1 a synonym of the verb .. 5 indirect, with a relative clause. Each at least one.
  std::array<std::vector<std::string>, kVariationLevels> rewording;
  std::vector<std::string> common_sense;  // things are called by what they are for; at least one
  std::vector<std::string> reasoning;     // says what leads to the task; at least one
  std::vector<std::string> distractors;   // of the suite: about something else altogether
};

// Wordings of every task of a suite, by task name. Throws Error(kBadInput) with file and key for
// anything missing, unknown, too long, in other characters, said twice, or said by a task itself.
std::map<std::string, Wording> read_wordings(const std::string& path, const Suite& suite);

// The instruction of a language variation: one of the wordings, or the instruction as it is
// (sub-kind distraction); in all sub-kinds but rewording the level is the number of distractors
// around it, less one where the wording itself is the difficulty. `variation` has nothing left
// open.
std::string worded(const Wording& wording, const std::string& instruction,
                   const Variation& variation, Rng& rng);

}  // namespace libra::sim::variation
