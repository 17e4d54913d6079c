// libra import: published weights -> a Libra checkpoint.
#include "libra/policy/import.h"

#include <cstdio>

#include "libra/cli/command.h"
#include "libra/core/data_root.h"
#include "libra/core/error.h"
#include "libra/core/progress.h"
#include "libra/training/step/run_config.h"

namespace libra::cli {
namespace {

struct ImportFlags {
  std::string config = "configs/libra_2b.toml", out, random, tokenizer = "assets/tokenizer";
  std::vector<std::string> assignments;
  policy::PublishedFolders folders;
  uint64_t seed = 0;
  int shard_mb = 2000;
};

double billions(int64_t weights) { return double(weights) / 1e9; }

// A bar in megabytes.
class ByteProgress {
 public:
  explicit ByteProgress(std::string label) : label_(std::move(label)) {}
  void operator()(int64_t done, int64_t total) {
    if (!bar_) bar_ = std::make_unique<Progress>(label_, total >> 20);
    bar_->update(done >> 20, "MB");
  }

 private:
  std::string label_;
  std::unique_ptr<Progress> bar_;
};

void run_import(ImportFlags flags) {
  training::RunConfig run;
  const ConfigFields fields = list_fields(run);
  fields.read_toml_file(find_data(flags.config));
  for (const auto& assignment : flags.assignments) fields.set(assignment);
  if (!flags.random.empty()) {
    ByteProgress bar("random weights");
    const auto made =
        policy::write_random_published(run.model, find_data(flags.tokenizer), flags.random,
                                       flags.seed, int64_t(flags.shard_mb) << 20, std::ref(bar));
    std::printf("made %s and %s: random weights in the published layout\n", made.internvl.c_str(),
                made.siglip.c_str());
    if (flags.folders.internvl.empty()) flags.folders.internvl = made.internvl;
    if (flags.folders.siglip.empty()) flags.folders.siglip = made.siglip;
    if (flags.out.empty()) return;
  }
  if (flags.folders.internvl.empty() || flags.out.empty() ||
      (run.model.refiner_has_vision() && flags.folders.siglip.empty())) {
    throw Error(ErrorCode::kBadInput,
                {.where = "libra import",
                 .problem = "--internvl, --siglip and --out are needed",
                 .next = "download OpenGVLab/InternVL2_5-2B and google/siglip-so400m-patch14-224, "
                         "or try --random FOLDER"});
  }
  ByteProgress bar("import");
  const policy::ImportReport report =
      policy::import_weights(run.model, flags.folders, flags.out, flags.seed, std::ref(bar));
  std::printf(
      "wrote %s: %.3f billion published weights, %.3f billion fresh ones for the heads\n"
      "left out %.3f billion that the policy does not need (%zu tensors)\n",
      flags.out.c_str(), billions(report.published), billions(report.fresh),
      billions(report.unneeded), report.left_out.size());
}

}  // namespace

void add_import(CLI::App& app, Context&) {
  auto flags = std::make_shared<ImportFlags>();
  CLI::App* c = app.add_subcommand(
      "import", "published InternVL2.5 and SigLIP weights -> a checkpoint with untrained heads");
  c->add_option("--internvl", flags->folders.internvl,
                "folder of OpenGVLab/InternVL2_5-2B: config.json, *.safetensors, tokenizer.model");
  c->add_option("--siglip", flags->folders.siglip,
                "folder of google/siglip-so400m-patch14-224 or -384");
  c->add_option("--config", flags->config, "TOML file of the heads")->capture_default_str();
  c->add_option("--set", flags->assignments, "KEY=VALUE over the file; repeatable");
  c->add_option("--out", flags->out, "checkpoint folder to write");
  c->add_option("--seed", flags->seed, "of the heads' weights, and of --random");
  c->add_option("--random", flags->random,
                "instead of a download: make FOLDER/internvl and FOLDER/siglip with random weights "
                "of the configured size, then import them if --out is given");
  c->add_option("--tokenizer", flags->tokenizer, "folder of the tokenizer for --random")
      ->capture_default_str();
  c->add_option("--shard-mb", flags->shard_mb, "largest shard of --random (MB)")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  c->footer(
      "The checkpoint is what `libra train --init` starts from, in bf16. Weights pass through "
      "memory\none tensor at a time.\nExample:\n  libra import --internvl InternVL2_5-2B --siglip "
      "siglip-so400m-patch14-224 --out runs/libra_2b");
  c->callback([flags] { run_import(*flags); });
}

}  // namespace libra::cli
