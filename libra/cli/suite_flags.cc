#include "libra/cli/suite_flags.h"

#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "libra/core/error.h"

namespace libra::cli {

void add_suite_flags(CLI::App& command, SuiteFlags& flags) {
  auto* libero = command.add_option("--libero-root", flags.libero,
                                    "a checkout of LIBERO with its suites libero_spatial, "
                                    "libero_object, ...; without: what scripts/setup --libero "
                                    "brought");
  auto* robosuite = command.add_option("--robosuite-root", flags.robosuite,
                                       "a checkout of robosuite 1.4, which LIBERO's robot is in");
  libero->needs(robosuite);
  robosuite->needs(libero);
  command.add_option("--plus-root", flags.plus,
                     "a checkout of LIBERO-Plus: its suites libero_plus_spatial, "
                     "libero_plus_object, libero_plus_goal, libero_plus_10, in LIBERO's scenes");
  command.add_flag("--allow-missing-visuals", flags.allow_missing_visuals,
                   "draw collision shapes where a checkout lacks meshes, plain surfaces where it "
                   "lacks textures");
}

CLI::Option* add_episode_flags(CLI::App& command, EpisodeFlags& flags) {
  auto* checkpoint = command.add_option("--checkpoint", flags.checkpoint, "checkpoint folder");
  command.add_option("--suite", flags.suite, "suite")->capture_default_str();
  command.add_option("--task", flags.task, "name, or number from 0")->capture_default_str();
  command.add_option("--layout", flags.layout, "libero or shuffled")
      ->check(CLI::IsMember({"libero", "shuffled"}))
      ->capture_default_str();
  command.add_option("--item", flags.item, "ask for this item instead of the task's (e.g. milk)");
  command
      .add_option("--seed", flags.seed, "as in eval: the same seed and episode give the same start")
      ->capture_default_str();
  command.add_option("--episode", flags.episode, "number of the episode, or of the first")
      ->capture_default_str();
  add_suite_flags(command, flags.libero);
  return checkpoint;
}

sim::task::SuiteSpec load_and_tell(const SuiteFlags& flags, const std::string& name) {
  sim::task::SuiteSpec suite = load_suite(flags, name);
  for (const std::string& task : suite.unreadable) {
    std::fprintf(stderr, "left out of suite %s: %s\n", name.c_str(), task.c_str());
  }
  for (const sim::task::LeftOut& out : suite.left_out) {
    std::fprintf(stderr, "left out of suite %s: %s, %d of %d: %s\n", name.c_str(),
                 out.category.c_str(), out.tasks, out.of, out.why.c_str());
  }
  return suite;
}

std::vector<Suite> pick_tasks(const std::vector<std::string>& words,
                              const std::vector<sim::task::SuiteSpec>& specs,
                              const sim::SimConfig& config, const std::string& flag) {
  std::vector<Suite> suites;
  std::set<std::string> used;
  std::vector<std::string> known;
  for (const sim::task::SuiteSpec& spec : specs) {
    const Suite whole = spec.summary();
    Suite picked{whole.name, {}, sim::protocol_of(spec, config)};
    for (size_t t = 0; t < whole.tasks.size(); ++t) {
      known.push_back(whole.tasks[t].name);
      bool wanted = words.empty();
      for (const std::string& word : words) {
        if (word != whole.tasks[t].name && word != std::to_string(t)) continue;
        wanted = true;
        used.insert(word);
      }
      if (wanted) picked.tasks.push_back(whole.tasks[t]);
    }
    if (!picked.tasks.empty()) suites.push_back(std::move(picked));
  }
  for (const std::string& word : words) {
    if (used.contains(word)) continue;
    throw Error(ErrorCode::kNotFound,
                {.where = flag + " " + word,
                 .problem = "no such task",
                 .expected = "a number from 0, or one of " + join_names(known)});
  }
  return suites;
}

int cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? std::max(1, CPU_COUNT(&allowed)) : 1;
}

const sim::task::TaskSpec& find_task(const sim::task::SuiteSpec& suite, const std::string& word) {
  for (size_t t = 0; t < suite.tasks.size(); ++t) {
    if (word == std::to_string(t)) return suite.tasks[t];
  }
  return suite.find_task(word);
}

EnvFactory make_env_factory(const SuiteFlags& flags, const sim::SimConfig& config) {
  // Suites may have thousands of tasks, so each is read once.
  struct Loaded {
    std::mutex mutex;
    std::map<std::string, sim::task::SuiteSpec> suites;
  };
  return [flags, config,
          loaded = std::make_shared<Loaded>()](const Task& task) -> std::unique_ptr<Env> {
    const auto spec = [&] {
      const std::lock_guard lock(loaded->mutex);
      auto suite = loaded->suites.find(task.suite);
      if (suite == loaded->suites.end())
        suite = loaded->suites.emplace(task.suite, load_suite(flags, task.suite)).first;
      return suite->second.find_task(task.name);
    }();
    return std::make_unique<sim::SimEnv>(spec, config);
  };
}

}  // namespace libra::cli
