// c10d's engines, each behind its own headers. Only communicator.cc includes this.
#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "libra/training/distributed/communicator.h"

namespace libra::training {

// Gloo for the CPU, NCCL for GPUs. Throws Error(kBadInput) where this program was built without it,
// and whatever c10d throws.
c10::intrusive_ptr<c10d::Backend> make_backend(const c10::intrusive_ptr<c10d::Store>& store,
                                               const Rendezvous& where, torch::Device device);

}  // namespace libra::training
