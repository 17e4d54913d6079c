#include "libra/sim/variation/memorisation.h"

#include <algorithm>
#include <array>

#include "libra/core/error.h"
#include "libra/sim/bodies/catalogue.h"
#include "libra/sim/variation/data_file.h"

namespace libra::sim::variation {
namespace {

const std::string kPositions = "swapped_positions", kTarget = "replaced_target",
                  kInstruction = "swapped_instruction", kMeaningless = "meaningless_instruction";

// What an init predicate says of where an object or fixture is: "" when none does.
std::string place_of(const task::Problem& problem, const std::string& name) {
  for (const task::Predicate& atom : problem.init)
    if (atom.args.size() == 2 && atom.args[0] == name) return atom.args[1];
  return "";
}

// What stands in a place, the topmost where things are stacked; "" nothing.
std::string topmost_at(const task::Problem& problem, const std::string& place) {
  std::string top;
  for (const task::Predicate& atom : problem.init)
    if (atom.args.size() == 2 && atom.args[1] == place) top = atom.args[0];
  const std::string above = top.empty() ? "" : topmost_at(problem, top);
  return above.empty() ? top : above;
}

// The region a thing is in, through the stack that it is part of.
std::string region_of(const task::Problem& problem, const std::string& name) {
  const std::string place = place_of(problem, name);
  return problem.find_object(place) != nullptr ? region_of(problem, place) : place;
}

bool same_atom(const task::Predicate& a, const task::Predicate& b) {
  return a.kind == b.kind && a.args == b.args;
}

bool contains(const std::vector<task::Predicate>& all, const std::vector<task::Predicate>& part) {
  return std::all_of(part.begin(), part.end(), [&](const task::Predicate& atom) {
    return std::any_of(all.begin(), all.end(),
                       [&](const task::Predicate& other) { return same_atom(atom, other); });
  });
}

// Neither goal is reached by reaching the other.
bool told_apart(const std::vector<task::Predicate>& one, const std::vector<task::Predicate>& two) {
  return !contains(one, two) && !contains(two, one);
}

bool is_moved(const std::vector<task::Predicate>& goal, const std::string& thing) {
  return std::any_of(goal.begin(), goal.end(), [&](const task::Predicate& atom) {
    return atom.args.size() == 2 && atom.args[0] == thing;
  });
}

// The name of the only one of a category.
std::string instance_of(const std::string& category) { return category + "_1"; }

bool has_category(const task::Problem& problem, std::string_view category) {
  return std::any_of(problem.objects.begin(), problem.objects.end(),
                     [&](const task::Instance& object) { return object.category == category; });
}

// --- the rules -----------------------------------------------------------------------------------

// The target and another item that the goal leaves alone exchange places.
std::vector<Exchange> exchanges_by_rule(const task::Problem& problem) {
  const std::string& target = task::goal_target(problem);
  std::vector<Exchange> all;
  if (problem.find_object(target) == nullptr) return all;
  for (const std::string& item : task::askable_items(problem)) {
    if (!is_moved(problem.goal, item))
      all.push_back({{place_of(problem, target), place_of(problem, item)}});
  }
  return all;
}

// A grocery makes room for another one that is not there.
std::vector<Replacement> replacements_by_rule(const task::TaskSpec& spec) {
  const std::string& target = task::goal_target(spec.problem);
  const task::Instance* object = spec.problem.find_object(target);
  std::vector<Replacement> all;
  if (object == nullptr || !bodies::is_grocery(object->category)) return all;
  const std::string phrase = task::item_phrase(object->category);
  const size_t at = spec.task.instruction.find(phrase);
  if (at == std::string::npos) return all;
  for (const std::string_view grocery : bodies::groceries()) {
    if (has_category(spec.problem, grocery)) continue;
    std::string words = spec.task.instruction;
    words.replace(at, phrase.size(), task::item_phrase(std::string(grocery)));
    all.push_back({target, std::string(grocery), words});
  }
  return all;
}

// Another present item, where the instruction names one.
std::vector<OtherTask> items_by_rule(const task::TaskSpec& spec) {
  const std::string& target = task::goal_target(spec.problem);
  std::vector<OtherTask> all;
  if (spec.task.instruction.find(task::item_phrase(target)) == std::string::npos) return all;
  for (const std::string& item : task::askable_items(spec.problem)) {
    if (is_moved(spec.problem.goal, item) ||
        task::item_category(item) == task::item_category(target))
      continue;
    all.push_back({task::asked_instruction(spec, item), task::asked_goal(spec.problem, item)});
  }
  return all;
}

// --- memorisation.json ---------------------------------------------------------------------------

constexpr size_t kLongestText = 240, kMostWays = 50, kMostPairs = 20, kMostAtoms = 10;

std::string place_in(const DataNode& node, const task::Problem& problem) {
  std::string place = node.text(kLongestText);
  const auto names = [&](const task::Predicate& atom) {
    return atom.args.size() == 2 && atom.args[1] == place;
  };
  const bool known = problem.find_region(place) != nullptr ||
                     std::any_of(problem.init.begin(), problem.init.end(), names);
  if (!known) node.refuse("is no place of the task file", "a region of it, with its target's name");
  return place;
}

Exchange read_exchange(const DataNode& node, const task::Problem& problem) {
  Exchange exchange;
  bool moves = false;
  for (const DataNode& pair : node.list(1, kMostPairs)) {
    const auto places = pair.list(2, 2);
    exchange.emplace_back(place_in(places[0], problem), place_in(places[1], problem));
    moves = moves || !topmost_at(problem, exchange.back().first).empty() ||
            !topmost_at(problem, exchange.back().second).empty();
  }
  if (!moves) node.refuse("moves nothing", "places where things stand");
  return exchange;
}

Replacement read_replacement(const DataNode& node, const task::Problem& problem) {
  node.only({"thing", "by", "instruction"});
  Replacement r{node.at("thing").text(kLongestText), node.at("by").text(kLongestText),
                node.at("instruction").text(kLongestText)};
  const bool object = problem.find_object(r.thing) != nullptr;
  if (!object && problem.find_fixture(r.thing) == nullptr)
    node.at("thing").refuse("is not in the task file", "an object or fixture of it");
  const std::string name = instance_of(r.category);
  if (problem.find_object(name) != nullptr || problem.find_fixture(name) != nullptr)
    node.at("by").refuse("is in the task file already", "another category");
  try {
    object ? void(bodies::object_model(r.category)) : void(bodies::fixture_height(r.category));
  } catch (const Error& error) {
    node.at("by").refuse(error.what());
  }
  return r;
}

task::Predicate read_atom(const DataNode& node, const task::Problem& problem) {
  constexpr std::array kKinds{task::PredicateKind::kIn,     task::PredicateKind::kOn,
                              task::PredicateKind::kOpen,   task::PredicateKind::kClose,
                              task::PredicateKind::kTurnOn, task::PredicateKind::kTurnOff};
  const auto words = node.list(2, 3);
  const std::string name = words[0].text(kLongestText);
  std::vector<std::string> known;
  for (const task::PredicateKind kind : kKinds) known.emplace_back(task::predicate_name(kind));
  const auto found = std::find(known.begin(), known.end(), name);
  if (found == known.end()) words[0].refuse("is no predicate", join_names(known));
  task::Predicate atom{kKinds[static_cast<size_t>(found - known.begin())], {}, {}};
  const bool two = atom.kind == task::PredicateKind::kIn || atom.kind == task::PredicateKind::kOn;
  if (words.size() != (two ? 3u : 2u)) node.refuse("has the wrong number of arguments");
  for (size_t i = 1; i < words.size(); ++i) {
    atom.args.push_back(words[i].text(kLongestText));
    const std::string& arg = atom.args.back();
    if (problem.find_object(arg) == nullptr && problem.find_fixture(arg) == nullptr &&
        problem.find_region(arg) == nullptr) {
      words[i].refuse("is not in the task file", "an object, fixture or region of it");
    }
  }
  return atom;
}

OtherTask read_other(const DataNode& node, const task::TaskSpec& spec) {
  node.only({"instruction", "goal"});
  OtherTask other{node.at("instruction").text(kLongestText), {}};
  for (const DataNode& atom : node.at("goal").list(1, kMostAtoms))
    other.goal.push_back(read_atom(atom, spec.problem));
  if (!told_apart(other.goal, spec.problem.goal))
    node.refuse("cannot be told from the task itself", "a goal of its own");
  return other;
}

MemoryTests read_task(const DataNode& node, const task::TaskSpec& spec) {
  node.only({kPositions, kTarget, kInstruction, "without"});
  MemoryTests tests;
  if (node.has(kPositions)) {
    for (const DataNode& way : node.at(kPositions).list(1, kMostWays))
      tests.exchanges.push_back(read_exchange(way, spec.problem));
  }
  if (node.has(kTarget)) {
    for (const DataNode& way : node.at(kTarget).list(1, kMostWays))
      tests.replacements.push_back(read_replacement(way, spec.problem));
  }
  if (node.has(kInstruction)) {
    for (const DataNode& way : node.at(kInstruction).list(1, kMostWays))
      tests.others.push_back(read_other(way, spec));
  }
  if (node.has("without")) {
    for (const auto& [test, why] :
         node.at("without").only({kPositions, kTarget, kInstruction}).entries())
      tests.without[test] = why.text(kLongestText);
  }
  return tests;
}

// --- putting to the test -------------------------------------------------------------------------

// What someone does who acts on the things' old places: the goal with whatever stands there now.
// Empty when nothing does.
std::vector<task::Predicate> remembered_goal(const task::Problem& before,
                                             const task::Problem& now) {
  std::vector<task::Predicate> goal = before.goal;
  for (task::Predicate& atom : goal) {
    for (std::string& arg : atom.args) {
      if (before.find_object(arg) == nullptr) continue;
      arg = topmost_at(now, region_of(before, arg));
      if (arg.empty()) return {};
    }
  }
  return goal;
}

void exchange_places(task::Problem& problem, const Exchange& exchange) {
  for (task::Predicate& atom : problem.init) {
    if (atom.args.size() != 2) continue;
    for (const auto& [one, two] : exchange) {
      if (atom.args[1] == one) {
        atom.args[1] = two;
      } else if (atom.args[1] == two) {
        atom.args[1] = one;
      } else {
        continue;
      }
      break;
    }
  }
}

// Gives a thing another category and a name that says so, wherever the file names it.
void replace_thing(task::Problem& problem, const std::string& thing, const std::string& category) {
  const std::string name = instance_of(category);
  const auto rename = [&](std::string& word) {
    if (word == thing) word = name;
  };
  for (std::vector<task::Instance>* things : {&problem.objects, &problem.fixtures}) {
    for (task::Instance& instance : *things) {
      if (instance.name == thing) instance.category = category;
      rename(instance.name);
    }
  }
  std::map<std::string, std::string> keys;
  for (task::Region& region : problem.regions) {
    if (region.target != thing) continue;
    region.target = name;
    const std::string key = name + "_" + region.name;
    keys[region.key] = key;
    region.key = key;
  }
  for (std::vector<task::Predicate>* atoms : {&problem.init, &problem.goal}) {
    for (task::Predicate& atom : *atoms) {
      for (std::string& arg : atom.args) {
        rename(arg);
        if (const auto key = keys.find(arg); key != keys.end()) arg = key->second;
      }
    }
  }
}

// The old instruction done with the next best thing: another one of the category that was replaced.
std::vector<task::Predicate> goal_with_double(const task::Problem& before,
                                              const std::string& thing) {
  const task::Instance* gone = before.find_object(thing);
  for (const task::Instance& object : before.objects) {
    if (gone == nullptr || object.name == thing || object.category != gone->category) continue;
    std::vector<task::Predicate> goal = before.goal;
    for (task::Predicate& atom : goal)
      std::replace(atom.args.begin(), atom.args.end(), thing, object.name);
    return contains(before.goal, goal) ? std::vector<task::Predicate>{} : goal;
  }
  return {};
}

// Words, but no task: none of them names anything in a scene or anything to do.
std::string meaningless_words(Rng& rng) {
  std::vector<std::string> words = {"violet",    "seven",      "thursday", "gravity",  "almost",
                                    "harbour",   "because",    "orbit",    "sideways", "velvet",
                                    "nineteen",  "meanwhile",  "pebble",   "echo",     "longitude",
                                    "purple",    "umbrella",   "quietly",  "algebra",  "nor",
                                    "yesterday", "lighthouse", "sonnet",   "whereas"};
  constexpr size_t kFewest = 6, kMost = 12;
  rng.shuffle(words);
  words.resize(kFewest + rng.below(kMost - kFewest + 1));
  return join_names(words, " ");
}

template <class Way>
const Way& pick(const std::vector<Way>& ways, Rng& rng) {
  return ways.at(rng.below(ways.size()));
}

}  // namespace

std::map<std::string, MemoryTests> read_memory_tests(const std::string& path,
                                                     const std::vector<task::TaskSpec>& tasks,
                                                     const Suite& everything) {
  const nlohmann::json json = read_data_file(path);
  const DataNode file(json, path);
  std::vector<std::string> names;
  for (const Task& task : everything.tasks) names.push_back(task.name);
  file.only(names);
  std::map<std::string, MemoryTests> tests;
  for (const task::TaskSpec& spec : tasks) {
    if (file.has(spec.task.name)) tests[spec.task.name] = read_task(file.at(spec.task.name), spec);
  }
  return tests;
}

std::vector<OtherTask> tasks_of_scene(const std::vector<task::TaskSpec>& tasks, size_t index) {
  const task::Problem& here = tasks[index].problem;
  const auto same = [](const task::Instance& a, const task::Instance& b) {
    return a.name == b.name && a.category == b.category;
  };
  const auto same_things = [&](const std::vector<task::Instance>& a,
                               const std::vector<task::Instance>& b) {
    return std::is_permutation(a.begin(), a.end(), b.begin(), b.end(), same);
  };
  std::vector<OtherTask> all;
  for (size_t i = 0; i < tasks.size(); ++i) {
    const task::Problem& there = tasks[i].problem;
    if (i == index || here.name != there.name || !same_things(here.objects, there.objects) ||
        !same_things(here.fixtures, there.fixtures)) {
      continue;
    }
    OtherTask other{tasks[i].task.instruction, there.goal};
    bool possible = true;
    for (task::Predicate& atom : other.goal) {
      for (std::string& arg : atom.args) {
        const task::Instance* thing = there.find_object(arg);
        if (thing == nullptr) {
          possible = possible && (here.find_region(arg) || here.find_fixture(arg));
          continue;
        }
        // The same category in the place that the instruction means.
        arg = topmost_at(here, place_of(there, arg));
        const task::Instance* found = here.find_object(arg);
        possible = possible && found != nullptr && found->category == thing->category;
      }
    }
    if (possible && told_apart(other.goal, here.goal)) all.push_back(std::move(other));
  }
  return all;
}

MemoryTests memory_tests(const task::TaskSpec& episode) {
  MemoryTests tests = episode.memory ? *episode.memory : MemoryTests{};
  if (tests.exchanges.empty()) tests.exchanges = exchanges_by_rule(episode.problem);
  if (tests.replacements.empty()) tests.replacements = replacements_by_rule(episode);
  if (tests.others.empty()) tests.others = items_by_rule(episode);
  const auto lacks = [&](const std::string& test, bool none, const std::string& why) {
    if (none) tests.without.emplace(test, why);
  };
  if (episode.source) {
    // LIBERO's scenes come with their own bodies and stored states.
    for (const std::string& test : {kPositions, kTarget})
      tests.without[test] = "the scene is LIBERO's own";
  }
  lacks(kPositions, tests.exchanges.empty(), "nothing could change places with the target");
  lacks(kTarget, tests.replacements.empty(), "nothing could take the target's place");
  lacks(kInstruction, tests.others.empty(), "nothing else can be asked for in the scene");
  return tests;
}

std::string why_without_test(const task::TaskSpec& spec, const std::string& test) {
  const auto without = memory_tests(spec).without;
  const auto found = without.find(test);
  return found == without.end() ? "" : found->second;
}

void require_test(const task::TaskSpec& spec, const std::string& test) {
  const std::string why = why_without_test(spec, test);
  if (why.empty()) return;
  throw Error(ErrorCode::kBadInput, {.where = "task '" + spec.task.name + "'",
                                     .problem = "cannot be put to the test '" + test + "'",
                                     .found = why});
}

void put_to_test(task::TaskSpec& episode, const std::string& test, Rng& rng) {
  require_test(episode, test);
  const MemoryTests tests = memory_tests(episode);
  const task::Problem before = episode.problem;
  episode.old = task::OldTask{before.goal, true};
  if (test == kPositions) {
    exchange_places(episode.problem, pick(tests.exchanges, rng));
    episode.old->goal = remembered_goal(before, episode.problem);
  } else if (test == kTarget) {
    const Replacement& way = pick(tests.replacements, rng);
    replace_thing(episode.problem, way.thing, way.category);
    episode.task.instruction = way.instruction;
    episode.old->goal = goal_with_double(before, way.thing);
  } else if (test == kInstruction) {
    const OtherTask& way = pick(tests.others, rng);
    episode.problem.goal = way.goal;
    episode.task.instruction = way.instruction;
  } else {
    episode.old->asks = false;
    episode.task.instruction = meaningless_words(rng);
  }
}

}  // namespace libra::sim::variation
