#include "libra/eval/rollout.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <tuple>

#include "libra/core/error.h"
#include "libra/core/rng.h"
#include "libra/eval/group.h"

namespace libra::eval {
namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& problem,
                         const std::string& next = "") {
  throw Error(ErrorCode::kBadInput, {.where = where, .problem = problem, .next = next});
}

void check(const RolloutRequest& request) {
  if (!request.make_env || !request.make_policy) refuse("rollouts", "no environment or policy");
  if (request.rollouts < 1) refuse("--rollouts", "must be at least 1");
  if (request.workers < 1) refuse("--workers", "must be at least 1");
  if (request.shards < 1 || request.shard < 0 || request.shard >= request.shards) {
    refuse("--shard", "there is no such part", "shards are 1/n to n/n");
  }
  if (request.realtime && request.workers > 1) {
    refuse("--realtime", "an episode at a time has the machine to itself", "use --workers 1");
  }
  if (request.realtime && request.executor != Executor::kFull) {
    refuse("--realtime", "is for the whole policy", "use --executor full");
  }
  if (request.realtime && request.time.pause) {
    refuse("--realtime", "the clock does not wait", "use --waiting hold");
  }
  if (request.group_size < 1) refuse("group size", "must be at least 1");
  if (request.executor == Executor::kTeacher && !request.make_oracle) {
    refuse("--executor teacher", "this environment has no expert to ask");
  }
  for (const Suite& suite : request.suites) {
    if (!suite.tasks.empty()) return;
  }
  refuse("rollouts", "no task to run");
}

void check(const RolloutRequest& request, const PolicySpec& spec, bool has_planner) {
  if (!has_planner && request.executor != Executor::kFull) {
    refuse(std::string("--executor ") + word_of(request.executor),
           "the policy's variant " + spec.variant + " has no intents", "use --executor full");
  }
  make_driver(request, spec, has_planner);  // refuses what it does not know
}

std::vector<Group> make_groups(const RolloutRequest& request) {
  std::vector<Group> groups;
  for (size_t s = 0; s < request.suites.size(); ++s) {
    for (size_t t = 0; t < request.suites[s].tasks.size(); ++t) {
      for (size_t v = 0; v < std::max<size_t>(1, request.variations.size()); ++v) {
        const std::string name = request.suites[s].name + "/" + request.suites[s].tasks[t].name;
        if (!request.variations.empty() && request.variations[v].without.contains(name)) continue;
        for (int first = 0; first < request.rollouts; first += request.group_size) {
          Group group{static_cast<int>(s), static_cast<int>(t), static_cast<int>(v), {}};
          const int end = std::min(request.rollouts, first + request.group_size);
          for (int e = first; e < end; ++e) group.episodes.push_back(static_cast<uint64_t>(e));
          groups.push_back(std::move(group));
        }
      }
    }
  }
  // Dealt out in turn, so that every shard has a share of every task.
  std::vector<Group> dealt;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (int(i % size_t(request.shards)) == request.shard) dealt.push_back(std::move(groups[i]));
  }
  return dealt;
}

// Takes the groups out that are finished, and returns their episodes.
std::vector<EpisodeRecord> take_finished(const RolloutRequest& request,
                                         std::vector<Group>& groups) {
  using Key = std::tuple<int, int, int, uint64_t>;
  std::map<Key, const EpisodeRecord*> finished;
  for (const EpisodeRecord& r : request.finished) {
    finished[{r.suite, r.task, r.variation, r.episode}] = &r;
  }
  std::vector<EpisodeRecord> taken;
  const auto is_finished = [&](const Group& group) {
    std::vector<EpisodeRecord> found;
    for (const uint64_t episode : group.episodes) {
      const auto at = finished.find({group.suite, group.task, group.variation, episode});
      if (at == finished.end()) return false;
      found.push_back(*at->second);
    }
    taken.insert(taken.end(), found.begin(), found.end());
    return true;
  };
  std::erase_if(groups, is_finished);
  return taken;
}

int episodes_in(const std::vector<Group>& groups) {
  int count = 0;
  for (const Group& group : groups) count += static_cast<int>(group.episodes.size());
  return count;
}

// What the workers share.
struct Board {
  Board(const RolloutRequest& r, const std::atomic<bool>* s,
        const std::function<void(const RolloutProgress&)>& p)
      : groups(make_groups(r)), stop(s), progress(p) {}

  std::vector<Group> groups;
  const std::atomic<bool>* stop;
  const std::function<void(const RolloutProgress&)>& progress;
  std::atomic<size_t> next{0};
  std::atomic<bool> broken{false};  // a worker threw

  std::mutex mutex;  // guards what follows
  RolloutOutcome outcome;
  RolloutProgress counts;
  std::exception_ptr failure;

  void take(GroupOutcome&& group, const RolloutRequest& request) {
    const std::lock_guard lock(mutex);
    if (request.on_group) request.on_group(group.episodes);
    for (EpisodeRecord& record : group.episodes) {
      ++counts.done;
      counts.successes += record.success ? 1 : 0;
      outcome.episodes.push_back(std::move(record));
    }
    outcome.planner_batch_ms += group.planner_ms;
    outcome.refiner_batch_ms += group.refiner_ms;
    outcome.planner_elements += group.planner_elements;
    outcome.refiner_elements += group.refiner_elements;
    for (std::string& line : group.log) outcome.log.push_back(std::move(line));
    if (progress) progress(counts);
  }

  void work(Worker& worker, const RolloutRequest& request) {
    while (!broken && !(stop != nullptr && *stop)) {
      const size_t index = next++;
      if (index >= groups.size()) return;
      auto done = worker.run(groups[index], stop);
      if (done) take(std::move(*done), request);
    }
  }

  void fail(std::exception_ptr error) {
    const std::lock_guard lock(mutex);
    if (!failure) failure = error;
    broken = true;
  }
};

// Keeps one success and the first failures of each task; the episodes are in order.
void trim_strips(std::vector<EpisodeRecord>& episodes, int failures_kept) {
  int suite = -1, task = -1, successes = 0, failures = 0;
  for (EpisodeRecord& record : episodes) {
    if (record.suite != suite || record.task != task) {
      suite = record.suite;
      task = record.task;
      successes = failures = 0;
    }
    const bool keep = record.success ? successes++ < 1 : failures++ < failures_kept;
    if (!keep) record.strip = {};
  }
}

}  // namespace

uint64_t evaluation_seed(uint64_t seed) { return mix_seed({hash_name("evaluation"), seed}); }

std::string swapped_item(const std::vector<std::string>& items, const std::string& own,
                         uint64_t seed, const std::string& task, uint64_t episode) {
  std::vector<std::string> others;
  for (const std::string& item : items) {
    if (item != own) others.push_back(item);
  }
  if (others.empty()) {
    throw Error(ErrorCode::kFailed, {.where = task,
                                     .problem = "the scene has no other item to ask for",
                                     .next = "use --instruction task"});
  }
  Rng rng(mix_seed({seed, hash_name(task), episode, hash_name("swapped")}));
  return others[rng.below(others.size())];
}

int episode_count(const RolloutRequest& request) { return episodes_in(make_groups(request)); }

RolloutOutcome run_rollouts(const RolloutRequest& request, const std::atomic<bool>* stop,
                            const std::function<void(const RolloutProgress&)>& progress) {
  check(request);
  const auto start = std::chrono::steady_clock::now();
  Board board(request, stop, progress);
  if (board.groups.empty()) refuse("rollouts", "none of the tasks can be varied like this");
  board.counts.total = episodes_in(board.groups);
  for (EpisodeRecord& record : take_finished(request, board.groups)) {
    ++board.counts.done;
    board.counts.successes += record.success ? 1 : 0;
    board.outcome.episodes.push_back(std::move(record));
  }
  {
    // The first worker is this thread; the others begin when it has timed the networks undisturbed.
    Worker first(request);
    check(request, first.spec(), first.has_planner());
    board.outcome.spec = first.spec();
    if (!board.groups.empty()) first.probe_latency(board.groups.front(), board.outcome);
    std::vector<std::jthread> threads;
    const size_t workers = std::min<size_t>(request.workers, board.groups.size());
    for (size_t i = 1; i < workers; ++i) {
      threads.emplace_back([&] {
        try {
          Worker worker(request);
          board.work(worker, request);
        } catch (...) {
          board.fail(std::current_exception());
        }
      });
    }
    try {
      board.work(first, request);
    } catch (...) {
      board.fail(std::current_exception());
    }
  }
  if (board.failure) std::rethrow_exception(board.failure);
  RolloutOutcome outcome = std::move(board.outcome);
  std::sort(outcome.episodes.begin(), outcome.episodes.end(), [](const auto& a, const auto& b) {
    return std::tie(a.suite, a.task, a.variation, a.episode) <
           std::tie(b.suite, b.task, b.variation, b.episode);
  });
  std::sort(outcome.log.begin(), outcome.log.end());
  trim_strips(outcome.episodes, request.strips);
  outcome.complete = board.counts.done == board.counts.total;
  outcome.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return outcome;
}

}  // namespace libra::eval
