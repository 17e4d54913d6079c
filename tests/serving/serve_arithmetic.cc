// A server of the policy of arithmetic, for recordings, hostile clients and the benchmark of what
// serving itself costs. Prints its URL; ends when its stdin does.
//   serve_arithmetic [MAX_BATCH [FLAG=VALUE ...]]      flags of serving/limits.h
#include <cstdio>
#include <iostream>
#include <thread>

#include "libra/serving/serving.h"
#include "tests/serving/arithmetic_policy.h"

int main(int argc, char** argv) {
  libra::serving::ServiceOptions options;
  if (argc > 1) options.inference.max_batch = std::stoi(argv[1]);
  for (int i = 2; i < argc; ++i) libra::list_fields(options.limits).set(argv[i]);
  libra::serving::Log log(libra::serving::Log::Form::kSilent);
  libra::serving::ArithmeticPolicy policy;
  libra::serving::Service service(policy, options, log);
  libra::serving::Server server(service, {.port = 0});
  std::printf("%s\n", server.url().c_str());
  std::fflush(stdout);
  std::atomic<bool> stop{false};
  std::thread waiter([&] {
    while (std::cin.get() != EOF) {
    }
    stop = true;
  });
  server.run(stop);
  waiter.join();
  return 0;
}
