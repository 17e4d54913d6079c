#include "libra/cli/closed_loop.h"

#include "libra/cli/suite_flags.h"
#include "libra/eval/eval.h"
#include "libra/policy/load_policy.h"

namespace libra::cli {
namespace {

std::optional<training::ClosedLoop> play_checkpoint(const training::WatchConfig& config,
                                                    const std::vector<sim::task::SuiteSpec>& specs,
                                                    const std::string& checkpoint,
                                                    const std::string& device,
                                                    const std::atomic<bool>& stop) {
  const PolicyOptions options{.device = device};
  auto first = std::make_shared<std::unique_ptr<Policy>>(load_policy(checkpoint, options));
  sim::SimConfig sim_config;
  sim_config.image_size = (*first)->spec().image_size;
  eval::RolloutRequest request;
  request.suites = pick_tasks(config.eval_tasks, specs, sim_config, "train.watch.eval_tasks");
  request.rollouts = config.eval_episodes;
  request.layout = config.eval_layout;
  request.seed = uint64_t(config.eval_seed);
  request.workers = config.eval_workers > 0 ? config.eval_workers : cores();
  request.strips = 0;
  request.make_env = make_env_factory({}, sim_config);
  request.make_policy = [first, checkpoint, options] {
    return *first != nullptr ? std::move(*first) : load_policy(checkpoint, options);
  };
  const eval::RolloutOutcome outcome = eval::run_rollouts(request, &stop);
  if (!outcome.complete) return std::nullopt;
  training::ClosedLoop result;
  for (const Suite& suite : request.suites) result.suites.push_back({suite.name});
  for (const eval::EpisodeRecord& episode : outcome.episodes) {
    auto& suite = result.suites[size_t(episode.suite)];
    ++suite.episodes;
    suite.successes += episode.success ? 1 : 0;
  }
  return result;
}

}  // namespace

training::MakeEvaluate make_evaluate(const std::atomic<bool>& stop) {
  return [&stop](const training::RunConfig& run, const std::string& device) -> training::Evaluate {
    const training::WatchConfig config = run.train.watch;
    require_same(run.model.embodiment, "the model", libero_panda(), "the simulator's robot");
    std::vector<sim::task::SuiteSpec> specs;
    for (const std::string& name : config.eval_suites) specs.push_back(load_and_tell({}, name));
    pick_tasks(config.eval_tasks, specs, {}, "train.watch.eval_tasks");
    return [=, &stop](const std::string& checkpoint) {
      return play_checkpoint(config, specs, checkpoint, device, stop);
    };
  };
}

}  // namespace libra::cli
