// The world of one LIBERO task: its composed model and its stored states. Source files
// only: it includes MuJoCo.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libra/sim/engine/scene_source.h"
#include "libra/sim/libero/checkout.h"
#include "libra/sim/libero/compose.h"
#include "libra/sim/libero/init_states.h"

namespace libra::sim::libero {

// Layouts: "libero", LIBERO's stored states, which are for evaluations; and this, drawn from the
// task's regions.
inline constexpr const char* kRegions = "regions";

class LiberoSource final : public engine::SceneSource {
 public:
  // states: the file of stored initial states.
  LiberoSource(Checkout checkout, Task task, task::Problem problem, std::string states,
               ComposeOptions options)
      : checkout_(std::move(checkout)),
        task_(std::move(task)),
        states_(std::move(states)),
        problem_(std::move(problem)),
        options_(options) {}

  std::unique_ptr<engine::Scene> make_scene() const override;
  void place(const engine::Scene& scene, const EpisodeKey& key) const override;

  ComposedModel compose_model() const;
  // Read at every call: 50 states are some 50 kB.
  InitStates states() const;

 private:
  Checkout checkout_;
  Task task_;
  std::string states_;
  task::Problem problem_;
  ComposeOptions options_;
  mutable std::once_flag sized_;
  mutable NominalSizes sizes_;  // read at the first draw
};

}  // namespace libra::sim::libero
