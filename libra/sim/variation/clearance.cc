#include "libra/sim/variation/clearance.h"

#include <algorithm>
#include <array>

#include "libra/core/error.h"
#include "libra/sim/bodies/catalogue.h"
#include "libra/sim/variation/effect.h"

namespace libra::sim::variation {
namespace {

constexpr std::array<double, kVariationLevels> kClearances{.004, .003, .002, .001, .0005};  // m

std::string category_of(const task::Problem& problem, const std::string& argument) {
  const std::string& name = problem.instance_of(argument);
  const task::Instance* object = problem.find_object(name);
  const task::Instance* instance = object != nullptr ? object : problem.find_fixture(name);
  return instance != nullptr ? instance->category : "";
}

bool is_drawer(const task::Problem& problem, const std::string& place) {
  return category_of(problem, place).ends_with("_cabinet") && !place.ends_with("_top_side");
}

bool starts_open(const task::Problem& problem, const std::string& drawer) {
  return std::any_of(problem.init.begin(), problem.init.end(), [&](const task::Predicate& p) {
    return p.kind == task::PredicateKind::kOpen && p.args[0] == drawer;
  });
}

// Whether the thing is taken by a gripper that leans: from or to a drawer, for the rack, through
// the microwave's door.
bool leans(const task::Problem& problem, const task::Predicate& clause) {
  const std::string place = category_of(problem, clause.args[1]);
  if (place == "wine_rack" || place == "microwave" || is_drawer(problem, clause.args[1]))
    return true;
  return std::any_of(problem.init.begin(), problem.init.end(), [&](const task::Predicate& p) {
    return p.args.size() == 2 && p.args[0] == clause.args[0] && is_drawer(problem, p.args[1]);
  });
}

double grip_of(const task::Problem& problem, const task::Predicate& clause) {
  switch (clause.kind) {
    case task::PredicateKind::kOn:
    case task::PredicateKind::kIn: {
      const bodies::ObjectModel model = bodies::object_model(category_of(problem, clause.args[0]));
      const double grip = leans(problem, clause) && model.held > 0 ? model.held : model.grip;
      const bool pulls =
          is_drawer(problem, clause.args[1]) && !starts_open(problem, clause.args[1]);
      return pulls ? std::max(grip, bodies::kHandleGrip) : grip;
    }
    case task::PredicateKind::kOpen:
      return bodies::kHandleGrip;
    case task::PredicateKind::kTurnOn:
    case task::PredicateKind::kTurnOff:
      return bodies::kKnobGrip;
    default:
      return 0;  // is pushed shut
  }
}

class ClearanceEffect final : public Effect {
 public:
  explicit ClearanceEffect(const EffectRequest& r) : level_(r.variation.level) {
    const std::string why = why_without_clearance(r.spec);
    if (!why.empty()) {
      throw Error(ErrorCode::kBadInput, {.where = "variation 'clearance'",
                                         .problem = "does not apply to " + r.spec.task.name,
                                         .found = why});
    }
  }

  void place(engine::Scene& scene, const task::Problem& problem) override {
    const double full = scene.model()->jnt_range[2 * bodies::kArmJoints + 1];
    open_ = std::min(full, (widest_grip(problem) + bodies::kPadInset) / 2 + clearance(level_));
  }

  // The first finger opens to positive positions, the second to negative ones. Each ends at a stop;
  // what it is driven to lies beyond, as friction has it end before.
  void change_model(engine::Scene& scene) override {
    mjModel* m = scene.model();
    constexpr int kOne = 2 * bodies::kArmJoints + 1, kOther = 2 * (bodies::kArmJoints + 1);
    constexpr double kBeyond = .002;  // m
    m->jnt_range[kOne] = open_, m->actuator_ctrlrange[kOne] = open_ + kBeyond;
    m->jnt_range[kOther] = -open_, m->actuator_ctrlrange[kOther] = -open_ - kBeyond;
  }

  void change_arm(engine::Scene& scene) override {
    double* fingers = scene.data()->qpos + engine::kFingerQpos;
    fingers[0] = std::min(fingers[0], open_);
    fingers[1] = std::max(fingers[1], -open_);
  }

 private:
  int level_;
  double open_ = 0;  // of each finger from the middle (m)
};

}  // namespace

double clearance(int level) { return kClearances.at(static_cast<size_t>(level - 1)); }

double widest_grip(const task::Problem& problem) {
  double widest = 0;
  for (const task::Predicate& clause : problem.goal)
    widest = std::max(widest, grip_of(problem, clause));
  return widest;
}

std::string why_without_clearance(const task::TaskSpec& spec) {
  if (spec.source != nullptr) return "it is made for our own suites only";
  return widest_grip(spec.problem) > 0 ? "" : "the fingers take nothing, they push";
}

std::unique_ptr<Effect> make_clearance_effect(const EffectRequest& request) {
  return std::make_unique<ClearanceEffect>(request);
}

}  // namespace libra::sim::variation
