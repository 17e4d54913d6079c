// What serving costs beside inference: the time from a call of libra's client to its answer, less
// the networks' own as the server says, for two 224 px pictures on this machine.
//   serving_bench [CALLS]                 libra's server with a policy that does nothing
//   serving_bench CALLS URL ROBOTS        clients of a server that runs already
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "libra/core/histogram.h"
#include "libra/serving/serving.h"
#include "tests/support/toy_spec.h"

namespace libra::serving {
namespace {

class Idle final : public Policy, public Planner, public Refiner {
 public:
  const PolicySpec& spec() const override { return spec_; }
  Planner* planner() override { return this; }
  Refiner& refiner() override { return *this; }
  const action::Codec& codec() const override { return codec_; }
  void plan(std::span<const PlanRequest> requests, std::span<IntentPlan> plans) override {
    for (size_t r = 0; r < requests.size(); ++r) {
      plans[r] = IntentPlan(spec_.expansion, spec_.horizon, kToyDims, spec_.bins);
      plans[r].obs_step = plans[r].first_step = requests[r].observation->step;
      plans[r].epoch = requests[r].epoch;
      plans[r].instruction_id = hash_name(requests[r].instruction);
    }
  }
  void refine(std::span<const RefineRequest> requests, std::span<ActionChunk> chunks) override {
    for (size_t r = 0; r < requests.size(); ++r) chunks[r] = ActionChunk(spec_.horizon, kToyDims);
  }

 private:
  PolicySpec spec_ = toy_spec();
  action::Codec codec_{spec_.embodiment, action::NormStats::identity(spec_.embodiment)};
};

void measure(const std::string& url, int calls, Histogram& overhead, Histogram& total) {
  Client client({.url = url});
  Observation observation;
  for (uint8_t c = 0; c < 2; ++c) {
    observation.images.emplace_back(224, 224);
    for (uint8_t& byte : observation.images.back().rgb) byte = c;
  }
  observation.proprio.assign(8, 0.5);
  for (int call = -100; call < calls; ++call) {
    const Client::Answer answer = client.infer(observation, "pick up the milk");
    if (call < 0) continue;  // warm-up
    overhead.add(answer.total_ms - answer.infer_ms);
    total.add(answer.total_ms);
  }
}

void report(const char* what, const Histogram& ms) {
  std::printf("%-28s p50 %.3f  p90 %.3f  p99 %.3f  p99.9 %.3f ms  (%zu calls)\n", what,
              ms.percentile(.5), ms.percentile(.9), ms.percentile(.99), ms.percentile(.999),
              ms.count());
}

int run(int argc, char** argv) {
  const int calls = argc > 1 ? std::atoi(argv[1]) : 3000;
  if (argc > 2) {
    const size_t robots = argc > 3 ? static_cast<size_t>(std::atoi(argv[3])) : 1;
    std::vector<Histogram> overhead(robots), total(robots);
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (size_t r = 0; r < robots; ++r) {
      threads.emplace_back([&, r] { measure(argv[2], calls, overhead[r], total[r]); });
    }
    for (std::thread& thread : threads) thread.join();
    const double s =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    for (size_t r = 1; r < robots; ++r) {
      overhead[0].merge(overhead[r]);
      total[0].merge(total[r]);
    }
    report("less inference", overhead[0]);
    report("total", total[0]);
    std::printf("%zu robots: %.1f answers a second\n", robots,
                static_cast<double>(robots) * (calls + 100) / s);
    return 0;
  }
  Idle policy;
  Log log(Log::Form::kSilent);
  ServiceOptions options;
  options.limits.rate = 1e6;
  Service service(policy, options, log);
  Server server(service, {.port = 0});
  std::atomic<bool> stop{false};
  std::thread serving([&] { server.run(stop); });
  Histogram overhead, total;
  measure(server.url(), calls, overhead, total);
  stop = true;
  serving.join();
  report("libra serve", overhead);
  return 0;
}

}  // namespace
}  // namespace libra::serving

int main(int argc, char** argv) { return libra::serving::run(argc, argv); }
