// Flags of every command that serves a port.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "libra/serving/log.h"
#include "libra/serving/server.h"

namespace libra::cli {

struct ServerFlags {
  serving::ServerOptions options;
  std::string key_file, log = "text";

  serving::Log::Form form() const {
    return log == "json" ? serving::Log::Form::kJson : serving::Log::Form::kText;
  }
};

// `risk`: what whoever reaches the port may do.
void add_server_flags(CLI::App& command, ServerFlags& flags, const std::string& risk);

}  // namespace libra::cli
