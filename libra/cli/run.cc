// libra run: one live episode in the terminal: the instruction, each chunk's intent in words, the
// outcome. In virtual time, or by the clock with the networks on their own threads.
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "libra/action/action.h"
#include "libra/cli/command.h"
#include "libra/cli/policy_flags.h"
#include "libra/cli/schedule_flags.h"
#include "libra/cli/suite_flags.h"
#include "libra/core/core.h"
#include "libra/core/memory.h"
#include "libra/eval/eval.h"
#include "libra/media/media.h"
#include "libra/policy/load_policy.h"
#include "libra/runtime/runtime.h"
#include "libra/sim/sim.h"

namespace libra::cli {
namespace {

struct RunFlags : EpisodeFlags {
  std::string video, trace;
  ScheduleFlags schedule;
  std::vector<std::string> guard;
  bool realtime = false;
  RealtimeWish wish;
  PolicyOptions policy;
};

// An episode, whoever drives it: films it, counts its steps, says how it ended.
class Episode {
 public:
  Episode(const RunFlags& flags, Env& env, double control_hz)
      : flags_(flags), env_(env), control_hz_(control_hz) {
    if (flags.video.empty()) return;
    video_ = std::make_unique<media::VideoWriter>(flags.video,
                                                  static_cast<int>(std::lround(control_hz)));
  }
  bool films() const { return video_ != nullptr; }
  void film(const Observation& observation) {
    if (video_) video_->add(media::side_by_side(observation.images, 2));
  }
  // False: the episode is over.
  bool step(const Tick& tick) {
    if (tick.source == Tick::Source::kStopped) {
      stopped_ = true;
      return false;
    }
    result_ = env_.step(tick.action);
    ++steps_;
    return !result_.done;
  }
  int64_t steps() const { return steps_; }
  void finish(double extra_s) {
    if (video_) {
      Observation last;
      env_.observe(last);
      film(last);
      video_->finish();
    }
    const std::string& lifted = env_.first_lifted();
    std::printf("%s after %lld steps (%.1f s of robot time); lifted first: %s\n",
                result_.success ? "success" : (stopped_ ? "stopped" : "no success"),
                static_cast<long long>(steps_), double(steps_) / control_hz_ + extra_s,
                lifted.empty() ? "nothing" : lifted.c_str());
    if (video_) std::printf("video: %s\n", flags_.video.c_str());
  }

 private:
  const RunFlags& flags_;
  Env& env_;
  double control_hz_;
  std::unique_ptr<media::VideoWriter> video_;
  StepResult result_;
  int64_t steps_ = 0;
  bool stopped_ = false;
};

void print_stats(const ScheduleStats& s) {
  std::printf(
      "%lld plans, %lld chunks, %lld held steps, %lld starved chunks, plan age %.1f steps\n",
      static_cast<long long>(s.plans), static_cast<long long>(s.chunks),
      static_cast<long long>(s.held), static_cast<long long>(s.starved),
      s.chunks > 0 ? double(s.plan_age) / double(s.chunks) : 0.0);
}

void write_trace(const std::string& dir, Trace& trace) {
  trace.collect();
  std::filesystem::create_directories(dir);
  write_file(dir + "/trace.json", trace.chrome_json());
  write_file(dir + "/timeline.txt", trace.timeline());
  std::printf("trace: %s/trace.json (open in ui.perfetto.dev), %s/timeline.txt\n", dir.c_str(),
              dir.c_str());
}

// Virtual time: prints each chunk as it is decided.
void play(const RunFlags& flags, Policy& policy, Env& env, Trace& trace,
          const std::atomic<bool>& stop) {
  const action::Binner binner = policy.codec().binner(policy.spec().bins);
  PolicyDriver driver(policy, flags.schedule.config, flags.schedule.time());
  driver.reset(env.instruction(), env.task().name, flags.seed, flags.episode);
  driver.set_trace(&trace);
  Episode episode(flags, env, policy.spec().embodiment.control_hz);
  Observation observation;
  std::printf("step  planner  intent of the next %d steps\n", policy.spec().horizon);
  for (bool goes_on = true; goes_on && !stop;) {
    const int64_t step = episode.steps();
    const bool border = driver.needs_observation(step);
    if (border || episode.films()) env.observe(observation);
    episode.film(observation);
    const Tick& tick = driver.act(observation, step);
    if (const Job* job = driver.refined()) {
      std::printf(
          "%4lld  %-7s  %s\n", static_cast<long long>(step), driver.planned() ? "planned" : "",
          job->has_intent ? action::describe(job->intent, binner, policy.spec().embodiment).c_str()
                          : "(no intents)");
      std::fflush(stdout);
    }
    trace.collect();
    goes_on = episode.step(tick);
  }
  episode.finish(driver.time().paused_ms() / 1000.0);
  print_stats(driver.time().stats());
}

// By the clock: this thread is the control thread, and the simulator its robot.
void play_realtime(const RunFlags& flags, const GuardConfig& guard, Policy& policy, Env& env,
                   Trace& trace, const std::atomic<bool>& stop) {
  keep_freed_memory();
  const double hz = policy.spec().embodiment.control_hz;
  Observation observation;
  env.observe(observation);
  AsyncOptions options;
  options.schedule = flags.schedule.config;
  options.guard = guard;
  options.trace = &trace;
  AsyncRuntime runtime(policy, options, observation);
  // Networks are slow when first called; the robot need not see that.
  for (int call = 0; call < 3; ++call) {
    PolicyDriver warm_up(policy, {});
    warm_up.reset(env.instruction(), env.task().name, flags.seed, flags.episode);
    warm_up.act(observation, 0);
  }
  for (const std::string& line : apply_realtime(flags.wish)) std::printf("%s\n", line.c_str());
  runtime.reset(env.instruction(), {flags.seed, hash_name(env.task().name), flags.episode});
  Episode episode(flags, env, hz);
  PeriodicLoop loop(hz);
  loop.start();
  for (bool goes_on = true; goes_on && !stop;) {
    env.observe(observation);
    episode.film(observation);
    goes_on = episode.step(runtime.tick(observation, episode.steps()));
    trace.collect();
    const int64_t missed = loop.wait();
    if (missed > 0) {
      const int64_t now = steady_clock().now_ns();
      trace.record(TraceLane::kControl, {TraceKind::kOverrun, now, now, episode.steps(), missed});
    }
  }
  episode.finish(0.0);
  print_stats(runtime.stats());
  const auto ms = [](int64_t ns) { return double(ns) / 1e6; };
  const AsyncLatency& l = runtime.latency();
  std::printf(
      "latency ms (p50 / p99): planner %.1f / %.1f, refiner %.1f / %.1f, chunk %.1f / %.1f\n",
      ms(l.planner.percentile_ns(.5)), ms(l.planner.percentile_ns(.99)),
      ms(l.refiner.percentile_ns(.5)), ms(l.refiner.percentile_ns(.99)),
      ms(l.chunk.percentile_ns(.5)), ms(l.chunk.percentile_ns(.99)));
  std::printf(
      "control at %.0f Hz: wake-up p99 %.3f ms, work p99 %.1f ms, %lld overruns in %lld "
      "periods\n%s",
      hz, ms(loop.wake_up().percentile_ns(.99)), ms(loop.work().percentile_ns(.99)),
      static_cast<long long>(loop.overruns()), static_cast<long long>(loop.periods()),
      runtime.guard().explain().c_str());
}

void run_live(const RunFlags& flags, Context& context) {
  GuardConfig guard;
  const ConfigFields guard_fields = list_fields(guard);
  for (const std::string& assignment : flags.guard) guard_fields.set(assignment, "--guard");
  const sim::task::SuiteSpec suite = load_and_tell(flags.libero, flags.suite);
  const sim::task::TaskSpec& task = find_task(suite, flags.task);
  const auto policy = load_and_tell(flags.checkpoint, flags.policy);
  sim::SimConfig config;
  config.image_size = policy->spec().image_size;
  sim::SimEnv env(task, config);
  env.reset({.layout = flags.layout,
             .seed = eval::evaluation_seed(flags.seed),
             .episode = flags.episode,
             .target = flags.item});
  std::printf("instruction: %s\npresent: %s\n", env.instruction().c_str(),
              join_names(env.items()).c_str());
  Trace trace;
  if (flags.realtime) {
    play_realtime(flags, guard, *policy, env, trace, context.stop);
  } else {
    play(flags, *policy, env, trace, context.stop);
  }
  if (!flags.trace.empty()) write_trace(flags.trace, trace);
}

}  // namespace

void add_run(CLI::App& app, Context& context) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* c = app.add_subcommand("run", "one live episode in the terminal or with a video");
  add_episode_flags(*c, *flags)->required();
  add_schedule_flags(*c, flags->schedule);
  c->add_flag("--realtime", flags->realtime,
              "by the clock: the networks work on their own threads while the simulator steps at "
              "the control rate (no virtual latencies)")
      ->excludes("--planner-latency")
      ->excludes("--refiner-latency")
      ->excludes("--waiting");
  c->add_option("--guard", flags->guard,
                "with --realtime, field=value: rate_limit, workspace, x_min .. z_max, "
                "planner_timeout_ms, refiner_timeout_ms, on_fault")
      ->needs("--realtime");
  c->add_option("--priority", flags->wish.fifo_priority,
                "SCHED_FIFO priority of the control thread")
      ->check(CLI::Range(0, 99))
      ->needs("--realtime");
  c->add_option("--cpu", flags->wish.cpu, "core of the control thread")->needs("--realtime");
  c->add_flag("--lock-memory", flags->wish.lock_memory, "keep all memory resident")
      ->needs("--realtime");
  add_policy_flags(*c, flags->policy);
  c->add_option("--video", flags->video, "film the episode into this MP4 file");
  c->add_option("--trace", flags->trace,
                "folder for trace.json (Perfetto) and timeline.txt (the intents in words)");
  c->callback([flags, c, &context] {
    tell_ineffective(*c, flags->schedule);
    run_live(*flags, context);
  });
}

}  // namespace libra::cli
