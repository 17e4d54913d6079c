// Where LIBERO and robosuite are: a user's checkouts, or the packages that scripts/setup --libero
// brings; and where things are in them.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace libra::sim::libero {

// Paths only; nothing is read before it is asked for.
class Checkout {
 public:
  // Either folder may be the checkout or the Python package inside it; LIBERO's assets may be a
  // package of their own beside it. Throws Error(kNotFound) that says what such a folder holds,
  // Error(kBadInput) for a robosuite that is not 1.4.
  Checkout(const std::string& libero_root, const std::string& robosuite_root);
  // The packages in `site`, a folder as Python's site-packages; nullopt when it has no LIBERO.
  // Throws Error(kNotFound) that names the packages it lacks of those that belong together.
  static std::optional<Checkout> find_in(const std::string& site);

  // The same assets and robot with the task files and stored states of LIBERO-Plus, which keeps the
  // shape of LIBERO; its own assets where it has any. Throws Error(kNotFound) that says what such a
  // folder holds.
  Checkout with_plus(const std::string& plus_root) const;

  // Names of the tasks of a suite ("libero_spatial", ...) in LIBERO's order, from its task map.
  // Throws Error(kNotFound) with the known suites, Error(kBadInput) for a map that is no such list.
  std::vector<std::string> tasks(const std::string& suite) const;
  // Suites that the task map and the folder of BDDL files both have, sorted.
  std::vector<std::string> suites() const;

  std::string bddl_file(const std::string& suite, const std::string& task) const;
  // LIBERO's .pruned_init; where there is none but another form of it (.pruned_init.npz, as
  // wheels have it, .npz, .npy, .init), that.
  std::string init_file(const std::string& suite, const std::string& task) const;
  // Of variants of LIBERO-Plus that have one of their own, since they have other objects or places.
  std::string own_init_file(const std::string& suite, const std::string& task) const;
  // The list of variants that LIBERO-Plus has.
  std::string plus_list() const { return libero_ + kPlusList; }
  // "scenes/...", "textures/...": below LIBERO's assets.
  std::string asset(const std::string& path) const;
  // The model of a category of objects or fixtures. Throws Error(kNotFound) that names `where` and
  // the nearest category.
  std::string object_model(const std::string& category, const std::string& where) const;
  // Below robosuite's models/assets.
  std::string robot_asset(const std::string& path) const;

 private:
  static constexpr const char* kPlusList = "/benchmark/task_classification.json";

  std::string libero_, robosuite_;  // the packages
  std::string assets_;              // LIBERO's
};

// The lists of a file that maps names to lists of names: `"suite": [ "task", ... ], ...`. Comments
// and everything else are passed over. Throws Error(kBadInput) when it is too large.
std::vector<std::pair<std::string, std::vector<std::string>>> parse_task_map(
    const std::string& text, const std::string& where);

}  // namespace libra::sim::libero
