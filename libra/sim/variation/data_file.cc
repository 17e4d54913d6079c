#include "libra/sim/variation/data_file.h"

#include <algorithm>
#include <filesystem>

#include "libra/core/error.h"
#include "libra/core/file.h"

namespace libra::sim::variation {
namespace {

constexpr uintmax_t kLargestFile = 1 << 20;
constexpr size_t kLargestExcerpt = 60;

}  // namespace

void DataNode::refuse(const std::string& problem, const std::string& expected) const {
  throw Error(ErrorCode::kBadInput,
              {.where = file_ + (key_.empty() ? "" : ", " + key_),
               .problem = problem,
               .expected = expected,
               .found = value_.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                            .substr(0, kLargestExcerpt)});
}

const DataNode& DataNode::only(const std::vector<std::string>& keys) const {
  for (const auto& [key, node] : entries()) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    const std::string near = nearest_name(key, keys);
    throw Error(ErrorCode::kBadInput, {.where = node.file_ + ", " + node.key_,
                                       .problem = "unknown key",
                                       .expected = join_names(keys),
                                       .next = near.empty() ? "" : "did you mean '" + near + "'?"});
  }
  return *this;
}

std::vector<std::pair<std::string, DataNode>> DataNode::entries() const {
  if (!value_.is_object()) refuse("is no object", "an object");
  std::vector<std::pair<std::string, DataNode>> all;
  for (const auto& [key, value] : value_.items())
    all.emplace_back(key, DataNode(value, file_, (key_.empty() ? "" : key_ + ".") + key));
  return all;
}

bool DataNode::has(const std::string& key) const {
  return value_.is_object() && value_.contains(key);
}

DataNode DataNode::at(const std::string& key) const {
  if (!has(key)) refuse("has no '" + key + "'", "an object with '" + key + "'");
  return {value_[key], file_, (key_.empty() ? "" : key_ + ".") + key};
}

std::vector<DataNode> DataNode::list(size_t least, size_t most) const {
  if (!value_.is_array() || value_.size() < least || value_.size() > most) {
    refuse("is no list of the right length",
           "a list of " + std::to_string(least) +
               (least == most ? "" : " to " + std::to_string(most)));
  }
  std::vector<DataNode> all;
  for (size_t i = 0; i < value_.size(); ++i)
    all.emplace_back(value_[i], file_, key_ + "[" + std::to_string(i) + "]");
  return all;
}

std::string DataNode::text(size_t longest) const {
  if (!value_.is_string() || value_.get_ref<const std::string&>().empty() ||
      value_.get_ref<const std::string&>().size() > longest) {
    refuse("is no text", "1 to " + std::to_string(longest) + " bytes of text");
  }
  return value_.get<std::string>();
}

nlohmann::json read_data_file(const std::string& path) {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (error || size > kLargestFile) {
    throw Error(ErrorCode::kBadInput,
                {.where = path,
                 .problem = error ? "cannot be read: " + error.message() : "is too large",
                 .expected = "at most " + std::to_string(kLargestFile) + " bytes"});
  }
  nlohmann::json json = nlohmann::json::parse(read_file(path), nullptr, false);
  if (!json.is_object()) {
    throw Error(ErrorCode::kBadInput,
                {.where = path, .problem = "is no JSON", .expected = "a JSON object"});
  }
  return json;
}

}  // namespace libra::sim::variation
