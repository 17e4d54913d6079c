#include "libra/runtime/job.h"

namespace libra {

Job::Job(int horizon, size_t model_dims, size_t dims, int bins)
    : intent(horizon, model_dims, bins) {
  const auto rows = static_cast<size_t>(horizon);
  prior.actions.resize(rows, dims);
  prior.weight.assign(rows, 0.0f);
  committed.resize(rows, dims);
}

void Job::start(uint64_t id_, int64_t step, int horizon, uint32_t epoch_,
                uint64_t instruction_id_) {
  id = id_;
  plan = refine = false;
  obs_step = plan_first = chunk_first = takeover = step;
  epoch = epoch_;
  instruction_id = instruction_id_;
  has_intent = false;
  intent_state = IntentState::kEmpty;
  plan_obs_step = 0;
  covered = horizon;
  prior.count = 0;
  rolled = 0;
}

}  // namespace libra
