#include "libra/cli/suite_flags.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

#include "libra/core/data_root.h"
#include "libra/core/error.h"
#include "libra/sim/libero/libero.h"

namespace libra::cli {
namespace {

constexpr std::string_view kLiberos = "libero_";  // its suites are called libero_spatial, ...

bool has_roots(const SuiteFlags& flags) {
  return !flags.libero_root.empty() && !flags.robosuite_root.empty();
}

// Whether a suite is looked for in the checkout: it is not ours, and there is one or its name says
// so.
bool is_liberos(const SuiteFlags& flags, const std::string& name) {
  const auto ours = sim::suite_names();
  if (std::find(ours.begin(), ours.end(), name) != ours.end()) return false;
  return has_roots(flags) || name.starts_with(kLiberos);
}

// Where LIBERO is; nullopt when nobody said and scripts/setup --libero was not run.
std::optional<sim::libero::Checkout> find_libero(const SuiteFlags& flags) {
  if (has_roots(flags)) return sim::libero::Checkout(flags.libero_root, flags.robosuite_root);
  return sim::libero::Checkout::find_in(data_root() + "/third_party/site");
}

sim::SuiteSpec load_liberos(const SuiteFlags& flags, const std::string& name, bool allow_missing) {
  const auto checkout = find_libero(flags);
  if (!checkout) {
    throw Error(ErrorCode::kNotFound,
                {.where = "suite '" + name + "'",
                 .problem = "is one of LIBERO's own",
                 .next = "scripts/setup --libero brings them, or say where LIBERO is with "
                         "--libero-root and --robosuite-root; ours are " +
                         join_names(sim::suite_names())});
  }
  return sim::libero::load_suite(*checkout, name, {.allow_missing_visuals = allow_missing});
}

}  // namespace

void add_suite_flags(CLI::App& command, SuiteFlags& flags) {
  auto* libero = command.add_option("--libero-root", flags.libero_root,
                                    "a checkout of LIBERO with its suites libero_spatial, "
                                    "libero_object, ...; without: what scripts/setup --libero "
                                    "brought");
  auto* robosuite = command.add_option("--robosuite-root", flags.robosuite_root,
                                       "a checkout of robosuite 1.4, which LIBERO's robot is in");
  libero->needs(robosuite);
  robosuite->needs(libero);
  command.add_flag("--allow-missing-visuals", flags.allow_missing_visuals,
                   "draw collision shapes where a checkout lacks meshes, plain surfaces where it "
                   "lacks textures");
}

std::vector<std::string> suite_names(const SuiteFlags& flags) {
  std::vector<std::string> names = sim::suite_names();
  if (const auto checkout = find_libero(flags)) {
    for (const std::string& name : checkout->suites()) names.push_back(name);
  }
  return names;
}

sim::SuiteSpec load_suite(const SuiteFlags& flags, const std::string& name) {
  if (!is_liberos(flags, name)) return sim::load_suite(name);
  return load_liberos(flags, name, flags.allow_missing_visuals);
}

sim::SuiteSpec load_and_tell(const SuiteFlags& flags, const std::string& name) {
  sim::SuiteSpec suite = load_suite(flags, name);
  for (const std::string& task : suite.unreadable) {
    std::fprintf(stderr, "left out of suite %s: %s\n", name.c_str(), task.c_str());
  }
  return suite;
}

const sim::TaskSpec& find_task(const sim::SuiteSpec& suite, const std::string& word) {
  for (size_t t = 0; t < suite.tasks.size(); ++t) {
    if (word == std::to_string(t)) return suite.tasks[t];
  }
  return suite.find_task(word);
}

EnvFactory make_env_factory(const SuiteFlags& flags, const sim::SimConfig& config) {
  return [flags, config](const Task& task) -> std::unique_ptr<Env> {
    return std::make_unique<sim::SimEnv>(load_suite(flags, task.suite).find_task(task.name),
                                         config);
  };
}

std::vector<std::string> missing_visuals(const SuiteFlags& flags, const std::string& name) {
  std::vector<std::string> lines;
  if (!is_liberos(flags, name)) return lines;
  std::map<std::string, std::vector<std::string>> tasks;  // by file
  for (const sim::TaskSpec& spec : load_liberos(flags, name, true).tasks) {
    for (const std::string& file : sim::libero::replaced_visuals(spec)) {
      tasks[file].push_back(spec.task.name);
    }
  }
  for (const auto& [file, users] : tasks) {
    lines.push_back(file + ": needed by " +
                    (users.size() == 1 ? users[0] : std::to_string(users.size()) + " tasks"));
  }
  return lines;
}

}  // namespace libra::cli
