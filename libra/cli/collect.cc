#include "libra/collect/collect.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "libra/cli/command.h"
#include "libra/cli/data_flags.h"
#include "libra/cli/schedule_flags.h"
#include "libra/cli/settings.h"
#include "libra/cli/suite_flags.h"
#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/core/progress.h"
#include "libra/data/data.h"
#include "libra/sim/sim.h"
#include "libra/sim/variation/variation.h"

namespace libra::cli {
namespace {

struct CollectFlags {
  std::string suite = "object", out, format = "hdf5", pictures = "video";
  std::vector<std::string> tasks;
  double mesh_cell_mm = 0;
  int scenes = 0, gzip = 1;
  bool overwrite = false;
  collect::CollectConfig config;  // layout "": shuffled or regions, where the suite has them
  ScheduleFlags schedule;
  SuiteFlags libero;
};

data::DemoFileInfo file_info(const sim::task::TaskSpec& spec, int gzip) {
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

// A file a task, or one LeRobot data set of all.
std::vector<collect::TaskReport> collect_tasks(const sim::task::SuiteSpec& suite,
                                               const std::vector<const sim::task::TaskSpec*>& tasks,
                                               const CollectFlags& flags,
                                               const std::atomic<bool>& stop) {
  constexpr int64_t kMostDemos = 1'000'000;  // a task, in a set of many tasks
  std::vector<collect::TaskReport> reports;
  Progress progress("collect", int64_t(tasks.size()) * flags.config.demos);
  std::unique_ptr<data::EpisodeWriter> all;
  if (flags.format != "hdf5") {
    Embodiment robot = libero_panda();
    for (CameraSpec& camera : robot.cameras) camera.height = camera.width = flags.config.image_size;
    all = data::write_lerobot(flags.out, robot, lerobot_options(flags.format, flags.pictures));
  }
  for (const auto* task : tasks) {
    if (stop) break;
    std::unique_ptr<data::EpisodeWriter> own;
    if (all == nullptr) {
      own = std::make_unique<data::GrowingDemoFile>(
          flags.out + "/" + data::demo_file_name(task->task.name), file_info(*task, flags.gzip));
    }
    data::EpisodeWriter& writer = all != nullptr ? *all : *own;
    const int64_t first = all != nullptr ? (task - suite.tasks.data()) * kMostDemos : 0;
    reports.push_back(collect::collect_task(*task, flags.config, writer, first, stop, progress));
    if (own != nullptr && !stop) own->join();
  }
  if (all != nullptr && !stop) all->join();
  return reports;
}

void collect_scenes(const sim::task::SuiteSpec& suite, const CollectFlags& flags,
                    const std::atomic<bool>& stop) {
  const std::string path = flags.out + "/scenes.hdf5";
  if (std::filesystem::exists(path)) {
    std::fprintf(stderr, "collect: %s is there and is kept; --overwrite replaces it\n",
                 path.c_str());
    return;
  }
  auto scenes = collect::collect_scenes(suite, flags.scenes, flags.config, stop);
  if (stop) return;  // they are cheap to make again
  data::SceneSet(std::move(scenes)).save(path);
}

void print_reports(const std::vector<collect::TaskReport>& reports, double seconds, bool as_json) {
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
const std::vector<std::string> kBeside = {"--out",       "--tasks",       "--demos",
                                          "--scenes",    "--workers",     "--gzip",
                                          "--overwrite", "--libero-root", "--robosuite-root"};

// The folder takes demonstrations of one kind only.
void claim_folder(const CollectFlags& flags, const CLI::App& command,
                  const std::vector<const sim::task::TaskSpec*>& tasks) {
  make_out_folder(flags.out);
  nlohmann::json settings = settings_of(command, kBeside);
  // Folders of before know of none of these.
  if (flags.format == "hdf5") {
    settings.erase("--format");
    settings.erase("--pictures");
  }
  if (flags.config.demonstration.every == 1) settings.erase("--every");
  const std::string& policy = flags.config.demonstration.policy;
  if (!policy.empty()) settings["policy"] = weights_hash(policy);
  std::error_code error;
  if (flags.overwrite) {
    for (const auto* task : tasks) {
      const std::string file = flags.out + "/" + data::demo_file_name(task->task.name);
      std::filesystem::remove(file, error);
      std::filesystem::remove_all(file + ".parts", error);
    }
    if (flags.scenes > 0) std::filesystem::remove(flags.out + "/scenes.hdf5", error);
    if (flags.format != "hdf5") data::remove_lerobot(flags.out);
    std::filesystem::remove(flags.out + "/collect.json", error);
  }
  claim_settings(flags.out, "collect.json", settings);
}

void run_collect(CollectFlags flags, const CLI::App& command, const Context& context) {
  const auto start = std::chrono::steady_clock::now();
  if (flags.config.demonstration.every != 1 && flags.format != "hdf5") {
    throw Error(ErrorCode::kBadInput, {.where = "--every",
                                       .problem = "LeRobot's data sets have pictures of every step",
                                       .next = "leave it out, or write --format hdf5"});
  }
  const sim::task::SuiteSpec suite = load_and_tell(flags.libero, flags.suite);
  if (flags.config.layout.empty()) flags.config.layout = suite.layouts.back();
  sim::task::require_layout(suite.tasks.at(0), flags.config.layout);
  if (suite.tasks.at(0).source && flags.config.layout == "libero") {
    throw Error(ErrorCode::kBadInput,
                {.where = "--layout libero",
                 .problem = "are the stored states of " + suite.name + ", which evaluations use",
                 .next = "leave the flag out: places are drawn from the tasks' regions"});
  }
  std::vector<const sim::task::TaskSpec*> tasks;
  for (const auto& name : flags.tasks) tasks.push_back(&suite.find_task(name));
  if (tasks.empty()) {
    for (const auto& task : suite.tasks) tasks.push_back(&task);
  }
  for (const std::string& name : flags.config.variations) {
    if (sim::variation::parse_variation(name, "--variation").kind == "language") {
      throw Error(ErrorCode::kBadInput, {.where = "--variation " + name,
                                         .problem = "its sentences are held out",
                                         .next = "they are for evaluations only"});
    }
    for (const auto* task : tasks) sim::variation::require_variation(*task, name);
  }
  claim_folder(flags, command, tasks);
  if (flags.scenes > 0) collect_scenes(suite, flags, context.stop);
  flags.config.mesh_cell = flags.mesh_cell_mm / 1000;
  flags.config.demonstration.schedule = flags.schedule.config;
  flags.config.demonstration.time = flags.schedule.time();
  std::vector<collect::TaskReport> reports;
  if (flags.config.demos > 0) reports = collect_tasks(suite, tasks, flags, context.stop);
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
  CLI::App* command = app.add_subcommand(
      "collect", "scripted expert -> demonstrations, as LIBERO's HDF5 or as LeRobot");
  command->add_option("--suite", flags->suite, "suite of tasks (see libra suites)")
      ->capture_default_str();
  command->add_option("--tasks", flags->tasks, "only these tasks");
  command->add_option("--layout", flags->config.layout,
                      "libero: BDDL places; shuffled: the seed decides, the default where the "
                      "suite has it; regions: the only one for LIBERO's own suites");
  command->add_option("--demos", flags->config.demos, "demonstrations per task")
      ->capture_default_str()
      ->check(CLI::Range(0, 100000));
  command->add_option("--scenes", flags->scenes, "random still scenes for grounding (scenes.hdf5)")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000000));
  command
      ->add_option("--out", flags->out, "folder for <task>_demo.hdf5, or for the LeRobot data set")
      ->required();
  add_format_flags(*command, "--format", flags->format, flags->pictures);
  command->add_option("--workers", flags->config.workers, "threads")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  command->add_option("--seed", flags->config.seed, "of the data set")->capture_default_str();
  command
      ->add_option("--noise", flags->config.demonstration.noise,
                   "standard deviation added to executed actions")
      ->check(CLI::Range(0.0, 2.0))
      ->capture_default_str();
  command
      ->add_option("--push", flags->config.demonstration.push, "probability of a push at each step")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      ->add_option("--noisy-share", flags->config.demonstration.noisy_share,
                   "share of demonstrations with noise and pushes")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      ->add_option("--detour-share", flags->config.demonstration.detour_share,
                   "share that begins after the arm was driven towards another item")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      ->add_option("--variation", flags->config.variations,
                   "under these in turn, as libra eval names them: robot,clearance:3,light (what a "
                   "name leaves open the seed draws)")
      ->delimiter(',');
  command->add_option("--policy", flags->config.demonstration.policy,
                      "checkpoint that moves the arm in turns with the expert, whose actions stay "
                      "the labels (DAgger)");
  add_schedule_flags(*command, flags->schedule);
  add_suite_flags(*command, flags->libero);
  command->add_option("--image-size", flags->config.image_size, "side of the camera images (px)")
      ->check(CLI::Range(16, 4096))
      ->capture_default_str();
  command
      ->add_option(
          "--mesh-cell", flags->mesh_cell_mm,
          "of LIBERO's suites: vertices nearer than this (mm) become one; 3 draws twice as "
          "fast pictures that look a little other. 0: as evaluations see them")
      ->check(CLI::Range(0.0, 50.0))
      ->capture_default_str();
  command
      ->add_option("--every", flags->config.demonstration.every,
                   "keep pictures of every so manieth step alone, in HDF5 files: drawing them is "
                   "nearly all of the time in LIBERO's scenes. 5, the steps of a chunk, suits the "
                   "policies here; states, actions and labels stay those of every step")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
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
    tell_ineffective(*command, flags->schedule);
    run_collect(*flags, *command, context);
  });
}

}  // namespace libra::cli
