#include "env.h"

#include <nanobind/stl/string.h>

#include <charconv>

#include "libra/core/error.h"
#include "libra/eval/rollout.h"

namespace libra::python {
namespace {

std::unique_ptr<sim::SimEnv> make_env(const std::string& suite, const nb::object& task,
                                      const sim::SimConfig& config,
                                      const sim::libero::Roots& roots) {
  const sim::task::SuiteSpec spec = load_suite(roots, suite);
  int64_t index = -1;
  if (!nb::try_cast(task, index)) {
    return std::make_unique<sim::SimEnv>(spec.find_task(nb::cast<std::string>(task)), config);
  }
  const auto count = static_cast<int64_t>(spec.tasks.size());
  if (index < 0 || index >= count) {
    throw Error(ErrorCode::kNotFound, {.where = "task " + std::to_string(index),
                                       .problem = "is not in suite " + suite,
                                       .expected = "0 to " + std::to_string(count - 1),
                                       .next = "libra.suite(\"" + suite + "\") lists its tasks"});
  }
  return std::make_unique<sim::SimEnv>(spec.tasks[static_cast<size_t>(index)], config);
}

void check_config(const sim::SimConfig& given) {
  sim::SimConfig config = given;
  const ConfigFields fields = list_fields(config);
  fields.set("image_size=" + std::to_string(config.image_size), "image_size");
  fields.set("settle_steps=" + std::to_string(config.settle_steps), "settle_steps");
  fields.set("arm_noise=" + std::to_string(config.arm_noise), "arm_noise");
}

}  // namespace

PyEnv::PyEnv(const std::string& suite, const nb::object& task, const sim::SimConfig& config,
             const sim::libero::Roots& roots) {
  check_config(config);
  env_ = make_env(suite, task, config, roots);
}

PyEnv::~PyEnv() {
  // Python may collect it anywhere; what belongs to its thread's context is left to the process.
  if (std::this_thread::get_id() != home_) static_cast<void>(env_.release());
}

sim::SimEnv& PyEnv::env() {
  if (std::this_thread::get_id() != home_) {
    throw Error(ErrorCode::kBadInput,
                {.where = "Env",
                 .problem = "is used by another thread than the one that made it",
                 .next = "make an Env in each thread: its pictures are drawn by that thread"});
  }
  return *env_;
}

nb::dict PyEnv::reset(uint64_t seed, uint64_t episode, const std::string& layout,
                      const std::string& target, const std::string& variation) {
  sim::SimEnv& world = env();
  {
    const nb::gil_scoped_release without;
    world.reset({.layout = layout,
                 .seed = eval::evaluation_seed(seed),
                 .episode = episode,
                 .target = target,
                 .variation = variation});
  }
  begun_ = true;
  over_ = false;
  return observe();
}

nb::dict PyEnv::observe() {
  sim::SimEnv& world = env();
  Observation observation;
  {
    const nb::gil_scoped_release without;
    world.observe(observation);
  }
  return give_observation(std::move(observation), world.embodiment());
}

StepResult PyEnv::step(const nb::object& action) {
  sim::SimEnv& world = env();
  if (!begun_ || over_) {
    throw Error(ErrorCode::kBadInput,
                {.where = "Env.step",
                 .problem = begun_ ? "the episode is over" : "no episode has begun",
                 .next = "call reset"});
  }
  const Action taken = take_action(action, world.embodiment());
  const nb::gil_scoped_release without;
  const StepResult result = world.step(taken);
  over_ = result.done || result.success;
  return result;
}

Picture PyEnv::render(const std::string& camera, int height, int width) {
  sim::SimEnv& world = env();
  if (height < 1 || width < 1 || height > 4096 || width > 4096) {
    throw Error(ErrorCode::kBadInput,
                {.where = "Env.render",
                 .problem = "cannot draw a picture of this size",
                 .expected = "1 to 4096 px",
                 .found = std::to_string(height) + " x " + std::to_string(width)});
  }
  Image image;
  {
    const nb::gil_scoped_release without;
    world.render(camera, height, width, image);
  }
  return give<Picture>(std::move(image.rgb), {size_t(image.height), size_t(image.width), 3});
}

}  // namespace libra::python
