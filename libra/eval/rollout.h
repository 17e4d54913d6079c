// Rollouts in lockstep: the episodes of a group step together, so that planner and refiner work on
// batches. What belongs to a group follows from the request alone, and every random choice from
// (seed, task, episode, step), so the outcome does not depend on the number of workers.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libra/core/env.h"
#include "libra/core/histogram.h"
#include "libra/core/policy.h"
#include "libra/core/words.h"
#include "libra/eval/wordings.h"
#include "libra/runtime/virtual_driver.h"

namespace libra::eval {

// What is executed.
enum class Executor {
  kFull,         // the refiner's actions
  kPlannerOnly,  // the bin centres of the planned intents; the refiner sleeps
  kTeacher,      // the refiner's actions, given the true intents of an IntentOracle
};

}  // namespace libra::eval

template <>
struct libra::Words<libra::eval::Executor> {
  using Executor = libra::eval::Executor;
  static constexpr Word<Executor> list[] = {{Executor::kFull, "full"},
                                            {Executor::kPlannerOnly, "planner_only"},
                                            {Executor::kTeacher, "teacher"}};
};

namespace libra::eval {

// Knows what the expert would do: the ground-truth intents. One per environment.
class IntentOracle {
 public:
  virtual ~IntentOracle() = default;
  // The environment has just been reset to `key`.
  virtual void begin(Env& env, const EpisodeKey& key) = 0;
  // Fills expansion and the intents (probability 1): what the expert's next `expansion` * `horizon`
  // actions discretise to. The environment's state is left as it was.
  virtual void plan(Env& env, int horizon, int expansion, int bins, IntentPlan& out) = 0;
};

using PolicyFactory = std::function<std::unique_ptr<Policy>()>;
using OracleFactory = std::function<std::unique_ptr<IntentOracle>(const action::Codec&)>;

// One way of varying the episodes.
struct VariationRow {
  std::string name;   // as EpisodeKey::variation
  std::string group;  // what its results are listed under, "perturbation"
  // Tasks as "suite/task" that it cannot be made of, and why; they are not run under it.
  std::map<std::string, std::string> without = {};
};

// What happened at one chunk border.
struct ChunkRecord {
  int64_t step = 0;
  bool planned = false;  // the planner ran here
  bool has_intent = false;
  Intent intent;
};

struct Strip {
  std::vector<int64_t> steps;
  std::vector<Image> frames;  // cameras side by side
};

struct EpisodeRecord {
  int suite = 0, task = 0;  // indices into the request
  int variation = 0;        // index into the request's variations; 0 when there are none
  uint64_t episode = 0;
  bool success = false;
  Goal reached = Goal::kNone;
  int steps = 0;
  std::string instruction;
  std::string task_target;   // the task's own item
  std::string target;        // the item asked for
  std::string first_lifted;  // "" none
  ScheduleStats runtime;
  double chunk_latency_ms = 0.0;  // in sum, virtual
  double robot_s = 0.0;           // virtual time the episode took
  int64_t overruns = 0;       // by the clock: control steps whose time was over before they were
  uint64_t actions_hash = 0;  // of every number executed (FNV-1a of their bytes), in order
  std::string error;          // why the episode was broken off; "" when it ran
  std::string video;          // file name inside video_dir; "" when not filmed
  // Kept for episode 0 of each task only, under the first variation.
  std::vector<ChunkRecord> chunks;
  std::vector<Action> actions;
  // Kept for the first success and the first failures of each task.
  Strip strip;
};

struct RolloutRequest {
  std::vector<Suite> suites;  // with the tasks that are to be run
  int rollouts = 50;          // episodes per task
  std::string layout = "libero";
  // Every task's episodes are run once under each; empty: the plain ones.
  std::vector<VariationRow> variations;
  bool swapped = false;  // ask for another present item than the task's, chosen by the seed
  Wordings wordings;     // ask in these words where a task has any
  ScheduleConfig schedule;
  VirtualTime time;  // latencies of the networks; their own speed on this machine plays no part
  // By the clock instead: an episode at a time, at the robot's rate, the networks on their own
  // threads. They take what they take, and at least what `time` says.
  bool realtime = false;
  Executor executor = Executor::kFull;
  uint64_t seed = 0;
  int workers = 1;
  int group_size = 10;    // episodes that step together
  int videos = 0;         // episodes per task to film, from episode 0 on
  std::string video_dir;  // where videos go; must exist when videos > 0
  int strips = 2;         // failures per task whose film strip is kept (and one success); 0: none
  // Of every `shards` groups, those that this run plays: one in so many, from `shard` on (0-based).
  int shard = 0, shards = 1;
  // Episodes that an interrupted run has played; groups of which all are there are not played.
  std::vector<EpisodeRecord> finished = {};
  // Called with every group that was played, one call at a time.
  std::function<void(const std::vector<EpisodeRecord>&)> on_group = {};

  EnvFactory make_env;
  PolicyFactory make_policy;
  OracleFactory make_oracle;  // needed by Executor::kTeacher only
};

// Times of the network calls (ms).
struct LatencyRecord {
  Histogram values;
  double sum = 0.0;
  void add(double ms) {
    values.add(ms);
    sum += ms;
  }
};

struct RolloutOutcome {
  PolicySpec spec;
  std::vector<EpisodeRecord> episodes;  // finished groups, by suite, task, variation, episode
  bool complete = true;                 // false: stopped before the last group
  double wall_s = 0.0;
  // One episode at a time, on one thread, before the rollouts; per_chunk is what one chunk costs
  // the robot: the refiner, plus the planner where it runs.
  LatencyRecord planner, refiner, per_chunk;
  // In the rollouts: total ms of batched calls and the elements they served.
  double planner_batch_ms = 0.0, refiner_batch_ms = 0.0;
  int64_t planner_elements = 0, refiner_elements = 0;
  std::vector<std::string> log;  // one line per broken episode or missing video
};

struct RolloutProgress {
  int done = 0, total = 0, successes = 0;
};

// Episodes that the request asks for.
int episode_count(const RolloutRequest& request);

// Runs everything. `stop` ends it after the running step; finished groups are kept. `progress` is
// called from the workers, one call at a time. Throws what the factories throw, and
// Error(kBadInput) for a request that contradicts itself or the policy.
RolloutOutcome run_rollouts(const RolloutRequest& request, const std::atomic<bool>* stop = nullptr,
                            const std::function<void(const RolloutProgress&)>& progress = {});

// EpisodeKey::seed of an evaluation with --seed `seed`. It is mixed with a word of its own, so that
// no demonstration, collected under whatever small seed, begins in a state of the evaluation.
uint64_t evaluation_seed(uint64_t seed);

// The item a swapped episode asks for: one of `items` that is not `own`, by the seed. Throws
// Error(kFailed) when there is no other.
std::string swapped_item(const std::vector<std::string>& items, const std::string& own,
                         uint64_t seed, const std::string& task, uint64_t episode);

}  // namespace libra::eval
