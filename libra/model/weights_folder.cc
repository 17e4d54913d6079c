#include "libra/model/weights_folder.h"

#include <filesystem>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/model/weight_index.h"

namespace libra::model {
namespace {

constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kIndexFile = "model.safetensors.index.json";

}  // namespace

WeightsFolder::WeightsFolder(const std::string& dir) : dir_(dir) {
  const std::string index_path = dir + "/" + kIndexFile;
  std::map<std::string, std::string> index;  // empty: one file
  std::map<std::string, size_t> shards;
  if (std::filesystem::exists(index_path)) {
    index = parse_weight_index(read_file(index_path), index_path);
    for (const auto& [name, shard] : index) {
      if (shards.count(shard) > 0) continue;
      if (!std::filesystem::exists(dir + "/" + shard)) {
        throw Error(ErrorCode::kNotFound, {.where = index_path,
                                           .problem = "names a shard that is not there",
                                           .found = shard,
                                           .next = "download the folder's files completely"});
      }
      shards[shard] = files_.size();
      files_.emplace_back(dir + "/" + shard);
    }
  } else if (std::filesystem::exists(dir + "/" + kSingleFile)) {
    files_.emplace_back(dir + "/" + kSingleFile);
  } else {
    throw Error(ErrorCode::kNotFound, {.where = dir,
                                       .problem = "holds no weights",
                                       .expected = std::string(kSingleFile) + " or " + kIndexFile});
  }
  for (size_t i = 0; i < files_.size(); ++i) {
    for (const auto& [name, stored] : files_[i].header().tensors) {
      const auto listed = index.find(name);
      if (!index.empty() && (listed == index.end() || shards.at(listed->second) != i)) {
        throw Error(ErrorCode::kBadInput,
                    {.where = files_[i].path(),
                     .problem = "holds a tensor that the index places elsewhere",
                     .found = name});
      }
      tensors_.emplace(name, stored);
      file_of_.emplace(name, i);
    }
  }
  for (const auto& [name, shard] : index) {
    if (file_of_.count(name) > 0) continue;
    throw Error(ErrorCode::kBadInput, {.where = dir + "/" + shard,
                                       .problem = "lacks a tensor that the index promises",
                                       .expected = name});
  }
}

torch::Tensor WeightsFolder::tensor(const std::string& name) const {
  const auto at = file_of_.find(name);
  if (at == file_of_.end()) {
    throw Error(ErrorCode::kNotFound,
                {.where = dir_, .problem = "has no such tensor", .expected = name});
  }
  return files_[at->second].tensor(name);
}

}  // namespace libra::model
