// The losses of Libra-VLA, in f32. Each is a weighted sum divided by `total`, the sum of the
// weights of the whole step, so that parts of a batch, taken one after the other or on several
// machines, add up to what the batch at once would give. total = 0: that of the rows given.
#pragma once

#include "libra/nn/torch.h"

namespace libra::training {

// Coarse actions: cross-entropy of logits [B, K, D, N] against bins [B, K, D] int64; valid [B, K]
// (f32, 0 where the demonstration was pushed before that step); weight [D].
torch::Tensor plan_loss(const torch::Tensor& logits, const torch::Tensor& bins,
                        const torch::Tensor& valid, const torch::Tensor& weight, double total = 0);
double plan_weight(const torch::Tensor& valid, const torch::Tensor& weight);

// Share of right bins over valid steps and the dimensions where `counted` [D] is 1. (Rotation is
// left out: arms hardly turn, and it would inflate the number.)
double token_accuracy(const torch::Tensor& logits, const torch::Tensor& bins,
                      const torch::Tensor& valid, const torch::Tensor& counted, double total = 0);

// Pointing maps: logits [B, P, C, h*w + 1] against uv [B, P, C, 2] in image coordinates;
// not-a-number means "not in this image" and asks for the last entry. present [B, P] f32. A place
// between cell centres is shared among the four nearest cells, so that the soft-argmax can be
// exact.
torch::Tensor pointing_loss(const torch::Tensor& logits, const torch::Tensor& uv,
                            const torch::Tensor& present, int64_t grid_h, int64_t grid_w,
                            double total = 0);
double pointing_weight(const torch::Tensor& uv, const torch::Tensor& present);

// Noise: squared error of prediction and noise [B*R, H, D]; valid [B, H] f32 serves R draws each.
torch::Tensor diffusion_loss(const torch::Tensor& prediction, const torch::Tensor& noise,
                             const torch::Tensor& valid, double total = 0);
double diffusion_weight(const torch::Tensor& valid, int64_t draws);

}  // namespace libra::training
