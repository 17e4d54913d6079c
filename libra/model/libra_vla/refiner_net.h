// The Action Refiner's network: its own SigLIP encoder, the codebook that turns intents into
// embeddings, and a diffusion transformer that predicts the noise in H actions.
#pragma once

#include <vector>

#include "libra/model/backbones/siglip.h"
#include "libra/model/libra_vla/config.h"
#include "libra/model/libra_vla/planner_net.h"
#include "libra/nn/dit.h"
#include "libra/nn/linear.h"
#include "libra/nn/timestep.h"
#include "libra/nn/torch.h"

namespace libra::model {

struct RefinerInput {
  torch::Tensor pixel_values;  // [B, C, 3, S, S]; undefined for variants without own vision
  torch::Tensor proprio;       // [B, P], normalised
  PlannerTokens planner;       // only for variants that read them
  torch::Tensor missing;       // [B, C] bool, cameras that are not seen; undefined: none
};

// Everything of a chunk that does not change between denoising steps: keys and values of the image
// tokens for every block. Computed once per chunk.
struct RefinerContext {
  std::vector<nn::CrossKv> blocks;
};

class RefinerNetImpl : public torch::nn::Module {
 public:
  explicit RefinerNetImpl(const LibraVlaConfig& config, nn::Fresh fresh = nn::Fresh::kAll);

  // Encodes the images (F_geo) and proprio once: [B, ...].
  RefinerContext encode(const RefinerInput& input);

  // Bridge: bins [B, H, D] int64 -> intent embeddings [B, H, W]; time-aligned, step i sees intent
  // i.
  torch::Tensor embed_intent(const torch::Tensor& bins);

  // Noise prediction. noisy [B*R, H, D], timestep [B*R] int64, intent [B*R, H, W] or undefined; the
  // context of B samples serves R draws each (sample b owns rows b*R .. b*R+R-1). -> [B*R, H, D]
  torch::Tensor forward(const torch::Tensor& noisy, const torch::Tensor& timestep,
                        const torch::Tensor& intent, const RefinerContext& context);

 private:
  LibraVlaConfig config_;
  SiglipVision vision{nullptr};
  nn::Linear project{nullptr}, planner_project{nullptr}, proprio1{nullptr}, proprio2{nullptr};
  nn::Linear intent_project{nullptr}, action_in{nullptr}, join{nullptr};
  nn::Embedding codebook{nullptr};  // one embedding per bin, shared by the dimensions
  torch::Tensor dimension;          // [D, code] tells the dimensions apart
  torch::Tensor position;           // [H, W] place in the chunk
  torch::Tensor camera;             // [C, 1, W] tells the cameras apart
  nn::TimestepEmbedder t_embedder{nullptr};
  torch::nn::ModuleList blocks{nullptr};
  nn::DitFinalLayer final_layer{nullptr};
};
TORCH_MODULE(RefinerNet);

}  // namespace libra::model
