#include "libra/eval/merge.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/eval/journal.h"

namespace libra::eval {
namespace {

// As much of the request as results can tell, so that they are counted by the same code.
RolloutRequest request_of(const Results& r, const std::string& where) {
  RolloutRequest request;
  for (const SuiteResult& suite : r.suites) {
    Suite summary{suite.name, {}, suite.protocol};
    for (const TaskResult& result : suite.tasks) {
      Task task;
      task.suite = suite.name;
      task.name = result.name;
      task.instruction = result.instruction;
      task.max_steps = result.max_steps;
      task.category = result.category;
      summary.tasks.push_back(std::move(task));
    }
    request.suites.push_back(std::move(summary));
  }
  for (const VariationResult& v : r.variations) {
    request.variations.push_back({v.name, v.group, v.without});
  }
  request.rollouts = r.rollouts;
  request.layout = r.layout;
  request.swapped = r.instruction == "swapped";
  request.executor = parse_word<Executor>(r.executor, "executor");
  request.seed = r.seed;
  request.workers = r.workers;
  request.schedule.schedule = parse_word<ScheduleKind>(r.schedule, where);
  request.schedule.expansion = r.M;
  request.schedule.stale = parse_word<Stale>(r.runtime.stale, where);
  request.schedule.starvation = parse_word<Starvation>(r.runtime.starvation, where);
  request.schedule.execute = r.runtime.execute;
  request.schedule.max_roll = r.runtime.max_roll;
  request.schedule.eager = r.runtime.eager;
  request.schedule.adaptive.enabled = r.runtime.adaptive;
  request.time = {LatencyModel::parse(r.runtime.planner_latency, where),
                  LatencyModel::parse(r.runtime.refiner_latency, where),
                  r.runtime.waiting == "pause"};
  request.realtime = r.runtime.realtime;
  return request;
}

// The settings without what tells shards apart.
std::string common(const std::string& settings) {
  nlohmann::json json = nlohmann::json::parse(settings, nullptr, false);
  if (json.is_object()) json.erase("--shard");
  return json.dump();
}

}  // namespace

Results merge_shards(const std::vector<std::string>& folders) {
  if (folders.empty()) throw Error(ErrorCode::kBadInput, "--merge: no folders to join");
  std::vector<Results> parts;
  for (const std::string& folder : folders) {
    const std::string path = folder + "/results.json";
    parts.push_back(parse_results(read_file(path, "a folder of libra eval --shard"), path));
  }
  const RolloutRequest request = request_of(parts[0], folders[0]);
  RolloutOutcome outcome;
  outcome.spec.name = parts[0].policy;
  outcome.spec.variant = parts[0].variant;
  outcome.spec.bins = parts[0].N;
  outcome.spec.horizon = parts[0].H;
  std::string settings;
  for (size_t i = 0; i < folders.size(); ++i) {
    const std::string path = folders[i] + "/episodes.jsonl";
    JournalContent part = read_journal(path, request);
    const bool same = i == 0 || common(part.settings) == common(settings);
    if (!same || part.settings.empty()) {
      throw Error(ErrorCode::kBadInput,
                  {.where = path,
                   .problem = same ? "is not there" : "is of another evaluation",
                   .expected = "the settings of " + folders[0],
                   .next = "join shards of one command that differ in --shard alone"});
    }
    if (i == 0) settings = part.settings;
    outcome.wall_s += parts[i].wall_s;
    for (EpisodeRecord& record : part.episodes) outcome.episodes.push_back(std::move(record));
  }
  const auto key = [](const EpisodeRecord& r) {
    return std::tuple(r.suite, r.task, r.variation, r.episode);
  };
  std::sort(outcome.episodes.begin(), outcome.episodes.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  const auto twice =
      std::adjacent_find(outcome.episodes.begin(), outcome.episodes.end(),
                         [&](const auto& a, const auto& b) { return key(a) == key(b); });
  if (twice != outcome.episodes.end()) {
    throw Error(ErrorCode::kBadInput,
                {.where = "--merge",
                 .problem = "two of the folders hold the same episode",
                 .found = request.suites[size_t(twice->suite)].tasks[size_t(twice->task)].name +
                          " episode " + std::to_string(twice->episode)});
  }
  outcome.complete = static_cast<int>(outcome.episodes.size()) == episode_count(request);
  Results whole = make_results(request, outcome);
  whole.instruction = parts[0].instruction;
  whole.checkpoint = parts[0].checkpoint;
  whole.checkpoint_hash = parts[0].checkpoint_hash;
  whole.denoise_steps = parts[0].denoise_steps;
  whole.version = parts[0].version;
  whole.machine = parts[0].machine;
  whole.command = parts[0].command;
  whole.planner = parts[0].planner;
  whole.refiner = parts[0].refiner;
  whole.per_chunk = parts[0].per_chunk;
  return whole;
}

}  // namespace libra::eval
