#include <cstdio>
#include <cstdlib>
#include <memory>

#include "libra/cli/closed_loop.h"
#include "libra/cli/command.h"
#include "libra/cli/data_flags.h"
#include "libra/cli/launch.h"
#include "libra/cli/settings.h"
#include "libra/cli/version.h"
#include "libra/training/run.h"

namespace libra::cli {
namespace {

struct TrainFlags {
  training::RunRequest run;
  bool print_config = false;
  DataFlags episodes;
};

// Where this process is among those that a launcher started.
void take_place(training::RunRequest& run) {
  const Launch launch = Launch::from([](const char* name) { return std::getenv(name); });
  run.launcher = launch.launcher;
  run.rank = launch.rank;
  run.size = launch.size;
  run.local_rank = launch.local_rank;
  run.one_machine = launch.one_machine;
  if (run.store.empty()) run.store = launch.store;
  run.version = version();
}

void train(TrainFlags flags, const Context& context) {
  flags.run.episodes = flags.episodes.options();
  if (flags.print_config) {
    training::RunConfig config = training::settle(flags.run);
    std::fputs(list_fields(config).to_toml().c_str(), stdout);
    return;
  }
  take_place(flags.run);
  flags.run.evaluate = make_evaluate(context.stop);
  const std::string checkpoint = training::train(flags.run, context.stop);
  if (flags.run.rank == 0) std::printf("%s\n", checkpoint.c_str());
}

}  // namespace

void add_train(CLI::App& app, Context& context) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command = app.add_subcommand("train", "demonstrations -> a checkpoint");
  command->add_option("--config", flags->run.config, "TOML file, e.g. configs/libra_tiny.toml");
  command->add_option(
      "--data", flags->run.data,
      "data sets: what libra collect wrote, other files in LIBERO's schema, LeRobot "
      "folders (v2.1, v3.0)");
  command
      ->add_option("--weights", flags->run.weights,
                   "how often each of the data sets is drawn, such as 3,1, whatever their sizes; "
                   "default: every frame as often as any other")
      ->delimiter(',');
  add_data_flags(*command, flags->episodes);
  add_picture_flags(*command, flags->episodes);
  command->add_option("--scenes", flags->run.scenes,
                      "scenes.hdf5 file(s) for grounding pre-training");
  command->add_option(
      "--out", flags->run.out,
      "run folder: log.jsonl, report.html, config.toml, checkpoint/, best/, resume/");
  command->add_option("--tokenizer", flags->run.tokenizer, "folder with tokenizer.model")
      ->default_val("assets/tokenizer");
  command->add_option("--init", flags->run.init,
                      "checkpoint whose weights and normalisation the run starts from");
  command->add_option("--device", flags->run.device, "cpu, cuda or cuda:N")->capture_default_str();
  command->add_option("--store", flags->run.store,
                      "where the ranks of a launcher meet: tcp://HOST:PORT of rank 0, or "
                      "file://PATH, a new file; default: what the launcher says");
  command->add_option("--interface", flags->run.interface,
                      "network interface between ranks on CPUs, such as eth0");
  command
      ->add_option("--rank-timeout", flags->run.rank_timeout,
                   "seconds that a rank waits for another before it gives up")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_flag("--zero", flags->run.zero,
                    "ZeRO-2: each rank keeps its part of gradients, moments and averages alone");
  command->add_option("--set", flags->run.assignments, "field=value, e.g. --set train.steps=100");
  command->add_flag_callback(
      "--skip-nan", [flags] { flags->run.assignments.emplace_back("train.skip_nan=true"); },
      "leave out steps whose gradients are not finite, and count them, instead of ending");
  command->add_flag("--resume", flags->run.resume,
                    "continue the run in --out exactly where it stopped; no other flag is needed");
  command->add_flag("--change", flags->run.change,
                    "with --resume: go on with other data or settings");
  command->add_flag("--print-config", flags->print_config,
                    "print the resolved configuration and stop");
  command->footer(
      "Example:\n  libra train --config configs/libra_tiny.toml --data data/object --scenes "
      "data/object/scenes.hdf5 --out runs/tiny");
  command->callback([flags, command, &context] {
    flags->run.command = command_line(*command);
    train(*flags, context);
  });
}

}  // namespace libra::cli
