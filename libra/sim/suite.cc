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
      throw Error(ErrorCode::kBadInput, {.where = path,
                                         .problem = "unknown field '" + key + "'",
                                         .next = task::next_to(key, kKeys)});
    }
  }
  return object;
}

task::TaskSpec load_task(const task::SuiteSpec& suite, const std::string& stem,
                         const fs::path& folder) {
  task::TaskSpec spec;
  spec.task = {suite.name, stem, instruction_from_file_name(stem), suite.max_steps};
  spec.problem = task::read_bddl((folder / (stem + std::string(kExtension))).string());
  spec.layouts = suite.layouts;
  return spec;
}

// What variations need besides the task files; a suite may have none of it.
// `everything`: the suite with the tasks that could not be read.
void load_variations(task::SuiteSpec& suite, const Suite& everything, const fs::path& folder) {
  std::error_code error;
  if (const fs::path file = folder / "language.json"; fs::exists(file, error)) {
    auto wordings = variation::read_wordings(file.string(), everything);
    for (task::TaskSpec& spec : suite.tasks)
      spec.wording = std::make_shared<variation::Wording>(std::move(wordings.at(spec.task.name)));
  }
  std::map<std::string, variation::MemoryTests> tests;
  if (const fs::path file = folder / "memorisation.json"; fs::exists(file, error))
    tests = variation::read_memory_tests(file.string(), suite.tasks, everything);
  for (size_t i = 0; i < suite.tasks.size(); ++i) {
    variation::MemoryTests& own = tests[suite.tasks[i].task.name];
    if (own.others.empty()) own.others = variation::tasks_of_scene(suite.tasks, i);
    suite.tasks[i].memory = std::make_shared<variation::MemoryTests>(std::move(own));
  }
}

void require(bool good, const std::string& where, const std::string& problem) {
  if (!good) throw Error(ErrorCode::kBadInput, {.where = where, .problem = problem});
}

// The optional fields, which have defaults.
void read_protocol(const json& object, const std::string& path, task::SuiteSpec& suite) {
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

task::SuiteSpec load_suite(const std::string& name, const std::string& asset_root) {
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
    throw Error(ErrorCode::kNotFound, {.problem = "there is no suite '" + name + "'",
                                       .next = task::next_to(name, known)});
  }
  const fs::path folder = fs::path(asset_root) / "suites" / name;
  const std::string path = (folder / "suite.json").string();
  const json object = read_description(path);
  task::SuiteSpec suite;
  suite.name = name;
  suite.title = field<std::string>(object, "title", path, &json::is_string, "a text");
  suite.max_steps = field<int>(object, "max_steps", path, &json::is_number_integer, "an integer");
  suite.control_hz = field<double>(object, "control_hz", path, &json::is_number, "a number");
  require(suite.max_steps > 0, path, "max_steps must be positive");
  require(suite.control_hz == libero_panda().control_hz, path,
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
  task::add_tasks(suite, stems,
                  [&](const std::string& stem) { return load_task(suite, stem, folder); });
  load_variations(suite, everything, folder);
  return suite;
}

}  // namespace libra::sim
