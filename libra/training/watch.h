// Looking at the whole policy while it learns: open loop on held-out demonstrations, closed loop in
// episodes, and which step was best. Losses do not tell which checkpoint acts best.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "libra/data/replay.h"
#include "libra/training/step/run_config.h"

namespace libra::training {

// What closed-loop episodes came to.
struct ClosedLoop {
  struct Suite {
    std::string name;
    int episodes = 0, successes = 0;
  };
  std::vector<Suite> suites;
  int episodes() const;
  int successes() const;
  double rate() const;  // 0 without episodes
};

// Plays episodes with the checkpoint in a folder; nullopt when it was told to stop. Training knows
// no world: whoever starts a run joins both.
using Evaluate = std::function<std::optional<ClosedLoop>(const std::string& checkpoint)>;
// Made before the first step, so that suites and tasks that do not exist are refused at once.
using MakeEvaluate = std::function<Evaluate(const RunConfig& config, const std::string& device)>;

// What one look came to; parts that were not due are absent.
struct WatchReport {
  std::optional<data::ReplayError> replay;
  std::optional<ClosedLoop> closed_loop;
  bool best = false;  // of all steps so far
};

// As log.jsonl has it. names: of an action's numbers.
nlohmann::json to_json(const WatchReport& report, const std::vector<std::string>& names);

// When to look, and what was best. Where episodes are played the share of successes decides, then
// the open-loop error of the same step; else that error alone. Of equals the later one.
class Watcher {
 public:
  // steps: the run's last.
  Watcher(const WatchConfig& config, int64_t steps) : config_(config), steps_(steps) {}
  bool replays_at(int64_t step) const { return due(config_.replay_every, step); }
  bool plays_at(int64_t step) const { return due(config_.eval_every, step); }
  // Whether a look is due that was not taken yet.
  bool due_at(int64_t step) const { return step > seen_ && (replays_at(step) || plays_at(step)); }
  // Notes a step's look; says whether it is the best so far.
  bool note(int64_t step, const WatchReport& report);
  int64_t seen() const { return seen_; }  // the last step that was looked at
  // "success 0.70, best 0.75 at step 500"; "" before the first look.
  std::string summary() const;

  // Numbers for a checkpoint.
  std::vector<double> state() const;
  void set_state(const std::vector<double>& state);

 private:
  bool due(int every, int64_t step) const {
    return every > 0 && step > 0 && (step % every == 0 || step == steps_);
  }
  struct Score {
    double step = 0, success = -1, error = -1;  // -1: not measured
    std::string text() const;
  };
  bool better(const Score& a, const Score& b) const;

  WatchConfig config_;
  int64_t steps_, seen_ = 0;
  Score last_, best_;
};

}  // namespace libra::training
