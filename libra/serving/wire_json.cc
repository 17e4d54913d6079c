// JSON with base64, and forms with files: what curl and a browser send.
#include <openssl/evp.h>

#include <nlohmann/json.hpp>

#include "libra/core/error.h"
#include "libra/serving/wire.h"

namespace libra::serving {
namespace {

using nlohmann::json;

[[noreturn]] void refuse_json(const std::string& where, const std::string& problem,
                              const std::string& expected = "") {
  throw Error(ErrorCode::kBadInput, {.where = where, .problem = problem, .expected = expected});
}

json parse_bounded(std::string_view text, const Limits& limits) {
  int64_t values = 0;
  const int64_t most = int64_t{limits.numbers} + limits.entries;
  const auto watch = [&](int depth, json::parse_event_t, json&) {
    if (depth > limits.depth + 4) refuse_json("message", "is nested too deep");
    if (++values > 2 * most) refuse_json("message", "has too many values");
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), watch);
  } catch (const json::exception&) {
    refuse_json("message", "is no JSON");
  }
}

// Lists of numbers, also in lists, one after the other; empty for anything else.
bool collect(const json& value, std::vector<double>& out) {
  if (value.is_number()) {
    out.push_back(value.get<double>());
    return true;
  }
  if (!value.is_array()) return false;
  for (const json& element : value) {
    if (!collect(element, out)) return false;
  }
  return true;
}

WireValue json_scalar(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_unsigned()) return value.get<uint64_t>();
  if (value.is_number_integer()) return value.get<int64_t>();
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  std::vector<double> numbers;
  if (value.is_array() && collect(value, numbers)) return numbers;
  return WireNothing{};
}

void flatten(const json& value, const std::string& name, int depth, const Limits& limits,
             WireMessage& out) {
  if (value.is_object()) {
    if (depth >= limits.depth) refuse_json("message", "is nested too deep");
    if (value.empty() && !name.empty()) out.values[name] = WireNothing{};
    for (const auto& [key, element] : value.items()) {
      if (key.empty() || key.size() > 200) refuse_json("message", "has a name that is none");
      flatten(element, name.empty() ? key : name + "/" + key, depth + 1, limits, out);
    }
    return;
  }
  if (out.values.size() >= static_cast<size_t>(limits.entries)) {
    refuse_json("message", "has too many entries", "at most " + std::to_string(limits.entries));
  }
  out.values.insert_or_assign(name, json_scalar(value));
}

// The value of `key` in a header such as `form-data; name="image"; filename="a.png"`.
std::string parameter(std::string_view header, std::string_view key) {
  const std::string start = std::string(key) + "=";
  for (size_t at = header.find(start); at != std::string_view::npos;
       at = header.find(start, at + 1)) {
    if (at > 0 && header[at - 1] != ' ' && header[at - 1] != ';') continue;
    std::string_view rest = header.substr(at + start.size());
    if (rest.starts_with('"')) {
      rest.remove_prefix(1);
      return std::string(rest.substr(0, rest.find('"')));
    }
    return std::string(rest.substr(0, rest.find_first_of("; \r\n")));
  }
  return "";
}

void read_part(std::string_view part, const Limits& limits, WireMessage& out) {
  const size_t end = part.find("\r\n\r\n");
  if (end == std::string_view::npos) refuse_json("form", "has a part without a header");
  const std::string_view header = part.substr(0, end);
  const std::string_view body = part.substr(end + 4);
  const std::string name = parameter(header, "name");
  if (name.empty() || name.size() > 200) refuse_json("form", "has a part without a name");
  if (out.values.size() >= static_cast<size_t>(limits.entries)) {
    refuse_json("form", "has too many parts");
  }
  const bool is_file = header.find("filename=") != std::string_view::npos;
  const bool is_picture = body.starts_with("\x89PNG") || body.starts_with("\xff\xd8\xff");
  if (is_file || is_picture) {
    out.values.insert_or_assign(name, WireImage{bytes_of(body)});
    return;
  }
  const bool is_json = body.starts_with('[') || body.starts_with('{');
  if (is_json && json::accept(body.begin(), body.end())) {
    flatten(parse_bounded(body, limits), name, 0, limits, out);
  } else {
    out.values.insert_or_assign(name, std::string(body));
  }
}

}  // namespace

WireMessage decode_json(std::string_view text, const Limits& limits) {
  if (text.size() > limits.message_bytes()) refuse_json("message", "is too long");
  const json root = parse_bounded(text, limits);
  if (!root.is_object()) refuse_json("message", "is no object of names and values");
  WireMessage message;
  flatten(root, "", 0, limits, message);
  return message;
}

WireMessage decode_form(std::string_view body, std::string_view content_type,
                        const Limits& limits) {
  if (body.size() > limits.message_bytes()) refuse_json("form", "is too long");
  const std::string boundary = parameter(content_type, "boundary");
  if (boundary.empty() || boundary.size() > 70) refuse_json("form", "has no boundary");
  const std::string line = "\r\n--" + boundary;
  WireMessage message;
  if (!body.starts_with(std::string_view(line).substr(2))) {
    refuse_json("form", "does not begin with its boundary");
  }
  size_t at = line.size() - 2;
  while (body.substr(at, 2) != "--") {
    if (body.substr(at, 2) != "\r\n") refuse_json("form", "has a boundary that is cut short");
    const size_t end = body.find(line, at);
    if (end == std::string_view::npos) refuse_json("form", "ends within a part");
    read_part(body.substr(at + 2, end - at - 2), limits, message);
    at = end + line.size();
  }
  return message;
}

std::vector<uint8_t> decode_base64(std::string_view text, const std::string& where) {
  const size_t padded = text.find('=');
  if (text.empty() || text.size() % 4 != 0 || text.size() > INT32_MAX ||
      (padded != std::string_view::npos &&
       (padded + 2 < text.size() ||
        text.find_first_not_of('=', padded) != std::string_view::npos))) {
    refuse_json(where, "is no base64");
  }
  std::vector<uint8_t> out(text.size() / 4 * 3);
  const int length = EVP_DecodeBlock(out.data(), reinterpret_cast<const uint8_t*>(text.data()),
                                     static_cast<int>(text.size()));
  if (length < 0) refuse_json(where, "is no base64");
  size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  out.resize(static_cast<size_t>(length) - padding);
  return out;
}

}  // namespace libra::serving
