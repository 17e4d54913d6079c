#include "libra/cli/data_flags.h"

#include "libra/policy/transforms.h"

namespace libra::cli {

data::EpisodeSetOptions DataFlags::options() const {
  data::EpisodeSetOptions options;
  options.embodiment = embodiment;
  options.skip_bad = skip_bad;
  options.gripper = gripper;
  options.memory = uint64_t(memory_gb * double(uint64_t{1} << 30));
  options.cache = cache;
  options.workers = workers;
  options.sides = sides;
  options.fit = [](const Image& image, int side, Image& out) {
    policy::fit_image(image, model::Resize::kPad, side, out);
  };
  options.fit_name = "pad";
  return options;
}

std::unique_ptr<data::EpisodeSet> open_set(const DataFlags& flags, const Context& context) {
  data::EpisodeSetOptions options = flags.options();
  options.workers = 0;
  options.memory = ~uint64_t{0};
  return data::EpisodeSet::open(flags.paths, options, &context.stop);
}

void add_data_flags(CLI::App& command, DataFlags& flags) {
  command.add_option("--embodiment", flags.embodiment,
                     "the robot: a name in configs/embodiments/ or a TOML file; default: what the "
                     "data say");
  command
      .add_option("--gripper", flags.gripper,
                  "how the data write gripper commands, where not as the embodiment: 01 (0 open, 1 "
                  "closed) or 10 (1 open, 0 closed)")
      ->check(CLI::IsMember({"01", "10"}));
  command.add_flag("--skip-bad", flags.skip_bad,
                   "go on without episodes that cannot be read, and count them");
}

void add_picture_flags(CLI::App& command, DataFlags& flags) {
  command.add_option("--memory", flags.memory_gb, "GiB that decoded pictures may take")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  command.add_option("--cache", flags.cache,
                     "folder for decoded pictures that do not fit in memory; default: "
                     "<out>/pictures");
  command.add_option("--workers", flags.workers, "threads that decode ahead")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
}

void add_format_flags(CLI::App& command, const char* flag, std::string& format,
                      std::string& pictures) {
  command
      .add_option(flag, format,
                  "lerobot: LeRobot v3.0; lerobot_v21; hdf5: LIBERO's schema, a file a task")
      ->check(CLI::IsMember({"hdf5", "lerobot", "lerobot_v21"}))
      ->capture_default_str();
  command
      .add_option("--pictures", pictures,
                  "of LeRobot: video: H.264; image: PNG in the tables, without loss")
      ->check(CLI::IsMember({"video", "image"}))
      ->capture_default_str();
}

data::LeRobotOptions lerobot_options(const std::string& format, const std::string& pictures) {
  return {.version = format == "lerobot" ? "v3.0" : "v2.1", .films = pictures == "video"};
}

}  // namespace libra::cli
