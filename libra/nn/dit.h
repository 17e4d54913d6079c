// Diffusion transformer blocks with adaLN-Zero (Peebles and Xie, 2023), and an optional
// cross-attention to a context that does not change between denoising steps.
#pragma once

#include "libra/nn/layers.h"
#include "libra/nn/torch.h"

namespace libra::nn {

struct DitBlockOptions {
  int64_t width = 0;
  int64_t heads = 0;
  double mlp_ratio = 4.0;
  int64_t context_width = 0;  // width of the context's rows; 0: no cross-attention
};

// Keys and values of a context for one block.
struct CrossKv {
  torch::Tensor key, value;  // [B, heads, S, d], contiguous
  torch::Tensor mask = {};   // [B, 1, 1, S], added to the scores; undefined: all rows are seen
};

// Self-attention with fused q, k, v. Names qkv, proj.
class SelfAttentionImpl : public torch::nn::Module {
 public:
  SelfAttentionImpl(int64_t width, int64_t heads, bool qkv_bias = true);
  torch::Tensor forward(const torch::Tensor& x);  // [B, T, width] -> same

 private:
  int64_t heads_;
  Linear qkv{nullptr}, proj{nullptr};
};
TORCH_MODULE(SelfAttention);

// Attention of x's rows to a context. Names q, kv, proj.
class CrossAttentionImpl : public torch::nn::Module {
 public:
  CrossAttentionImpl(int64_t width, int64_t heads, int64_t context_width);
  CrossKv precompute_kv(const torch::Tensor& context);  // [B, S, context_width]; without a mask
  // x [B*R, T, width]: sample b of the context serves rows b*R .. b*R+R-1.
  torch::Tensor forward(const torch::Tensor& x, const CrossKv& kv);

 private:
  int64_t heads_;
  Linear q{nullptr}, kv{nullptr}, proj{nullptr};
};
TORCH_MODULE(CrossAttention);

// x += gate * attn(modulate(norm1(x))); [x += cross(norm_cross(x)) gated by its own adaLN gate];
// x += gate * mlp(modulate(norm2(x))). The modulation comes from SiLU and a Linear of the
// condition, zero at the start, so a fresh block is the identity. Names as in DiT: norm1, attn,
// norm2, mlp, adaLN_modulation.1; and cross, cross_modulation.1 (shift, scale, gate of the
// cross-attention).
class DitBlockImpl : public torch::nn::Module {
 public:
  explicit DitBlockImpl(const DitBlockOptions& options);
  CrossKv precompute_kv(const torch::Tensor& context);
  // x [B*R, T, width], condition [B*R, width]; context: of B samples, nullptr without
  // cross-attention.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& condition,
                        const CrossKv* context = nullptr);

 private:
  SelfAttention attn{nullptr};
  CrossAttention cross{nullptr};
  Mlp mlp{nullptr};
  torch::nn::Sequential adaLN_modulation{nullptr}, cross_modulation{nullptr};
};
TORCH_MODULE(DitBlock);

// Linear(modulate(norm(x))), zero at the start. [B, T, width] -> [B, T, out]. Names linear,
// adaLN_modulation.1.
class DitFinalLayerImpl : public torch::nn::Module {
 public:
  DitFinalLayerImpl(int64_t width, int64_t out);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& condition);

 private:
  Linear linear{nullptr};
  torch::nn::Sequential adaLN_modulation{nullptr};
};
TORCH_MODULE(DitFinalLayer);

}  // namespace libra::nn
