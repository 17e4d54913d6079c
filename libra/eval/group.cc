#include "libra/eval/group.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "libra/action/bins.h"
#include "libra/action/codec.h"
#include "libra/core/error.h"
#include "libra/core/hash.h"
#include "libra/core/rng.h"
#include "libra/eval/latency_probe.h"
#include "libra/eval/realtime.h"
#include "libra/runtime/async_runtime.h"
#include "libra/runtime/periodic.h"

namespace libra::eval {
namespace {

constexpr size_t kStripFrames = 8;

// The record of what begins at `step`, made when there is none.
ChunkRecord& chunk_at(EpisodeRecord& record, int64_t step) {
  for (auto it = record.chunks.rbegin(); it != record.chunks.rend(); ++it) {
    if (it->step == step) return *it;
  }
  ChunkRecord& fresh = record.chunks.emplace_back();
  fresh.step = step;
  return fresh;
}

}  // namespace

VirtualDriver make_driver(const RolloutRequest& request, PolicySpec spec, bool has_planner) {
  // An oracle plans as far ahead as it is asked to.
  if (request.executor == Executor::kTeacher) spec.expansion = request.schedule.expansion;
  return VirtualDriver(request.schedule, spec, has_planner, request.time);
}

Worker::Worker(const RolloutRequest& request) : request_(request), policy_(request.make_policy()) {
  if (request.realtime) slowed_ = slowed(*policy_, request.time);
}

const Task& Worker::task_of(const Group& group) const {
  return request_.suites[static_cast<size_t>(group.suite)].tasks[static_cast<size_t>(group.task)];
}

std::string Worker::variation_of(int index) const {
  return request_.variations.empty() ? "" : request_.variations[static_cast<size_t>(index)].name;
}

std::unique_ptr<Env> Worker::make_env(const Task& task) const {
  auto env = request_.make_env(task);
  require_same(spec().embodiment, "the policy", env->embodiment(), "the environment");
  return env;
}

template <class Work>
void Worker::guarded(Slot& slot, int64_t step, Work&& work) {
  if (!slot.alive) return;
  try {
    work(slot);
  } catch (const FilmError&) {
    throw;
  } catch (const std::exception& e) {
    fail(slot, step, e.what());
  }
}

template <class Batch>
void Worker::guarded_batch(std::vector<Slot*>& slots, int64_t step, double& ms, int64_t& elements,
                           Batch&& batch) {
  if (slots.empty()) return;
  const Clock::time_point start = Clock::now();
  try {
    batch(std::span<Slot* const>(slots));
    ms += milliseconds_since(start);
    elements += static_cast<int64_t>(slots.size());
    return;
  } catch (const std::exception&) {  // whose it is will be seen one by one
  }
  for (Slot* slot : slots) {
    guarded(*slot, step, [&](Slot&) { batch(std::span<Slot* const>(&slot, 1)); });
  }
}

std::optional<GroupOutcome> Worker::run(const Group& group, const std::atomic<bool>* stop) {
  const Task& task = task_of(group);
  if (suite_ != group.suite || task_ != group.task) slots_.clear();
  suite_ = group.suite;
  task_ = group.task;
  if (slots_.size() < group.episodes.size()) slots_.resize(group.episodes.size());
  out_ = {};
  for (Slot& slot : slots_) slot.alive = false;
  for (size_t i = 0; i < group.episodes.size(); ++i) {
    if (slots_[i].env == nullptr) {
      slots_[i].env = make_env(task);
      if (request_.executor == Executor::kTeacher) {
        slots_[i].oracle = request_.make_oracle(policy_->codec());
      }
    }
    begin(slots_[i], group, group.episodes[i]);
  }
  if (request_.realtime) {
    for (Slot& slot : slots_) {
      bool whole = true;
      guarded(slot, 0, [&](Slot& s) { whole = play_by_clock(s, task, stop); });
      if (!whole) return std::nullopt;
    }
  }
  const auto alive = [&] {
    return std::any_of(slots_.begin(), slots_.end(), [](const Slot& s) { return s.alive; });
  };
  for (int64_t step = 0; alive(); ++step) {
    if (stop != nullptr && *stop) return std::nullopt;
    for (Slot& slot : slots_) {
      guarded(slot, step, [&](Slot& s) { observe(s, step); });
    }
    plan(step);
    refine(step);
    plan(step);  // what begins behind the chunk
    for (Slot& slot : slots_) {
      guarded(slot, step, [&](Slot& s) { act(s, task, step); });
    }
  }
  slots_.resize(group.episodes.size());
  collect(out_);
  return std::move(out_);
}

EpisodeKey Worker::reset_env(Slot& slot, const Group& group, uint64_t episode) {
  EpisodeKey key;
  key.layout = request_.layout;
  key.seed = evaluation_seed(request_.seed);
  key.episode = episode;
  key.variation = variation_of(group.variation);
  slot.env->reset(key);
  slot.record.task_target = slot.env->target();
  if (request_.swapped) {
    key.target = swapped_item(slot.env->items(), slot.env->target(), request_.seed,
                              task_of(group).name, episode);
    slot.env->reset(key);
  }
  return key;
}

void Worker::begin(Slot& slot, const Group& group, uint64_t episode) {
  slot.record = {};
  slot.record.actions_hash = kHashOfNothing;
  slot.record.suite = group.suite;
  slot.record.task = group.task;
  slot.record.variation = group.variation;
  slot.record.episode = episode;
  slot.film.clear();
  slot.log = {};
  slot.details = episode == 0 && group.variation == 0;
  slot.alive = true;
  guarded(slot, 0, [&](Slot& s) {
    const EpisodeKey key = reset_env(s, group, episode);
    s.record.instruction = request_.wordings.has(task_of(group))
                               ? request_.wordings.at(task_of(group), episode)
                               : s.env->instruction();
    s.record.target = s.env->target();
    if (!request_.realtime) {
      s.driver.emplace(make_driver(request_, spec(), has_planner()));
      s.driver->reset(s.record.instruction, task_of(group).name, request_.seed, episode);
    }
    if (s.oracle != nullptr) s.oracle->begin(*s.env, key);
    if (episode < static_cast<uint64_t>(std::max(0, request_.videos)))
      open_video(s, task_of(group));
  });
}

void Worker::open_video(Slot& slot, const Task& task) {
  std::string variation = variation_of(slot.record.variation);
  std::replace_if(
      variation.begin(), variation.end(), [](char c) { return c == ':' || c == '.'; }, '-');
  slot.record.video = task.suite + "_" + task.name + (variation.empty() ? "" : "_" + variation) +
                      "_" + std::to_string(slot.record.episode) + ".mp4";
  slot.film.open(request_.video_dir + "/" + slot.record.video, spec().embodiment.control_hz);
  const bool single = request_.schedule.schedule == ScheduleKind::kSync;
  slot.log = EpisodeLog(spec(), policy_->codec().binner(spec().bins),
                        {.suite = task.suite,
                         .task = task.name,
                         .instruction = slot.record.instruction,
                         .schedule = word_of(request_.schedule.schedule),
                         .episode = slot.record.episode,
                         .max_steps = task.max_steps,
                         .plan_chunks = single ? 1 : request_.schedule.expansion});
}

void Worker::observe(Slot& slot, int64_t step) {
  const bool border = slot.driver->needs_observation(step);
  if (!border && !slot.film.is_open()) return;
  slot.env->observe(slot.observation);
  slot.observation.step = step;
  slot.film.add(slot.observation.images);
  if (border) slot.film.note(step, slot.observation.images);
}

void Worker::plan(int64_t step) {
  std::vector<Slot*> due;
  for (Slot& slot : slots_) {
    if (slot.alive && slot.driver->plan_due(step, slot.observation) != nullptr) {
      due.push_back(&slot);
    }
  }
  if (due.empty()) return;
  if (request_.executor == Executor::kTeacher) {
    for (Slot* slot : due) {
      guarded(*slot, step, [&](Slot& s) {
        s.plan = {};
        s.oracle->plan(*s.env, spec().horizon, std::max(1, request_.schedule.expansion),
                       spec().bins, s.plan);
      });
    }
  } else {
    guarded_batch(due, step, out_.planner_ms, out_.planner_elements,
                  [&](std::span<Slot* const> part) {
                    std::vector<PlanRequest> requests;
                    std::vector<IntentPlan> plans(part.size());
                    for (const Slot* slot : part) {
                      requests.push_back(slot->driver->plan_request(slot->observation));
                    }
                    policy_->planner()->plan(requests, plans);
                    for (size_t i = 0; i < part.size(); ++i) part[i]->plan = plans[i];
                  });
  }
  for (Slot* slot : due) {
    if (!slot->alive) continue;
    slot->driver->planned(slot->plan);
    if (slot->details) chunk_at(slot->record, step).planned = true;
  }
}

void Worker::refine(int64_t step) {
  std::vector<Slot*> due;
  for (Slot& slot : slots_) {
    if (!slot.alive) continue;
    slot.job = slot.driver->chunk_due(step, slot.observation);
    if (slot.job == nullptr) continue;
    due.push_back(&slot);
    if (!slot.details) continue;
    ChunkRecord& chunk = chunk_at(slot.record, slot.job->chunk_first);
    chunk.has_intent = slot.job->has_intent;
    if (chunk.has_intent) chunk.intent = slot.job->intent;
  }
  if (request_.executor == Executor::kPlannerOnly) {
    for (Slot* slot : due) {
      guarded(*slot, step, [&](Slot& s) {
        const Intent& intent = s.job->intent;
        s.chunk = {};
        s.chunk.horizon = intent.horizon;
        s.chunk.actions = policy_->codec().decode(
            policy_->codec().binner(intent.bins).centres(intent), s.observation.proprio);
      });
    }
  } else {
    guarded_batch(due, step, out_.refiner_ms, out_.refiner_elements,
                  [&](std::span<Slot* const> part) {
                    std::vector<RefineRequest> requests;
                    std::vector<ActionChunk> chunks(part.size());
                    for (Slot* slot : part) {
                      requests.push_back(slot->driver->refine_request(slot->observation));
                    }
                    policy_->refiner().refine(requests, chunks);
                    for (size_t i = 0; i < part.size(); ++i) part[i]->chunk = chunks[i];
                  });
  }
  for (Slot* slot : due) {
    guarded(*slot, step, [&](Slot& s) { s.driver->refined(s.chunk); });
  }
}

void Worker::act(Slot& slot, const Task& task, int64_t step) {
  const Tick& tick = slot.driver->tick(step);
  execute(slot, task, step, tick, slot.driver->plan());
}

void Worker::execute(Slot& slot, const Task& task, int64_t step, const Tick& tick,
                     const IntentPlan& plan) {
  if (slot.film.is_open()) {
    Rows<float> action;
    action.push_back(tick.action);
    slot.log.tick(step, tick, policy_->codec().encode(action, slot.observation.proprio)[0], plan);
  }
  if (tick.source == Tick::Source::kStopped) {
    fail(slot, step, "no intent covers this step, and starvation = stop");
    return;
  }
  if (slot.details) slot.record.actions.push_back(tick.action);
  slot.record.actions_hash =
      hash_bytes(tick.action.data(), tick.action.size() * sizeof(float), slot.record.actions_hash);
  const StepResult result = slot.env->step(tick.action);
  slot.record.reached = result.reached;
  const bool timed_out = task.max_steps > 0 && step + 1 >= task.max_steps;
  if (result.success || result.done || timed_out) finish(slot, result.success, step + 1);
}

bool Worker::play_by_clock(Slot& slot, const Task& task, const std::atomic<bool>* stop) {
  const double hz = spec().embodiment.control_hz;
  slot.env->observe(slot.observation);
  AsyncRuntime runtime(*slowed_, {.schedule = request_.schedule, .guard = {}}, slot.observation);
  runtime.reset(slot.record.instruction,
                {request_.seed, hash_name(task.name), slot.record.episode});
  PeriodicLoop loop(hz);
  loop.start();
  for (int64_t step = 0; slot.alive; ++step) {
    if (stop != nullptr && *stop) return false;
    slot.env->observe(slot.observation);
    slot.observation.step = step;
    slot.film.add(slot.observation.images);
    if (step % spec().horizon == 0) slot.film.note(step, slot.observation.images);
    execute(slot, task, step, runtime.tick(slot.observation, step), runtime.plan());
    if (slot.alive) loop.wait();
  }
  slot.record.runtime = runtime.stats();
  slot.record.chunk_latency_ms = runtime.chunk_latency_ms();
  slot.record.robot_s = static_cast<double>(slot.record.steps) / hz;
  slot.record.overruns = loop.overruns();
  return true;
}

void Worker::finish(Slot& slot, bool success, int64_t steps) {
  slot.env->observe(slot.observation);
  slot.film.note(steps, slot.observation.images);
  slot.film.add(slot.observation.images);
  slot.log.note(
      "ended", steps,
      (success ? "Done after " : "No success after ") + std::to_string(steps) + " steps.");
  slot.film.finish(slot.film.is_open() ? slot.log.text() : "");
  slot.record.success = success;
  slot.record.steps = static_cast<int>(steps);
  slot.record.first_lifted = slot.env->first_lifted();
  if (slot.driver) {
    slot.record.runtime = slot.driver->stats();
    slot.record.chunk_latency_ms = slot.driver->chunk_latency_ms();
    slot.record.robot_s = static_cast<double>(steps) / spec().embodiment.control_hz +
                          slot.driver->paused_ms() / 1000.0;
  }
  std::stable_sort(slot.record.chunks.begin(), slot.record.chunks.end(),
                   [](const auto& a, const auto& b) { return a.step < b.step; });
  slot.alive = false;
}

void Worker::fail(Slot& slot, int64_t step, const std::string& why) {
  slot.alive = false;
  slot.record.success = false;
  slot.record.steps = static_cast<int>(step);
  slot.record.error = why;
  slot.record.video.clear();
  slot.film.drop_film();
  slot.env.reset();  // whatever state it is in: the next group makes a new one
  slot.oracle.reset();
}

void Worker::collect(GroupOutcome& out) {
  int successes = 0, failures = 0;
  for (Slot& slot : slots_) {
    const bool wanted = request_.strips > 0 &&
                        (slot.record.success ? successes++ < 1 : failures++ < request_.strips);
    if (wanted) slot.record.strip = slot.film.strip(kStripFrames);
    if (!slot.record.error.empty()) {
      const auto& suite = request_.suites[static_cast<size_t>(slot.record.suite)];
      out.log.push_back(
          suite.name + "/" + suite.tasks[static_cast<size_t>(slot.record.task)].name +
          (request_.variations.empty() ? "" : " " + variation_of(slot.record.variation)) +
          " episode " + std::to_string(slot.record.episode) + " step " +
          std::to_string(slot.record.steps) + ": " + slot.record.error);
    }
    out.episodes.push_back(std::move(slot.record));
  }
}

void Worker::probe_latency(const Group& group, RolloutOutcome& out) {
  Slot slot;
  slot.env = make_env(task_of(group));
  reset_env(slot, group, group.episodes.front());
  slot.env->observe(slot.observation);
  time_networks(*policy_, request_, slot.observation, slot.env->instruction(), out);
}

}  // namespace libra::eval
