// Published weights -> a Libra checkpoint. The tensor table says once which tensor of ours is which
// of theirs; import, the random folders that stand in for a download, and `libra info --tensors`
// all read it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "libra/model/libra_vla/config.h"

namespace libra::policy {

enum class Origin { kInternVl, kSigLip, kLibra };
const char* origin_name(Origin origin);  // "InternVL", "SigLIP", "Libra"

struct TensorRow {
  std::string name;  // in our checkpoint: planner.backbone.vision_model.embeddings...
  std::vector<int64_t> shape;
  Origin origin = Origin::kLibra;
  std::string published;  // in theirs; "" for what is Libra's own
};
// Every tensor of a model of this configuration. Checkpoints hold all of them in bf16.
std::vector<TensorRow> tensor_table(const model::LibraVlaConfig& config);

struct PublishedFolders {
  std::string internvl;  // config.json, weights, tokenizer.model, added_tokens.json
  std::string siglip;    // config.json, weights; unused by variants without own vision
};

// `config` with towers and image sizes as the published config.json files say.
// Throws Error(kNotFound / kBadInput).
model::LibraVlaConfig with_published_towers(model::LibraVlaConfig config,
                                            const PublishedFolders& folders);

struct ImportReport {
  int64_t published = 0, fresh = 0;   // weights taken over, and drawn for the heads
  int64_t unneeded = 0;               // weights of the folders that the policy has no use for
  std::vector<std::string> left_out;  // their names
};

// Called after each tensor with the bytes written so far and in all.
using ImportProgress = std::function<void(int64_t done, int64_t total)>;

// Writes a checkpoint of with_published_towers(config, folders) to `out`: published towers, heads
// drawn from `seed`, NormStats that say that there was no data yet. Weights pass through memory one
// tensor at a time. Every missing, unexpected and misshapen name of both folders is reported in one
// Error(kBadInput) before anything is written.
ImportReport import_weights(const model::LibraVlaConfig& config, const PublishedFolders& folders,
                            const std::string& out, uint64_t seed,
                            const ImportProgress& progress = {});

// Makes folders in the published layout with random weights of `config`'s towers, in bf16 shards of
// at most shard_bytes, and the tokenizer of tokenizer_dir. For tests and measurements without a
// download.
PublishedFolders write_random_published(const model::LibraVlaConfig& config,
                                        const std::string& tokenizer_dir, const std::string& dir,
                                        uint64_t seed, int64_t shard_bytes,
                                        const ImportProgress& progress = {});

}  // namespace libra::policy
