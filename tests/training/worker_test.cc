#include "libra/training/worker.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace libra::training {
namespace {

TEST(Worker, RunsJobsInOrderOnOneThreadAndPassesErrorsOn) {
  Worker worker;
  std::thread::id first, second;
  worker.start([&] { first = std::this_thread::get_id(); });
  worker.wait();
  worker.start([&] { second = std::this_thread::get_id(); });
  worker.wait();
  EXPECT_EQ(first, second);
  EXPECT_NE(first, std::this_thread::get_id());
  worker.start([] { throw std::runtime_error("broken"); });
  EXPECT_THROW(worker.wait(), std::runtime_error);
  int done = 0;
  worker.start([&] { done = 1; });
  worker.wait();
  EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace libra::training
