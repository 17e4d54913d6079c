// What exchanging gradients costs between processes of this machine: collectives by size, and steps
// of a stack of linear layers with and without sending during backward().
//   exchange_bench [RANKS=2] [LAYERS=24] [WIDTH=512] [TRACE.json]
// One thread a rank. TRACE.json: spans of rank 0's last step, for Perfetto.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#include "bench/ranks.h"
#include "libra/core/file.h"
#include "libra/training/distributed/distributed.h"

namespace libra::training {
namespace {

double milliseconds(const std::function<void()>& act) {
  const auto start = std::chrono::steady_clock::now();
  act();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

// Median of some calls, all ranks beginning together.
double median_ms(Communicator& line, int calls, const std::function<void()>& act) {
  std::vector<double> times;
  for (int i = 0; i < calls + 2; ++i) {
    line.barrier();
    const double ms = milliseconds(act);
    if (i >= 2) times.push_back(ms);
  }
  std::nth_element(times.begin(), times.begin() + calls / 2, times.end());
  return times[size_t(calls / 2)];
}

void collectives(Communicator& line) {
  if (line.first())
    std::printf("%10s %12s %16s %12s\n", "f32", "all-reduce", "reduce-scatter", "all-gather");
  for (int64_t count = 1; count <= 1 << 24; count *= 16) {
    const int64_t padded = count * line.size();
    const torch::Tensor whole = torch::ones({padded}), own = torch::ones({count});
    const int calls = count > 1 << 20 ? 5 : 15;
    const double reduce = median_ms(line, calls, [&] { line.all_reduce(whole).wait(); });
    const double scatter = median_ms(line, calls, [&] { line.reduce_scatter(whole, own).wait(); });
    const double gather = median_ms(line, calls, [&] { line.all_gather(own, whole).wait(); });
    if (!line.first()) continue;
    std::printf("%7.2f MB %9.2f ms %13.2f ms %9.2f ms\n", double(padded) * 4e-6, reduce, scatter,
                gather);
  }
}

void steps(Communicator& line, int layers, int width, const std::string& trace) {
  torch::manual_seed(1);
  std::vector<torch::Tensor> weights;
  for (int i = 0; i < layers; ++i) {
    weights.push_back((torch::randn({width, width}) * 0.05).requires_grad_());
  }
  const torch::Tensor input = torch::randn({64, width});
  const auto loss = [&] {
    torch::Tensor x = input;
    for (const auto& w : weights) x = torch::gelu(torch::linear(x, w));
    return x.square().mean();
  };
  const auto drop = [&] {
    for (auto& w : weights) w.mutable_grad().reset();
  };
  const auto tell = [&](const char* what, double ms) {
    if (line.first()) std::printf("%-44s %8.1f ms\n", what, ms);
  };
  tell("forward and backward alone", median_ms(line, 9, [&] {
         drop();
         loss().backward();
       }));
  for (const bool zero : {false, true}) {
    SpanLog spans;
    Exchange exchange(weights, line.open(zero ? "zero" : "plain"),
                      {.zero = zero, .bucket_bytes = 4 << 20, .spans = &spans});
    tell(zero ? "... and then ZeRO-2's exchange" : "... and then the sum", median_ms(line, 9, [&] {
           exchange.drop_gradients();
           loss().backward();
           exchange.begin(true);
           exchange.finish(true);
         }));
    int64_t begin = 0;
    tell(zero ? "... with ZeRO-2's exchange during backward" : "... with the sum during backward",
         median_ms(line, 9, [&] {
           exchange.drop_gradients();
           const torch::Tensor l = loss();
           exchange.begin(true);
           begin = SpanLog::now_ns();
           l.backward();
           spans.add("compute", "backward", begin);
           exchange.finish(true);
         }));
    if (zero) tell("all-gather of new weights", median_ms(line, 9, [&] { exchange.publish(); }));
    if (zero || trace.empty() || !line.first()) continue;
    SpanLog last;
    for (const auto& span : spans.spans()) {
      if (span.begin_ns >= begin) last.add(span);
    }
    write_file(trace, last.chrome_json(line.rank()));
  }
}

}  // namespace
}  // namespace libra::training

int main(int argc, char** argv) {
  const auto argument = [&](int i, int otherwise) {
    return argc > i ? std::max(1, std::atoi(argv[i])) : otherwise;
  };
  const int ranks = argument(1, 2), layers = argument(2, 24), width = argument(3, 512);
  const std::string trace = argc > 4 ? argv[4] : "";
  return libra::training::run_ranks(ranks, [&](libra::training::Communicator& line) {
    libra::training::collectives(line);
    std::fflush(stdout);
    libra::training::steps(line, layers, width, trace);
  });
}
