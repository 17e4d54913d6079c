// results.json (format 1; other programs read it) and the table on the terminal.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libra/eval/grounding.h"
#include "libra/eval/rollout.h"
#include "libra/eval/statistics.h"

namespace libra::eval {

// Counts over some episodes.
struct Tally {
  int episodes = 0, successes = 0;
  int named = 0;               // episodes in which the named item was lifted first
  int errors = 0;              // broken episodes (they count as failures)
  double success_steps = 0.0;  // sum over the successful ones
  int asked = 0, old = 0;      // episodes that ended with the asked and with the old goal
  double rate() const { return episodes > 0 ? double(successes) / episodes : 0.0; }
  double named_rate() const { return episodes > 0 ? double(named) / episodes : 0.0; }
  int neither() const { return episodes - asked - old; }
  double mean_steps() const { return successes > 0 ? success_steps / successes : 0.0; }
  void add(const Tally& other);
};

struct TaskResult {
  std::string name, instruction;
  int max_steps = 0;
  Tally tally;
  std::string category = {};
};

struct SuiteResult {
  std::string name;
  std::vector<TaskResult> tasks;
  std::map<std::string, Tally> items;  // by the item asked for
  bool names_items = false;            // the suite's tasks ask for an item by name
  Protocol protocol;                   // empty where it was not written down
  Tally total() const;
  bool has_categories() const;  // its tasks are told by category
};

// One row of the table of variations.
struct VariationResult {
  std::string name, group;
  std::vector<std::pair<std::string, Tally>>
      suites;                                       // by name, in the order of the results' suites
  std::map<std::string, std::string> without = {};  // as VariationRow has it
  Tally total() const;
};

inline constexpr std::string_view kCategory = "category";

// Categories are of different size, so there are two ways to average.
struct CategoryAverages {
  double over_tasks = 0.0, over_categories = 0.0;
};

// What the schedule did, in virtual time or by the clock: means over the episodes that were not
// broken off.
struct RuntimeResult {
  std::string planner_latency = "0", refiner_latency = "0";  // as given (ms)
  std::string waiting = "hold";  // while the networks work and nothing is committed: hold, pause
  std::string stale = "drop", starvation = "hold_position";
  int execute = 0, max_roll = 0;
  bool eager = false, adaptive = false;
  bool realtime = false;  // by the clock
  double overruns = 0.0;  // an episode: control steps that came too late
  double plans = 0.0, early_plans = 0.0, chunks = 0.0;  // an episode
  double held_steps = 0.0, starved_chunks = 0.0, stale_actions = 0.0;
  double plan_age = 0.0;          // control steps, mean over chunks when they take over
  double chunk_latency_ms = 0.0;  // from the observation to the chunk, mean over chunks
  double success_s = 0.0;         // robot time to success
};

// One episode as results.json lists it.
struct EpisodeResult {
  std::string suite, task, variation;
  uint64_t episode = 0;  // number of the initial state: the seed's, or the stored one
  bool success = false;
  int steps = 0;
  std::string first_lifted, error;
};

struct Results {
  std::string checkpoint, policy, variant;
  std::string checkpoint_hash, version;  // of the weights' bytes; of the program and its commit
  std::string shard;                     // "1/2": a part; "": the whole
  std::vector<EpisodeResult> episodes;   // none in older files
  std::string schedule = "amortised", layout = "libero", instruction = "task", executor = "full";
  int M = 2, N = 10, H = 5;
  int denoise_steps = 0;  // 0: as in the checkpoint
  uint64_t seed = 0;
  int workers = 1, rollouts = 0;
  bool complete = true;
  std::vector<SuiteResult> suites;  // over all variations
  std::vector<VariationResult> variations;
  RuntimeResult runtime;
  Latency planner, refiner, per_chunk;
  double planner_batched_ms = 0.0, refiner_batched_ms = 0.0;  // mean per element in batches
  double wall_s = 0.0;
  std::string machine, command;
  double average() const;  // mean of the suites' success rates
  // Tasks of all suites by category, as rows of group kCategory in alphabetical order; none where
  // tasks have no categories.
  std::vector<VariationResult> categories() const;
  std::optional<CategoryAverages> category_averages() const;
  // What of the suites' categories cannot be run, a line each: "suite: category, 3 of 5: why".
  std::vector<std::string> left_out() const;
  // Of all episodes or of a suite's; nullopt unless all the memorisation tests were run on some.
  std::optional<Grounding> grounding() const;
  std::optional<Grounding> grounding(size_t suite) const;
};

// Fills everything but checkpoint and its hash, denoise_steps, version, machine and command.
Results make_results(const RolloutRequest& request, const RolloutOutcome& outcome);

std::string to_json(const Results& results);
// Throws Error(kBadInput) naming `where` and the key.
Results parse_results(const std::string& json, const std::string& where);
std::string to_table(const Results& results);
// What results.json says was perturbed: the names of the rows of group "perturbation", separated by
// commas; "" when there are none.
std::string perturbation_words(const Results& results);

}  // namespace libra::eval
