// A toy world and policy: a point moves on a plane of items to the one it is told, and "lifts" the
// first item it comes near. Deterministic, no pixels that matter. Episode 5 of "cup" breaks at
// step 7. The variation "wind:L" blows everything aside by L thousandths a step, "stuck" lets
// nothing move.
#pragma once

#include <array>
#include <cmath>
#include <stdexcept>

#include "libra/action/codec.h"
#include "libra/core/core.h"
#include "libra/eval/rollout.h"
#include "tests/support/toy_spec.h"

namespace libra::eval {

inline constexpr std::array<const char*, 3> kToyItems = {"apple", "book", "cup"};
using ToyPoint = std::array<double, 2>;
inline constexpr std::array<ToyPoint, 3> kToyPlaces = {{{-0.6, 0}, {0, 0.5}, {0.7, 0}}};

class ToyEnv final : public Env {
 public:
  explicit ToyEnv(Task task) : task_(std::move(task)) {}
  void reset(const EpisodeKey& key) override {
    Rng rng(mix_seed({key.seed, hash_name(task_.name), key.episode}));
    x_ = {rng.uniform(-0.1, 0.1), rng.uniform(-0.1, 0.1)};
    target_ = key.target.empty() ? task_.name : key.target;
    instruction_ = "touch the " + target_;
    step_ = 0;
    lifted_.clear();
    key_ = key;
    wind_ = key.variation.starts_with("wind:") ? 0.001 * std::stod(key.variation.substr(5)) : 0;
  }
  StepResult step(const Action& action) override {
    if (task_.name == "cup" && key_.episode == 5 && step_ == 7) throw std::runtime_error("stuck");
    const double speed = key_.variation == "stuck" ? 0 : 0.05;
    for (int d = 0; d < 2; ++d) x_[d] += speed * std::clamp(double(action[d]), -1.0, 1.0);
    x_[1] += wind_;
    ++step_;
    for (size_t i = 0; i < kToyItems.size(); ++i) {
      const double distance = std::hypot(x_[0] - kToyPlaces[i][0], x_[1] - kToyPlaces[i][1]);
      if (lifted_.empty() && distance < 0.04) lifted_ = kToyItems[i];
    }
    const bool success = lifted_ == target_;
    return {success, success || step_ >= task_.max_steps};
  }
  void observe(Observation& out) override {
    out.images.assign(2, Image(16, 16));
    out.images[0].rgb[0] = static_cast<uint8_t>(128 + 100 * x_[0]);
    out.proprio.assign(8, 0.0);
    out.proprio[0] = x_[0];
    out.proprio[1] = x_[1];
    out.step = step_;
    out.time = step_ / 20.0;
  }
  const Task& task() const override { return task_; }
  const Embodiment& embodiment() const override { return libero_panda(); }
  const std::string& instruction() const override { return instruction_; }
  std::vector<std::string> items() const override { return {kToyItems.begin(), kToyItems.end()}; }
  const std::string& target() const override { return target_; }
  const std::string& first_lifted() const override { return lifted_; }

 private:
  Task task_;
  EpisodeKey key_;
  std::string target_, instruction_, lifted_;
  ToyPoint x_{};
  double wind_ = 0;
  int64_t step_ = 0;
};

inline ToyPoint toy_goal(std::string_view instruction) {
  for (size_t i = 0; i < kToyItems.size(); ++i) {
    if (instruction.ends_with(kToyItems[i])) return kToyPlaces[i];
  }
  return {};
}

inline uint8_t toy_bin(double a, int bins) {
  return static_cast<uint8_t>(std::clamp(int(std::floor((a + 1) / 2 * bins)), 0, bins - 1));
}
template <class T>
void fill(std::span<T> row, T value) {
  std::fill(row.begin(), row.end(), value);
}
inline double toy_centre(int bin, int bins) { return -1 + (2.0 * bin + 1) / bins; }

// Plans the direction; the refiner adds noise from its seed. `deaf` ignores the instruction and
// always goes to the book.
class ToyPolicy final : public Policy, public Planner, public Refiner {
 public:
  explicit ToyPolicy(bool deaf = false) : spec_(toy_spec(2, 5, 10)), deaf_(deaf) {}
  const PolicySpec& spec() const override { return spec_; }
  Planner* planner() override { return this; }
  Refiner& refiner() override { return *this; }
  const action::Codec& codec() const override { return codec_; }
  void plan(std::span<const PlanRequest> requests, std::span<IntentPlan> plans) override {
    for (size_t i = 0; i < requests.size(); ++i) {
      const ToyPoint goal = deaf_ ? kToyPlaces[1] : toy_goal(requests[i].instruction);
      const Proprio& proprio = requests[i].observation->proprio;
      ToyPoint x = {proprio[0], proprio[1]};
      plans[i] = IntentPlan(spec_.expansion, spec_.horizon, kToyDims, spec_.bins);
      plans[i].obs_step = requests[i].observation->step;
      plans[i].epoch = requests[i].epoch;
      plans[i].instruction_id = hash_name(requests[i].instruction);
      for (int m = 0; m < spec_.expansion; ++m) {
        Intent& intent = plans[i].intents[m];
        for (int h = 0; h < spec_.horizon; ++h) {
          fill(intent.bin[h], toy_bin(0, spec_.bins));
          for (int d = 0; d < 2; ++d) {
            const double a = std::clamp((goal[d] - x[d]) / 0.05, -0.4, 0.4);
            x[d] += 0.05 * a;
            intent.bin[h][d] = toy_bin(a, spec_.bins);
          }
          intent.bin[h][6] = toy_bin(h % 2 == 0 ? -1 : 1, spec_.bins);
          fill(intent.probability[h], 0.9f);
        }
      }
    }
  }
  void refine(std::span<const RefineRequest> requests, std::span<ActionChunk> chunks) override {
    for (size_t i = 0; i < requests.size(); ++i) {
      Rng rng(requests[i].seed);
      chunks[i] = ActionChunk(spec_.horizon, kToyDims);
      for (int h = 0; h < spec_.horizon; ++h) {
        for (int d = 0; d < 2; ++d) {
          const double centre = toy_centre(requests[i].intent->bin[h][d], spec_.bins);
          chunks[i].actions[h][d] = static_cast<float>(centre + rng.uniform(-0.1, 0.1));
        }
        chunks[i].actions[h][6] = requests[i].intent->bin[h][6] > 4 ? 1.0f : -1.0f;
      }
    }
  }

 private:
  PolicySpec spec_;
  action::Codec codec_{spec_.embodiment, action::NormStats::identity(spec_.embodiment)};
  bool deaf_;
};

// Always points at the task's own place, whatever the policy would plan.
class ToyOracle final : public IntentOracle {
 public:
  void begin(Env& env, const EpisodeKey&) override { instruction_ = env.instruction(); }
  void plan(Env& env, int horizon, int expansion, int bins, IntentPlan& out) override {
    Observation o;
    env.observe(o);
    out = IntentPlan(expansion, horizon, kToyDims, bins);
    for (int m = 0; m < expansion; ++m) {
      for (int h = 0; h < horizon; ++h) {
        fill(out.intents[m].bin[h], toy_bin(0, bins));
        for (int d = 0; d < 2; ++d) {
          const double away = toy_goal(instruction_)[d] - o.proprio[d];
          out.intents[m].bin[h][d] = toy_bin(std::clamp(away / 0.5, -0.4, 0.4), bins);
        }
      }
    }
  }

 private:
  std::string instruction_;
};

inline RolloutRequest toy_request() {
  RolloutRequest request;
  Suite suite{"toy", {}};
  for (const char* item : kToyItems) {
    suite.tasks.push_back({"toy", item, std::string("touch the ") + item, 60});
  }
  suite.protocol = {{"control_hz", "20"}};
  request.suites = {suite};
  request.rollouts = 7;
  request.group_size = 3;
  request.seed = 11;
  request.make_env = [](const Task& task) { return std::make_unique<ToyEnv>(task); };
  request.make_policy = [] { return std::make_unique<ToyPolicy>(); };
  request.make_oracle = [](const action::Codec&) { return std::make_unique<ToyOracle>(); };
  return request;
}

}  // namespace libra::eval
