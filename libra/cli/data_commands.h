// The subcommands of libra data that have a file of their own.
#pragma once

#include <CLI/CLI.hpp>

#include "libra/cli/command.h"

namespace libra::cli {

void add_data_convert(CLI::App& data, Context& context);
void add_data_view(CLI::App& data, Context& context);
void add_data_replay(CLI::App& data, Context& context);

}  // namespace libra::cli
