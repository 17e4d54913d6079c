#include "libra/model/strict_json.h"

#include <set>
#include <vector>

#include "libra/core/error.h"

namespace libra::model {
namespace {

constexpr int kMaxDepth = 4;  // the formats need 3

}  // namespace

std::string printable(std::string text) {
  if (text.size() > 80) text = text.substr(0, 77) + "...";
  for (char& c : text) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return text;
}

nlohmann::json parse_strict_json(std::string_view text, const std::string& where,
                                 const std::string& what) {
  using nlohmann::json;
  const auto bad = [&](const std::string& problem, const std::string& found) {
    throw Error(ErrorCode::kBadInput, {.where = where, .problem = problem, .found = found});
  };
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > kMaxDepth) bad(what + " is nested too deeply", "");
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second) {
      bad("name occurs twice", printable(value.get<std::string>()));
    }
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), watch);
  } catch (const json::exception& e) {
    bad(what + " is not JSON", printable(e.what()));
    throw;  // not reached
  }
}

}  // namespace libra::model
