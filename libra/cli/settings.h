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

// A folder takes results of one kind only: the settings are kept in <folder>/<name>, and those of a
// later run must be the same. Throws Error(kBadInput).
void claim_settings(const std::string& folder, const std::string& name,
                    const nlohmann::json& settings);

// Makes the folder of --out. Throws Error(kBadInput).
void make_out_folder(const std::string& folder);

// Of a checkpoint's weights, for telling checkpoints apart. Throws Error(kNotFound).
std::string weights_hash(const std::string& checkpoint);

// The command as it would be typed: the options that were given.
std::string command_line(const CLI::App& command);

}  // namespace libra::cli
