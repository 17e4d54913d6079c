#include "libra/training/distributed/backend.h"

#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include "libra/core/error.h"

namespace libra::training {

// The Gloo in LibTorch is newer than Debian's headers, so nothing of Gloo's own is made or called
// here: its types are only named. (docs/decisions/0013-c10d-for-many-machines.md)
static c10::intrusive_ptr<c10d::Backend> gloo(const c10::intrusive_ptr<c10d::Store>& store,
                                              const Rendezvous& where) {
  auto options = c10d::ProcessGroupGloo::Options::create_default(where.timeout);
  if (!where.interface.empty()) {
    options->devices = {c10d::ProcessGroupGloo::createDeviceForInterface(where.interface)};
  }
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, where.rank, where.size, options);
}

c10::intrusive_ptr<c10d::Backend> make_backend(const c10::intrusive_ptr<c10d::Store>& store,
                                               const Rendezvous& where, torch::Device device) {
  if (device.is_cpu()) return gloo(store, where);
#ifdef USE_C10D_NCCL
  if (device.is_cuda()) {
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = where.timeout;
    auto group =
        c10::make_intrusive<c10d::ProcessGroupNCCL>(store, where.rank, where.size, options);
    group->setBoundDeviceId(device);
    return group;
  }
#endif
  throw Error(
      ErrorCode::kBadInput,
      {.where = "--device " + device.str(),
       .problem = "this program was built without what joins several of them",
       .expected = "NCCL (scripts/setup --cuda, with a CUDA toolkit whose headers are found)",
       .next = "train with one process, or on the CPU"});
}

}  // namespace libra::training
