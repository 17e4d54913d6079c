#include "libra/cli/field_flags.h"

#include <algorithm>
#include <cmath>

namespace libra::cli {
namespace {

std::string flag_of(std::string path) {
  const std::string switched = ".enabled";
  if (path.ends_with(switched)) path.resize(path.size() - switched.size());
  path = path.substr(path.rfind('.') + 1);
  std::replace(path.begin(), path.end(), '_', '-');
  return "--" + path;
}

void limit(CLI::Option& option, const ConfigField& field, bool whole) {
  if (!std::isfinite(field.bounds.min) || !std::isfinite(field.bounds.max)) return;
  if (whole) {
    option.check(CLI::Range(int(field.bounds.min), int(field.bounds.max)));
  } else {
    option.check(CLI::Range(field.bounds.min, field.bounds.max));
  }
}

}  // namespace

void add_field_flags(CLI::App& command, const ConfigFields& fields,
                     const std::vector<std::string>& without) {
  for (const ConfigField& field : fields.fields()) {
    if (std::find(without.begin(), without.end(), field.path) != without.end()) continue;
    const std::string flag = flag_of(field.path);
    if (const auto* on = std::get_if<bool*>(&field.target)) {
      command.add_flag(flag, **on, field.help);
    } else if (const auto* whole = std::get_if<int*>(&field.target)) {
      limit(*command.add_option(flag, **whole, field.help)->capture_default_str(), field, true);
    } else if (const auto* number = std::get_if<double*>(&field.target)) {
      limit(*command.add_option(flag, **number, field.help)->capture_default_str(), field, false);
    } else if (const auto* text = std::get_if<std::string*>(&field.target)) {
      auto* option = command.add_option(flag, **text, field.help)->capture_default_str();
      if (!field.choices.empty()) option->check(CLI::IsMember(field.choices));
    } else if (const auto* word = std::get_if<WordTarget>(&field.target)) {
      command.add_option_function<std::string>(flag, word->set, field.help)
          ->check(CLI::IsMember(field.choices))
          ->default_str(word->get());
    }
  }
}

}  // namespace libra::cli
