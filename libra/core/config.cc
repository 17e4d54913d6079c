#include "libra/core/config.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "libra/core/error.h"

namespace libra {
namespace {

using nlohmann::json;

constexpr int kMostExtended = 8;  // files, each of which extends the next

[[noreturn]] void fail(const std::string& where, const std::string& path,
                       const std::string& problem, const std::string& expected = "",
                       const std::string& found = "") {
  throw Error(ErrorCode::kBadInput, {.where = where,
                                     .problem = "field '" + path + "' " + problem,
                                     .expected = expected,
                                     .found = found});
}

std::string number_text(double value) {
  std::ostringstream out;
  out.precision(12);
  out << value;
  return out.str();
}

void check_bounds(const ConfigField& field, double value, const std::string& where) {
  if (!(value >= field.bounds.min && value <= field.bounds.max)) {
    fail(where, field.path, "is out of range",
         number_text(field.bounds.min) + " to " + number_text(field.bounds.max),
         number_text(value));
  }
}

struct Assign {
  const ConfigField& field;
  const json& value;
  const std::string& where;

  void operator()(bool* target) const {
    if (!value.is_boolean())
      fail(where, field.path, "has the wrong type", "true or false", value.dump());
    *target = value.get<bool>();
  }
  void operator()(int* target) const {
    if (!value.is_number_integer()) {
      fail(where, field.path, "has the wrong type", "a whole number", value.dump());
    }
    const auto number = value.get<int64_t>();
    check_bounds(field, static_cast<double>(number), where);
    if (number < INT32_MIN || number > INT32_MAX) fail(where, field.path, "does not fit 32 bits");
    *target = static_cast<int>(number);
  }
  void operator()(double* target) const {
    if (!value.is_number()) fail(where, field.path, "has the wrong type", "a number", value.dump());
    check_bounds(field, value.get<double>(), where);
    *target = value.get<double>();
  }
  void operator()(std::string* target) const {
    if (!value.is_string()) fail(where, field.path, "has the wrong type", "a text", value.dump());
    const auto text = value.get<std::string>();
    if (!field.choices.empty() &&
        std::find(field.choices.begin(), field.choices.end(), text) == field.choices.end()) {
      fail(where, field.path, "has an unknown value", "one of " + join_names(field.choices), text);
    }
    *target = text;
  }
  void operator()(std::vector<int>* target) const {
    if (!value.is_array())
      fail(where, field.path, "has the wrong type", "a list of numbers", value.dump());
    std::vector<int> numbers;
    for (const auto& item : value) {
      if (!item.is_number_integer()) {
        fail(where, field.path, "has the wrong type", "a list of whole numbers", value.dump());
      }
      numbers.push_back(item.get<int>());
    }
    *target = std::move(numbers);
  }
  void operator()(std::vector<std::string>* target) const {
    std::vector<std::string> texts;
    for (const auto& item : value.is_array() ? value : json::array({nullptr})) {
      if (!item.is_string()) {
        fail(where, field.path, "has the wrong type", "a list of texts", value.dump());
      }
      texts.push_back(item.get<std::string>());
    }
    *target = std::move(texts);
  }
  void operator()(const WordTarget& target) const {
    std::string word;
    (*this)(&word);
    target.set(word);
  }
  void operator()(const ListTarget& target) const;
};

json to_json_value(const toml::node& node, const std::string& where, const std::string& path) {
  if (auto b = node.as_boolean()) return b->get();
  if (auto i = node.as_integer()) return i->get();
  if (auto d = node.as_floating_point()) return d->get();
  if (auto s = node.as_string()) return s->get();
  if (auto a = node.as_array()) {
    json list = json::array();
    for (const auto& item : *a) list.push_back(to_json_value(item, where, path));
    return list;
  }
  if (auto t = node.as_table()) {
    json object = json::object();
    for (const auto& [key, item] : *t) {
      const std::string name(key.str());
      object[name] = to_json_value(item, where, path.empty() ? name : path + "." + name);
    }
    return object;
  }
  fail(where, path, "is of a kind that is not used here");
}

void read_object(const std::vector<ConfigField>& fields, const json& object,
                 const std::string& prefix, const std::string& where) {
  for (const auto& [key, value] : object.items()) {
    const std::string path = prefix + key;
    if (value.is_object()) {
      read_object(fields, value, path + ".", where);
      continue;
    }
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&](const ConfigField& f) { return f.path == path; });
    if (field == fields.end()) {
      std::vector<std::string> known;
      for (const auto& f : fields) known.push_back(f.path);
      const std::string near = nearest_name(path, known);
      throw Error(ErrorCode::kBadInput,
                  {.where = where,
                   .problem = "unknown field '" + path + "'",
                   .next = near.empty() ? "" : "did you mean '" + near + "'?"});
    }
    std::visit(Assign{*field, value, where}, field->target);
  }
}

void Assign::operator()(const ListTarget& target) const {
  const auto is_object = [](const json& item) { return item.is_object(); };
  if (!value.is_array() || !std::all_of(value.begin(), value.end(), is_object)) {
    fail(where, field.path, "has the wrong type", "a list of tables", value.dump());
  }
  target.resize(value.size());
  for (size_t i = 0; i < value.size(); ++i) {
    read_object(target.fields(i).fields(), value[i], "",
                where + ", " + field.path + " " + std::to_string(i));
  }
}

json nested(const std::vector<ConfigField>& fields);

struct Value {
  json operator()(const auto* target) const { return json(*target); }
  json operator()(const WordTarget& target) const { return json(target.get()); }
  json operator()(const ListTarget& target) const {
    json list = json::array();
    for (size_t i = 0; i < target.size(); ++i) list.push_back(nested(target.fields(i).fields()));
    return list;
  }
};

json field_value(const ConfigField& field) { return std::visit(Value{}, field.target); }

json nested(const std::vector<ConfigField>& fields) {
  json root = json::object();
  for (const auto& field : fields) {
    json* node = &root;
    std::string_view rest = field.path;
    for (size_t dot; (dot = rest.find('.')) != std::string_view::npos;
         rest.remove_prefix(dot + 1)) {
      node = &(*node)[std::string(rest.substr(0, dot))];
    }
    (*node)[std::string(rest)] = field_value(field);
  }
  return root;
}

}  // namespace

void ConfigFields::push(std::string_view name, std::string_view help, FieldBounds bounds,
                        std::vector<std::string> choices, decltype(ConfigField::target) target) {
  fields_.push_back({prefix_ + std::string(name), std::string(help), bounds, std::move(choices),
                     std::move(target)});
}
void ConfigFields::add(std::string_view name, bool& value, std::string_view help) {
  push(name, help, {}, {}, &value);
}
void ConfigFields::add(std::string_view name, int& value, std::string_view help,
                       FieldBounds bounds) {
  push(name, help, bounds, {}, &value);
}
void ConfigFields::add(std::string_view name, double& value, std::string_view help,
                       FieldBounds bounds) {
  push(name, help, bounds, {}, &value);
}
void ConfigFields::add(std::string_view name, std::string& value, std::string_view help,
                       std::vector<std::string> choices) {
  push(name, help, {}, std::move(choices), &value);
}
void ConfigFields::add(std::string_view name, std::vector<int>& value, std::string_view help) {
  push(name, help, {}, {}, &value);
}
void ConfigFields::add(std::string_view name, std::vector<std::string>& value,
                       std::string_view help) {
  push(name, help, {}, {}, &value);
}

static json parse_toml(const std::string& text, const std::string& where) {
  try {
    return to_json_value(toml::parse(text, where), where, "");
  } catch (const toml::parse_error& e) {
    std::ostringstream position;
    position << where << ":" << e.source().begin.line << ":" << e.source().begin.column;
    throw Error(ErrorCode::kBadInput, {.where = position.str(),
                                       .problem = "not valid TOML",
                                       .found = std::string(e.description())});
  }
}

void ConfigFields::read_toml_file(const std::string& path) const { read_toml_file(path, 0); }

void ConfigFields::read_toml_file(const std::string& path, int depth) const {
  std::ifstream file(path);
  if (!file) {
    throw Error(
        ErrorCode::kNotFound,
        {.where = path, .problem = "cannot be read", .next = "check the path of the config file"});
  }
  std::ostringstream text;
  text << file.rdbuf();
  json object = parse_toml(text.str(), path);
  if (const auto base = object.find("extends"); base != object.end()) {
    if (!base->is_string()) fail(path, "extends", "is no file", "a path", base->dump());
    if (depth >= kMostExtended) fail(path, "extends", "goes round in a circle, or on for too long");
    const auto folder = std::filesystem::path(path).parent_path();
    read_toml_file((folder / base->get<std::string>()).lexically_normal().string(), depth + 1);
    object.erase("extends");
  }
  read_object(fields_, object, "", path);
}

void ConfigFields::read_toml(const std::string& text, const std::string& where) const {
  read_object(fields_, parse_toml(text, where), "", where);
}

void ConfigFields::read_json(const std::string& text, const std::string& where) const {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) {
    throw Error(ErrorCode::kBadInput, {.where = where, .problem = "not a JSON object"});
  }
  read_object(fields_, object, "", where);
}

void ConfigFields::set(std::string_view assignment, std::string_view flag) const {
  const std::string where = std::string(flag) + " " + std::string(assignment);
  const size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) {
    throw Error(ErrorCode::kBadInput, {.where = where, .problem = "not of the form field=value"});
  }
  try {
    (void)json(assignment).dump();
  } catch (const json::type_error&) {
    throw Error(ErrorCode::kBadInput, {.where = std::string(flag),
                                       .problem = "is not UTF-8 text",
                                       .found = "a byte that is no character"});
  }
  const std::string path(assignment.substr(0, equals)), text(assignment.substr(equals + 1));
  json value = json::parse(text, nullptr, false);
  if (value.is_discarded() || value.is_object()) value = text;
  json object = json::object();
  object[path] = value;  // read_object matches the dotted path as it is
  read_object(fields_, object, "", where);
}

std::vector<std::string> ConfigFields::differences(const ConfigFields& other) const {
  std::vector<std::string> paths;
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (field_value(fields_[i]) != field_value(other.fields_.at(i))) {
      paths.push_back(fields_[i].path);
    }
  }
  return paths;
}

std::string ConfigFields::to_json() const { return nested(fields_).dump(2) + "\n"; }

std::string ConfigFields::to_toml() const {
  const auto owner_of = [](const ConfigField& field) {
    const size_t dot = field.path.rfind('.');
    return dot == std::string::npos ? std::string() : field.path.substr(0, dot);
  };
  // Top-level fields come first: in TOML whatever follows a [section] belongs to it. And a section
  // may stand only once, though a struct can list fields before and after a nested one.
  std::vector<std::string> owners = {""};
  for (const auto& field : fields_) {
    if (std::find(owners.begin(), owners.end(), owner_of(field)) == owners.end()) {
      owners.push_back(owner_of(field));
    }
  }
  std::ostringstream out;
  for (const auto& owner : owners) {
    if (!owner.empty()) out << "\n[" << owner << "]\n";
    for (const auto& field : fields_) {
      if (owner_of(field) != owner || std::holds_alternative<ListTarget>(field.target)) continue;
      out << field.path.substr(owner.empty() ? 0 : owner.size() + 1) << " = "
          << field_value(field).dump() << "  # " << field.help << "\n";
    }
  }
  // [[lists]] last: what follows one belongs to its last element.
  for (const auto& field : fields_) {
    const auto* list = std::get_if<ListTarget>(&field.target);
    for (size_t i = 0; list != nullptr && i < list->size(); ++i) {
      out << "\n[[" << field.path << "]]" << (i == 0 ? "  # " + field.help : "") << "\n"
          << list->fields(i).to_toml();
    }
  }
  return out.str();
}

}  // namespace libra
