#include "libra/training/granularity.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "libra/cli/command.h"
#include "libra/cli/data_flags.h"
#include "libra/core/file.h"

namespace libra::cli {
namespace {

struct GranularityFlags {
  training::RunRequest run;
  DataFlags episodes;
  std::vector<int> bins = {2, 5, 10, 20, 50, 100};
  int steps = 300;
};

void granularity(const GranularityFlags& flags, const Context& context) {
  training::RunRequest request = flags.run;
  request.episodes = flags.episodes.options();
  const training::Granularity found =
      training::search_granularity(request, flags.bins, flags.steps, context.stop);
  nlohmann::ordered_json out = {{"bins", found.bins},
                                {"balance", found.balance},
                                {"steps", flags.steps},
                                {"refiner_loss_without_intents", found.untold},
                                {"probes", nlohmann::ordered_json::array()}};
  for (const training::Probe& p : found.probes) {
    out["probes"].push_back({{"bins", p.bins},
                             {"cross_entropy", p.plan},
                             {"refiner_loss", p.diffusion},
                             {"planner", p.planner},
                             {"refiner", p.refiner}});
  }
  write_file(request.out + "/granularity.json", out.dump(2) + "\n");
  training::write_granularity_page(found, request.out + "/report.html");
  if (context.json) {
    std::printf("%s\n", out.dump(2).c_str());
    return;
  }
  std::printf("   N  cross-entropy  refiner's loss  planner  refiner\n");
  for (const training::Probe& p : found.probes) {
    std::printf("%4d  %13.3f  %14.4f  %7.3f  %7.3f\n", p.bins, p.plan, p.diffusion, p.planner,
                p.refiner);
  }
  std::printf("equally hard at N = %.1f; of these take N = %d\n", found.balance, found.bins);
}

}  // namespace

void add_granularity(CLI::App& app, Context& context) {
  auto flags = std::make_shared<GranularityFlags>();
  CLI::App* command = app.add_subcommand("granularity", "choose N by short probes");
  command->add_option("--config", flags->run.config, "TOML file, e.g. configs/libra_tiny.toml")
      ->required();
  command->add_option("--data", flags->run.data, "data sets, as for libra train")->required();
  command->add_option("--scenes", flags->run.scenes, "scenes.hdf5, as for libra train");
  command->add_option("--out", flags->run.out, "folder for the probes; finished ones count")
      ->required();
  command->add_option("--bins", flags->bins, "the N to try")
      ->delimiter(',')
      ->check(CLI::Range(2, 256))
      ->capture_default_str();
  command->add_option("--steps", flags->steps, "of each probe")
      ->check(CLI::Range(1, 100000000))
      ->capture_default_str();
  command->add_option("--set", flags->run.assignments, "field=value, as for libra train");
  add_data_flags(*command, flags->episodes);
  add_picture_flags(*command, flags->episodes);
  command->footer(
      "Few bins are easy to predict and leave the refiner nearly everything; many leave it nothing "
      "and are hard to\npredict. Where both halves find their part equally hard, success is best "
      "(docs/training.md).\nExample:\n  libra granularity --config configs/libra_tiny.toml --data "
      "data/object --out out/granularity");
  command->callback([flags, &context] { granularity(*flags, context); });
}

}  // namespace libra::cli
