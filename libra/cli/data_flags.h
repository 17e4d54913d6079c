// Flags that say which data are read and how, the same in every command that reads data.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "libra/cli/command.h"
#include "libra/data/episode_set.h"
#include "libra/data/lerobot_writer.h"

namespace libra::cli {

struct DataFlags {
  std::vector<std::string> paths;
  std::string embodiment, cache, gripper;
  bool skip_bad = false;
  double memory_gb = 4.0;
  int workers = 1;
  std::vector<int> sides = {1};  // of the pictures that are wanted

  // Pictures are padded, unless the caller says otherwise.
  data::EpisodeSetOptions options() const;
};

// The episodes, with room for all pictures: for commands that look at few of them, or small ones.
std::unique_ptr<data::EpisodeSet> open_set(const DataFlags& flags, const Context& context);

// --embodiment, --gripper, --skip-bad.
void add_data_flags(CLI::App& command, DataFlags& flags);
// --memory, --cache, --workers: for commands that look at every picture many times.
void add_picture_flags(CLI::App& command, DataFlags& flags);

// `flag` and --pictures: what is written.
void add_format_flags(CLI::App& command, const char* flag, std::string& format,
                      std::string& pictures);
data::LeRobotOptions lerobot_options(const std::string& format, const std::string& pictures);

}  // namespace libra::cli
