// Reading the JSON files beside a suite.json. Their text is untrusted: sizes are bounded, and every
// error names the file and the key in it. Source files only: it includes the JSON library.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace libra::sim::variation {

// One value of a file and the way to it.
class DataNode {
 public:
  DataNode(const nlohmann::json& value, std::string file, std::string key = "")
      : value_(value), file_(std::move(file)), key_(std::move(key)) {}

  // Throws Error(kBadInput) about this value.
  [[noreturn]] void refuse(const std::string& problem, const std::string& expected = "") const;
  // An object with none but these keys, the unknown one named with the nearest known.
  const DataNode& only(const std::vector<std::string>& keys) const;
  // Entries of an object, in the order of their names.
  std::vector<std::pair<std::string, DataNode>> entries() const;
  bool has(const std::string& key) const;
  DataNode at(const std::string& key) const;
  // Elements of a list that holds `least` to `most` of them.
  std::vector<DataNode> list(size_t least, size_t most) const;
  // A text of 1 to `longest` bytes.
  std::string text(size_t longest) const;

 private:
  const nlohmann::json& value_;
  std::string file_, key_;
};

// The whole file, at most a megabyte of it. Throws Error(kBadInput) when it is no JSON object.
nlohmann::json read_data_file(const std::string& path);

}  // namespace libra::sim::variation
