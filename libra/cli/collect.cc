#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "libra/cli/command.h"
#include "libra/cli/demonstrate.h"
#include "libra/cli/settings.h"
#include "libra/cli/suite_flags.h"
#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/core/progress.h"
#include "libra/core/rng.h"
#include "libra/data/data.h"
#include "libra/sim/sim.h"
#include "libra/sim/variation/variation.h"

namespace libra::cli {
namespace {

// Added to the seed of a data set, so that no demonstration shares its initial state with an
// evaluation (seeds 0 to 999,999).
constexpr uint64_t kDataSeed = 1'000'000;

struct CollectFlags {
  std::string suite = "object", layout, out;  // layout "": shuffled where the suite has it
  std::vector<std::string> tasks, variations;
  int demos = 50, workers = 2, scenes = 0, image_size = 128, attempts = 5, gzip = 1;
  bool overwrite = false;
  uint64_t seed = 0;
  DemonstrationConfig demonstration;
};

struct TaskReport {
  std::string task;
  int demos = 0, failures = 0;  // made and failed by this call
  int kept = 0;                 // there already
  int64_t frames = 0;
};

// Runs `work` on several threads and waits; rethrows the first exception, after telling the others
// through `failed` that going on is pointless.
void run_workers(int count, const std::function<void(const std::atomic<bool>& failed)>& work) {
  std::atomic<bool> failed{false};
  std::exception_ptr error;
  std::mutex mutex;
  std::vector<std::thread> workers;
  for (int i = 0; i < count; ++i) {
    workers.emplace_back([&] {
      try {
        work(failed);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!error) error = std::current_exception();
        failed = true;
      }
    });
  }
  for (auto& worker : workers) worker.join();
  if (error) std::rethrow_exception(error);
}

data::DemoFileInfo file_info(const sim::TaskSpec& spec, int gzip) {
  data::DemoFileInfo info;
  info.suite = spec.task.suite;
  info.task = spec.task.name;
  info.instruction = spec.task.instruction;
  info.problem_name = spec.problem.name;
  info.gzip = gzip;
  info.bddl_file_name = std::filesystem::path(spec.problem.file).filename().string();
  info.bddl_file_content = read_file(spec.problem.file);
  return info;
}

// What is missing of a task's demonstrations, made by several workers; each is kept as soon as it
// is finished.
TaskReport collect_task(const sim::TaskSpec& spec, const CollectFlags& flags,
                        const std::atomic<bool>& stop, Progress& progress) {
  TaskReport report;
  report.task = spec.task.name;
  data::GrowingDemoFile file(flags.out + "/" + data::demo_file_name(spec.task.name),
                             file_info(spec, flags.gzip));
  std::vector<int> missing;
  for (int i = 0; i < flags.demos; ++i) {
    if (file.finished().contains(i)) {
      ++report.kept;
      progress.advance(spec.task.name);
    } else {
      missing.push_back(i);
    }
  }
  std::mutex mutex;
  size_t next = 0;
  const auto work = [&](const std::atomic<bool>& failed) {
    Demonstrator demonstrator(spec, sim::SimConfig{.image_size = flags.image_size},
                              flags.demonstration, &stop);
    for (;;) {
      int index;
      {
        const std::lock_guard lock(mutex);
        if (stop || failed || next >= missing.size()) return;
        index = missing[next++];
      }
      data::Demo demo;
      int failures = 0;
      const auto& vary = flags.variations;
      // A failed attempt is followed by another initial state, named by the attempt.
      while (failures < flags.attempts &&
             !demonstrator.demonstrate(
                 {.layout = flags.layout,
                  .seed = kDataSeed + flags.seed,
                  .episode = uint64_t(index) + uint64_t(failures) * 100'000,
                  .variation = vary.empty() ? "" : vary[size_t(index) % vary.size()]},
                 demo)) {
        if (stop) return;
        ++failures;
      }
      const std::lock_guard lock(mutex);
      report.failures += failures;
      if (failures < flags.attempts) {
        file.add(index, demo);
        ++report.demos;
        report.frames += demo.frames;
      }
      progress.advance(spec.task.name);
    }
  };
  run_workers(std::min(flags.workers, static_cast<int>(missing.size())), work);
  if (!stop) file.join();
  return report;
}

// What one says in this suite to ask for an item.
const std::string& instruction_naming(const sim::SuiteSpec& suite, const std::string& item) {
  for (const auto& spec : suite.tasks) {
    if (sim::item_category(sim::goal_target(spec.problem)) == item) return spec.task.instruction;
  }
  throw Error(ErrorCode::kNotFound,
              {.where = "suite " + suite.name, .problem = "no task asks for " + item});
}

// Random still scenes with every item's name and place.
void collect_scenes(const sim::SuiteSpec& suite, const CollectFlags& flags,
                    const std::atomic<bool>& stop) {
  const std::string path = flags.out + "/scenes.hdf5";
  if (std::filesystem::exists(path)) {
    std::fprintf(stderr, "collect: %s is there and is kept; --overwrite replaces it\n",
                 path.c_str());
    return;
  }
  Progress progress("scenes", flags.scenes);
  std::vector<data::Scene> scenes{size_t(flags.scenes)};
  std::atomic<int> next{0}, made{0};
  run_workers(flags.workers, [&](const std::atomic<bool>& failed) {
    sim::SimEnv env(suite.tasks[0], sim::SimConfig{.image_size = flags.image_size});
    Observation observation;
    for (int index; !stop && !failed && (index = next++) < flags.scenes;) {
      data::Scene& scene = scenes[size_t(index)];
      env.reset_random_scene(
          mix_seed({kDataSeed + flags.seed, hash_name("scene"), uint64_t(index)}));
      env.observe(observation);
      scene.images = observation.images;
      scene.proprio = observation.proprio;
      scene.items = env.items();
      for (const auto& item : scene.items) {
        scene.instructions.push_back(instruction_naming(suite, item));
      }
      label_items(env, scene.items, scene.item_uv, nullptr);
      ++made;
      progress.advance();
    }
  });
  if (stop) return;  // they are cheap to make again
  scenes.resize(size_t(made));
  data::SceneSet(std::move(scenes)).save(path);
}

void print_reports(const std::vector<TaskReport>& reports, double seconds, bool as_json) {
  int demos = 0;
  nlohmann::json list = nlohmann::json::array();
  if (!as_json) std::printf("%-58s %6s %6s %9s %7s\n", "task", "demos", "kept", "expert", "steps");
  for (const auto& r : reports) {
    const double success =
        r.demos + r.failures > 0 ? double(r.demos) / (r.demos + r.failures) : 0.0;
    const double length = r.demos > 0 ? double(r.frames) / r.demos : 0.0;
    demos += r.demos;
    if (as_json) {
      list.push_back({{"task", r.task},
                      {"demos", r.demos},
                      {"kept", r.kept},
                      {"expert_success", success},
                      {"mean_steps", length}});
    } else {
      std::printf("%-58s %6d %6d %8.1f%% %7.1f\n", r.task.c_str(), r.demos, r.kept, 100 * success,
                  length);
    }
  }
  if (as_json) {
    std::printf(
        "%s\n",
        nlohmann::json{{"tasks", list}, {"demos", demos}, {"wall_s", seconds}}.dump(2).c_str());
  } else {
    std::printf("%d demonstrations in %.0f s\n", demos, seconds);
  }
}

// What changes nothing about a single demonstration.
const std::vector<std::string> kBeside = {"--out",     "--tasks", "--demos",    "--scenes",
                                          "--workers", "--gzip",  "--overwrite"};

// The folder takes demonstrations of one kind only.
void claim_folder(const CollectFlags& flags, const CLI::App& command,
                  const std::vector<const sim::TaskSpec*>& tasks) {
  make_out_folder(flags.out);
  std::error_code error;
  nlohmann::json settings = settings_of(command, kBeside);
  const std::string& policy = flags.demonstration.policy;
  if (!policy.empty()) settings["policy"] = weights_hash(policy);
  const std::string path = flags.out + "/collect.json";
  const auto file_of = [&](const sim::TaskSpec* task) {
    return flags.out + "/" + data::demo_file_name(task->task.name);
  };
  if (flags.overwrite) {
    for (const auto* task : tasks) {
      std::filesystem::remove(file_of(task), error);
      std::filesystem::remove_all(file_of(task) + ".parts", error);
    }
    if (flags.scenes > 0) std::filesystem::remove(flags.out + "/scenes.hdf5", error);
    std::filesystem::remove(path, error);
  }
  if (std::filesystem::exists(path)) {
    const nlohmann::json before = nlohmann::json::parse(read_file(path), nullptr, false);
    if (!before.is_object()) {
      throw Error(ErrorCode::kBadInput, {.where = path,
                                         .problem = "is not what libra collect wrote",
                                         .next = "name another folder, or use --overwrite"});
    }
    require_same_settings(before, settings, flags.out);
    return;
  }
  write_file(path, settings.dump(2) + "\n");
}

void collect(CollectFlags flags, const CLI::App& command, const Context& context) {
  const auto start = std::chrono::steady_clock::now();
  const sim::SuiteSpec suite = load_and_tell({}, flags.suite);
  if (flags.layout.empty()) {
    const auto& has = suite.layouts;
    flags.layout =
        std::find(has.begin(), has.end(), "shuffled") != has.end() ? "shuffled" : has.at(0);
  }
  sim::require_layout(suite.tasks.at(0), flags.layout);
  std::vector<const sim::TaskSpec*> tasks;
  for (const auto& name : flags.tasks) tasks.push_back(&suite.find_task(name));
  if (tasks.empty()) {
    for (const auto& task : suite.tasks) tasks.push_back(&task);
  }
  for (const std::string& name : flags.variations) {
    if (sim::parse_variation(name, "--variation").kind == "language") {
      throw Error(ErrorCode::kBadInput, {.where = "--variation " + name,
                                         .problem = "its sentences are held out",
                                         .next = "they are for evaluations only"});
    }
    for (const auto* task : tasks) sim::require_variation(*task, name);
  }
  claim_folder(flags, command, tasks);
  if (flags.scenes > 0) collect_scenes(suite, flags, context.stop);
  std::vector<TaskReport> reports;
  if (flags.demos > 0) {
    Progress progress("collect", int64_t(tasks.size()) * flags.demos);
    for (const auto* task : tasks) {
      if (!context.stop) reports.push_back(collect_task(*task, flags, context.stop, progress));
    }
  }
  print_reports(reports,
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
                context.json);
  if (context.stop) {
    throw Error(ErrorCode::kInterrupted, {.where = "libra collect",
                                          .problem = "interrupted",
                                          .next = "what was finished is kept in " + flags.out +
                                                  "; the same command goes on from there"});
  }
}

}  // namespace

void add_collect(CLI::App& app, Context& context) {
  auto flags = std::make_shared<CollectFlags>();
  CLI::App* command =
      app.add_subcommand("collect", "scripted expert -> demonstrations in LIBERO's HDF5 schema");
  command->add_option("--suite", flags->suite, "suite of tasks (see libra suites)")
      ->capture_default_str();
  command->add_option("--tasks", flags->tasks, "only these tasks");
  command->add_option("--layout", flags->layout,
                      "libero: BDDL places; shuffled: the seed decides, the default where the "
                      "suite has it");
  command->add_option("--demos", flags->demos, "demonstrations per task")
      ->capture_default_str()
      ->check(CLI::Range(0, 100000));
  command->add_option("--scenes", flags->scenes, "random still scenes for grounding (scenes.hdf5)")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000000));
  command->add_option("--out", flags->out, "folder for <task>_demo.hdf5")->required();
  command->add_option("--workers", flags->workers, "threads")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  command->add_option("--seed", flags->seed, "of the data set")->capture_default_str();
  command
      ->add_option("--noise", flags->demonstration.noise,
                   "standard deviation added to executed actions")
      ->check(CLI::Range(0.0, 2.0))
      ->capture_default_str();
  command->add_option("--push", flags->demonstration.push, "probability of a push at each step")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      ->add_option("--noisy-share", flags->demonstration.noisy_share,
                   "share of demonstrations with noise and pushes")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      ->add_option("--detour-share", flags->demonstration.detour_share,
                   "share that begins after the arm was driven towards another item")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      ->add_option("--variation", flags->variations,
                   "under these in turn, as libra eval names them: robot,clearance:3,light (what a "
                   "name leaves open the seed draws)")
      ->delimiter(',');
  command->add_option("--policy", flags->demonstration.policy,
                      "checkpoint that moves the arm in turns with the expert, whose actions stay "
                      "the labels (DAgger)");
  add_schedule_flags(*command, flags->demonstration.schedule);
  command->add_option("--image-size", flags->image_size, "side of the camera images (px)")
      ->check(CLI::Range(16, 4096))
      ->capture_default_str();
  command
      ->add_option("--gzip", flags->gzip,
                   "of images, 0 to 9; 0: ten times the size, faster on many cores")
      ->capture_default_str()
      ->check(CLI::Range(0, 9));
  command->footer(
      "Labels are the expert's clean actions in the states visited; `actions` are what was "
      "executed.\n"
      "Example:\n  libra collect --suite object --layout shuffled --demos 100 --scenes 10000 --out "
      "data/shuffled");
  command->add_flag("--overwrite", flags->overwrite, "replace what --out holds of these tasks");
  command->callback([flags, command, &context] {
    tell_ineffective(*command, flags->demonstration.schedule);
    collect(*flags, *command, context);
  });
}

}  // namespace libra::cli
