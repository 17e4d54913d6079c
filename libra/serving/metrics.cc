#include "libra/serving/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace libra::serving {
namespace {

using prometheus::Histogram;

const Histogram::BucketBoundaries kSeconds = {0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02,
                                              0.05,   0.1,    0.2,   0.5,   1.0,   2.0};
const Histogram::BucketBoundaries kBatches = {1, 2, 4, 8, 16, 32, 64};

prometheus::Family<Histogram>& family_of_times(prometheus::Registry& registry, const char* name,
                                               const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Gauge>& connections = prometheus::BuildGauge()
                                                           .Name("libra_connections")
                                                           .Help("Connections that are open")
                                                           .Register(registry);
  prometheus::Family<prometheus::Counter>& refused =
      prometheus::BuildCounter()
          .Name("libra_refused_total")
          .Help("Messages and connections that were answered with an error")
          .Register(registry);
  prometheus::Counter& throttled =
      prometheus::BuildCounter()
          .Name("libra_throttled_total")
          .Help("Messages that waited because their connection sends too many")
          .Register(registry)
          .Add({});
  prometheus::Counter& recorded = prometheus::BuildCounter()
                                      .Name("libra_recorded_frames_total")
                                      .Help("Frames that were recorded")
                                      .Register(registry)
                                      .Add({});
  prometheus::Family<Histogram>& total = family_of_times(
      registry, "libra_answer_seconds", "From an observation's last byte to its answer's first");
  prometheus::Family<Histogram>& wait =
      family_of_times(registry, "libra_wait_seconds", "Of that, waiting for the networks");
  prometheus::Family<Histogram>& infer =
      family_of_times(registry, "libra_infer_seconds", "Of that, the networks' own time");
  prometheus::Family<Histogram>& call =
      family_of_times(registry, "libra_network_seconds", "A network's call, of a whole batch");
  prometheus::Family<Histogram>& batch = prometheus::BuildHistogram()
                                             .Name("libra_network_batch")
                                             .Help("Observations that a network worked on together")
                                             .Register(registry);
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::connection(const std::string& protocol, int change) {
  impl_->connections.Add({{"protocol", protocol}}).Increment(change);
}

void Metrics::answered(const std::string& protocol, double total_s, double wait_s, double infer_s) {
  const prometheus::Labels labels = {{"protocol", protocol}};
  impl_->total.Add(labels, kSeconds).Observe(total_s);
  impl_->wait.Add(labels, kSeconds).Observe(wait_s);
  impl_->infer.Add(labels, kSeconds).Observe(infer_s);
}

void Metrics::refused(const std::string& protocol, const std::string& reason) {
  impl_->refused.Add({{"protocol", protocol}, {"reason", reason}}).Increment();
}

void Metrics::throttled() { impl_->throttled.Increment(); }

void Metrics::call(bool planner, int batch, double seconds) {
  const prometheus::Labels labels = {{"network", planner ? "planner" : "refiner"}};
  impl_->call.Add(labels, kSeconds).Observe(seconds);
  impl_->batch.Add(labels, kBatches).Observe(batch);
}

void Metrics::recorded(int frames) { impl_->recorded.Increment(frames); }

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace libra::serving
