// JSON from strangers: no duplicate keys, no deep nesting (nlohmann lets both pass).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace libra::model {

// Throws Error(kBadInput) naming `where` and `what` ("header").
nlohmann::json parse_strict_json(std::string_view text, const std::string& where,
                                 const std::string& what);

// Text from a file as one short printable line.
std::string printable(std::string text);

}  // namespace libra::model
