#include "libra/sim/libero/any_suite.h"

#include <algorithm>
#include <map>
#include <optional>

#include "libra/core/data_root.h"
#include "libra/core/error.h"
#include "libra/sim/libero/libero.h"
#include "libra/sim/libero/plus_suite.h"

namespace libra::sim::libero {
namespace {

constexpr std::string_view kLiberos = "libero_";  // its suites are called libero_spatial, ...

bool are_given(const Roots& roots) { return !roots.libero.empty() && !roots.robosuite.empty(); }

// Whether a suite is looked for in the checkout: it is not ours, and there is one or its name says
// so.
bool is_liberos(const Roots& roots, const std::string& name) {
  const auto ours = sim::suite_names();
  if (std::find(ours.begin(), ours.end(), name) != ours.end()) return false;
  return are_given(roots) || name.starts_with(kLiberos);
}

std::optional<Checkout> find_checkout(const Roots& roots) {
  if (are_given(roots)) return Checkout(roots.libero, roots.robosuite);
  return Checkout::find_in(data_root() + "/third_party/site");
}

task::SuiteSpec load_liberos(const Roots& roots, const std::string& name, bool allow_missing) {
  const auto checkout = find_checkout(roots);
  if (!checkout) {
    throw Error(ErrorCode::kNotFound,
                {.where = "suite '" + name + "'",
                 .problem = "is one of LIBERO's own",
                 .next = "scripts/setup --libero brings them, or say where LIBERO is with "
                         "--libero-root and --robosuite-root; ours are " +
                         join_names(sim::suite_names())});
  }
  if (!is_plus_suite(name))
    return load_suite(*checkout, name, {.allow_missing_visuals = allow_missing});
  if (roots.plus.empty()) {
    throw Error(ErrorCode::kNotFound, {.where = "suite '" + name + "'",
                                       .problem = "is one of LIBERO-Plus",
                                       .next = "say where a checkout of it is with --plus-root "
                                               "(https://github.com/sylvestf/LIBERO-plus)"});
  }
  return load_plus_suite(checkout->with_plus(roots.plus), name,
                         {.allow_missing_visuals = allow_missing});
}

// Tasks in which these are the same need the same files.
std::string things_of(const task::Problem& problem) {
  std::string things = problem.name;
  for (const auto* list : {&problem.fixtures, &problem.objects})
    for (const task::Instance& thing : *list) things += " " + thing.category;
  return things;
}

}  // namespace

std::vector<std::string> suite_names(const Roots& roots) {
  std::vector<std::string> names = sim::suite_names();
  if (const auto checkout = find_checkout(roots)) {
    for (const std::string& name : checkout->suites()) names.push_back(name);
    if (!roots.plus.empty()) {
      for (const std::string& name : plus_suites()) names.push_back(name);
    }
  }
  return names;
}

task::SuiteSpec load_suite(const Roots& roots, const std::string& name) {
  if (!is_liberos(roots, name)) return sim::load_suite(name);
  return load_liberos(roots, name, roots.allow_missing_visuals);
}

std::vector<std::string> missing_visuals(const Roots& roots, const std::string& name) {
  std::vector<std::string> lines;
  if (!is_liberos(roots, name)) return lines;
  std::map<std::string, std::vector<std::string>> tasks;  // by file
  std::map<std::string, std::vector<std::string>> files;  // by what the scene holds
  for (const task::TaskSpec& spec : load_liberos(roots, name, true).tasks) {
    const auto [known, is_new] = files.try_emplace(things_of(spec.problem));
    if (is_new) known->second = replaced_visuals(spec);
    for (const std::string& file : known->second) tasks[file].push_back(spec.task.name);
  }
  for (const auto& [file, users] : tasks) {
    lines.push_back(file + ": needed by " +
                    (users.size() == 1 ? users[0] : std::to_string(users.size()) + " tasks"));
  }
  return lines;
}

}  // namespace libra::sim::libero
