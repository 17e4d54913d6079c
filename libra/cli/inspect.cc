// libra inspect: a page to watch a policy think: an episode live in the simulator, or recorded
// ones.
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include "libra/action/action.h"
#include "libra/cli/command.h"
#include "libra/cli/field_flags.h"
#include "libra/cli/key_file.h"
#include "libra/cli/policy_flags.h"
#include "libra/cli/recordings.h"
#include "libra/cli/server_flags.h"
#include "libra/cli/suite_flags.h"
#include "libra/core/core.h"
#include "libra/core/memory.h"
#include "libra/eval/eval.h"
#include "libra/media/media.h"
#include "libra/runtime/runtime.h"
#include "libra/serving/serving.h"
#include "libra/sim/sim.h"

namespace libra::cli {
namespace {

constexpr const char* kInspectHelp =
    "a page to watch a policy think, live in the simulator or a recorded run\n"
    "\n"
    "  libra inspect --checkpoint checkpoints/libra_tiny_object --suite object --control\n"
    "  libra inspect out/eval                 what libra eval filmed\n"
    "\n"
    "Open the address that it prints in a browser. Connections of a served policy are watched "
    "with\n"
    "libra serve --inspect. All of it: docs/serving.md.";

constexpr size_t kLivePictures = size_t{96} << 20;   // bytes
constexpr std::chrono::milliseconds kBetween{2500};  // from an episode's end to the next

struct InspectFlags : EpisodeFlags {
  std::string run, out;
  ScheduleConfig schedule;
  std::vector<std::string> guard;
  bool control = false;
  int episodes = 0;
  ServerFlags server;
  PolicyOptions policy;
};

// What pages have asked for, until the thread of the episode comes to it.
class Wishes {
 public:
  explicit Wishes(const std::atomic<bool>& stop) : stop_(stop) {}

  // From any thread. Throws Error(kBadInput) for what is no command.
  void add(const serving::PageCommand& command) {
    const std::lock_guard lock(mutex_);
    if (command.verb == "pause") {
      paused_ = true;
    } else if (command.verb == "go") {
      paused_ = false;
    } else if (command.verb == "step") {
      paused_ = true;
      ++steps_;
    } else if (command.verb == "reset") {
      reset_ = true;
    } else if (command.verb == "instruction") {
      if (command.text.find_first_not_of(" \t\r\n") == std::string::npos) {
        throw Error(ErrorCode::kBadInput, "instruction: is empty");
      }
      instruction_ = command.text;
    } else {
      throw Error(ErrorCode::kBadInput, {.where = serving::printable(command.verb, 20),
                                         .problem = "is no command",
                                         .expected = "pause, go, step, reset or instruction"});
    }
    changed_.notify_all();
  }

  struct Taken {
    bool moves = true;  // false: paused, and nothing else to do
    bool paused = false, reset = false;
    std::optional<std::string> instruction;
  };
  // What holds for the next step. Waits a little where the episode is paused.
  Taken take() {
    std::unique_lock lock(mutex_);
    const auto news = [&] { return !paused_ || steps_ > 0 || reset_ || instruction_ || stop_; };
    changed_.wait_for(lock, std::chrono::milliseconds(100), news);
    Taken taken{!paused_ || steps_ > 0, paused_, std::exchange(reset_, false),
                std::exchange(instruction_, std::nullopt)};
    if (paused_ && steps_ > 0) --steps_;
    return taken;
  }
  // For so long, and while it is paused. True: until somebody wanted the episode again.
  bool linger(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    const auto end = std::chrono::steady_clock::now() + most;
    while (!reset_ && !stop_ && (paused_ || std::chrono::steady_clock::now() < end)) {
      changed_.wait_for(lock, std::chrono::milliseconds(50));
    }
    return std::exchange(reset_, false);
  }

 private:
  const std::atomic<bool>& stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool paused_ = false, reset_ = false;
  int steps_ = 0;
  std::optional<std::string> instruction_;
};

// An episode's film and log in --out; nothing without one.
class Recording {
 public:
  Recording(const std::string& folder, const std::string& name, double hz) {
    if (folder.empty()) return;
    stem_ = std::string(folder).append("/").append(name);
    film_ = std::make_unique<media::VideoWriter>(stem_ + ".mp4", std::round(hz));
  }
  void film(const std::vector<Image>& pictures) {
    if (film_) film_->add(media::side_by_side(pictures, 2));
  }
  void finish(const std::string& log) {
    if (!film_) return;
    film_->finish();
    write_file(stem_ + ".jsonl", log);
  }

 private:
  std::string stem_;
  std::unique_ptr<media::VideoWriter> film_;
};

// Episodes of a task one after the other, by the clock, with the networks on their own threads.
// Thread: one, the one that made it.
class LiveTask {
 public:
  LiveTask(const InspectFlags& flags, const GuardConfig& guard, Policy& policy,
           const sim::task::TaskSpec& task, serving::Viewpoint& view, Wishes& wishes,
           const std::atomic<bool>& stop)
      : flags_(flags),
        policy_(policy),
        view_(view),
        wishes_(wishes),
        stop_(stop),
        env_(task, {.image_size = policy.spec().image_size}) {
    reset(flags.episode);
    env_.observe(observation_);
    AsyncOptions options;
    options.schedule = flags.schedule;
    options.guard = guard;
    options.trace = &trace_;
    runtime_ = std::make_unique<AsyncRuntime>(policy, options, observation_);
    for (int call = 0; call < 3; ++call) {  // networks are slow when first called
      PolicyDriver warm_up(policy, {});
      warm_up.reset(env_.instruction(), env_.task().name, flags.seed, flags.episode);
      warm_up.act(observation_, 0);
    }
  }

  // Until `stop`, or all episodes are played.
  void play() {
    for (uint64_t e = flags_.episode; !stop_;) {
      const bool whole = play(e);
      if (!whole || wishes_.linger(kBetween)) continue;  // once more
      ++e;
      if (flags_.episodes > 0 && e == flags_.episode + static_cast<uint64_t>(flags_.episodes))
        return;
    }
  }

 private:
  void reset(uint64_t episode) {
    env_.reset({.layout = flags_.layout,
                .seed = eval::evaluation_seed(flags_.seed),
                .episode = episode,
                .target = flags_.item});
  }
  void tell(const std::string& instruction, uint64_t episode) {
    runtime_->reset(instruction, {flags_.seed, hash_name(env_.task().name), episode});
  }

  // False: somebody wanted it to begin again.
  bool play(uint64_t episode) {
    const PolicySpec& spec = policy_.spec();
    reset(episode);
    const bool single = flags_.schedule.schedule == ScheduleKind::kSync;
    view_.begin(EpisodeLog(spec, policy_.codec().binner(spec.bins),
                           {.suite = env_.task().suite,
                            .task = env_.task().name,
                            .instruction = env_.instruction(),
                            .schedule = word_of(flags_.schedule.schedule),
                            .episode = episode,
                            .max_steps = env_.task().max_steps,
                            .plan_chunks = single ? 1 : flags_.schedule.expansion}));
    trace_.collect();
    trace_.clear();
    tell(env_.instruction(), episode);
    std::string name = env_.task().name + "_" + std::to_string(episode);
    attempt_ = episode == episode_ ? attempt_ + 1 : 1;
    episode_ = episode;
    if (attempt_ > 1) name += "_attempt_" + std::to_string(attempt_);
    Recording recording(flags_.out, name, spec.embodiment.control_hz);
    PeriodicLoop loop(spec.embodiment.control_hz);
    loop.start();
    std::string end;
    bool paused = false, again = false;
    int64_t step = 0;
    while (end.empty() && !stop_) {
      const Wishes::Taken wish = wishes_.take();
      if (wish.reset) {
        again = true;
        break;
      }
      if (wish.instruction) {
        tell(*wish.instruction, episode);
        note("instruction", step, *wish.instruction);
      }
      if (wish.paused != paused) {
        paused = wish.paused;
        view_.state(paused ? "paused" : "running");
        loop.start();  // what was waited for is no overrun
      }
      if (!wish.moves) continue;
      end = move(step++, recording);
      if (!paused) loop.wait();
    }
    if (end.empty()) end = "stopped";
    env_.observe(observation_);
    view_.show(step, observation_.images);
    recording.film(observation_.images);
    note("ended", step,
         end == "success" ? "Done after " + std::to_string(step) + " steps."
                          : "Ended after " + std::to_string(step) + " steps: " + end + ".");
    view_.state(end);
    std::string log;
    view_.change([&](const EpisodeLog& l) { log = l.text(); });
    recording.finish(log);
    std::fprintf(stderr, "inspect: episode %llu: %s after %lld steps\n",
                 static_cast<unsigned long long>(episode), end.c_str(),
                 static_cast<long long>(step));
    return !again;
  }

  // One control step; how the episode ended with it, "" it goes on.
  std::string move(int64_t step, Recording& recording) {
    env_.observe(observation_);
    observation_.step = step;
    view_.show(step, observation_.images);
    recording.film(observation_.images);
    const int64_t guarded = runtime_->guard().total();
    const Tick& tick = runtime_->tick(observation_, step);
    Rows<float> action;
    action.push_back(tick.action);
    const Rows<float> seen = policy_.codec().encode(action, observation_.proprio);
    trace_.collect();
    view_.change([&](EpisodeLog& log) {
      log.tick(step, tick, seen[0], runtime_->plan());
      for (const auto& [lane, name] :
           {std::pair(TraceLane::kPlanner, "planner"), std::pair(TraceLane::kRefiner, "refiner")}) {
        for (const TraceEvent& event : trace_.events(lane)) {
          const bool plans = event.kind == TraceKind::kPlan;
          log.call(plans ? "planner" : name, step, double(event.end_ns - event.begin_ns) / 1e6);
        }
      }
      if (runtime_->guard().total() > guarded) {
        log.note("guard", step, runtime_->guard().explain());
      }
    });
    trace_.clear();
    if (tick.source == Tick::Source::kStopped) return "stopped";
    const StepResult result = env_.step(tick.action);
    if (result.success) return "success";
    const int limit = env_.task().max_steps;
    return result.done || (limit > 0 && step + 1 >= limit) ? "no success" : "";
  }

  void note(const char* kind, int64_t step, const std::string& text) {
    view_.change([&](EpisodeLog& log) { log.note(kind, step, text); });
  }

  const InspectFlags& flags_;
  Policy& policy_;
  serving::Viewpoint& view_;
  Wishes& wishes_;
  const std::atomic<bool>& stop_;
  sim::SimEnv env_;
  Observation observation_;
  uint64_t episode_ = UINT64_MAX;  // that was played last, and how often in a row
  int attempt_ = 0;
  Trace trace_;
  std::unique_ptr<AsyncRuntime> runtime_;
};

// The page, until the command is interrupted or `stop` is set.
class Page {
 public:
  Page(const InspectFlags& flags, const ServerFlags& server)
      : log_(server.form()),
        inspector_(flags.control),
        server_(server.options, {}, metrics_, log_) {
    serving::add_inspector(server_, inspector_, /*front=*/true);
  }
  serving::Inspector& inspector() { return inspector_; }
  void run(const std::atomic<bool>& stop) {
    std::string url = server_.url();
    url.replace(0, 2, "http");  // ws, wss
    std::printf("%s/\n", url.c_str());
    std::fflush(stdout);
    server_.run(stop);
  }

 private:
  serving::Log log_;
  serving::Metrics metrics_;
  serving::Inspector inspector_;
  serving::Server server_;
};

void inspect_live(const InspectFlags& flags, Page& page, Context& context) {
  keep_freed_memory();
  GuardConfig guard;
  const ConfigFields guard_fields = list_fields(guard);
  for (const std::string& assignment : flags.guard) guard_fields.set(assignment, "--guard");
  if (!flags.out.empty()) std::filesystem::create_directories(flags.out);
  const sim::task::SuiteSpec suite = load_and_tell(flags.libero, flags.suite);
  const sim::task::TaskSpec& task = find_task(suite, flags.task);
  const auto policy = load_and_tell(flags.checkpoint, flags.policy);
  Wishes wishes(context.stop);
  auto view = std::make_shared<serving::Viewpoint>(suite.name + ", simulated", kLivePictures);
  view->on_command([&](const serving::PageCommand& command) { wishes.add(command); });
  std::vector<std::string> instructions;
  for (const sim::task::TaskSpec& other : suite.tasks)
    instructions.push_back(other.task.instruction);
  view->suggest(std::move(instructions));
  page.inspector().add(view);
  std::exception_ptr failure;
  std::thread living([&] {  // the simulator's pictures belong to the thread that makes them
    try {
      LiveTask(flags, guard, *policy, task, *view, wishes, context.stop).play();
    } catch (...) {
      failure = std::current_exception();
      context.stop = true;
    }
  });
  try {
    page.run(context.stop);
  } catch (...) {
    if (!failure) failure = std::current_exception();
    context.stop = true;
  }
  living.join();
  if (failure) std::rethrow_exception(failure);
}

void run_inspect(InspectFlags& flags, Context& context) {
  if (flags.run.empty() == flags.checkpoint.empty()) {
    throw Error(ErrorCode::kBadInput,
                {.where = "inspect",
                 .problem = "needs either the folder of a run or --checkpoint",
                 .next = "libra inspect out/eval, or libra inspect --checkpoint C --suite object"});
  }
  flags.server.options.key = read_key(flags.server.key_file);
  if (!flags.run.empty()) {
    const auto episodes = recorded_episodes(flags.run);
    Page page(flags, flags.server);
    for (const auto& episode : episodes) page.inspector().add(episode);
    page.run(context.stop);
    return;
  }
  Page page(flags, flags.server);
  inspect_live(flags, page, context);
}

}  // namespace

void add_inspect(CLI::App& app, Context& context) {
  auto flags = std::make_shared<InspectFlags>();
  flags->server.options.drain_s = 1.0;
  CLI::App* c = app.add_subcommand("inspect", kInspectHelp);
  c->add_option("run", flags->run, "folder of a run, or one of its films, to play back");
  add_episode_flags(*c, *flags);
  c->add_flag("--control", flags->control,
              "the page may pause, step, reset and change the instruction; without it it only "
              "looks");
  c->add_option("--episodes", flags->episodes, "how many are played; 0: until it is stopped")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  c->add_option("--out", flags->out, "folder that keeps the episodes, to be inspected again");
  add_field_flags(*c, list_fields(flags->schedule));
  c->add_option("--guard", flags->guard,
                "field=value: rate_limit, workspace, x_min .. z_max, planner_timeout_ms, "
                "refiner_timeout_ms, on_fault");
  add_server_flags(*c, flags->server,
                   "see what is inspected and, with --control, drive the simulated robot");
  add_policy_flags(*c, flags->policy);
  c->callback([flags, &context] { run_inspect(*flags, context); });
}

}  // namespace libra::cli
