#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "libra/cli/command.h"
#include "libra/core/data_root.h"
#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/core/memory.h"
#include "libra/data/demo_set.h"
#include "libra/data/scene_set.h"
#include "libra/sim/suite.h"
#include "libra/training/run_config.h"
#include "libra/training/training.h"

namespace libra::cli {
namespace {

struct TrainFlags {
  std::string config, out, tokenizer, init, device = "cpu";
  std::vector<std::string> data, scenes, assignments;
  bool resume = false, change = false, print_config = false;
};

// Settings that decide nothing about what is learnt from the steps that were taken.
const std::vector<std::string> kFree = {
    "train.steps",          "train.threads",          "train.log_every",
    "train.validate_every", "train.checkpoint_every", "train.offload"};

constexpr const char* kRunFile = "/run.json";  // data, scenes and init of a run

// What a run was started with, besides its configuration.
nlohmann::json run_inputs(const TrainFlags& flags) {
  return {{"data", flags.data}, {"scenes", flags.scenes}, {"init", flags.init}};
}

// The configuration and data of the run in --out, where flags do not say otherwise; refuses what
// would make it another run, unless --change.
void resume_settings(TrainFlags& flags, training::RunConfig& run) {
  const std::string config = flags.out + "/config.toml", inputs = flags.out + kRunFile;
  training::RunConfig stored;
  const ConfigFields fields = list_fields(stored);
  fields.read_toml(read_file(config, "a run of libra train", "start one without --resume"), config);
  const nlohmann::json before =
      nlohmann::json::parse(read_file(inputs, "a run of libra train"), nullptr, false);
  if (!before.is_object()) {
    throw Error(ErrorCode::kBadInput,
                {.where = inputs, .problem = "is not what libra train wrote"});
  }
  std::vector<std::string> changed;
  // --config and --set may be repeated; they must say the same, but for what is free.
  if (!flags.config.empty() || !flags.assignments.empty()) {
    training::RunConfig asked = stored;
    const ConfigFields wanted = list_fields(asked);
    if (!flags.config.empty()) {
      asked = training::RunConfig();
      wanted.read_toml_file(find_data(flags.config));
    }
    for (const auto& assignment : flags.assignments) wanted.set(assignment);
    if (asked.train.optim.schedule_steps == 0) {
      asked.train.optim.schedule_steps = stored.train.optim.schedule_steps;
    }
    const auto now = wanted.fields(), then = fields.fields();
    for (size_t i = 0; i < now.size(); ++i) {
      const bool same = std::visit(
          [&](auto* value) {
            return *value == *std::get<std::decay_t<decltype(value)>>(then[i].target);
          },
          now[i].target);
      const bool free = std::find(kFree.begin(), kFree.end(), now[i].path) != kFree.end();
      if (!same && !free) changed.push_back(now[i].path);
    }
    run = asked;
  } else {
    run = stored;
  }
  const auto list = [&](const char* key) {
    return before.contains(key) && before[key].is_array()
               ? before[key].get<std::vector<std::string>>()
               : std::vector<std::string>();
  };
  if (flags.data.empty()) flags.data = list("data");
  if (flags.scenes.empty()) flags.scenes = list("scenes");
  flags.init =
      flags.out + "/checkpoint";  // normalisation of the run; the weights come with resume/
  if (flags.data != list("data")) changed.push_back("--data");
  if (flags.scenes != list("scenes")) changed.push_back("--scenes");
  if (changed.empty() || flags.change) return;
  throw Error(ErrorCode::kBadInput,
              {.where = "--resume " + flags.out,
               .problem = "would go on as another run: " + join_names(changed) + " differ",
               .next = "leave them out to go on as before, or say --change"});
}

// New networks for the data, or those of the checkpoint that the run goes on from.
policy::ModelBundle start_bundle(const TrainFlags& flags, training::RunConfig& run,
                                 const data::DemoSet& demos) {
  const action::NormStats stats = training::norm_stats(demos, run.model.action.normalize);
  if (flags.init.empty()) return policy::make_bundle(run.model, stats, find_data(flags.tokenizer));
  policy::ModelBundle bundle = policy::load_bundle(flags.init);
  if (list_fields(bundle.config).to_json() != list_fields(run.model).to_json()) {
    throw Error(ErrorCode::kBadInput,
                {.where = "--init " + flags.init,
                 .problem = "is not the model that " + flags.config + " describes",
                 .next = "train with the configuration of the run that made it"});
  }
  if (bundle.transforms->stats().samples == 0) {  // imported: it has not met any data yet
    bundle.transforms = bundle.transforms->with_stats(stats);
  }
  return bundle;
}

// Other people's files have images of other sizes; nothing here resizes them.
void require_image_size(const data::DemoSet& demos, int side) {
  const data::Demo& first = demos.demo(0);
  if (first.image_size == side) return;
  throw Error(ErrorCode::kBadInput,
              {.where = "--data",
               .problem = "images of '" + first.task + "' have another size than the model's",
               .expected = std::to_string(side) + " px (model.image_size)",
               .found = std::to_string(first.image_size) + " px"});
}

void train(TrainFlags flags, const Context& context) {
  training::RunConfig run;
  const ConfigFields fields = list_fields(run);
  if (flags.resume) {
    if (flags.out.empty())
      throw Error(ErrorCode::kBadInput, "libra train --resume: --out is needed");
    resume_settings(flags, run);
  } else {
    if (flags.config.empty()) {
      throw Error(ErrorCode::kBadInput, {.where = "libra train",
                                         .problem = "--config is needed",
                                         .next = "for example configs/libra_tiny.toml"});
    }
    fields.read_toml_file(find_data(flags.config));
    for (const auto& assignment : flags.assignments) fields.set(assignment);
  }
  // The end of the schedule is the run's as it was begun, also when more steps are asked for later.
  if (run.train.optim.schedule_steps == 0) run.train.optim.schedule_steps = run.train.steps;
  run.model.validate(flags.config);
  if (flags.print_config) {
    std::fputs(fields.to_toml().c_str(), stdout);
    return;
  }
  if (flags.data.empty() || flags.out.empty()) {
    throw Error(ErrorCode::kBadInput, {.where = "libra train",
                                       .problem = "--data and --out are needed",
                                       .next = "make data with `libra collect`"});
  }

  if (!flags.resume && std::filesystem::exists(flags.out + "/resume")) {
    throw Error(ErrorCode::kBadInput,
                {.where = "--out " + flags.out,
                 .problem = "holds a run already",
                 .next = "continue it with --resume, or name another folder"});
  }

  const torch::Device device = policy::find_device(flags.device);
  const data::DemoSet demos = data::DemoSet::load(flags.data, &context.stop);
  require_image_size(demos, run.model.image_size);
  std::unique_ptr<data::SceneSet> scenes;
  if (!flags.scenes.empty()) {
    scenes = std::make_unique<data::SceneSet>(data::SceneSet::load(flags.scenes));
  }
  if (run.train.grounding.steps > 0 && !scenes) {
    throw Error(ErrorCode::kBadInput,
                {.where = "libra train",
                 .problem = "train.grounding.steps needs --scenes",
                 .next = "make scenes with `libra collect --scenes`, or set it to 0"});
  }

  keep_freed_memory();
  torch::manual_seed(run.train.seed);
  policy::ModelBundle bundle = start_bundle(flags, run, demos);
  policy::move_to(bundle, device);
  const training::Batcher batcher(demos, scenes.get(), bundle, run.train);
  training::Trainer trainer(run.train, bundle, batcher, flags.out);
  write_file(flags.out + "/config.toml", fields.to_toml());
  write_file(flags.out + kRunFile, run_inputs(flags).dump(2) + "\n");
  if (flags.resume) {
    trainer.resume();
  } else {
    std::filesystem::remove(flags.out +
                            "/log.jsonl");  // of a run that ended before it kept anything
  }
  trainer.run(context.stop);
  if (context.stop) {
    throw Error(ErrorCode::kInterrupted,
                {.where = flags.out,
                 .problem = "stopped; checkpoint/ and resume/ are written",
                 .next = "libra train --resume --out " + flags.out + " goes on from there"});
  }
  std::printf("%s\n", (flags.out + "/checkpoint").c_str());
}

}  // namespace

void add_train(CLI::App& app, Context& context) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command = app.add_subcommand("train", "demonstrations -> a checkpoint");
  command->add_option("--config", flags->config, "TOML file, e.g. configs/libra_tiny.toml");
  command->add_option("--data", flags->data, "folder(s) that libra collect wrote");
  command->add_option("--scenes", flags->scenes, "scenes.hdf5 file(s) for grounding pre-training");
  command->add_option("--out", flags->out,
                      "run folder: log.jsonl, config.toml, checkpoint/, resume/");
  command->add_option("--tokenizer", flags->tokenizer, "folder with tokenizer.model")
      ->default_val("assets/tokenizer");
  command->add_option("--init", flags->init,
                      "checkpoint whose weights and normalisation the run starts from");
  command->add_option("--device", flags->device, "cpu, cuda or cuda:N")->capture_default_str();
  command->add_option("--set", flags->assignments, "field=value, e.g. --set train.steps=100");
  command->add_flag("--resume", flags->resume,
                    "continue the run in --out exactly where it stopped; no other flag is needed");
  command->add_flag("--change", flags->change, "with --resume: go on with other data or settings");
  command->add_flag("--print-config", flags->print_config,
                    "print the resolved configuration and stop");
  command->footer(
      "Example:\n  libra train --config configs/libra_tiny.toml --data data/object --scenes "
      "data/object/scenes.hdf5 --out runs/tiny");
  command->callback([flags, &context] { train(*flags, context); });
}

}  // namespace libra::cli
