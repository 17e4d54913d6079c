// libra run: one live episode in the terminal: the instruction, each chunk's intent in words, the
// outcome.
#include <cmath>
#include <cstdio>

#include "libra/action/action.h"
#include "libra/cli/command.h"
#include "libra/core/core.h"
#include "libra/eval/eval.h"
#include "libra/policy/load_policy.h"
#include "libra/runtime/runtime.h"
#include "libra/sim/sim.h"

namespace libra::cli {
namespace {

struct RunFlags {
  std::string checkpoint, suite = "object", task = "0", layout = "libero", item, video;
  ScheduleConfig schedule;
  uint64_t seed = 0, episode = 0;
  int denoise_steps = 0;
};

const sim::TaskSpec& find_task(const sim::SuiteSpec& suite, const std::string& word) {
  for (size_t t = 0; t < suite.tasks.size(); ++t) {
    if (word == std::to_string(t)) return suite.tasks[t];
  }
  return suite.find_task(word);
}

// One episode with its policy, printed as it happens.
class LiveEpisode {
 public:
  LiveEpisode(const RunFlags& flags, Policy& policy, Env& env, const std::atomic<bool>& stop)
      : flags_(flags),
        policy_(policy),
        env_(env),
        stop_(stop),
        binner_(action::Binner::uniform(std::max(1, policy.spec().bins))),
        schedule_(flags.schedule, policy.spec().horizon, policy.planner() != nullptr) {
    if (policy.planner() != nullptr && flags.schedule.schedule == "amortised" &&
        flags.schedule.expansion > policy.spec().expansion) {
      throw Error(ErrorCode::kBadInput,
                  {.where = "--M",
                   .problem = "the policy plans fewer chunks",
                   .expected = "at most " + std::to_string(policy.spec().expansion)});
    }
  }

  void play() {
    schedule_.reset(hash_name(env_.instruction()));
    std::unique_ptr<eval::VideoWriter> video;
    if (!flags_.video.empty()) {
      video = std::make_unique<eval::VideoWriter>(
          flags_.video, static_cast<int>(std::lround(policy_.spec().control_hz)));
    }
    StepResult result;
    int64_t step = 0;
    for (; !result.done && !stop_; ++step) {
      const bool border = schedule_.needs_observation(step);
      if (border || video) env_.observe(observation_);
      if (video) video->add(eval::side_by_side(observation_.images, 2));
      if (border) decide(step);
      result = env_.step(schedule_.tick(step).action);
    }
    if (video) {
      env_.observe(observation_);
      video->add(eval::side_by_side(observation_.images, 2));
      video->finish();
    }
    const std::string& lifted = env_.first_lifted();
    std::printf("%s after %lld steps (%.1f s of robot time); lifted first: %s\n",
                result.success ? "success" : (stop_ ? "stopped" : "no success"),
                static_cast<long long>(step), double(step) / policy_.spec().control_hz,
                lifted.empty() ? "nothing" : lifted.c_str());
    if (video) std::printf("video: %s\n", flags_.video.c_str());
  }

 private:
  void decide(int64_t step) {
    const bool planned = schedule_.needs_plan(step);
    if (planned) {
      IntentPlan plan;
      const PlanRequest request{&observation_, env_.instruction(), schedule_.epoch()};
      policy_.planner()->plan({&request, 1}, {&plan, 1});
      schedule_.take_plan(plan);
    }
    if (!schedule_.needs_chunk(step)) return;
    const Intent* intent = schedule_.intent();
    ActionChunk chunk;
    const RefineRequest request{
        &observation_, intent, env_.instruction(),
        mix_seed({flags_.seed, hash_name(env_.task().name), flags_.episode, uint64_t(step)})};
    policy_.refiner().refine({&request, 1}, {&chunk, 1});
    schedule_.take_chunk(chunk, step);
    std::printf("%4lld  %-7s  %s\n", static_cast<long long>(step), planned ? "planned" : "",
                intent != nullptr ? action::describe(*intent, binner_).c_str() : "(no intents)");
    std::fflush(stdout);
  }

  const RunFlags& flags_;
  Policy& policy_;
  Env& env_;
  const std::atomic<bool>& stop_;
  action::Binner binner_;
  EpisodeSchedule schedule_;
  Observation observation_;
};

void run_live(const RunFlags& flags, Context& context) {
  const sim::SuiteSpec suite = sim::load_suite(flags.suite);
  const sim::TaskSpec& task = find_task(suite, flags.task);
  const auto policy =
      load_policy(flags.checkpoint, {.threads = 1, .denoise_steps = flags.denoise_steps});
  sim::SimConfig config;
  config.image_size = policy->spec().image_size;
  sim::SimEnv env(task, config);
  env.reset({.layout = flags.layout,
             .seed = eval::evaluation_seed(flags.seed),
             .episode = flags.episode,
             .target = flags.item});
  std::printf("instruction: %s\npresent: %s\nstep  planner  intent of the next %d steps\n",
              env.instruction().c_str(), join_names(env.items()).c_str(), policy->spec().horizon);
  LiveEpisode(flags, *policy, env, context.stop).play();
}

}  // namespace

void add_run(CLI::App& app, Context& context) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* c = app.add_subcommand("run", "one live episode in the terminal or with a video");
  c->add_option("--checkpoint", flags->checkpoint, "checkpoint folder")->required();
  c->add_option("--suite", flags->suite, "suite")->capture_default_str();
  c->add_option("--task", flags->task, "name, or number from 0")->capture_default_str();
  c->add_option("--layout", flags->layout, "libero or shuffled")
      ->check(CLI::IsMember({"libero", "shuffled"}))
      ->capture_default_str();
  c->add_option("--item", flags->item, "ask for this item instead of the task's (e.g. milk)");
  c->add_option("--schedule", flags->schedule.schedule, "sync or amortised")
      ->check(CLI::IsMember({"sync", "amortised"}))
      ->capture_default_str();
  c->add_option("--M", flags->schedule.expansion, "chunks per plan")
      ->check(CLI::Range(1, kMaxExpansion))
      ->capture_default_str();
  c->add_option("--denoise-steps", flags->denoise_steps, "refiner iterations; 0: the checkpoint's")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  c->add_option("--seed", flags->seed, "as in eval: the same seed and episode give the same start")
      ->capture_default_str();
  c->add_option("--episode", flags->episode, "number of the episode")->capture_default_str();
  c->add_option("--video", flags->video, "film the episode into this MP4 file");
  c->callback([flags, &context] { run_live(*flags, context); });
}

}  // namespace libra::cli
