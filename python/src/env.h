// The simulator as Python sees it.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "convert.h"
#include "libra/sim/libero/any_suite.h"
#include "libra/sim/sim.h"

namespace libra::python {

// Thread: the one that made it, because pictures are drawn by a context of that thread. Other
// threads get an Error(kBadInput).
class PyEnv {
 public:
  PyEnv(const std::string& suite, const nb::object& task, const sim::SimConfig& config,
        const sim::libero::Roots& roots);
  ~PyEnv();

  nb::dict reset(uint64_t seed, uint64_t episode, const std::string& layout,
                 const std::string& target, const std::string& variation);
  StepResult step(const nb::object& action);
  nb::dict observe();
  Picture render(const std::string& camera, int height, int width);

  // Of the thread that made it.
  sim::SimEnv& env();
  const Embodiment& robot() const { return env_->embodiment(); }
  int64_t steps() const { return env_->step_count(); }
  bool over() const { return over_; }

 private:
  std::unique_ptr<sim::SimEnv> env_;
  std::thread::id home_ = std::this_thread::get_id();
  bool begun_ = false, over_ = false;
};

}  // namespace libra::python
