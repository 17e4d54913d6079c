// libra data convert: any data set that is read, as one that is written.
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "libra/cli/data_commands.h"
#include "libra/cli/data_flags.h"
#include "libra/cli/settings.h"
#include "libra/core/error.h"
#include "libra/core/progress.h"
#include "libra/core/workers.h"
#include "libra/data/check.h"
#include "libra/data/data.h"
#include "libra/data/episode_source.h"

namespace libra::cli {
namespace {

struct ConvertFlags {
  DataFlags data;
  std::string out, format = "lerobot", pictures = "video";
  int workers = 2, gzip = 1;
  bool overwrite = false;
};

struct Origin {
  const data::EpisodeSource* source;
  int episode;
};

std::unique_ptr<data::EpisodeWriter> open_writer(const ConvertFlags& flags,
                                                 const Embodiment& robot) {
  if (flags.format == "hdf5") {
    require_same(robot, "the data", libero_panda(), "LIBERO's HDF5 schema");
    return data::write_hdf5(flags.out, flags.gzip);
  }
  return data::write_lerobot(flags.out, robot, lerobot_options(flags.format, flags.pictures));
}

// The folder takes what one command makes.
void claim_folder(const ConvertFlags& flags, const CLI::App& command) {
  for (const std::string& path : flags.data.paths) {
    std::error_code error;
    if (std::filesystem::equivalent(path, flags.out, error)) {
      throw Error(ErrorCode::kBadInput,
                  {.where = "--out " + flags.out, .problem = "is where the data are"});
    }
  }
  make_out_folder(flags.out);
  if (flags.overwrite) {
    data::remove_lerobot(flags.out);
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(flags.out, error)) {
      const std::string name = entry.path().filename().string();
      if (name.ends_with("_demo.hdf5") || name.ends_with("_demo.hdf5.parts")) {
        std::filesystem::remove_all(entry.path(), error);
      }
    }
    std::filesystem::remove(flags.out + "/convert.json", error);
  }
  claim_settings(flags.out, "convert.json",
                 settings_of(command, {"--out", "--workers", "--gzip", "--overwrite"}));
}

void run_convert(const ConvertFlags& flags, const CLI::App& command, const Context& context) {
  std::vector<std::unique_ptr<data::EpisodeSource>> sources;
  std::vector<Origin> origins;
  for (const std::string& path : flags.data.paths) {
    sources.push_back(data::open_source(path, flags.data.embodiment));
    require_same(sources[0]->embodiment(), flags.data.paths[0], sources.back()->embodiment(), path);
    for (int e = 0; e < sources.back()->size(); ++e) origins.push_back({sources.back().get(), e});
  }
  const Embodiment& robot = sources[0]->embodiment();
  claim_folder(flags, command);
  const auto writer = open_writer(flags, robot);
  const std::set<int64_t> finished = writer->finished();
  Progress progress("convert", static_cast<int64_t>(origins.size()));
  std::mutex mutex;
  size_t next = 0;
  int64_t frames = 0, made = 0;
  std::vector<std::string> skipped;
  const auto convert = [&](size_t number) {
    const Origin& origin = origins[number];
    try {
      data::Demo demo = origin.source->read(origin.episode, /*with_states=*/true);
      if (!flags.data.gripper.empty()) {
        data::rewrite_gripper(demo, robot, flags.data.gripper == "01");
      }
      const int length = demo.frames;
      writer->add(static_cast<int64_t>(number), std::move(demo), [&](const data::TakeFrame& take) {
        origin.source->decode(origin.episode, take);
      });
      const std::lock_guard lock(mutex);
      frames += length;
      ++made;
    } catch (const Error& error) {
      if (!flags.data.skip_bad || error.code() != ErrorCode::kBadInput) throw;
      const std::lock_guard lock(mutex);
      skipped.emplace_back(error.what());
    }
  };
  run_workers(flags.workers, [&](const std::atomic<bool>& failed) {
    for (;;) {
      size_t number;
      {
        const std::lock_guard lock(mutex);
        if (context.stop || failed || next >= origins.size()) return;
        number = next++;
      }
      if (!finished.contains(static_cast<int64_t>(number))) convert(number);
      progress.advance();
    }
  });
  progress.finish();
  if (context.stop) {
    throw Error(ErrorCode::kInterrupted,
                {.where = "libra data convert",
                 .problem = "interrupted",
                 .next = "what was finished is kept; the same command goes on from there"});
  }
  writer->join();
  if (context.json) {
    std::printf(
        "%s\n",
        nlohmann::json{
            {"episodes", made}, {"kept", finished.size()}, {"frames", frames}, {"skipped", skipped}}
            .dump(2)
            .c_str());
    return;
  }
  std::printf(
      "%lld episodes, %lld frames of %s written to %s%s\n", static_cast<long long>(made),
      static_cast<long long>(frames), robot.name.c_str(), flags.out.c_str(),
      finished.empty() ? "" : (", beside " + std::to_string(finished.size()) + " before").c_str());
  for (const std::string& why : skipped) std::printf("left out: %s\n", why.c_str());
}

}  // namespace

void add_data_convert(CLI::App& data, Context& context) {
  auto flags = std::make_shared<ConvertFlags>();
  CLI::App* command = data.add_subcommand(
      "convert", "any data set that is read, as LeRobot or LIBERO's HDF5; goes on where it was");
  command->add_option("path", flags->data.paths, "data sets: files or folders")->required();
  command->add_option("--out", flags->out, "folder of the new data set")->required();
  add_format_flags(*command, "--to", flags->format, flags->pictures);
  add_data_flags(*command, flags->data);
  command->add_option("--workers", flags->workers, "threads")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--gzip", flags->gzip, "of images in HDF5, 0 to 9")
      ->check(CLI::Range(0, 9))
      ->capture_default_str();
  command->add_flag("--overwrite", flags->overwrite, "replace the data set that is in --out");
  command->footer(
      "What libra knows beside LeRobot's features (clean labels, simulator states, where items "
      "are) is kept in libra/, which other programs leave alone.\n"
      "Example:\n  libra data convert data/shuffled --to lerobot --out data/shuffled_v3");
  command->callback([flags, command, &context] { run_convert(*flags, *command, context); });
}

}  // namespace libra::cli
