// What a folder of results was made with, so that the same command goes on there and another one is
// refused.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace libra::cli {

// Every option of the command with its value, given or default, less those that change nothing
// about a single result.
nlohmann::json settings_of(const CLI::App& command, const std::vector<std::string>& without);

// Throws Error(kBadInput) that names every setting in which they differ.
void require_same_settings(const nlohmann::json& before, const nlohmann::json& now,
                           const std::string& folder);

// The command as it would be typed: the options that were given.
std::string command_line(const CLI::App& command);

}  // namespace libra::cli
