// Configuration structs list their fields once; reading TOML, --set flags, writing the resolved
// values into run folders and checkpoints, and help texts are all derived from that list.
//
//   struct OptimConfig {
//     double lr = 1e-3;
//     void list(ConfigFields& f) { f.add("lr", lr, "peak learning rate", {0.0, 1.0}); }
//   };
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libra/core/words.h"

namespace libra {

class ConfigFields;

struct FieldBounds {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
};

// A word from a table (words.h).
struct WordTarget {
  std::function<std::string()> get;
  std::function<void(const std::string&)> set;
};
// A list of structs, each with its own fields.
struct ListTarget {
  std::function<size_t()> size;
  std::function<void(size_t)> resize;  // elements become fresh ones
  std::function<ConfigFields(size_t)> fields;
};

// One field of a configuration, bound to the variable that holds it.
struct ConfigField {
  std::string path;  // "planner.head.width"
  std::string help;  // what it is, with its unit
  FieldBounds bounds;
  std::vector<std::string> choices;  // allowed words of a text field; empty allows any
  std::variant<bool*, int*, double*, std::string*, std::vector<int>*, std::vector<std::string>*,
               WordTarget, ListTarget>
      target;
};

class ConfigFields {
 public:
  void add(std::string_view name, bool& value, std::string_view help);
  void add(std::string_view name, int& value, std::string_view help, FieldBounds bounds = {});
  void add(std::string_view name, double& value, std::string_view help, FieldBounds bounds = {});
  void add(std::string_view name, std::string& value, std::string_view help,
           std::vector<std::string> choices = {});
  void add(std::string_view name, std::vector<int>& value, std::string_view help);
  void add(std::string_view name, std::vector<std::string>& value, std::string_view help);
  // One of an enum's words.
  template <class Enum>
  requires std::is_enum_v<Enum>
  void add(std::string_view name, Enum& value, std::string_view help) {
    push(name, help, {}, words_of<Enum>(),
         WordTarget{[&value] { return std::string(word_of(value)); },
                    [&value](const std::string& word) { find_word(word, value); }});
  }
  // Structs of one kind, [[name]] in TOML.
  template <class Struct>
  void list(std::string_view name, std::vector<Struct>& values, std::string_view help) {
    push(name, help, {}, {},
         ListTarget{[&values] { return values.size(); },
                    [&values](size_t count) { values.assign(count, Struct{}); },
                    [&values](size_t i) {
                      ConfigFields fields;
                      values[i].list(fields);
                      return fields;
                    }});
  }
  // Fields of a nested struct, under "name.".
  template <class Struct>
  void section(std::string_view name, Struct& nested) {
    const size_t length = prefix_.size();
    prefix_ += std::string(name) + ".";
    nested.list(*this);
    prefix_.resize(length);
  }

  const std::vector<ConfigField>& fields() const { return fields_; }

  // Reads values; every problem throws Error(kBadInput) that names the file and the field, and an
  // unknown key suggests the nearest known one. Fields that are absent keep their value. In a file,
  // extends = "other.toml" (from the file's folder) reads that one first.
  void read_toml_file(const std::string& path) const;
  void read_toml(const std::string& text, const std::string& where) const;
  void read_json(const std::string& text, const std::string& where) const;
  // "planner.head.width=64", as given on the command line.
  // `flag`: how it was given, for messages.
  void set(std::string_view assignment, std::string_view flag = "--set") const;

  // Paths of the fields whose values are others than in `other`, which lists the same struct.
  std::vector<std::string> differences(const ConfigFields& other) const;

  std::string to_toml() const;  // with the help texts as comments
  std::string to_json() const;  // nested objects, two spaces of indentation

 private:
  void read_toml_file(const std::string& path, int depth) const;
  void push(std::string_view name, std::string_view help, FieldBounds bounds,
            std::vector<std::string> choices, decltype(ConfigField::target) target);
  std::string prefix_;
  std::vector<ConfigField> fields_;
};

template <class Struct>
ConfigFields list_fields(Struct& config) {
  ConfigFields fields;
  config.list(fields);
  return fields;
}

}  // namespace libra
