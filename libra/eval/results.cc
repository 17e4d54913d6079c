#include "libra/eval/results.h"

#include <algorithm>

namespace libra::eval {
namespace {

Tally tally_of(const EpisodeRecord& record) {
  Tally t;
  t.episodes = 1;
  t.successes = record.success ? 1 : 0;
  t.named = !record.target.empty() && record.first_lifted == record.target ? 1 : 0;
  t.errors = record.error.empty() ? 0 : 1;
  t.success_steps = record.success ? record.steps : 0.0;
  t.asked = record.reached == Goal::kAsked ? 1 : 0;
  t.old = record.reached == Goal::kOld ? 1 : 0;
  return t;
}

RuntimeResult summarise_runtime(const RolloutRequest& request, const RolloutOutcome& outcome) {
  RuntimeResult r;
  const ScheduleConfig& schedule = request.schedule;
  r.planner_latency = request.time.planner.text();
  r.refiner_latency = request.time.refiner.text();
  r.waiting = request.time.pause ? "pause" : "hold";
  r.stale = word_of(schedule.stale);
  r.starvation = word_of(schedule.starvation);
  r.execute = schedule.execute;
  r.max_roll = schedule.max_roll;
  r.eager = schedule.eager;
  r.adaptive = schedule.adaptive.enabled;
  r.realtime = request.realtime;
  double episodes = 0.0, successes = 0.0;
  ScheduleStats sum;
  for (const EpisodeRecord& record : outcome.episodes) {
    if (!record.error.empty()) continue;
    episodes += 1.0;
    const ScheduleStats& s = record.runtime;
    sum.plans += s.plans;
    sum.early_plans += s.early_plans;
    sum.chunks += s.chunks;
    sum.held += s.held;
    sum.starved += s.starved;
    sum.stale_actions += s.stale_actions;
    sum.plan_age += s.plan_age;
    r.chunk_latency_ms += record.chunk_latency_ms;
    r.overruns += double(record.overruns);
    if (record.success) {
      successes += 1.0;
      r.success_s += record.robot_s;
    }
  }
  const auto share = [](double part, double whole) { return whole > 0.0 ? part / whole : 0.0; };
  r.plans = share(double(sum.plans), episodes);
  r.early_plans = share(double(sum.early_plans), episodes);
  r.chunks = share(double(sum.chunks), episodes);
  r.held_steps = share(double(sum.held), episodes);
  r.starved_chunks = share(double(sum.starved), episodes);
  r.stale_actions = share(double(sum.stale_actions), episodes);
  r.plan_age = share(double(sum.plan_age), double(sum.chunks));
  r.chunk_latency_ms = share(r.chunk_latency_ms, double(sum.chunks));
  r.success_s = share(r.success_s, successes);
  r.overruns = share(r.overruns, episodes);
  return r;
}

}  // namespace

void Tally::add(const Tally& other) {
  episodes += other.episodes;
  successes += other.successes;
  named += other.named;
  errors += other.errors;
  success_steps += other.success_steps;
  asked += other.asked;
  old += other.old;
}

Tally SuiteResult::total() const {
  Tally sum;
  for (const TaskResult& task : tasks) sum.add(task.tally);
  return sum;
}

bool SuiteResult::has_categories() const {
  return std::any_of(tasks.begin(), tasks.end(),
                     [](const TaskResult& task) { return !task.category.empty(); });
}

Tally VariationResult::total() const {
  Tally sum;
  for (const auto& [name, tally] : suites) sum.add(tally);
  return sum;
}

namespace {

// `count` picks the episodes of a row.
template <class Count>
std::optional<Grounding> grounding_of_rows(const std::vector<VariationResult>& rows,
                                           Count&& count) {
  std::vector<TestCount> tests;
  for (const VariationResult& row : rows) {
    if (row.group != kMemorisation) continue;
    const Tally t = count(row);
    if (t.episodes == 0) return std::nullopt;
    tests.push_back({t.successes, t.episodes});
  }
  if (tests.size() != kMemorisationTests) return std::nullopt;
  return grounding_of(tests);
}

}  // namespace

std::optional<Grounding> Results::grounding() const {
  return grounding_of_rows(variations, [](const VariationResult& row) { return row.total(); });
}

std::optional<Grounding> Results::grounding(size_t suite) const {
  return grounding_of_rows(variations,
                           [&](const VariationResult& row) { return row.suites.at(suite).second; });
}

double Results::average() const {
  double sum = 0.0;
  int count = 0;
  for (const SuiteResult& suite : suites) {
    const Tally total = suite.total();
    if (total.episodes == 0) continue;
    sum += total.rate();
    ++count;
  }
  return count > 0 ? sum / count : 0.0;
}

std::vector<VariationResult> Results::categories() const {
  std::map<std::string, VariationResult> rows;
  for (size_t s = 0; s < suites.size(); ++s) {
    for (const TaskResult& task : suites[s].tasks) {
      if (task.category.empty()) continue;
      VariationResult& row = rows[task.category];
      if (row.suites.empty()) {
        row.name = task.category;
        row.group = kCategory;
        for (const SuiteResult& suite : suites) row.suites.emplace_back(suite.name, Tally{});
      }
      row.suites[s].second.add(task.tally);
    }
  }
  std::vector<VariationResult> list;
  for (auto& [name, row] : rows) list.push_back(std::move(row));
  return list;
}

std::optional<CategoryAverages> Results::category_averages() const {
  Tally all;
  double sum = 0.0;
  int count = 0;
  for (const VariationResult& row : categories()) {
    const Tally total = row.total();
    if (total.episodes == 0) continue;
    all.add(total);
    sum += total.rate();
    ++count;
  }
  if (count == 0) return std::nullopt;
  return CategoryAverages{all.rate(), sum / count};
}

std::vector<std::string> Results::left_out() const {
  std::vector<std::string> lines;
  for (const SuiteResult& suite : suites) {
    for (const auto& [word, what] : suite.protocol) {
      if (!word.starts_with(kLeftOut)) continue;
      lines.push_back(suite.name + ": " + word.substr(kLeftOut.size()) + ", " + what);
    }
  }
  return lines;
}

Results make_results(const RolloutRequest& request, const RolloutOutcome& outcome) {
  Results r;
  r.policy = outcome.spec.name;
  r.variant = outcome.spec.variant;
  r.schedule = word_of(request.schedule.schedule);
  r.layout = request.layout;
  r.instruction = request.swapped            ? "swapped"
                  : request.wordings.empty() ? "task"
                                             : "other wordings";
  r.executor = word_of(request.executor);
  r.M = r.schedule == "sync" ? 1 : request.schedule.expansion;
  r.N = outcome.spec.bins;
  r.H = outcome.spec.horizon;
  r.seed = request.seed;
  r.workers = request.workers;
  r.rollouts = request.rollouts;
  r.complete = outcome.complete;
  r.wall_s = outcome.wall_s;
  for (const Suite& suite : request.suites) {
    SuiteResult result;
    result.name = suite.name;
    result.protocol = suite.protocol;
    for (const Task& task : suite.tasks) {
      result.tasks.push_back({task.name, task.instruction, task.max_steps, {}, task.category});
    }
    r.suites.push_back(std::move(result));
  }
  for (const VariationRow& row : request.variations) {
    r.variations.push_back({row.name, row.group, {}, row.without});
    for (const Suite& suite : request.suites)
      r.variations.back().suites.emplace_back(suite.name, Tally{});
  }
  if (request.shards > 1) {
    r.shard = std::to_string(request.shard + 1) + "/" + std::to_string(request.shards);
  }
  for (const EpisodeRecord& record : outcome.episodes) {
    const Suite& played = request.suites[static_cast<size_t>(record.suite)];
    r.episodes.push_back({played.name, played.tasks[static_cast<size_t>(record.task)].name,
                          request.variations.empty()
                              ? ""
                              : request.variations[static_cast<size_t>(record.variation)].name,
                          record.episode, record.success, record.steps, record.first_lifted,
                          record.error});
    SuiteResult& suite = r.suites[static_cast<size_t>(record.suite)];
    const Tally tally = tally_of(record);
    suite.tasks[static_cast<size_t>(record.task)].tally.add(tally);
    if (!r.variations.empty()) {
      r.variations[static_cast<size_t>(record.variation)]
          .suites[static_cast<size_t>(record.suite)]
          .second.add(tally);
    }
    if (record.target.empty()) continue;
    suite.names_items = true;
    suite.items[record.target].add(tally);
  }
  r.runtime = summarise_runtime(request, outcome);
  r.planner = summarise(outcome.planner.values, outcome.planner.sum);
  r.refiner = summarise(outcome.refiner.values, outcome.refiner.sum);
  r.per_chunk = summarise(outcome.per_chunk.values, outcome.per_chunk.sum);
  const auto mean = [](double ms, int64_t n) { return n > 0 ? ms / static_cast<double>(n) : 0.0; };
  r.planner_batched_ms = mean(outcome.planner_batch_ms, outcome.planner_elements);
  r.refiner_batched_ms = mean(outcome.refiner_batch_ms, outcome.refiner_elements);
  return r;
}

std::string perturbation_words(const Results& r) {
  std::vector<std::string> names;
  for (const VariationResult& variation : r.variations)
    if (variation.group == "perturbation") names.push_back(variation.name);
  return join_names(names, ",");
}

}  // namespace libra::eval
