#include "libra/sim/libero/plus_suite.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <utility>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/core/instruction.h"
#include "libra/sim/libero/compose.h"
#include "libra/sim/libero/libero_source.h"
#include "libra/sim/libero/libero_suite.h"
#include "libra/sim/libero/numpy_random.h"
#include "libra/sim/variation/effect.h"

namespace libra::sim::libero {
namespace {

using variation::kDegree;
using Scene = PlusName::Scene;
using Posture = std::array<double, bodies::kArmJoints>;

constexpr std::string_view kPlus = "libero_plus_";
constexpr int kPostures = 500, kPosturesAMagnitude = 100;

// LIBERO-Plus's 500: 0.1 to 0.5 rad beside the ready posture, a hundred of each, in a random
// direction of joint space; it keeps eight decimals.
std::vector<Posture> draw_postures() {
  NumpyRandom random(42);
  std::vector<Posture> postures;
  for (int i = 0; i < kPostures; ++i) {
    Posture posture;
    double square = 0;
    for (double& x : posture) x = random.normal(), square += x * x;
    const double magnitude = 0.1 * (1 + i / kPosturesAMagnitude);
    for (size_t k = 0; k < posture.size(); ++k) {
      const double joint = bodies::kReadyPosture[k] + posture[k] / std::sqrt(square) * magnitude;
      posture[k] = std::round(joint * 1e8) / 1e8;
    }
    postures.push_back(posture);
  }
  return postures;
}

variation::CameraMove camera_of(const PlusView& view) {
  variation::CameraMove move{.steps = {}, .pivot = 0.8, .rounded = true};
  if (view.up != 0) move.steps.push_back({.axis = 'y', .angle = -view.up * kDegree});
  move.steps.push_back({.angle = view.around * kDegree});
  if (view.distance != 100) move.steps.push_back({.distance = view.distance / 100.0});
  if (view.turn != 0) move.steps.push_back({.angle = view.turn * kDegree, .in_place = true});
  if (view.lift != 0)
    move.steps.push_back({.axis = 'y', .angle = -view.lift * kDegree, .in_place = true});
  return move;
}

// As the reader of task files that LIBERO uses has every word.
std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// Adds up what is left out, by category and reason.
class Tally {
 public:
  explicit Tally(const std::vector<PlusEntry>& entries) {
    for (const PlusEntry& entry : entries) ++of_[entry.category];
  }
  void leave_out(const std::string& category, const std::string& why) { ++count_[{category, why}]; }
  std::vector<task::LeftOut> list() const {
    std::vector<task::LeftOut> list;
    for (const auto& [key, tasks] : count_)
      list.push_back({key.first, key.second, tasks, of_.at(key.first)});
    return list;
  }

 private:
  std::map<std::string, int> of_;
  std::map<std::pair<std::string, std::string>, int> count_;
};

// Makes the tasks of one suite; a task file that many variants share is read once.
class Loader {
 public:
  Loader(const Checkout& checkout, const task::SuiteSpec& suite, const ComposeOptions& options)
      : checkout_(checkout),
        suite_(suite),
        folder_("libero_" + suite.name.substr(kPlus.size())),
        options_(options) {}

  const std::string& folder() const { return folder_; }

  // Why it cannot be run; "" where there is nothing against it so far.
  static std::string why_not(const PlusName& name) {
    if (name.scene == Scene::kLight) return "has lights of LIBERO-Plus's own scene files";
    if (name.scene == Scene::kTextures) return "has textures of LIBERO-Plus's own scene files";
    return "";
  }

  task::TaskSpec load(const PlusName& name, const std::string& category) {
    const bool own_start = name.scene != Scene::kPlain;
    task::TaskSpec spec;
    spec.problem = problem(name.task_file());
    const std::string words =
        name.language > 0 ? lower(spec.problem.language) : instruction_from_file_name(name.base);
    if (words.empty()) {
      throw Error(ErrorCode::kBadInput,
                  {.where = name.task_file() + ".bddl", .problem = "says no instruction"});
    }
    spec.task = {suite_.name, name.variant, words, suite_.max_steps, category};
    spec.layouts = suite_.layouts;
    spec.preset = std::make_shared<variation::Preset>(plus_preset(name));
    spec.source =
        std::make_shared<LiberoSource>(checkout_, spec.task, spec.problem,
                                       own_start ? checkout_.own_init_file(folder_, name.variant)
                                                 : checkout_.init_file(folder_, name.base),
                                       options_);
    return spec;
  }

 private:
  const task::Problem& problem(const std::string& stem) {
    const auto known = problems_.find(stem);
    if (known != problems_.end()) return known->second;
    task::Problem problem = task::read_bddl(checkout_.bddl_file(folder_, stem));
    require_models(problem, checkout_);
    return problems_.emplace(stem, std::move(problem)).first->second;
  }

  const Checkout& checkout_;
  const task::SuiteSpec& suite_;
  std::string folder_;
  ComposeOptions options_;
  std::map<std::string, task::Problem> problems_;
};

}  // namespace

const std::vector<std::string>& plus_suites() {
  static const std::vector<std::string> suites = {"libero_plus_spatial", "libero_plus_object",
                                                  "libero_plus_goal", "libero_plus_10"};
  return suites;
}

bool is_plus_suite(const std::string& name) { return name.starts_with(kPlus); }

variation::Preset plus_preset(const PlusName& name) {
  static const std::vector<Posture> postures = draw_postures();
  variation::Preset preset;
  preset.camera = camera_of(name.view);
  if (name.posture > 0) preset.rest = postures.at(static_cast<size_t>(name.posture - 1));
  preset.noise = name.noise;
  return preset;
}

task::SuiteSpec load_plus_suite(const Checkout& checkout, const std::string& name,
                                const ComposeOptions& options) {
  const auto& known = plus_suites();
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    throw Error(ErrorCode::kNotFound, {.problem = "there is no suite '" + name + "'",
                                       .next = task::next_to(name, known)});
  }
  task::SuiteSpec suite;
  suite.name = name;
  suite.title = "variants of LIBERO-Plus, one trial each";
  suite.max_steps = step_limit(name);
  suite.initial_states = 1;
  suite.instructions =
      "words of the file name of LIBERO's task; rewritten ones the task file's :language";
  Loader loader(checkout, suite, options);
  const std::string path = checkout.plus_list();
  const auto list = parse_plus_list(read_file(path, "LIBERO-Plus's list of variants"), path);
  const auto entries = list.find(loader.folder());
  if (entries == list.end()) {
    throw Error(ErrorCode::kNotFound,
                {.where = path, .problem = "has no suite '" + loader.folder() + "'"});
  }
  Tally out(entries->second);
  for (const auto& [text, category] : entries->second) {
    try {
      const PlusName variant = parse_plus_name(text);
      const std::string why = Loader::why_not(variant);
      if (why.empty()) {
        suite.tasks.push_back(loader.load(variant, category));
      } else {
        out.leave_out(category, why);
      }
    } catch (const Error& error) {
      // A model that is not there is the same reason for all that want one.
      const bool model = error.code() == ErrorCode::kNotFound && text.find("_add_") != text.npos;
      out.leave_out(category,
                    model ? "adds objects that LIBERO's assets have no models of" : error.what());
    }
  }
  suite.left_out = out.list();
  if (!suite.tasks.empty()) return suite;
  throw Error(ErrorCode::kBadInput,
              {.where = path,
               .problem = "none of suite '" + loader.folder() + "' can be run",
               .found = suite.left_out.empty() ? "no variants" : suite.left_out.front().why});
}

}  // namespace libra::sim::libero
