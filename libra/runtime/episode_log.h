// An episode for people to watch, while it happens or later: a line of JSON for everything that
// became known of it. The inspector's page reads these lines (docs/serving.md), live and from
// files.
//
//   head   what holds for the whole episode: names, rates, sizes
//   plan   a plan came in: the bins of its M*H steps, how sure the planner was, words for each
//   chunk step   a control step: the action, the bins that it was made for, or that the robot held
//   chunk  a chunk was handed to a robot that executes it by itself
//   call   a network worked for so many ms
//   note   something to say: an instruction, what a guard did, how it ended
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "libra/action/bins.h"
#include "libra/core/policy.h"
#include "libra/runtime/schedule.h"

namespace libra {

struct EpisodeFacts {
  std::string suite, task, instruction, schedule;
  uint64_t episode = 0;
  int max_steps = 0;    // 0: not known
  int plan_chunks = 0;  // M in use
};

// Thread: one at a time.
class EpisodeLog {
 public:
  EpisodeLog() = default;
  // `binner`: what the policy's intents mean.
  EpisodeLog(const PolicySpec& policy, const action::Binner& binner, const EpisodeFacts& facts);

  // A control step. `action`: in model space, as the bins are (action::Codec); `plan`: the newest,
  // told of where it was not before.
  void tick(int64_t step, const Tick& tick, std::span<const float> action, const IntentPlan& plan);
  void plan(int64_t step, const IntentPlan& plan);
  // `told`: the bins that it was made for; null without a planner.
  void chunk(int64_t first_step, const Rows<float>& actions, int count, const Intent* told);
  void call(const char* network, int64_t step, double ms);
  // `kind`: instruction, guard, ended or said.
  void note(const char* kind, int64_t step, const std::string& text);

  // Lines without line ends. Those that did not fit are gone: numbers stay what they were.
  const std::string& head() const { return head_; }
  uint64_t first() const { return first_; }
  uint64_t next() const { return first_ + lines_.size(); }
  // Requires: first() <= n < next().
  const std::string& line(uint64_t n) const { return lines_[n - first_]; }

  // As a file, and back. parse throws Error(kBadInput) for anything else.
  std::string text() const;
  static EpisodeLog parse(const std::string& text, const std::string& where);

 private:
  void add(std::string line);
  std::string head_ = "{}";
  std::deque<std::string> lines_;
  uint64_t first_ = 0;
  Embodiment embodiment_;
  action::Binner binner_;
  int64_t planned_at_ = -1;  // obs_step of the plan that was told last
  uint32_t planned_epoch_ = 0;
};

}  // namespace libra
