#include "libra/sim/suite.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "libra/core/data_root.h"
#include "libra/core/error.h"
#include "libra/sim/variation/memorisation.h"
#include "libra/sim/variation/wording.h"

namespace libra::sim {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".bddl";
constexpr size_t kMaxTasks = 1000;
constexpr double kControlHz = 20.0;  // of the simulator

std::string next_to(std::string_view word, const std::vector<std::string>& known) {
  const std::string near = nearest_name(word, known);
  return "known are " + join_names(known) + (near.empty() ? "" : "; did you mean '" + near + "'?");
}

// A field of suite.json with its type checked.
template <class T>
T field(const json& object, const std::string& key, const std::string& where,
        bool (json::*is_type)() const noexcept, const std::string& expected) {
  const auto found = object.find(key);
  if (found == object.end() || !((*found).*is_type)()) {
    throw Error(ErrorCode::kBadInput, {.where = where,
                                       .problem = "field '" + key + "'",
                                       .expected = expected,
                                       .found = found == object.end() ? "nothing" : found->dump()});
  }
  return found->get<T>();
}

json read_description(const std::string& path) {
  std::ifstream stream(path);
  const json object = json::parse(stream, nullptr, false);
  if (!object.is_object()) {
    throw Error(ErrorCode::kBadInput,
                {.where = path, .problem = "not a suite description", .expected = "a JSON object"});
  }
  static const std::vector<std::string> kKeys = {"title",          "max_steps", "control_hz",
                                                 "initial_states", "layouts",   "tasks"};
  for (const auto& [key, value] : object.items()) {
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
      throw Error(
          ErrorCode::kBadInput,
          {.where = path, .problem = "unknown field '" + key + "'", .next = next_to(key, kKeys)});
    }
  }
  return object;
}

TaskSpec load_task(const SuiteSpec& suite, const std::string& stem, const fs::path& folder) {
  TaskSpec spec;
  spec.task = {suite.name, stem, instruction_from_file_name(stem), suite.max_steps};
  spec.problem = read_bddl((folder / (stem + std::string(kExtension))).string());
  spec.layouts = suite.layouts;
  return spec;
}

// What variations need besides the task files; a suite may have none of it.
// `everything`: the suite with the tasks that could not be read.
void load_variations(SuiteSpec& suite, const Suite& everything, const fs::path& folder) {
  std::error_code error;
  if (const fs::path file = folder / "language.json"; fs::exists(file, error)) {
    auto wordings = read_wordings(file.string(), everything);
    for (TaskSpec& spec : suite.tasks)
      spec.wording = std::make_shared<Wording>(std::move(wordings.at(spec.task.name)));
  }
  std::map<std::string, MemoryTests> tests;
  if (const fs::path file = folder / "memorisation.json"; fs::exists(file, error))
    tests = read_memory_tests(file.string(), suite.tasks, everything);
  for (size_t i = 0; i < suite.tasks.size(); ++i) {
    MemoryTests& own = tests[suite.tasks[i].task.name];
    if (own.others.empty()) own.others = tasks_of_scene(suite.tasks, i);
    suite.tasks[i].memory = std::make_shared<MemoryTests>(std::move(own));
  }
}

void require(bool good, const std::string& where, const std::string& problem) {
  if (!good) throw Error(ErrorCode::kBadInput, {.where = where, .problem = problem});
}

// The optional fields, which have defaults.
void read_protocol(const json& object, const std::string& path, SuiteSpec& suite) {
  if (object.contains("initial_states")) {
    suite.initial_states =
        field<int>(object, "initial_states", path, &json::is_number_integer, "an integer");
    require(suite.initial_states > 0, path, "initial_states must be positive");
  }
  if (!object.contains("layouts")) return;
  static const std::vector<std::string> kKnown = {"libero", "shuffled"};
  suite.layouts.clear();
  for (const auto& layout :
       field<json>(object, "layouts", path, &json::is_array, "a list of layouts")) {
    const std::string name = layout.is_string() ? layout.get<std::string>() : layout.dump();
    require(std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end(), path,
            "layouts may hold " + join_names(kKnown) + ", found " + name);
    suite.layouts.push_back(name);
  }
  require(!suite.layouts.empty(), path, "layouts must not be empty");
}

}  // namespace

void require_layout(const TaskSpec& spec, std::string_view layout) {
  if (std::find(spec.layouts.begin(), spec.layouts.end(), layout) != spec.layouts.end()) return;
  throw Error(ErrorCode::kBadInput, {.where = "suite '" + spec.task.suite + "'",
                                     .problem = "has no layout '" + std::string(layout) + "'",
                                     .expected = join_names(spec.layouts),
                                     .next = next_to(layout, spec.layouts)});
}

const TaskSpec& SuiteSpec::find_task(std::string_view task_name) const {
  std::vector<std::string> known;
  for (const auto& spec : tasks) {
    if (spec.task.name == task_name) return spec;
    known.push_back(spec.task.name);
  }
  throw Error(ErrorCode::kNotFound, {.where = "suite '" + name + "'",
                                     .problem = "there is no task '" + std::string(task_name) + "'",
                                     .next = next_to(task_name, known)});
}

Suite SuiteSpec::summary() const {
  Suite suite{name, {}};
  for (const auto& spec : tasks) suite.tasks.push_back(spec.task);
  return suite;
}

void add_tasks(SuiteSpec& suite, const std::vector<std::string>& stems,
               const std::function<TaskSpec(const std::string&)>& load) {
  for (const std::string& stem : stems) {
    try {
      suite.tasks.push_back(load(stem));
    } catch (const Error& error) {
      suite.unreadable.emplace_back(error.what());
      if (suite.unreadable.size() == stems.size()) throw;
    }
  }
}

std::string default_asset_root() { return data_root() + "/assets"; }

std::vector<std::string> suite_names(const std::string& asset_root) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::path(asset_root) / "suites", error)) {
    if (fs::exists(entry.path() / "suite.json", error)) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

SuiteSpec load_suite(const std::string& name, const std::string& asset_root) {
  const auto known = suite_names(asset_root);
  if (known.empty()) {
    throw Error(ErrorCode::kNotFound, {.where = asset_root,
                                       .problem = "no suites here",
                                       .expected = "suites/<name>/suite.json",
                                       .next = "check the asset folder"});
  }
  // The name is only ever compared with folders that exist, so it cannot lead out of the asset
  // root.
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    throw Error(ErrorCode::kNotFound,
                {.problem = "there is no suite '" + name + "'", .next = next_to(name, known)});
  }
  const fs::path folder = fs::path(asset_root) / "suites" / name;
  const std::string path = (folder / "suite.json").string();
  const json object = read_description(path);
  SuiteSpec suite;
  suite.name = name;
  suite.title = field<std::string>(object, "title", path, &json::is_string, "a text");
  suite.max_steps = field<int>(object, "max_steps", path, &json::is_number_integer, "an integer");
  suite.control_hz = field<double>(object, "control_hz", path, &json::is_number, "a number");
  require(suite.max_steps > 0, path, "max_steps must be positive");
  require(suite.control_hz == kControlHz, path,
          "control_hz must be 20, the only rate at which the simulator controls, found " +
              object["control_hz"].dump());
  read_protocol(object, path, suite);
  const json tasks = field<json>(object, "tasks", path, &json::is_array, "a list of file names");
  require(!tasks.empty() && tasks.size() <= kMaxTasks, path, "tasks must hold 1 to 1000 names");
  Suite everything{name, {}};
  std::vector<std::string> stems;
  for (const auto& stem : tasks) {
    require(stem.is_string() && stem.get<std::string>().find('/') == std::string::npos, path,
            "tasks must be file names without extension, found " + stem.dump());
    stems.push_back(stem);
    everything.tasks.push_back({name, stem, instruction_from_file_name(stems.back()), 0});
  }
  add_tasks(suite, stems, [&](const std::string& stem) { return load_task(suite, stem, folder); });
  load_variations(suite, everything, folder);
  return suite;
}

std::string item_category(std::string_view name) {
  const size_t underscore = name.rfind('_');
  const bool numbered = underscore != std::string_view::npos && underscore + 1 < name.size() &&
                        std::all_of(name.begin() + static_cast<long>(underscore) + 1, name.end(),
                                    [](unsigned char c) { return std::isdigit(c) != 0; });
  return std::string(numbered ? name.substr(0, underscore) : name);
}

std::string item_phrase(std::string_view name) {
  std::string phrase = item_category(name);
  std::replace(phrase.begin(), phrase.end(), '_', ' ');
  return phrase;
}

const std::string& goal_target(const Problem& problem) {
  for (const auto& predicate : problem.goal) {
    if (predicate.args.size() == 2) return predicate.args[0];
  }
  return problem.goal.at(0).args.at(0);
}

std::vector<std::string> askable_items(const Problem& problem) {
  std::vector<std::string> items;
  for (const auto& object : problem.objects) {
    const bool receives =
        std::any_of(problem.goal.begin(), problem.goal.end(), [&](const Predicate& predicate) {
          if (predicate.args.size() < 2) return false;
          return problem.instance_of(predicate.args[1]) == object.name;
        });
    if (!receives) items.push_back(object.name);
  }
  return items;
}

const std::string& find_item(const Problem& problem, std::string_view item) {
  const auto items = askable_items(problem);
  for (const auto& object : problem.objects) {
    if ((object.name == item || object.category == item) &&
        std::find(items.begin(), items.end(), object.name) != items.end()) {
      return object.name;
    }
  }
  throw Error(ErrorCode::kNotFound,
              {.where = problem.file,
               .problem = "there is no item '" + std::string(item) + "' to ask for",
               .next = next_to(item, items)});
}

std::string asked_instruction(const TaskSpec& spec, std::string_view item) {
  const std::string target = item_phrase(goal_target(spec.problem));
  const std::string asked = item_phrase(find_item(spec.problem, item));
  std::string text = spec.task.instruction;
  const size_t at = text.find(target);
  if (at == std::string::npos) {
    throw Error(ErrorCode::kBadInput,
                {.where = "instruction '" + text + "'",
                 .problem = "does not name the goal's '" + target + "'",
                 .next = "another item can be asked for only where the instruction names one"});
  }
  return text.replace(at, target.size(), asked);
}

std::vector<Predicate> asked_goal(const Problem& problem, std::string_view item) {
  const std::string& asked = find_item(problem, item);
  const std::string& target = goal_target(problem);
  std::vector<Predicate> goal = problem.goal;
  for (auto& predicate : goal) {
    for (auto& arg : predicate.args) {
      if (arg == target) arg = asked;
    }
  }
  return goal;
}

}  // namespace libra::sim
