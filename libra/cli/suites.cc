#include <cstdio>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "libra/cli/command.h"
#include "libra/cli/contact_sheet.h"
#include "libra/cli/suite_flags.h"
#include "libra/core/error.h"
#include "libra/core/progress.h"
#include "libra/eval/eval.h"
#include "libra/sim/sim.h"
#include "libra/sim/variation/variation.h"
#include "libra/sim/variation/wording.h"

namespace libra::cli {
namespace {

// Tests that the task cannot be put to, and why.
std::map<std::string, std::string> tests_without(const sim::task::TaskSpec& spec) {
  std::map<std::string, std::string> without;
  if (spec.preset != nullptr) return without;  // none of its suite can
  for (const auto& group : {sim::variation::kMemorisation, sim::variation::kClearance}) {
    for (const std::string& test : sim::variation::list_variations(group)) {
      if (const std::string why = sim::variation::why_without(spec, test); !why.empty())
        without[test] = why;
    }
  }
  return without;
}

nlohmann::json to_json(const sim::task::SuiteSpec& suite, bool wordings) {
  nlohmann::json tasks = nlohmann::json::array();
  for (const sim::task::TaskSpec& spec : suite.tasks) {
    tasks.push_back({{"name", spec.task.name},
                     {"instruction", spec.task.instruction},
                     {"max_steps", spec.task.max_steps},
                     {"without", tests_without(spec)}});
    if (!spec.task.category.empty()) tasks.back()["category"] = spec.task.category;
    if (!wordings || !spec.wording) continue;
    tasks.back()["wordings"] = {{"rewording", spec.wording->rewording},
                                {"common_sense", spec.wording->common_sense},
                                {"reasoning", spec.wording->reasoning}};
  }
  nlohmann::json left_out = nlohmann::json::array();
  for (const sim::task::LeftOut& out : suite.left_out) {
    left_out.push_back(
        {{"category", out.category}, {"tasks", out.tasks}, {"of", out.of}, {"why", out.why}});
  }
  return {{"name", suite.name},
          {"title", suite.title},
          {"max_steps", suite.max_steps},
          {"control_hz", suite.control_hz},
          {"initial_states", suite.initial_states},
          {"layouts", suite.layouts},
          {"instructions", suite.instructions},
          {"unreadable", suite.unreadable},
          {"left_out", left_out},
          {"tasks", tasks}};
}

void print(const sim::variation::Wording& wording) {
  const auto say = [](const std::string& how, const std::vector<std::string>& sentences) {
    for (const std::string& sentence : sentences)
      std::printf("      %-12s \"%s\"\n", how.c_str(), sentence.c_str());
  };
  for (size_t i = 0; i < wording.rewording.size(); ++i)
    say("rewording " + std::to_string(i + 1), wording.rewording[i]);
  say("common sense", wording.common_sense);
  say("reasoning", wording.reasoning);
}

void print(const sim::task::SuiteSpec& suite, bool wordings) {
  std::printf("%s: %s\n  %zu tasks of %d initial states, at most %d steps at %g Hz, layouts %s\n",
              suite.name.c_str(), suite.title.c_str(), suite.tasks.size(), suite.initial_states,
              suite.max_steps, suite.control_hz, join_names(suite.layouts).c_str());
  std::printf("  instructions: %s\n", suite.instructions.c_str());
  for (size_t i = 0; i < suite.tasks.size(); ++i) {
    const Task& task = suite.tasks[i].task;
    std::printf("  %2zu  %s\n      \"%s\"\n", i, task.name.c_str(), task.instruction.c_str());
    if (!task.category.empty()) std::printf("      %s\n", task.category.c_str());
    for (const auto& [test, why] : tests_without(suite.tasks[i]))
      std::printf("      without %s: %s\n", test.c_str(), why.c_str());
    if (wordings && suite.tasks[i].wording) print(*suite.tasks[i].wording);
  }
}

struct SuitesFlags {
  std::string only, layout = "libero", contact_sheet;
  SuiteFlags libero;
  int expert = 0, workers = 2;
  bool wordings = false;
};

struct ExpertRecord {
  int successes = 0, episodes = 0;
  int64_t steps = 0;  // of the successes
};

// The scripted expert, undisturbed, from the initial states of an evaluation with seed 0.
ExpertRecord run_expert(const sim::task::TaskSpec& spec, const SuitesFlags& flags,
                        const std::atomic<bool>& stop, Progress& progress) {
  ExpertRecord record;
  sim::SimEnv env(spec);
  for (; record.episodes < flags.expert && !stop; ++record.episodes) {
    const sim::expert::ExpertRun run =
        sim::expert::run_expert(env, {.layout = flags.layout,
                                      .seed = eval::evaluation_seed(0),
                                      .episode = uint64_t(record.episodes),
                                      .target = ""});
    if (run.success) {
      ++record.successes;
      record.steps += run.steps;
    }
    progress.advance(spec.task.name);
  }
  return record;
}

void print_expert(const std::vector<const sim::task::TaskSpec*>& tasks,
                  const std::vector<ExpertRecord>& records, const SuitesFlags& flags, bool json) {
  nlohmann::json list = nlohmann::json::array();
  if (!json) std::printf("%-58s %9s %8s %7s\n", "task", "expert", "rate", "steps");
  for (size_t i = 0; i < tasks.size(); ++i) {
    const ExpertRecord& r = records[i];
    const double rate = r.episodes > 0 ? double(r.successes) / r.episodes : 0.0;
    const double steps = r.successes > 0 ? double(r.steps) / r.successes : 0.0;
    if (json) {
      list.push_back({{"task", tasks[i]->task.name},
                      {"layout", flags.layout},
                      {"successes", r.successes},
                      {"episodes", r.episodes},
                      {"mean_steps", steps}});
    } else {
      std::printf("%-58s %4d/%-4d %6.1f %% %7.1f\n", tasks[i]->task.name.c_str(), r.successes,
                  r.episodes, 100 * rate, steps);
    }
  }
  if (json) std::printf("%s\n", list.dump(2).c_str());
}

// Tasks are shared out over the workers.
void measure_expert(const SuitesFlags& flags, const Context& context) {
  std::vector<sim::task::SuiteSpec> suites;
  for (const std::string& name :
       flags.only.empty() ? sim::suite_names() : std::vector<std::string>{flags.only}) {
    suites.push_back(load_and_tell(flags.libero, name));
  }
  std::vector<const sim::task::TaskSpec*> tasks;
  for (const auto& suite : suites) {
    for (const auto& task : suite.tasks) tasks.push_back(&task);
  }
  std::vector<ExpertRecord> records(tasks.size());
  {
    Progress progress("expert", int64_t(tasks.size()) * flags.expert);
    std::atomic<size_t> next{0};
    std::vector<std::future<void>> workers;
    for (int w = 0; w < flags.workers; ++w) {
      workers.push_back(std::async(std::launch::async, [&] {
        for (size_t i; (i = next++) < tasks.size();) {
          records[i] = run_expert(*tasks[i], flags, context.stop, progress);
        }
      }));
    }
    for (auto& worker : workers) worker.get();
  }
  print_expert(tasks, records, flags, context.json);
  if (context.stop) {
    throw Error(ErrorCode::kInterrupted, {.where = "libra suites",
                                          .problem = "interrupted",
                                          .next = "the table counts what was finished"});
  }
}

std::vector<std::string> wanted_suites(const SuitesFlags& flags) {
  return flags.only.empty() ? suite_names(flags.libero) : std::vector<std::string>{flags.only};
}

// Every wanted suite; of a checkout's many one that cannot be read at all is told and left out.
std::vector<sim::task::SuiteSpec> readable_suites(const SuitesFlags& flags) {
  std::vector<sim::task::SuiteSpec> suites;
  for (const std::string& name : wanted_suites(flags)) {
    try {
      suites.push_back(load_and_tell(flags.libero, name));
    } catch (const Error& error) {
      if (!flags.only.empty()) throw;
      std::fprintf(stderr, "left out suite %s: %s\n", name.c_str(), error.what());
    }
  }
  return suites;
}

void list_suites(const SuitesFlags& flags, const Context& context) {
  nlohmann::json list = nlohmann::json::array();
  for (const sim::task::SuiteSpec& suite : readable_suites(flags)) {
    const std::vector<std::string> missing = missing_visuals(flags.libero, suite.name);
    if (context.json) {
      list.push_back(to_json(suite, flags.wordings));
      list.back()["missing_files"] = missing;
      continue;
    }
    print(suite, flags.wordings);
    for (const std::string& line : missing) std::printf("  missing %s\n", line.c_str());
  }
  if (context.json) std::printf("%s\n", list.dump(2).c_str());
}

// One sheet a kind, of the first task of every suite.
void draw_contact_sheets(const SuitesFlags& flags, const Context& context) {
  std::error_code error;
  std::filesystem::create_directories(flags.contact_sheet, error);
  if (error) {
    throw Error(ErrorCode::kBadInput, {.where = "--contact-sheet " + flags.contact_sheet,
                                       .problem = "cannot make this folder: " + error.message()});
  }
  nlohmann::json list = nlohmann::json::array();
  for (const sim::task::SuiteSpec& suite : readable_suites(flags)) {
    for (const std::string& path : write_contact_sheets(flags.contact_sheet, suite.tasks.at(0))) {
      if (context.json) {
        list.push_back(path);
      } else {
        std::printf("%s\n", path.c_str());
      }
    }
  }
  if (context.json) std::printf("%s\n", list.dump(2).c_str());
}

}  // namespace

void add_suites(CLI::App& app, Context& context) {
  auto flags = std::make_shared<SuitesFlags>();
  CLI::App* command = app.add_subcommand(
      "suites",
      "list suites, tasks, instructions and step limits; how often the expert succeeds; "
      "pictures of perturbations");
  command->add_option("suite,--suite", flags->only, "only this suite");
  command->add_option("--contact-sheet", flags->contact_sheet,
                      "write pictures into this folder, one for each suite and kind of variation: "
                      "every sub-kind at every level");
  command
      ->add_option("--expert", flags->expert,
                   "run the scripted expert for this many episodes of each task")
      ->check(CLI::Range(0, 100000));
  command->add_flag("--wordings", flags->wordings, "other wordings of the tasks, too");
  command->add_option("--layout", flags->layout, "of the expert's episodes")
      ->check(CLI::IsMember({"libero", "shuffled", "regions"}))
      ->capture_default_str();
  command->add_option("--workers", flags->workers, "threads")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  add_suite_flags(*command, flags->libero);
  command->footer(
      "Example:\n  libra suites object --expert 50 --layout shuffled\n  libra suites goal "
      "--contact-sheet out/sheets");
  command->callback([flags, &context] {
    if (!flags->contact_sheet.empty()) {
      draw_contact_sheets(*flags, context);
    } else if (flags->expert > 0) {
      measure_expert(*flags, context);
    } else {
      list_suites(*flags, context);
    }
  });
}

}  // namespace libra::cli
