// What a rank really holds while it trains: the full-size model's layers at reduced depth, every
// weight trained in f32, a step's gradients exchanged, with what training::rank_memory works out
// beside it.   rank_memory_bench [RANKS=8] [LAYERS=1] [ZERO=1]
// LAYERS: of each tower and head; the vocabulary is cut, too. Measured: the process's own memory
// that is in use (RssAnon) after two steps, less what it was before the networks, and its most.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "bench/ranks.h"
#include "libra/model/libra_vla/planner_net.h"
#include "libra/model/libra_vla/refiner_net.h"
#include "libra/training/distributed/distributed.h"
#include "libra/training/step/step.h"

namespace libra::training {
namespace {

// A line of /proc/self/status in gigabytes.
double memory_gb(const std::string& key) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + ":")) return std::atof(line.c_str() + key.size() + 1) * 1024e-9;
  }
  return 0;
}

model::LibraVlaConfig shallow(int layers) {
  RunConfig run;
  list_fields(run).read_toml_file("configs/libra_2b.toml");
  auto& backbone = run.model.planner.backbone;
  backbone.vision_config.num_hidden_layers = backbone.llm_config.num_hidden_layers = layers;
  backbone.llm_config.vocab_size = 8192;
  run.model.planner.head.layers = run.model.refiner.layers = layers;
  run.model.refiner.vision.num_hidden_layers = layers;
  return run.model;
}

void train(Communicator& line, int layers, bool zero) {
  line.barrier();
  const double before = memory_gb("RssAnon");
  const model::LibraVlaConfig config = shallow(layers);
  model::PlannerNet planner(config, 1, nn::Fresh::kNone);
  model::RefinerNet refiner(config, nn::Fresh::kNone);
  ExchangeOptions options{.zero = zero};
  options.name = "planner";
  Optimizer of_planner(*planner, "planner.", {}, 10, line.open("planner"), options);
  options.name = "refiner";
  Optimizer of_refiner(*refiner, "refiner.", {}, 10, line.open("refiner"), options);
  int64_t trained = 0;
  double most = 0;
  for (int64_t step = 0; step < 2; ++step) {
    for (Optimizer* half : {&of_planner, &of_refiner}) {
      half->zero_grad();
      // A loss whose gradient needs no activations: only what training holds is left.
      torch::Tensor loss = torch::zeros({});
      for (const torch::Tensor& p : half->parameters()) loss = loss + 1e-6 * p.sum();
      half->exchange().begin(true);
      loss.backward();
      half->exchange().finish(true);
    }
    of_planner.step(step);
    of_refiner.step(step);
    most = std::max(most, memory_gb("RssAnon") - before);
  }
  for (const Optimizer* half : {&of_planner, &of_refiner}) {
    for (const torch::Tensor& p : half->parameters()) trained += p.numel();
  }
  const double held = memory_gb("RssAnon") - before;
  line.barrier();
  if (line.first()) {
    const RankMemory computed =
        rank_memory({.trained = trained, .ranks = line.size(), .zero = zero});
    std::printf(
        "%d ranks, %s, %.3f billion weights: computed %.2f GB (weights %.2f, gradients "
        "%.2f, moments %.2f, average %.2f, buckets %.2f); measured %.2f GB held, %.2f GB "
        "at most\n",
        line.size(), zero ? "ZeRO-2" : "data parallel", double(trained) / 1e9,
        double(computed.total()) / 1e9, double(computed.weights) / 1e9,
        double(computed.gradients) / 1e9, double(computed.optimizer) / 1e9,
        double(computed.average) / 1e9, double(computed.buckets) / 1e9, held, most);
  }
}

}  // namespace
}  // namespace libra::training

int main(int argc, char** argv) {
  const auto argument = [&](int i, int otherwise) {
    return argc > i ? std::atoi(argv[i]) : otherwise;
  };
  const int ranks = std::max(1, argument(1, 8)), layers = std::max(1, argument(2, 1));
  const bool zero = argument(3, 1) != 0;
  return libra::training::run_ranks(ranks, [&](libra::training::Communicator& line) {
    libra::training::train(line, layers, zero);
  });
}
