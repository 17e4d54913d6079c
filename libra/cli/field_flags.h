// Flags out of the same lists that TOML keys come from (core/config.h).
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "libra/core/config.h"

namespace libra::cli {

// A flag for each field: "--" and the last part of its path, "_" as "-"; of a field called
// "enabled" the part before. Help, words and bounds are the field's. The variables that the fields
// are bound to must outlive the command. `without`: paths that get none.
void add_field_flags(CLI::App& command, const ConfigFields& fields,
                     const std::vector<std::string>& without = {});

// A flag that takes one of an enum's words.
template <class Enum>
void add_word_flag(CLI::App& command, const std::string& flag, Enum& value,
                   const std::string& help) {
  command
      .add_option_function<std::string>(
          flag, [&value](const std::string& word) { find_word(word, value); }, help)
      ->check(CLI::IsMember(words_of<Enum>()))
      ->default_str(word_of(value));
}

}  // namespace libra::cli
