// The same work on several threads.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace libra {

// Runs `work` on `count` threads and waits; rethrows the first exception, after telling the others
// through `failed` that going on is pointless.
inline void run_workers(int count,
                        const std::function<void(const std::atomic<bool>& failed)>& work) {
  std::atomic<bool> failed{false};
  std::exception_ptr error;
  std::mutex mutex;
  std::vector<std::thread> workers;
  for (int i = 0; i < count; ++i) {
    workers.emplace_back([&] {
      try {
        work(failed);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!error) error = std::current_exception();
        failed = true;
      }
    });
  }
  for (auto& worker : workers) worker.join();
  if (error) std::rethrow_exception(error);
}

}  // namespace libra
