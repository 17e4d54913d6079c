#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include "libra/training/run.h"
#include "policy.h"

namespace libra::python {
namespace {

training::RunRequest request_of(const nb::dict& fields) {
  training::RunRequest request;
  const auto take = [&](const char* name, auto& value) {
    if (fields.contains(name)) value = nb::cast<std::decay_t<decltype(value)>>(fields[name]);
  };
  take("config", request.config);
  take("config_json", request.config_json);
  take("assignments", request.assignments);
  take("data", request.data);
  take("out", request.out);
  take("scenes", request.scenes);
  take("weights", request.weights);
  take("init", request.init);
  take("device", request.device);
  take("tokenizer", request.tokenizer);
  take("resume", request.resume);
  take("change", request.change);
  take("embodiment", request.episodes.embodiment);
  take("gripper", request.episodes.gripper);
  take("skip_bad", request.episodes.skip_bad);
  take("cache", request.episodes.cache);
  take("workers", request.episodes.workers);
  take("memory", request.episodes.memory);
  if (fields.contains("evaluate") && !fields["evaluate"].is_none()) {
    // Called, copied and dropped on the thread that trains, which does not hold the lock.
    const std::shared_ptr<nb::object> play(new nb::object(fields["evaluate"]),
                                           [](nb::object* object) {
                                             const nb::gil_scoped_acquire gil;
                                             delete object;
                                           });
    request.evaluate = [play](const training::RunConfig&, const std::string&) {
      return training::Evaluate([play](const std::string& checkpoint) {
        const nb::gil_scoped_acquire gil;
        const auto [successes, episodes] = nb::cast<std::pair<int, int>>((*play)(checkpoint));
        return std::optional(training::ClosedLoop{{{"evaluate", episodes, successes}}});
      });
    };
  }
  return request;
}

}  // namespace

// On a thread of its own, so that this one can look for Ctrl-C.
std::string train_run(const nb::dict& fields) {
  const training::RunRequest request = request_of(fields);
  load_cuda_for(request.device);
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::condition_variable finished;
  bool done = false;
  std::string checkpoint;
  std::exception_ptr failure;
  std::thread work([&] {
    try {
      checkpoint = training::train(request, stop);
    } catch (...) {
      failure = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    done = true;
    finished.notify_one();
  });
  bool interrupted = false;
  for (bool over = false; !over;) {
    {
      const nb::gil_scoped_release without;
      std::unique_lock lock(mutex);
      over = finished.wait_for(lock, std::chrono::milliseconds(100), [&] { return done; });
    }
    if (!over && !interrupted && PyErr_CheckSignals() != 0) interrupted = stop = true;
  }
  work.join();
  if (interrupted) throw nb::python_error();
  if (failure) std::rethrow_exception(failure);
  return checkpoint;
}

}  // namespace libra::python
