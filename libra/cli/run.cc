// libra run: one live episode in the terminal: the instruction, each chunk's intent in words, the
// outcome.
#include <cmath>
#include <cstdio>

#include "libra/action/action.h"
#include "libra/cli/command.h"
#include "libra/cli/policy_flags.h"
#include "libra/cli/suite_flags.h"
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
  PolicyOptions policy;
  SuiteFlags libero;
};

const sim::TaskSpec& find_task(const sim::SuiteSpec& suite, const std::string& word) {
  for (size_t t = 0; t < suite.tasks.size(); ++t) {
    if (word == std::to_string(t)) return suite.tasks[t];
  }
  return suite.find_task(word);
}

// Plays one episode and prints it as it happens.
void play(const RunFlags& flags, Policy& policy, Env& env, const std::atomic<bool>& stop) {
  const action::Binner binner = action::Binner::uniform(std::max(1, policy.spec().bins));
  PolicyDriver driver(policy, flags.schedule);
  driver.reset(env.instruction(), env.task().name, flags.seed, flags.episode);
  std::unique_ptr<eval::VideoWriter> video;
  if (!flags.video.empty()) {
    video = std::make_unique<eval::VideoWriter>(
        flags.video, static_cast<int>(std::lround(policy.spec().control_hz)));
  }
  Observation observation;
  StepResult result;
  int64_t step = 0;
  for (; !result.done && !stop; ++step) {
    const bool border = driver.needs_observation(step);
    if (border || video) env.observe(observation);
    if (video) video->add(eval::side_by_side(observation.images, 2));
    const Action action = driver.act(observation, step);
    if (border) {
      std::printf("%4lld  %-7s  %s\n", static_cast<long long>(step),
                  driver.planned() ? "planned" : "",
                  driver.intent() != nullptr ? action::describe(*driver.intent(), binner).c_str()
                                             : "(no intents)");
      std::fflush(stdout);
    }
    result = env.step(action);
  }
  if (video) {
    env.observe(observation);
    video->add(eval::side_by_side(observation.images, 2));
    video->finish();
  }
  const std::string& lifted = env.first_lifted();
  std::printf("%s after %lld steps (%.1f s of robot time); lifted first: %s\n",
              result.success ? "success" : (stop ? "stopped" : "no success"),
              static_cast<long long>(step), double(step) / policy.spec().control_hz,
              lifted.empty() ? "nothing" : lifted.c_str());
  if (video) std::printf("video: %s\n", flags.video.c_str());
}

void run_live(const RunFlags& flags, Context& context) {
  const sim::SuiteSpec suite = load_suite(flags.libero, flags.suite);
  const sim::TaskSpec& task = find_task(suite, flags.task);
  const auto policy = load_policy(flags.checkpoint, flags.policy);
  sim::SimConfig config;
  config.image_size = policy->spec().image_size;
  sim::SimEnv env(task, config);
  env.reset({.layout = flags.layout,
             .seed = eval::evaluation_seed(flags.seed),
             .episode = flags.episode,
             .target = flags.item});
  std::printf("instruction: %s\npresent: %s\nstep  planner  intent of the next %d steps\n",
              env.instruction().c_str(), join_names(env.items()).c_str(), policy->spec().horizon);
  play(flags, *policy, env, context.stop);
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
  add_policy_flags(*c, flags->policy);
  add_suite_flags(*c, flags->libero);
  c->add_option("--seed", flags->seed, "as in eval: the same seed and episode give the same start")
      ->capture_default_str();
  c->add_option("--episode", flags->episode, "number of the episode")->capture_default_str();
  c->add_option("--video", flags->video, "film the episode into this MP4 file");
  c->callback([flags, &context] { run_live(*flags, context); });
}

}  // namespace libra::cli
