#include "libra/sim/libero/plus_name.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "libra/core/error.h"

namespace libra::sim::libero {
namespace {

using Words = std::vector<std::string_view>;

constexpr size_t kLongestName = 200;  // of a file, with room for an ending
constexpr size_t kMostTasks = 100'000, kMostBytes = 64u << 20;

[[noreturn]] void refuse(std::string_view name, const std::string& problem,
                         const std::string& expected = "") {
  // A name that is too long is not cut, which could leave half a character.
  const std::string shown(name.size() > kLongestName ? "..." : name);
  throw Error(
      ErrorCode::kBadInput,
      {.where = "LIBERO-Plus variant '" + shown + "'", .problem = problem, .expected = expected});
}

Words split(std::string_view text) {
  Words words;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('_', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// Digits as Python writes a number: none in front of it that could be left out.
std::optional<int> number_in(std::string_view word) {
  int value = 0;
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, value);
  const bool plain = error == std::errc{} && stop == end && word.front() != '-';
  if (!plain || (word.size() > 1 && word.front() == '0')) return std::nullopt;
  return value;
}

// Takes the parts of a name off its end.
class Reader {
 public:
  explicit Reader(std::string_view name) : name_(name), words_(split(name)) {}

  // Whether the words before the last `after` end with this one.
  bool ends_with(std::string_view word, size_t after) const {
    return words_.size() > after && words_[words_.size() - 1 - after] == word;
  }
  bool ends_with_prefix(std::string_view prefix, size_t after) const {
    return words_.size() > after && words_[words_.size() - 1 - after].starts_with(prefix);
  }
  // Takes the last word: a number behind `prefix`, called `what` in messages.
  int take_number(std::string_view prefix, const std::string& what, int least, int most) {
    const auto value = number_in(words_.back().substr(prefix.size()));
    if (!value || *value < least || *value > most) {
      refuse(name_, what + " is '" + std::string(words_.back()) + "'",
             std::string(prefix) + std::to_string(least) + " to " + std::to_string(most));
    }
    words_.pop_back();
    return *value;
  }
  void take_word() { words_.pop_back(); }
  // What is left.
  std::string rest() const {
    if (words_.empty()) return "";
    return {name_.data(), words_.back().data() + words_.back().size()};
  }

 private:
  std::string_view name_;
  Words words_;
};

constexpr int kMost = 9999;

// ..._view_H_V_SCALE_ROT_VERT_initstate_N[_noise_M]; false: the name has no such end.
bool take_view(Reader& reader, PlusName& out) {
  const bool noisy = reader.ends_with("noise", 1);
  const size_t behind = noisy ? 2 : 0;
  if (!reader.ends_with("initstate", 1 + behind)) return false;
  if (!reader.ends_with("view", 7 + behind)) return false;
  if (noisy) {
    out.noise = reader.take_number("", "noise", 1, 50);
    reader.take_word();
  }
  out.posture = reader.take_number("", "initstate", 0, 500);
  reader.take_word();
  out.view.lift = reader.take_number("", "the view's fifth number", 0, 359);
  out.view.turn = reader.take_number("", "the view's fourth number", 0, 359);
  out.view.distance = reader.take_number("", "the view's scale", 1, kMost);
  out.view.up = reader.take_number("", "the view's second number", 0, 359);
  out.view.around = reader.take_number("", "the view's first number", 0, 359);
  reader.take_word();
  if (reader.ends_with("language", 1)) {
    out.language = reader.take_number("", "language", 1, kMost);
    reader.take_word();
  }
  return true;
}

// An end that stands for a task file of its own; kPlain: the name has none.
PlusName::Scene take_scene(Reader& reader) {
  using Scene = PlusName::Scene;
  if (reader.ends_with_prefix("sample", 0) && reader.ends_with_prefix("level", 1)) {
    reader.take_number("sample", "sample", 0, kMost);
    reader.take_number("level", "level", 1, kMost);
    if (reader.ends_with("moved", 0)) reader.take_word();
    return Scene::kMoved;
  }
  const auto [word, scene] = [&]() -> std::pair<const char*, Scene> {
    if (reader.ends_with("light", 1)) return {"light", Scene::kLight};
    if (reader.ends_with("table", 1)) return {"table", Scene::kTextures};
    if (reader.ends_with("tb", 1)) return {"tb", Scene::kTextures};
    if (reader.ends_with("add", 1)) return {"add", Scene::kAdded};
    return {"", Scene::kPlain};
  }();
  if (scene == Scene::kPlain) return scene;
  reader.take_number("", word, 1, kMost);
  reader.take_word();
  return scene;
}

}  // namespace

std::string PlusName::task_file() const {
  if (scene != Scene::kPlain) return variant;
  return language > 0 ? base + "_language_" + std::to_string(language) : base;
}

PlusName parse_plus_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestName) {
    refuse(name, "has " + std::to_string(name.size()) + " characters",
           "1 to " + std::to_string(kLongestName));
  }
  PlusName out;
  Reader reader(name);
  if (!take_view(reader, out)) {
    out.scene = take_scene(reader);
    if (out.scene == PlusName::Scene::kPlain) {
      refuse(name, "ends in no known change",
             "_view_..._initstate_N, _noise_M, _light_G, _table_T, _tb_T, _add_A or "
             "_levelK_sampleS");
    }
  }
  out.variant = name;
  out.base = reader.rest();
  if (out.base.empty()) refuse(name, "does not begin with a task of LIBERO");
  return out;
}

const std::vector<std::string>& plus_categories() {
  static const std::vector<std::string> categories = {
      "Background Textures", "Camera Viewpoints",    "Language Instructions", "Light Conditions",
      "Objects Layout",      "Robot Initial States", "Sensor Noise"};
  return categories;
}

namespace {

PlusEntry read_entry(const nlohmann::json& item, const std::string& where) {
  const auto text = [&](const char* key) {
    if (item.is_object() && item.contains(key) && item[key].is_string())
      return item[key].get<std::string>();
    throw Error(ErrorCode::kBadInput, {.where = where,
                                       .problem = "an entry has no " + std::string(key),
                                       .expected = R"({"name": ..., "category": ...})"});
  };
  PlusEntry entry{text("name"), text("category")};
  const auto& known = plus_categories();
  if (std::find(known.begin(), known.end(), entry.category) == known.end()) {
    throw Error(ErrorCode::kBadInput, {.where = where,
                                       .problem = "unknown category '" + entry.category + "'",
                                       .expected = join_names(known)});
  }
  return entry;
}

}  // namespace

std::map<std::string, std::vector<PlusEntry>> parse_plus_list(std::string_view text,
                                                              const std::string& where) {
  const auto json =
      text.size() > kMostBytes ? nlohmann::json() : nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) {
    throw Error(ErrorCode::kBadInput, {.where = where,
                                       .problem = "is no list of LIBERO-Plus's variants",
                                       .expected = "a JSON object, a list a suite"});
  }
  std::map<std::string, std::vector<PlusEntry>> list;
  for (const auto& [suite, items] : json.items()) {
    if (!items.is_array() || items.size() > kMostTasks) {
      throw Error(ErrorCode::kBadInput, {.where = where,
                                         .problem = "suite '" + suite + "'",
                                         .expected = "a list of at most 100000 variants"});
    }
    std::vector<PlusEntry>& entries = list[suite];
    std::set<std::string> seen;
    for (const nlohmann::json& item : items) {
      entries.push_back(read_entry(item, where));
      if (seen.insert(entries.back().name).second) continue;
      throw Error(ErrorCode::kBadInput,
                  {.where = where, .problem = "lists '" + entries.back().name + "' twice"});
    }
  }
  return list;
}

}  // namespace libra::sim::libero
