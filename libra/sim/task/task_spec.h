// A task as the simulator takes it, and a suite of them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libra/core/env.h"
#include "libra/core/instruction.h"
#include "libra/sim/task/bddl.h"

namespace libra::sim::engine {
class SceneSource;
}
namespace libra::sim::variation {
struct MemoryTests;
struct Preset;
struct Wording;
}  // namespace libra::sim::variation

namespace libra::sim::task {

// What an episode that tests for memory is held against; see variation/memorisation.h.
struct OldTask {
  // Holds when the task of before was done, or what acting from memory comes to; empty: cannot be.
  std::vector<Predicate> goal;
  bool asks = true;  // false: the instruction asks for nothing
};

struct TaskSpec {
  Task task;
  Problem problem;
  std::vector<std::string> layouts = {"libero"};           // that its suite has
  std::shared_ptr<const engine::SceneSource> source = {};  // nullptr: composed from our own bodies
  std::shared_ptr<const variation::Wording> wording =
      {};  // nullptr: the suite has no other wordings
  std::shared_ptr<const variation::MemoryTests> memory = {};  // nullptr: by rule alone
  std::shared_ptr<const variation::Preset> preset = {};       // nullptr: changes nothing
  std::optional<OldTask> old = {};                            // of a memorisation test's episode
};

// Tasks of a suite that cannot be run here.
struct LeftOut {
  std::string category, why;
  int tasks = 0, of = 0;  // how many, and of how many of the category
};

struct SuiteSpec {
  std::string name;
  std::string title;         // one line for listings
  int max_steps = 0;         // control steps per episode; object: 280
  double control_hz = 20.0;  // control steps per second
  int initial_states = 50;   // per task, of the protocol: episodes 0 to 49 of a seed
  std::vector<std::string> layouts = {"libero"};
  std::vector<TaskSpec> tasks;
  std::string instructions = "words of the task's file name";  // where they come from
  std::vector<std::string> unreadable;  // tasks that are left out, and why: "file:line: problem"
  std::vector<LeftOut> left_out = {};   // the same of suites whose tasks have categories

  // Throws Error(kNotFound) that lists the known tasks.
  const TaskSpec& find_task(std::string_view name) const;
  // The core::Suite view: names and instructions without the scene.
  Suite summary() const;
};

// Throws Error(kBadInput) with the suite's layouts when `layout` is none of them.
void require_layout(const TaskSpec& spec, std::string_view layout);

// Adds what `load` makes of each file stem; where that throws, the task is one of the unreadable.
// Throws what the last one threw when nothing is left.
void add_tasks(SuiteSpec& suite, const std::vector<std::string>& stems,
               const std::function<TaskSpec(const std::string&)>& load);

// "known are a, b; did you mean 'a'?"
std::string next_to(std::string_view word, const std::vector<std::string>& known);

// Category of an instance name: "alphabet_soup_1" -> "alphabet_soup"; other names stay.
std::string item_category(std::string_view name);
// How an instruction calls an item: "alphabet_soup" or "alphabet_soup_1" -> "alphabet soup".
std::string item_phrase(std::string_view name);

// What the goal moves: "milk_1" for (In milk_1 basket_1_contain_region), the first such predicate.
// A goal without one gives its first argument, a fixture or region.
const std::string& goal_target(const Problem& problem);
// Instances one could ask for instead: the objects of the scene in file order, without those that
// carry a region of the goal or stand as its second argument (the basket).
std::vector<std::string> askable_items(const Problem& problem);
// The askable instance with this instance or category name. Throws Error(kNotFound) with the list.
const std::string& find_item(const Problem& problem, std::string_view item);
// The task's instruction with the phrase of `item` in place of the goal target's. Throws as
// find_item, and Error(kBadInput) when the instruction does not name the goal target.
std::string asked_instruction(const TaskSpec& spec, std::string_view item);
// The goal with `item` in place of the goal target. Throws as find_item.
std::vector<Predicate> asked_goal(const Problem& problem, std::string_view item);

}  // namespace libra::sim::task
