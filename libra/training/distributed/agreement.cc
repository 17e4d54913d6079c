#include "libra/training/distributed/agreement.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "libra/core/error.h"

namespace libra::training {

void require_agreement(Communicator& line, const Facts& facts) {
  using nlohmann::json;
  constexpr size_t kMost = 8;  // differences that a message names
  constexpr size_t kLongest = 60;
  json own = json::array();
  for (const auto& [name, value] : facts) own.push_back({name, value});
  const auto bytes = own.dump(-1, ' ', false, json::error_handler_t::replace);
  const std::vector<std::string> texts = line.all_texts(bytes);
  if (std::all_of(texts.begin(), texts.end(), [&](const auto& t) { return t == texts[0]; })) return;

  std::vector<std::string> names;  // in the order in which they come first
  std::map<std::string, std::map<std::string, std::vector<std::string>>> said;  // -> value -> ranks
  std::map<std::string, size_t> speakers;
  for (size_t r = 0; r < texts.size(); ++r) {
    for (const auto& fact : json::parse(texts[r])) {
      const std::string name = fact[0], value = fact[1];
      if (said.count(name) == 0) names.push_back(name);
      said[name][value].push_back(std::to_string(r));
      ++speakers[name];
    }
  }
  std::vector<std::string> differences;
  for (const std::string& name : names) {
    if (said[name].size() == 1 && speakers[name] == texts.size()) continue;
    std::vector<std::string> sides;
    for (const auto& [value, ranks] : said[name]) {
      const bool long_value = value.size() > kLongest;
      sides.push_back((long_value ? value.substr(0, kLongest) + "..." : value) + " on rank " +
                      join_names(ranks, " "));
    }
    if (speakers[name] < texts.size()) sides.push_back("not there on the others");
    differences.push_back(name + " is " + join_names(sides, " and "));
  }
  const size_t count = differences.size();
  if (count > kMost) {
    differences.resize(kMost);
    differences.push_back("and " + std::to_string(count - kMost) + " more");
  }
  throw Error(ErrorCode::kBadInput, {.where = std::to_string(line.size()) + " ranks",
                                     .problem = "do not agree: " + join_names(differences, "; "),
                                     .next = "start every rank with the same command and data"});
}

}  // namespace libra::training
