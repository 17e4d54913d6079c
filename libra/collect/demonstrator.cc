#include "libra/collect/demonstrator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "libra/policy/load_policy.h"
#include "libra/runtime/policy_driver.h"
#include "libra/sim/bodies/catalogue.h"

namespace libra::collect {
namespace {

// The path the arm takes although the expert says otherwise.
class Disturbance {
 public:
  Disturbance(const DemonstrationConfig& config, Rng& rng)
      : config_(config), rng_(rng), noisy_(rng.uniform() < config.noisy_share) {}

  // Makes the executed action of the clean one; true when it is a push, which nobody could foresee.
  bool apply(Action& action) {
    if (!noisy_) return false;
    if (pushed_steps_ == 0 && rng_.uniform() < config_.push) {
      pushed_steps_ = 2 + int(rng_.below(4));
      double length = 0;
      for (double& x : push_) {
        x = rng_.normal();
        length += x * x;
      }
      for (double& x : push_) x /= std::sqrt(length) + 1e-9;
    }
    const bool pushing = pushed_steps_ > 0;
    if (pushing) --pushed_steps_;
    for (size_t d = 0; d < 3; ++d) {
      const double wanted = pushing ? push_[d] : action[d] + config_.noise * rng_.normal();
      action[d] = float(std::clamp(wanted, -1.0, 1.0));
    }
    return pushing;
  }

 private:
  const DemonstrationConfig& config_;
  Rng& rng_;
  bool noisy_;
  int pushed_steps_ = 0;
  std::array<double, 3> push_{};
};

// Whether what was done is so far from the label that the labels of the next steps, given in the
// states it led to, do not continue it.
bool leaves(const Action& label, const Action& executed) {
  for (size_t d = 0; d < 3; ++d) {
    if (std::abs(label[d] - executed[d]) > 0.5f) return true;
  }
  return (label.back() > 0) != (executed.back() > 0);
}

// Drives the arm towards an item that is not asked for, so that its place no longer tells which one
// is.
void detour(sim::SimEnv& env, Rng& rng) {
  std::vector<std::string> others;
  for (const auto& item : env.items()) {
    if (item != env.target()) others.push_back(item);
  }
  if (others.empty()) return;
  const auto goal = env.item_position(others[rng.below(others.size())]);
  // Over groceries; and over what stands on a cabinet or in a rack, where there are such.
  constexpr double kFixtures = 0.13;
  const auto& fixtures = env.problem().fixtures;
  const bool bare = std::all_of(
      fixtures.begin(), fixtures.end(),
      [](const sim::task::Instance& fixture) { return sim::bodies::is_support(fixture.category); });
  const double height = rng.uniform(0.16, 0.26) + env.surface() + (bare ? 0.0 : kFixtures);
  const auto steps = 3 + rng.below(33);
  for (uint64_t i = 0; i < steps; ++i) {
    const auto eef = env.eef_position();
    Action action = {0, 0, 0, 0, 0, 0, -1};
    const std::array<double, 3> error = {goal[0] - eef[0], goal[1] - eef[1], height - eef[2]};
    for (size_t d = 0; d < 3; ++d) action[d] = float(std::clamp(14.0 * error[d], -0.9, 0.9));
    env.step(action);
  }
}

}  // namespace

// Lets a policy move the arm in turns with the expert, who labels every state (DAgger: Ross,
// Gordon, Bagnell 2011), so that demonstrations begin where that policy goes wrong.
class PolicyTurns {
 public:
  PolicyTurns(const DemonstrationConfig& config, int image_size)
      : policy_(load_policy(config.policy, {.threads = 1})),
        driver_(*policy_, config.schedule, config.time) {
    if (policy_->spec().image_size != image_size) {
      throw Error(ErrorCode::kBadInput, {.where = "--image-size",
                                         .problem = "the policy wants other images",
                                         .expected = std::to_string(policy_->spec().image_size),
                                         .found = std::to_string(image_size)});
    }
  }
  void begin(const sim::SimEnv& env, const EpisodeKey& key, Rng& rng) {
    env_ = &env;
    key_ = key;
    rng_ = &rng;
    policy_has_it_ = false;
    turn_ends_ = 0;
    // The expert needs the rest to put right what the policy left.
    last_turn_ = std::max(1, env.task().max_steps - kExpertsRest);
  }
  // Whether the policy moves the arm at `step`; then `action` becomes its action.
  bool apply(const Observation& observation, int64_t step, Action& action) {
    if (step >= last_turn_) return false;
    if (step >= turn_ends_) {
      policy_has_it_ = !policy_has_it_;
      turn_ends_ = step + (policy_has_it_ ? 15 + int(rng_->below(65)) : 5 + int(rng_->below(25)));
      if (policy_has_it_) {
        driver_.reset(env_->instruction(), env_->task().name, key_.seed, key_.episode);
      }
    }
    if (policy_has_it_) action = driver_.act(observation, step).action;
    return policy_has_it_;
  }

 private:
  static constexpr int kExpertsRest = 120;  // steps
  std::unique_ptr<Policy> policy_;
  PolicyDriver driver_;
  const sim::SimEnv* env_ = nullptr;
  EpisodeKey key_;
  Rng* rng_ = nullptr;
  bool policy_has_it_ = false;
  int64_t turn_ends_ = 0, last_turn_ = 0;
};

void label_items(const sim::SimEnv& env, const std::vector<std::string>& items,
                 std::vector<float>& uv, std::vector<float>* position) {
  for (const auto& item : items) {
    const auto at = env.item_position(item);
    for (const CameraSpec& camera : env.embodiment().cameras) {
      double u = 0, v = 0;
      const bool seen = env.project(camera.name, at, u, v) && u >= 0 && u <= 1 && v >= 0 && v <= 1;
      const float none = std::numeric_limits<float>::quiet_NaN();
      uv.push_back(seen ? float(u) : none);
      uv.push_back(seen ? float(v) : none);
    }
    if (position) position->insert(position->end(), {float(at[0]), float(at[1]), float(at[2])});
  }
}

Demonstrator::Demonstrator(const sim::task::TaskSpec& spec, const sim::SimConfig& sim,
                           const DemonstrationConfig& config, const std::atomic<bool>* stop)
    : config_(config), stop_(stop), env_(spec, sim) {
  if (!config.policy.empty()) {
    turns_ = std::make_unique<PolicyTurns>(config, sim.image_size);
  }
}

Demonstrator::~Demonstrator() = default;

void Demonstrator::record_frame(data::Demo& demo) {
  const bool pictured = demo.pictured(demo.frames);
  // Drawing them is nearly all of the time that a demonstration takes.
  if (pictured || turns_) env_.observe(observation_);
  for (size_t c = 0; pictured && c < observation_.images.size(); ++c) {
    const auto& rgb = observation_.images[c].rgb;
    demo.images[c].insert(demo.images[c].end(), rgb.begin(), rgb.end());
  }
  demo.proprio.push_back(env_.proprio());
  demo.joints.push_back(env_.joint_positions());
  demo.states.push_back(env_.state());
  label_items(env_, demo.items, demo.item_uv, &demo.item_position);
}

bool Demonstrator::demonstrate(const EpisodeKey& key, data::Demo& demo) {
  constexpr int kFramesAfterSuccess = 3;  // letting go and retreating
  env_.reset(key);
  Rng rng(mix_seed({key.seed, hash_name(env_.task().name), hash_name(key.layout), key.episode}));
  if (rng.uniform() < config_.detour_share) detour(env_, rng);
  demo = data::Demo{};
  demo.height = demo.width = env_.config().image_size;
  demo.every = config_.every;
  demo.images.resize(env_.embodiment().cameras.size());
  demo.items = env_.items();
  demo.suite = env_.task().suite;
  demo.task = env_.task().name;
  demo.instruction = env_.instruction();
  demo.target = env_.target();
  demo.layout = key.layout;
  demo.variation = key.variation;
  demo.seed = key.seed;
  demo.episode = key.episode;
  demo.model_xml = env_.model_xml();
  Disturbance disturbance(config_, rng);
  sim::expert::Expert expert;
  expert.reset(env_);
  if (turns_) turns_->begin(env_, key, rng);
  int after_success = -1;  // steps since the goal first held
  while (after_success < kFramesAfterSuccess) {
    if (stop_ != nullptr && *stop_) return false;
    record_frame(demo);
    const Action clean = expert.act(env_);
    Action executed = clean;
    const bool unforeseen = turns_ && turns_->apply(observation_, demo.frames, executed)
                                ? leaves(clean, executed)
                                : disturbance.apply(executed);
    demo.perturbed.push_back(unforeseen ? 1 : 0);
    const StepResult result = env_.step(executed);
    demo.expert_actions.push_back(clean);
    demo.actions.push_back(executed);
    demo.success.push_back(result.success ? 1 : 0);
    ++demo.frames;
    if (result.success || after_success >= 0) {
      ++after_success;
    } else if (result.done) {
      return false;
    }
  }
  return true;
}

}  // namespace libra::collect
