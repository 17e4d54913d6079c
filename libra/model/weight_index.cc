#include "libra/model/weight_index.h"

#include "libra/core/error.h"
#include "libra/model/strict_json.h"

namespace libra::model {
namespace {

[[noreturn]] void bad_index(const std::string& where, const std::string& problem,
                            const std::string& expected = {}, const std::string& found = {}) {
  throw Error(ErrorCode::kBadInput,
              {.where = where, .problem = problem, .expected = expected, .found = found});
}

}  // namespace

std::map<std::string, std::string> parse_weight_index(std::string_view text,
                                                      const std::string& where) {
  const nlohmann::json root = parse_strict_json(text, where, "index");
  if (!root.is_object() || !root.contains("weight_map") || !root["weight_map"].is_object()) {
    bad_index(where, "not a safetensors index", "an object with \"weight_map\"");
  }
  std::map<std::string, std::string> out;
  for (const auto& [name, shard] : root["weight_map"].items()) {
    const std::string at = where + " [" + printable(name) + "]";
    if (!shard.is_string()) bad_index(at, "shard is not a file name");
    const auto& file = shard.get_ref<const std::string&>();
    if (file.empty() || file == "." || file == ".." || file.find('/') != std::string::npos ||
        file.find('\0') != std::string::npos) {
      bad_index(at, "shard is not a plain file name", "a file beside the index", printable(file));
    }
    out[name] = file;
  }
  if (out.empty()) bad_index(where, "index names no tensor");
  return out;
}

}  // namespace libra::model
