#include "libra/cli/settings.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "libra/core/data_root.h"
#include "libra/core/error.h"
#include "libra/core/file.h"

namespace libra::cli {

nlohmann::json settings_of(const CLI::App& command, const std::vector<std::string>& without) {
  nlohmann::json settings = nlohmann::json::object();
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    if (name == "--help" || std::find(without.begin(), without.end(), name) != without.end()) {
      continue;
    }
    settings[name] =
        option->count() > 0 ? join_names(option->results(), ",") : option->get_default_str();
  }
  return settings;
}

void require_same_settings(const nlohmann::json& before, const nlohmann::json& now,
                           const std::string& folder) {
  std::set<std::string> names;
  for (const auto* side : {&before, &now}) {
    for (const auto& [name, value] : side->items()) names.insert(name);
  }
  std::vector<std::string> then, wanted;
  for (const std::string& name : names) {
    const auto text = [&](const nlohmann::json& side) {
      if (!side.contains(name)) return std::string();
      return side[name].is_string() ? side[name].get<std::string>() : side[name].dump();
    };
    if (text(before) == text(now)) continue;
    then.push_back(name + " " + (text(before).empty() ? "(none)" : text(before)));
    wanted.push_back(name + " " + (text(now).empty() ? "(none)" : text(now)));
  }
  if (then.empty()) return;
  throw Error(ErrorCode::kBadInput,
              {.where = "--out " + folder,
               .problem = "was begun with other settings",
               .expected = join_names(then),
               .found = join_names(wanted),
               .next = "name another folder, or start anew with --overwrite"});
}

void claim_settings(const std::string& folder, const std::string& name,
                    const nlohmann::json& settings) {
  const std::string path = folder + "/" + name;
  if (!std::filesystem::exists(path)) {
    write_file(path, settings.dump(2) + "\n");
    return;
  }
  const nlohmann::json before = nlohmann::json::parse(read_file(path), nullptr, false);
  if (!before.is_object()) {
    throw Error(ErrorCode::kBadInput, {.where = path,
                                       .problem = "is not what libra wrote",
                                       .next = "name another folder, or use --overwrite"});
  }
  require_same_settings(before, settings, folder);
}

void make_out_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw Error(ErrorCode::kBadInput, {.where = "--out " + folder,
                                       .problem = "cannot make this folder: " + error.message()});
  }
}

std::string weights_hash(const std::string& checkpoint) {
  return file_hash(find_data(checkpoint) + "/model.safetensors");
}

std::string command_line(const CLI::App& command) {
  std::string text = "libra " + command.get_name();
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0) continue;
    text += " " + option->get_name() + " " + join_names(option->results(), ",");
  }
  return text;
}

}  // namespace libra::cli
