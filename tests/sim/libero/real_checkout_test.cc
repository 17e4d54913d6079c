// The real LIBERO: every task becomes a model, its stored states fit and settle with things where
// its BDDL file says. Prints what docs/libero.md reports. Of variants of LIBERO's suites, whose
// states are not all what their files say, only that they load and stay whole.
#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

#include "libra/core/error.h"
#include "libra/sim/bodies/arena.h"
#include "libra/sim/bodies/panda.h"
#include "libra/sim/libero/libero.h"
#include "libra/sim/sim_env.h"
#include "libra/sim/suite.h"
#include "tests/sim/libero/real_libero.h"

namespace libra::sim::libero {
namespace {

// LIBERO's sampler leaves the region by up to 2 cm, and lets things overlap, which then push each
// other away.
constexpr double kZoneReach = 0.03;  // m
// The bowl's origin lies 1.3 cm under the site's middle once it has dropped onto the microwave: the
// predicate of LIBERO itself does not hold there.
constexpr const char* kNeverHolds = "microwave_1_top_side";

struct Tally {
  int held = 0, asked = 0;
  void add(bool yes) { held += yes, ++asked; }
};

struct Summary {
  int tasks = 0;
  std::map<std::string, Tally> atoms;
  std::set<std::string> missing;
  std::map<std::string, int> lacking;  // tasks of a suite with missing files
  int contacts = 0, constraints = 0;
};

double distance(const task::Region& region, double x, double y) {
  double best = 1e9;
  for (const task::Rectangle& r : region.ranges) {
    best = std::min(
        best, std::hypot(std::max({r.x0 - x, x - r.x1, 0.0}), std::max({r.y0 - y, y - r.y1, 0.0})));
  }
  return best;
}

// How far a thing is from the zone that the file puts it on.
double distance(const SimEnv& env, const task::Problem& problem, const task::Predicate& atom,
                const task::Region& zone) {
  const bodies::Arena& arena = bodies::find_arena(problem.name);
  const int body = mj_name2id(env.model(), mjOBJ_BODY, atom.args[0].c_str());
  const double* at = env.data()->xpos + 3 * body;
  return distance(zone, at[0] - arena.origin[0], at[1] - arena.origin[1]);
}

void check_atom(const SimEnv& env, const task::TaskSpec& spec, const task::Predicate& atom,
                Summary& summary) {
  const task::Problem& problem = spec.problem;
  const task::Region* region = atom.args.size() == 2 ? problem.find_region(atom.args[1]) : nullptr;
  const std::string what = spec.task.name + ": " + std::string(task::predicate_name(atom.kind)) +
                           " " + atom.args[0] + " " + atom.args.back();
  if (region != nullptr && !region->ranges.empty()) {
    const bool fixture = problem.find_fixture(atom.args[0]) != nullptr;
    const double off = distance(env, problem, atom, *region);
    summary.atoms[fixture ? "fixture in its region" : "object within 3 cm of its region"].add(
        off <= kZoneReach);
    if (is_of_five(spec.task.suite)) {
      EXPECT_LE(off, fixture ? 1e-9 : 0.07) << what;
    }
    if (off > kZoneReach) std::printf("  %.1f cm off: %s\n", 100 * off, what.c_str());
    return;
  }
  const bool holds = env.atom_holds(atom);
  const std::string kind =
      std::string(task::predicate_name(atom.kind)) + (region != nullptr       ? " site"
                                                      : atom.args.size() == 2 ? " object"
                                                                              : "");
  summary.atoms[kind].add(holds);
  if (atom.args.back() != kNeverHolds && is_of_five(spec.task.suite)) {
    EXPECT_TRUE(holds) << what;
  }
}

void check_task(const task::TaskSpec& spec, Summary& summary) {
  const std::vector<std::string> replaced = replaced_visuals(spec);
  summary.missing.insert(replaced.begin(), replaced.end());
  summary.lacking[spec.task.suite] += !replaced.empty();
  SimEnv env(spec);
  const uint64_t episodes = is_of_five(spec.task.suite) ? LIBRA_LIBERO_EPISODES : 1;
  for (uint64_t episode = 0; episode < episodes; ++episode) {
    env.reset({"libero", 0, episode, ""});
    EXPECT_FALSE(env.failed()) << spec.task.name;
    EXPECT_FALSE(env.goal_holds()) << spec.task.name;
    const mjData* d = env.data();
    EXPECT_EQ(d->warning[mjWARN_CONTACTFULL].number + d->warning[mjWARN_CNSTRFULL].number, 0);
    summary.contacts = std::max(summary.contacts, d->ncon);
    summary.constraints = std::max(summary.constraints, d->nefc);
    for (const task::Predicate& atom : spec.problem.init) check_atom(env, spec, atom, summary);
  }
  ++summary.tasks;
}

class RealLibero : public RealLiberoTest {};

// The grip site at the ready posture, from the kinematics of robosuite's files and the place of the
// robot in each arena; the hand's axis-angle there.
TEST_F(RealLibero, ThePandaReachesWhereItsFilesSay) {
  const Checkout& checkout = libero();
  const struct {
    const char* suite;
    size_t task;
    double x, z;
  } cases[] = {{"libero_spatial", 0, -.2085, 1.1733},
               {"libero_object", 0, -.1485, .2613},
               {"libero_10", 4, -.0585, .6813},
               {"libero_10", 5, -.2985, 1.1733}};
  for (const auto& c : cases) {
    SimEnv env(load_suite(checkout, c.suite, {.allow_missing_visuals = true}).tasks.at(c.task));
    std::vector<double> state = env.state();
    std::copy(bodies::kReadyPosture.begin(), bodies::kReadyPosture.end(), state.begin() + 1);
    env.set_state(state);
    EXPECT_NEAR(env.eef_position()[0], c.x, 1e-4) << c.suite;
    EXPECT_NEAR(env.eef_position()[1], 0, 1e-4);
    EXPECT_NEAR(env.eef_position()[2], c.z, 1e-4) << c.suite;
    EXPECT_NEAR(env.proprio()[3], 3.140, 1e-3);
    EXPECT_NEAR(env.proprio()[4], 0.001, 1e-3);
    EXPECT_NEAR(env.proprio()[5], -0.089, 1e-3);
  }
}

TEST_F(RealLibero, EveryTaskBecomesAWorldThatSettles) {
  const Checkout& checkout = libero();
  Summary summary;
  int listed = 0, published = 0, left_out = 0;
  for (const std::string& name : checkout.suites()) {
    task::SuiteSpec suite;
    try {
      suite = load_suite(checkout, name, {.allow_missing_visuals = true});
    } catch (const Error& e) {
      std::printf("left out suite %s: %s\n", name.c_str(), e.what());
      continue;
    }
    for (const std::string& task : suite.unreadable) std::printf("left out %s\n", task.c_str());
    left_out += static_cast<int>(suite.unreadable.size());
    listed += static_cast<int>(suite.tasks.size());
    if (is_of_five(name)) published += static_cast<int>(suite.tasks.size());
    for (const task::TaskSpec& spec : suite.tasks) {
      // Wheels have lists of tasks whose states were never published.
      if (!is_of_five(name) && !std::filesystem::exists(checkout.init_file(name, spec.task.name))) {
        std::printf("without stored states: %s %s\n", name.c_str(), spec.task.name.c_str());
        --listed;
        continue;
      }
      try {
        check_task(spec, summary);
      } catch (const Error& e) {
        ADD_FAILURE() << name << " " << spec.task.name << ": " << e.what();
      }
    }
  }
  EXPECT_EQ(published, 130);
  std::printf("%d tasks left out, told why\n", left_out);
  std::printf("%d of %d tasks: model compiled, stored states fit\n", summary.tasks, listed);
  for (const auto& [kind, tally] : summary.atoms) {
    std::printf("  %-34s %d of %d\n", kind.c_str(), tally.held, tally.asked);
  }
  std::printf("at most %d contacts, %d constraints\n", summary.contacts, summary.constraints);
  for (const auto& [suite, count] : summary.lacking) {
    std::printf("%s: %d tasks with missing looks\n", suite.c_str(), count);
  }
  for (const std::string& file : summary.missing) std::printf("  missing %s\n", file.c_str());
}

}  // namespace
}  // namespace libra::sim::libero
