// Memorisation tests after LIBERO-PRO: a policy that replays what it remembers of a task fails
// them, one that looks and listens does not. What they mean for a task follows from its file by
// rule, or stands in memorisation.json beside suite.json (docs/benchmark.md).
//   swapped_positions        things exchange places, the instruction stays
//   replaced_target          another thing stands in the target's place and is asked for
//   swapped_instruction      same scene, something else is asked for
//   meaningless_instruction  same scene, words that ask for nothing
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libra/core/rng.h"
#include "libra/sim/task/task_spec.h"

namespace libra::sim::variation {

// Places, as the init predicates call them, whose things change over.
using Exchange = std::vector<std::pair<std::string, std::string>>;

// `thing`, an object or fixture of the file, becomes one of another category.
struct Replacement {
  std::string thing, category, instruction;
};

// Something else to ask for in the same scene.
struct OtherTask {
  std::string instruction;
  std::vector<task::Predicate> goal;
};

// The ways there are to put a task to each test; the seed picks one.
struct MemoryTests {
  std::vector<Exchange> exchanges;
  std::vector<Replacement> replacements;
  std::vector<OtherTask> others;
  std::map<std::string, std::string> without;  // test -> why the task cannot be put to it
};

// What memorisation.json says, by task name; tasks and tests that it leaves out go by rule.
// `everything`: the suite with the tasks that could not be read.
// Throws Error(kBadInput) with file and key for what is unknown, missing or makes no test: a place
// where nothing stands, a goal that is part of the task's own or has it as a part.
std::map<std::string, MemoryTests> read_memory_tests(const std::string& path,
                                                     const std::vector<task::TaskSpec>& tasks,
                                                     const Suite& everything);
// The tasks of a suite that can be asked for in the scene of tasks[index]: the same things are
// there, and what they move stands where it stands in their own scene.
std::vector<OtherTask> tasks_of_scene(const std::vector<task::TaskSpec>& tasks, size_t index);

// All ways of an episode's task, rules applied. Needs the objects of the episode's layout.
MemoryTests memory_tests(const task::TaskSpec& episode);
// Why a task cannot be put to a test; "" when it can.
std::string why_without_test(const task::TaskSpec& spec, const std::string& test);
// Throws Error(kBadInput) that says why.
void require_test(const task::TaskSpec& spec, const std::string& test);

// Puts an episode's task to the test: task file, instruction, and what counts as the old task done
// (TaskSpec::old). Throws as require_test.
void put_to_test(task::TaskSpec& episode, const std::string& test, Rng& rng);

}  // namespace libra::sim::variation
