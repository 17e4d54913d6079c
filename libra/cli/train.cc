#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "libra/cli/command.h"
#include "libra/core/data_root.h"
#include "libra/core/error.h"
#include "libra/core/memory.h"
#include "libra/data/demo_set.h"
#include "libra/data/scene_set.h"
#include "libra/sim/suite.h"
#include "libra/training/run_config.h"
#include "libra/training/training.h"

namespace libra::cli {
namespace {

struct TrainFlags {
  std::string config, out, tokenizer, init;
  std::vector<std::string> data, scenes, assignments;
  bool resume = false, print_config = false;
};

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

void train(const TrainFlags& flags, const Context& context) {
  training::RunConfig run;
  const ConfigFields fields = list_fields(run);
  if (!flags.config.empty()) fields.read_toml_file(find_data(flags.config));
  for (const auto& assignment : flags.assignments) fields.set(assignment);
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

  if (!flags.resume && std::filesystem::exists(flags.out + "/log.jsonl")) {
    throw Error(ErrorCode::kBadInput,
                {.where = "--out " + flags.out,
                 .problem = "holds a run already",
                 .next = "continue it with --resume, or name another folder"});
  }

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
  const policy::ModelBundle bundle = start_bundle(flags, run, demos);
  const training::Batcher batcher(demos, scenes.get(), bundle, run.train);
  training::Trainer trainer(run.train, bundle, batcher, flags.out);
  if (flags.resume) trainer.resume();
  std::ofstream(flags.out + "/config.toml") << fields.to_toml();
  trainer.run(context.stop);
  std::printf("%s\n", (flags.out + "/checkpoint").c_str());
}

}  // namespace

void add_train(CLI::App& app, Context& context) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command = app.add_subcommand("train", "demonstrations -> a checkpoint");
  command->add_option("--config", flags->config, "TOML file, e.g. configs/libra_tiny.toml")
      ->required();
  command->add_option("--data", flags->data, "folder(s) that libra collect wrote");
  command->add_option("--scenes", flags->scenes, "scenes.hdf5 file(s) for grounding pre-training");
  command->add_option("--out", flags->out,
                      "run folder: log.jsonl, config.toml, checkpoint/, resume/");
  command->add_option("--tokenizer", flags->tokenizer, "folder with tokenizer.model")
      ->default_val("assets/tokenizer");
  command->add_option("--init", flags->init,
                      "checkpoint whose weights and normalisation the run starts from");
  command->add_option("--set", flags->assignments, "field=value, e.g. --set train.steps=100");
  command->add_flag("--resume", flags->resume,
                    "continue the run in --out exactly where it stopped");
  command->add_flag("--print-config", flags->print_config,
                    "print the resolved configuration and stop");
  command->footer(
      "Example:\n  libra train --config configs/libra_tiny.toml --data data/object --scenes "
      "data/object/scenes.hdf5 --out runs/tiny");
  command->callback([flags, &context] { train(*flags, context); });
}

}  // namespace libra::cli
