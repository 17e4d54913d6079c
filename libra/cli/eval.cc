// libra eval: rollouts of a checkpoint on suites -> results.json, report.html, videos.
#include "libra/eval/eval.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "libra/action/action.h"
#include "libra/cli/command.h"
#include "libra/cli/key_file.h"
#include "libra/cli/policy_flags.h"
#include "libra/cli/schedule_flags.h"
#include "libra/cli/settings.h"
#include "libra/cli/suite_flags.h"
#include "libra/cli/version.h"
#include "libra/core/core.h"
#include "libra/eval/journal.h"
#include "libra/eval/sample.h"
#include "libra/policy/load_policy.h"
#include "libra/serving/client.h"
#include "libra/sim/sim.h"
#include "libra/sim/variation/variation.h"

namespace libra::cli {
namespace {

struct EvalFlags {
  std::string checkpoint, remote, key_file, authority, out;
  std::vector<std::string> suites = {"object"}, tasks;
  std::string layout = "libero", instruction = "task", wordings;
  eval::Executor executor = eval::Executor::kFull;
  std::vector<std::string> perturb, memorisation;
  std::vector<std::string> clearance;  // levels
  ScheduleFlags schedule;
  std::string shard;
  bool overwrite = false, realtime = false;
  int rollouts = 0, sample = 0, workers = 0, videos = 1, group = 10;
  PolicyOptions policy;
  SuiteFlags libero;
  uint64_t seed = 0;
};

// Rolls the scripted expert ahead in a second environment that starts from the first one's state.
class ExpertOracle final : public eval::IntentOracle {
 public:
  explicit ExpertOracle(const action::Codec& codec) : codec_(codec) {}

  void begin(Env& env, const EpisodeKey& key) override {
    if (ahead_ == nullptr || ahead_->task().name != env.task().name ||
        ahead_->task().suite != env.task().suite) {
      ahead_ = std::make_unique<sim::SimEnv>(
          sim::load_suite(env.task().suite).find_task(env.task().name));
    }
    ahead_->reset(key);
  }

  void plan(Env& env, int horizon, int expansion, int bins, IntentPlan& out) override {
    const auto& world = dynamic_cast<sim::SimEnv&>(env);
    const std::vector<Action> clean = sim::expert::foresee(*ahead_, world, expansion * horizon);
    const action::Binner binner = codec_.binner(bins);
    // The simulator's robot is moved by relative commands, whatever state it is in.
    const Proprio state = world.proprio();
    out.expansion = expansion;
    out.intents.clear();
    for (int m = 0; m < expansion; ++m) {
      Rows<float> actions;
      for (int i = 0; i < horizon; ++i) actions.push_back(clean[size_t(m * horizon + i)]);
      out.intents.push_back(binner.intent(codec_.encode(actions, state)));
    }
  }

 private:
  const action::Codec& codec_;
  std::unique_ptr<sim::SimEnv> ahead_;
};

// What the suites' files say of the picked tasks.
std::vector<const sim::task::TaskSpec*> specs_of(const std::vector<Suite>& picked,
                                                 const std::vector<sim::task::SuiteSpec>& specs) {
  std::vector<const sim::task::TaskSpec*> tasks;
  for (const Suite& suite : picked) {
    const auto spec = std::find_if(specs.begin(), specs.end(),
                                   [&](const auto& s) { return s.name == suite.name; });
    for (const Task& task : suite.tasks) tasks.push_back(&spec->find_task(task.name));
  }
  return tasks;
}

// Adds perturbations; refuses what the suites cannot have before anything runs.
void add_perturbations(const EvalFlags& flags, const std::vector<const sim::task::TaskSpec*>& tasks,
                       eval::RolloutRequest& request) {
  for (const std::string& name : sim::variation::expand_variations(
           flags.perturb, sim::variation::kPerturbation, "--perturb")) {
    for (const sim::task::TaskSpec* spec : tasks) sim::variation::require_variation(*spec, name);
    request.variations.push_back({name, std::string(sim::variation::kPerturbation)});
  }
}

// Adds tests of a group; tasks that one does not apply to are left out of it, and listed.
void add_tests(const std::vector<std::string>& words, std::string_view group,
               const EvalFlags& flags, const std::vector<const sim::task::TaskSpec*>& tasks,
               eval::RolloutRequest& request) {
  if (words.empty()) return;
  const std::string flag = "--" + std::string(group);
  if (flags.instruction != "task") {
    throw Error(ErrorCode::kBadInput, {.where = "--instruction " + flags.instruction,
                                       .problem = "does not go with " + flag,
                                       .next = "its tests are made for what the task asks for"});
  }
  for (const std::string& name : sim::variation::expand_variations(words, group, flag)) {
    eval::VariationRow row{name, std::string(group)};
    for (const sim::task::TaskSpec* spec : tasks) {
      const std::string why = sim::variation::why_without(*spec, name);
      if (!why.empty()) row.without[spec->task.suite + "/" + spec->task.name] = why;
    }
    request.variations.push_back(std::move(row));
  }
}

// What tasks are asked for in, of the file of --instructions.
eval::Wordings read_wordings(const EvalFlags& flags,
                             const std::vector<sim::task::SuiteSpec>& specs) {
  if (flags.wordings.empty()) return {};
  if (flags.instruction != "task" || !flags.memorisation.empty()) {
    throw Error(ErrorCode::kBadInput,
                {.where = "--instructions " + flags.wordings,
                 .problem = "does not go with --instruction swapped or --memorisation",
                 .next = "they have instructions of their own"});
  }
  for (const std::string& name : sim::variation::expand_variations(
           flags.perturb, sim::variation::kPerturbation, "--perturb")) {
    if (sim::variation::parse_variation(name, "--perturb").kind != "language") continue;
    throw Error(ErrorCode::kBadInput, {.where = "--instructions " + flags.wordings,
                                       .problem = "does not go with --perturb " + name,
                                       .next = "each says what the policy is asked; judge them in "
                                               "two evaluations"});
  }
  std::vector<Suite> known;
  for (const sim::task::SuiteSpec& spec : specs) {
    Suite& suite = known.emplace_back();
    suite.name = spec.name;
    for (const sim::task::TaskSpec& task : spec.tasks) suite.tasks.push_back(task.task);
  }
  eval::Wordings wordings(read_file(flags.wordings), flags.wordings, known);
  for (const std::string& line : wordings.skipped()) {
    std::fprintf(stderr, "eval: %s\n", line.c_str());
  }
  return wordings;
}

// Kinds, sub-kinds and levels, for --help.
std::string variation_help(std::string_view group) {
  std::string text;
  for (const sim::variation::VariationKind& kind : sim::variation::variation_kinds()) {
    if (kind.group != group) continue;
    text += "  " + std::string(kind.name) + ": " + std::string(kind.what) + "\n";
    for (const sim::variation::VariationSubkind& subkind : kind.subkinds) {
      text += "    " + std::string(kind.name) + "." + std::string(subkind.name) + ": " +
              std::string(subkind.what) + "\n";
    }
  }
  return text;
}

// The checkpoint's networks, or those of a server.
std::unique_ptr<Policy> make_policy(const EvalFlags& flags) {
  if (flags.remote.empty()) return load_policy(flags.checkpoint, flags.policy);
  const serving::ClientOptions options{
      .url = flags.remote, .key = read_key(flags.key_file), .authority = flags.authority};
  if (flags.realtime) return std::make_unique<serving::ClientPair>(options);
  return std::make_unique<serving::Client>(options);
}

// Episodes a task that the suites' protocol wants.
int trials_of(const std::vector<sim::task::SuiteSpec>& specs) {
  for (const sim::task::SuiteSpec& spec : specs) {
    if (spec.initial_states == specs.front().initial_states) continue;
    throw Error(ErrorCode::kBadInput,
                {.where = "--suite",
                 .problem = "'" + specs.front().name + "' wants " +
                            std::to_string(specs.front().initial_states) + " episodes a task, '" +
                            spec.name + "' " + std::to_string(spec.initial_states),
                 .next = "judge them in two evaluations, or say how many with --rollouts"});
  }
  return specs.front().initial_states;
}

eval::RolloutRequest make_request(const EvalFlags& flags) {
  eval::RolloutRequest request;
  request.layout = flags.layout;
  request.swapped = flags.instruction == "swapped";
  request.schedule = flags.schedule.config;
  request.time = flags.schedule.time();
  request.executor = flags.executor;
  request.seed = flags.seed;
  request.realtime = flags.realtime;
  request.workers = flags.workers > 0 ? flags.workers : flags.realtime ? 1 : cores();
  request.group_size = flags.group;
  request.videos = flags.videos;
  request.video_dir = flags.out + "/videos";

  // The first worker gets the policy that is loaded here to learn what images it wants.
  auto first = std::make_shared<std::unique_ptr<Policy>>(make_policy(flags));
  for (const std::string& note : (*first)->spec().notes) {
    std::fprintf(stderr, "note: %s: %s\n", flags.checkpoint.c_str(), note.c_str());
  }
  sim::SimConfig sim_config;
  sim_config.image_size = (*first)->spec().image_size;
  std::vector<sim::task::SuiteSpec> specs;
  for (const std::string& name : flags.suites) specs.push_back(load_and_tell(flags.libero, name));
  request.suites = pick_tasks(flags.tasks, specs, sim_config, "--tasks");
  if (flags.sample > 0) eval::sample_tasks(request.suites, flags.sample, flags.seed);
  request.rollouts = flags.rollouts > 0 ? flags.rollouts : trials_of(specs);
  const bool categories = !request.suites.front().tasks.front().category.empty();
  if (categories) request.strips = 0;  // of thousands of tasks they are too many
  const std::vector<const sim::task::TaskSpec*> tasks = specs_of(request.suites, specs);
  add_perturbations(flags, tasks, request);
  add_tests(flags.memorisation, sim::variation::kMemorisation, flags, tasks, request);
  request.wordings = read_wordings(flags, specs);
  std::vector<std::string> clearances;
  for (const std::string& level : flags.clearance) clearances.push_back("clearance:" + level);
  add_tests(clearances, sim::variation::kClearance, flags, tasks, request);
  request.make_env = make_env_factory(flags.libero, sim_config);
  request.make_policy = [first, flags] {
    return *first != nullptr ? std::move(*first) : make_policy(flags);
  };
  request.make_oracle = [](const action::Codec& codec) {
    return std::make_unique<ExpertOracle>(codec);
  };
  return request;
}

// What changes nothing about a single episode.
const std::vector<std::string> kBeside = {"--out", "--rollouts", "--workers", "--videos",
                                          "--overwrite"};

// "2/3": the second of three parts.
void parse_shard(const std::string& text, eval::RolloutRequest& request) {
  if (text.empty()) return;
  const size_t slash = text.find('/');
  const auto number = [&](const std::string& digits) {
    const bool plain = !digits.empty() && digits.size() < 7 &&
                       digits.find_first_not_of("0123456789") == std::string::npos;
    return plain ? std::stoi(digits) : 0;
  };
  const int part = slash == std::string::npos ? 0 : number(text.substr(0, slash));
  const int parts = slash == std::string::npos ? 0 : number(text.substr(slash + 1));
  if (part < 1 || part > parts) {
    throw Error(ErrorCode::kBadInput, {.where = "--shard " + text,
                                       .problem = "no part of a whole",
                                       .expected = "1/3, 2/3 or 3/3, for example"});
  }
  request.shard = part - 1;
  request.shards = parts;
}

std::string percent(int part, int whole) {
  char text[24];
  std::snprintf(text, sizeof text, "%.1f %%", whole > 0 ? 100.0 * part / whole : 0.0);
  return text;
}

// Prints the results of an evaluation that has nothing left to do: written anew they would lose the
// times that were measured. False: something is missing.
bool print_finished(const EvalFlags& flags, const Context& context) {
  const std::string path = flags.out + "/results.json";
  if (!std::filesystem::exists(path) || !std::filesystem::exists(flags.out + "/report.html")) {
    return false;
  }
  const eval::Results results = eval::parse_results(read_file(path), path);
  if (!results.complete) return false;
  std::printf("%s", (context.json ? eval::to_json(results) : eval::to_table(results)).c_str());
  return true;
}

// By the clock what counts is that the simulator keeps up.
void tell_overruns(const eval::Results& results, const eval::RolloutOutcome& outcome) {
  if (!results.runtime.realtime) return;
  double steps = 0.0, late = 0.0;
  for (const eval::EpisodeRecord& e : outcome.episodes) {
    steps += e.steps;
    late += double(e.overruns);
  }
  if (late <= 0.02 * steps) return;
  std::fprintf(stderr,
               "note: %.0f %% of the control steps came too late: simulator and networks are too "
               "slow for the clock here; without --realtime the latencies are exact\n",
               100.0 * late / steps);
}

void run_eval(const EvalFlags& flags, const CLI::App& command, Context& context) {
  if (flags.checkpoint.empty() == flags.remote.empty()) {
    throw Error(ErrorCode::kBadInput, "eval: give either --checkpoint or --policy");
  }
  if (!flags.remote.empty() && flags.executor == eval::Executor::kPlannerOnly) {
    throw Error(ErrorCode::kBadInput,
                Error::Parts{.where = "--executor planner_only",
                             .problem = "needs the checkpoint, to know what its bins stand for"});
  }
  make_out_folder(flags.out);
  if (flags.videos > 0) make_out_folder(flags.out + "/videos");
  eval::RolloutRequest request = make_request(flags);
  parse_shard(flags.shard, request);
  const int total = eval::episode_count(request);
  const std::string hash =
      flags.remote.empty() ? weights_hash(flags.checkpoint) : "served:" + flags.remote;
  nlohmann::json settings = settings_of(command, kBeside);
  settings["checkpoint"] = hash;
  if (!request.wordings.empty()) settings["wordings"] = request.wordings.hash();
  const std::string journal_path = flags.out + "/episodes.jsonl";
  std::error_code error;
  if (flags.overwrite) std::filesystem::remove(journal_path, error);
  eval::JournalContent before = eval::read_journal(journal_path, request);
  if (!before.settings.empty()) {
    require_same_settings(nlohmann::json::parse(before.settings), settings, flags.out);
    request.finished = std::move(before.episodes);
  }
  if (!request.finished.empty()) {
    std::fprintf(stderr, "eval: %s holds %zu of these episodes already\n", flags.out.c_str(),
                 request.finished.size());
    if (static_cast<int>(request.finished.size()) == total && print_finished(flags, context))
      return;
  }
  eval::EpisodeJournal journal(journal_path, settings.dump());
  request.on_group = [&](const std::vector<eval::EpisodeRecord>& group) {
    journal.add(request, group);
  };
  Progress progress("eval", total);
  const eval::RolloutOutcome outcome =
      eval::run_rollouts(request, &context.stop, [&](const eval::RolloutProgress& p) {
        progress.update(p.done, "success " + percent(p.successes, p.done));
      });
  progress.finish();
  for (const std::string& line : outcome.log) std::fprintf(stderr, "eval: %s\n", line.c_str());

  eval::Results results = eval::make_results(request, outcome);
  results.checkpoint = flags.remote.empty() ? flags.checkpoint : flags.remote;
  results.checkpoint_hash = hash;
  results.version = version();
  results.denoise_steps = flags.policy.denoise_steps;
  results.machine = eval::this_machine().summary();
  results.command = command_line(command);
  write_file(flags.out + "/results.json", eval::to_json(results));
  write_file(
      flags.out + "/report.html",
      eval::to_html(results, outcome,
                    {.title = "Libra evaluation: " + join_names(flags.suites),
                     .configuration = flags.remote.empty()
                                          ? read_file(find_data(flags.checkpoint) + "/config.json")
                                          : "a policy that " + flags.remote + " serves"}));
  std::printf("%s", (context.json ? eval::to_json(results) : eval::to_table(results)).c_str());
  std::fflush(stdout);
  tell_overruns(results, outcome);
  if (!outcome.complete) {
    throw Error(ErrorCode::kInterrupted,
                {.where = flags.out,
                 .problem = "stopped after " + std::to_string(outcome.episodes.size()) + " of " +
                            std::to_string(total) + " episodes",
                 .next = "the same command goes on from there"});
  }
  std::fprintf(stderr, "eval: wrote %s/results.json and report.html%s\n", flags.out.c_str(),
               flags.videos > 0 ? ", films in videos/" : "");
}

}  // namespace

void add_eval(CLI::App& app, Context& context) {
  auto flags = std::make_shared<EvalFlags>();
  CLI::App* c =
      app.add_subcommand("eval", "rollouts of a checkpoint -> results.json, report.html, videos");
  c->add_option("--checkpoint", flags->checkpoint, "checkpoint folder");
  c->add_option("--policy", flags->remote,
                "instead of a checkpoint: a policy that is served, ws://HOST:PORT (libra serve, or "
                "any server of openpi's protocol)");
  c->add_option("--key-file", flags->key_file, "with --policy: file that holds the server's key")
      ->needs("--policy");
  c->add_option(
       "--tls-authority", flags->authority,
       "with --policy wss://...: PEM file of who signed the server's certificate; \"\": the "
       "system's")
      ->needs("--policy");
  c->add_option("--suite", flags->suites, "suites, separated by commas")
      ->delimiter(',')
      ->capture_default_str();
  c->add_option("--tasks", flags->tasks,
                "only these tasks: names or numbers from 0, separated by commas")
      ->delimiter(',');
  c->add_option("--rollouts", flags->rollouts,
                "episodes per task (default: as the suite's protocol has it, 50; LIBERO-Plus 1)")
      ->check(CLI::Range(1, 100000));
  c->add_option("--sample", flags->sample,
                "only so many of all tasks, drawn by --seed: of every suite and category its share")
      ->check(CLI::Range(1, 100000));
  c->add_option("--layout", flags->layout,
                "libero: items where the task files put them; shuffled: by the seed")
      ->check(CLI::IsMember({"libero", "shuffled"}))
      ->capture_default_str();
  c->add_option("--instruction", flags->instruction,
                "task: the task's own; swapped: asks for another item that is present")
      ->check(CLI::IsMember({"task", "swapped"}))
      ->capture_default_str();
  c->add_option("--instructions", flags->wordings,
                "other wordings: a file with suite, task (its name) and wording between tabs, a "
                "line for each wording; a task's episodes ask in its wordings in turns, tasks "
                "without any in their own");
  c->add_option("--perturb", flags->perturb,
                "run every episode once under each of these instead of plain, one row of results "
                "each: all, or kinds, sub-kinds and levels separated by commas, such as "
                "camera,light:3,noise.fog:5 (what a name leaves open the seed draws)")
      ->delimiter(',');
  c->add_option("--memorisation", flags->memorisation,
                "run every episode once under each of these tests instead of plain, one row of "
                "results each: all, or names separated by commas; all of them give a grounding "
                "score")
      ->delimiter(',');
  c->add_option("--clearance", flags->clearance,
                "run every episode once at each of these levels instead of plain, one row of "
                "results each: the fingers open only 4, 3, 2, 1 or 0.5 mm (level 1 to 5) wider, on "
                "either side, than what the task has them take")
      ->delimiter(',');
  c->footer(
      "Perturbations (KIND or KIND.SUBKIND, with :LEVEL 1 to 5):\n" +
      variation_help(sim::variation::kPerturbation) + "Memorisation tests:\n" +
      variation_help(sim::variation::kMemorisation) +
      "Example:\n  libra eval --checkpoint C --suite object --rollouts 10 --perturb all --out D\n"
      "Pictures of them: libra suites --contact-sheet DIR");
  add_schedule_flags(*c, flags->schedule);
  c->add_flag("--realtime", flags->realtime,
              "by the clock, an episode at a time: the simulator steps at the control rate while "
              "the networks, or a server's, work on their own threads; latencies are what they at "
              "least take");
  add_word_flag(
      *c, "--executor", flags->executor,
      "full: the refiner's actions; planner_only: the planned bins' centres; teacher: the "
      "refiner with the expert's intents");
  add_policy_flags(*c, flags->policy);
  add_suite_flags(*c, flags->libero);
  c->add_option("--seed", flags->seed, "of initial states and noise")->capture_default_str();
  c->add_option("--workers", flags->workers, "threads; 0: one per core")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  c->add_option("--group", flags->group,
                "episodes that step together, so that the networks work on batches")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  c->add_option("--videos", flags->videos, "episodes per task to film")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  c->add_option(
      "--shard", flags->shard,
      "i/n: only the i-th of n parts, for several machines; libra compare --merge joins them");
  c->add_option("--out", flags->out,
                "folder for the results; an interrupted evaluation there goes on")
      ->required();
  c->add_flag("--overwrite", flags->overwrite, "start anew where --out holds an evaluation");
  c->callback([flags, c, &context] {
    tell_ineffective(*c, flags->schedule);
    run_eval(*flags, *c, context);
  });
}

}  // namespace libra::cli
