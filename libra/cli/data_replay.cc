// libra data replay: how well a checkpoint follows recorded episodes, and whether recorded actions
// still do in the simulator what they did.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "libra/cli/data_commands.h"
#include "libra/cli/data_flags.h"
#include "libra/cli/policy_flags.h"
#include "libra/cli/suite_flags.h"
#include "libra/collect/playback.h"
#include "libra/core/core.h"
#include "libra/data/episode_source.h"
#include "libra/data/replay.h"
#include "libra/policy/load_policy.h"

namespace libra::cli {
namespace {

using nlohmann::json;

struct ReplayFlags {
  DataFlags data;
  std::string checkpoint;
  bool sim = false;
  int episodes = 20;
  PolicyOptions policy;
  SuiteFlags suites;
};

// Open loop, beside holding the last action.
void replay_policy(const ReplayFlags& flags, const Context& context) {
  const auto policy = load_and_tell(flags.checkpoint, flags.policy);
  const PolicySpec& spec = policy->spec();
  DataFlags sized = flags.data;
  sized.sides = {spec.image_size};
  const auto set = open_set(sized, context);
  require_same(spec.embodiment, "the policy", set->embodiment(), "the data");
  const int last = int(set->demos().size());
  std::vector<int> episodes;  // the last ones
  for (int e = std::max(0, last - flags.episodes); e < last; ++e) episodes.push_back(e);
  Progress progress("replay", int64_t(episodes.size()));
  const data::ReplayError error =
      data::replay(*policy, *set, episodes, &context.stop, [&] { progress.advance(); });
  progress.finish();
  if (error.steps == 0) throw Error(ErrorCode::kFailed, "replay: no episode is as long as a chunk");
  const auto names = spec.embodiment.action_names();
  json rows = json::array();
  if (!context.json)
    std::printf("%-24s %12s %16s\n", "mean absolute error", "policy", "last action held");
  for (size_t d = 0; d < names.size(); ++d) {
    rows.push_back({{"name", names[d]}, {"policy", error.policy[d]}, {"hold", error.hold[d]}});
    if (!context.json) {
      std::printf("%-24s %12.5f %16.5f\n", names[d].c_str(), error.policy[d], error.hold[d]);
    }
  }
  if (context.json) {
    std::printf("%s\n", json{{"episodes", error.episodes},
                             {"steps", error.steps},
                             {"policy", error.mean_policy()},
                             {"hold", error.mean_hold()},
                             {"dimensions", rows}}
                            .dump(2)
                            .c_str());
  } else {
    std::printf("%-24s %12.5f %16.5f\n%d episodes, %lld steps\n", "all", error.mean_policy(),
                error.mean_hold(), error.episodes, static_cast<long long>(error.steps));
  }
}

// The recorded actions in the simulator, from the recorded state.
void replay_in_simulation(const ReplayFlags& flags, const Context& context) {
  json rows = json::array();
  int successes = 0, episodes = 0;
  double farthest = 0;
  if (!context.json) {
    std::printf("%6s  %-58s %8s %8s %14s\n", "", "episode", "steps", "success", "hand off (mm)");
  }
  for (const std::string& path : flags.data.paths) {
    const auto source = data::open_source(path, flags.data.embodiment);
    const int first = std::max(0, source->size() - flags.episodes);
    std::unique_ptr<sim::SimEnv> env;
    for (int e = first; e < source->size() && !context.stop; ++e) {
      const data::Demo demo = source->read(e, /*with_states=*/true);
      if (env == nullptr || env->task().name != demo.task || env->task().suite != demo.suite) {
        const sim::task::SuiteSpec suite = load_and_tell(flags.suites, demo.suite);
        env = std::make_unique<sim::SimEnv>(suite.find_task(demo.task));
      }
      const collect::Playback played = collect::play_back(*env, demo);
      successes += played.success;
      ++episodes;
      farthest = std::max(farthest, played.hand_off);
      rows.push_back({{"task", demo.task},
                      {"episode", e},
                      {"steps", demo.frames},
                      {"success", played.success},
                      {"hand_off_mm", 1000 * played.hand_off}});
      if (!context.json) {
        std::printf("%6d  %-58s %8d %8s %14.3f\n", e, demo.task.substr(0, 58).c_str(), demo.frames,
                    played.success ? "yes" : "no", 1000 * played.hand_off);
      }
    }
  }
  if (context.json) {
    std::printf("%s\n", json{{"episodes", rows}, {"successes", successes}}.dump(2).c_str());
  } else {
    std::printf("%d of %d succeed; the hand was at most %.3f mm from where it was recorded\n",
                successes, episodes, 1000 * farthest);
  }
}

}  // namespace

void add_data_replay(CLI::App& data, Context& context) {
  auto flags = std::make_shared<ReplayFlags>();
  CLI::App* command = data.add_subcommand(
      "replay",
      "open-loop error of a checkpoint on recorded episodes, beside holding the last action; or "
      "recorded actions played back in the simulator");
  command->add_option("path", flags->data.paths, "data sets: files or folders")->required();
  add_data_flags(*command, flags->data);
  auto* checkpoint = command->add_option("--checkpoint", flags->checkpoint, "checkpoint folder");
  command
      ->add_flag("--sim", flags->sim,
                 "play the recorded actions back from the recorded state, in the recorded suite")
      ->excludes(checkpoint);
  command->add_option("--episodes", flags->episodes, "the last so many episodes (of each set)")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  add_policy_flags(*command, flags->policy);
  add_suite_flags(*command, flags->suites);
  command->callback([flags, &context] {
    if (flags->sim) return replay_in_simulation(*flags, context);
    if (flags->checkpoint.empty()) {
      throw Error(ErrorCode::kBadInput, {.where = "libra data replay",
                                         .problem = "--checkpoint or --sim is needed",
                                         .next = "libra data replay --help says what they do"});
    }
    replay_policy(*flags, context);
  });
}

}  // namespace libra::cli
