// model.safetensors.index.json: which shard of a published model holds which tensor. No LibTorch.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace libra::model {

// Tensor name -> file name of its shard, from the index's "weight_map". Shards are plain names
// inside the index's folder: one with a path in it is refused. `where` names the text in errors;
// throws Error(kBadInput).
std::map<std::string, std::string> parse_weight_index(std::string_view text,
                                                      const std::string& where);

}  // namespace libra::model
