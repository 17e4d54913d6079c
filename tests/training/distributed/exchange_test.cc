// Ranks against one process: gradients, long training, overlap, what each rank holds.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>

#include "libra/training/distributed/distributed.h"
#include "tests/training/distributed/ranks.h"
#include "tests/training/distributed/toy_training.h"

namespace libra::training {
namespace {

using testing::HasSubstr;

constexpr int64_t kSmallBuckets = 700;  // bytes: several, some of one parameter

// One rank's training of the toy, plainly or with ZeRO-2.
struct ToyRun {
  ToyRun(Communicator& communicator, torch::Dtype type, bool zero, int64_t bucket_bytes,
         SpanLog* spans = nullptr)
      : line(communicator),
        type(type),
        net(type),
        parameters(net.parameters()),
        exchange(parameters, line.open("toy"),
                 {.zero = zero, .bucket_bytes = bucket_bytes, .in_flight = 2, .spans = spans}),
        optimizer(exchange.targets()) {}

  // `micro` parts of this rank's samples, one after the other.
  void backward(int64_t step, int micro = 1) {
    for (int m = 0; m < micro; ++m) {
      const ToySamples samples =
          toy_samples(step, line.rank() * micro + m, line.size() * micro, type);
      exchange.begin(m + 1 == micro);
      toy_loss(net, samples).backward();
      exchange.finish(m + 1 == micro);
    }
  }
  void step(int64_t index, int micro = 1) {
    backward(index, micro);
    optimizer.step(exchange.gradients());
    exchange.drop_gradients();
    exchange.publish();
  }
  // One tensor a parameter; undefined ones as zeros.
  std::vector<torch::Tensor> whole(std::vector<torch::Tensor> of_targets) {
    for (size_t i = 0; i < of_targets.size(); ++i) {
      if (!of_targets[i].defined()) of_targets[i] = torch::zeros_like(exchange.targets()[i]);
    }
    std::vector<torch::Tensor> out(parameters.size());
    const auto of = exchange.wholes(of_targets);
    for (const int64_t p : exchange.order()) out[size_t(p)] = of(p).clone();
    return out;
  }

  Communicator& line;
  torch::Dtype type;
  ToyNet net;
  std::vector<torch::Tensor> parameters;
  Exchange exchange;
  ToyAdamW optimizer;
};

// One process that knows nothing of ranks.
std::string first_gradients_of_one_process(torch::Dtype type) {
  return outputs_of(run_ranks(1, [&](Communicator&) {
    ToyNet net(type);
    toy_loss(net, toy_samples(0, 0, 1, type)).backward();
    std::vector<torch::Tensor> gradients;
    for (const auto& p : net.parameters()) {
      gradients.push_back(p.grad().defined() ? p.grad() : torch::zeros_like(p));
    }
    return packed(gradients);
  }))[0];
}

std::string weights_of_one_process(int steps) {
  return outputs_of(run_ranks(1, [&](Communicator&) {
    ToyNet net(torch::kFloat64);
    ToyAdamW optimizer(net.parameters());
    for (int s = 0; s < steps; ++s) {
      net.zero_grad();
      toy_loss(net, toy_samples(s, 0, 1, torch::kFloat64)).backward();
      std::vector<torch::Tensor> gradients;
      for (const auto& p : net.parameters()) gradients.push_back(p.grad());
      optimizer.step(gradients);
    }
    auto all = net.parameters();
    all.insert(all.end(), optimizer.average.begin(), optimizer.average.end());
    all.insert(all.end(), optimizer.second.begin(), optimizer.second.end());
    return packed(all);
  }))[0];
}

struct Setting {
  int ranks;
  bool zero;
  int64_t bucket_bytes;
  int micro;
};
std::ostream& operator<<(std::ostream& out, const Setting& s) {
  return out << s.ranks << " ranks" << (s.zero ? ", ZeRO-2" : "") << ", buckets of "
             << s.bucket_bytes << ", micro-batches " << s.micro;
}

class Exchange : public testing::TestWithParam<Setting> {};

TEST_P(Exchange, GradientsOfTheFirstStepAreThoseOfOneProcess) {
  const Setting setting = GetParam();
  const auto ends = run_ranks(setting.ranks, [&](Communicator& line) {
    ToyRun run(line, torch::kFloat32, setting.zero, setting.bucket_bytes);
    run.backward(0, setting.micro);
    // Nobody used it, so that an optimiser leaves it alone.
    if (!setting.zero && run.net.idle.grad().defined()) return std::string("idle");
    return packed(run.whole(run.exchange.gradients()));
  });
  const auto out = outputs_of(ends);
  EXPECT_LT(distance(out[0], first_gradients_of_one_process(torch::kFloat32)), 1e-6);
  if (setting.zero) return;
  for (const auto& other : out) EXPECT_EQ(other, out[0]);  // to the last bit
}

TEST_P(Exchange, AHundredStepsAreThoseOfOneProcess) {
  const Setting setting = GetParam();
  const auto ends = run_ranks(setting.ranks, [&](Communicator& line) {
    ToyRun run(line, torch::kFloat64, setting.zero, setting.bucket_bytes);
    for (int s = 0; s < 100; ++s) run.step(s, setting.micro);
    auto all = run.parameters;
    for (const auto& list : {run.whole(run.optimizer.average), run.whole(run.optimizer.second)}) {
      all.insert(all.end(), list.begin(), list.end());
    }
    return packed(all);
  });
  const auto out = outputs_of(ends);
  EXPECT_LT(distance(out[0], weights_of_one_process(100)), 1e-9);
}

INSTANTIATE_TEST_SUITE_P(
    Settings, Exchange,
    testing::Values(Setting{2, false, kSmallBuckets, 1}, Setting{2, true, kSmallBuckets, 1},
                    Setting{2, false, 1 << 20, 2}, Setting{2, true, 1 << 20, 3},
                    Setting{3, false, kSmallBuckets, 2}, Setting{3, true, kSmallBuckets, 2},
                    Setting{1, true, kSmallBuckets, 1}, Setting{1, false, kSmallBuckets, 2}));

class Overlap : public testing::TestWithParam<bool> {};

TEST_P(Overlap, BucketsAreSentWhileBackwardIsAtWork) {
  const bool zero = GetParam();
  const auto ends = run_ranks(2, [&](Communicator& line) {
    SpanLog spans;
    ToyRun run(line, torch::kFloat32, zero, kSmallBuckets, &spans);
    run.step(0);  // learns how often backward() comes to each parameter
    const size_t before = spans.spans().size();
    run.exchange.begin(true);
    const int64_t begin = SpanLog::now_ns();
    toy_loss(run.net, toy_samples(1, line.rank(), 2, torch::kFloat32)).backward();
    spans.add("compute", "backward", begin);
    run.exchange.finish(true);
    line.barrier();
    const auto all = spans.spans();
    const auto backward = std::find_if(all.begin(), all.end(),
                                       [](const auto& span) { return span.name == "backward"; });
    int early = 0;
    for (size_t i = before; i < all.size(); ++i) {
      early += all[i].lane == "exchange" && all[i].begin_ns < backward->end_ns;
    }
    // The trace is one that viewers read.
    const auto trace = nlohmann::json::parse(spans.chrome_json(line.rank()));
    std::set<std::string> names;
    for (const auto& event : trace["traceEvents"]) names.insert(event["name"]);
    const bool named = names.count("backward") && names.count("bucket 0");
    return std::to_string(early) + " of " +
           std::to_string(BucketLayout(run.parameters, kSmallBuckets, 2).buckets().size()) +
           (named ? "" : " nameless");
  });
  // All but the last, where the idle parameter may keep its bucket waiting for nobody.
  for (const auto& out : outputs_of(ends)) {
    const int early = std::stoi(out), buckets = std::stoi(out.substr(out.find("of ") + 3));
    EXPECT_GE(buckets, 3);
    EXPECT_GE(early, buckets - 1) << out;
    EXPECT_EQ(out.find("nameless"), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(PlainAndZero2, Overlap, testing::Values(false, true));

// Ranks whose graphs differ from step to step and from each other: sums stay sums.
TEST(GradientReducer, GradientsThatComeLateOrOnSomeRanksOnlyAreAllAddedUp) {
  for (const bool zero : {false, true}) {
    const auto ends = run_ranks(2, [&](Communicator& line) {
      const auto parameters = std::vector<torch::Tensor>{torch::ones({3}).requires_grad_(),
                                                         torch::ones({5}).requires_grad_(),
                                                         torch::ones({4}).requires_grad_()};
      const BucketLayout layout(parameters, 1, line.size());
      GradientReducer reducer(parameters, layout, line.open("g"), {.shard = zero});
      const ShardedParameters places(parameters, layout, line.open("w"));
      std::string wrong;
      // How often each rank's backward() uses each parameter, step by step.
      const std::vector<std::vector<std::vector<int>>> plan = {
          {{1, 1, 0}, {1, 1, 0}}, {{1, 3, 0}, {1, 1, 0}}, {{2, 0, 1}, {0, 0, 0}},
          {{0, 0, 0}, {0, 0, 2}}, {{0, 0, 0}, {0, 0, 0}}, {{4, 4, 4}, {1, 1, 1}}};
      for (size_t s = 0; s < plan.size(); ++s) {
        for (auto p : parameters) p.mutable_grad().reset();
        reducer.drop_pieces();
        reducer.begin();
        const auto& own = plan[s][size_t(line.rank())];
        for (size_t p = 0; p < parameters.size(); ++p) {
          for (int i = 0; i < own[p]; ++i) (parameters[p] * double(s + 1)).sum().backward();
        }
        reducer.finish();
        std::vector<torch::Tensor> sums(parameters.size());
        if (zero) {
          auto pieces = reducer.piece_gradients();
          for (size_t i = 0; i < pieces.size(); ++i) {
            if (!pieces[i].defined()) pieces[i] = torch::zeros({places.pieces()[i].count});
          }
          for (size_t p = 0; p < sums.size(); ++p) {  // a bucket each
            const int64_t bucket = layout.bucket_of(int64_t(p));
            sums[p] = layout.view(places.gather(pieces, bucket), int64_t(p));
          }
        }
        for (size_t p = 0; p < parameters.size(); ++p) {
          const int uses = plan[s][0][p] + plan[s][1][p];
          const torch::Tensor sum = zero ? sums[p] : parameters[p].grad();
          const torch::Tensor expected = torch::full_like(parameters[p], double(uses * (s + 1)));
          const bool right = sum.defined() ? torch::equal(sum, expected) : uses == 0;
          if (!right) wrong += " step " + std::to_string(s) + " parameter " + std::to_string(p);
        }
      }
      return wrong;
    });
    for (const auto& out : outputs_of(ends)) EXPECT_EQ(out, "");
  }
}

TEST(GradientReducer, TwoOfOneBackwardSendInTheSameOrderOnEveryRank) {
  const auto ends = run_ranks(2, [](Communicator& line) {
    const auto one = line.open("both");
    const std::vector<torch::Tensor> a = {torch::ones({3}).requires_grad_()},
                                     b = {torch::ones({3}).requires_grad_()};
    const BucketLayout layout_a(a, 1, 2), layout_b(b, 1, 2);
    GradientReducer first(a, layout_a, one), second(b, layout_b, one);
    second.send_after(first);
    for (int step = 0; step < 3; ++step) {
      a[0].mutable_grad().reset();
      const_cast<torch::Tensor&>(b[0]).mutable_grad().reset();
      first.begin();
      second.begin();
      // backward() comes to them in the opposite order on the other rank.
      for (const bool turn : {line.first(), !line.first()}) {
        (turn ? a[0] * 2 : b[0] * 10).sum().backward();
      }
      first.finish();
      second.finish();
      if (a[0].grad()[0].item<float>() != 4 || b[0].grad()[0].item<float>() != 20) return "wrong";
    }
    return "right";
  });
  for (const auto& out : outputs_of(ends)) EXPECT_EQ(out, "right");
}

TEST(GradientReducer, ALostRankEndsBackwardOfTheOthersWithAMessage) {
  for (const bool zero : {false, true}) {
    const auto ends = run_ranks(2, [&](Communicator& line) -> std::string {
      ToyRun run(line, torch::kFloat32, zero, kSmallBuckets);
      for (int s = 0;; ++s) {
        if (s == 3 && line.rank() == 1) raise(SIGKILL);
        run.step(s);
      }
    });
    EXPECT_EQ(ends[0].exit_code, 1);
    EXPECT_THAT(ends[0].output, HasSubstr("rank 0 of 2: another rank was lost"));
  }
}

// A layer of 40 x 100 and a bias in buckets of 1000 bytes.
TEST(Zero2, EachRankHoldsWhatTheFormulaSays) {
  for (const int ranks : {1, 2, 4}) {
    const auto ends = run_ranks(ranks, [&](Communicator& line) {
      std::vector<torch::Tensor> parameters;
      for (int i = 0; i < 40; ++i) parameters.push_back(torch::randn({100}).requires_grad_());
      const int64_t bucket_bytes = 1000;
      const BucketLayout layout(parameters, bucket_bytes, line.size());
      ShardedParameters shard(parameters, layout, line.open("w"));
      GradientReducer reducer(parameters, layout, line.open("g"), {.shard = true, .in_flight = 3});
      ToyAdamW optimizer(shard.weights());
      for (int step = 0; step < 2; ++step) {
        reducer.begin();
        torch::stack(parameters).square().sum().backward();
        reducer.finish();
      }
      for (const auto& p : parameters) {
        if (p.grad().defined()) return std::string("a whole gradient is left");
      }
      const RankMemory told = rank_memory({.trained = 4000,
                                           .ranks = line.size(),
                                           .zero = true,
                                           .bucket_bytes = bucket_bytes,
                                           .in_flight = 3});
      const auto bytes = [](const std::vector<torch::Tensor>& list) {
        int64_t sum = 0;
        for (const auto& t : list) sum += int64_t(t.nbytes());
        return sum;
      };
      std::string differs;
      const auto same = [&](const char* what, int64_t held, int64_t expected) {
        if (held != expected) {
          differs += std::string(what) + " " + std::to_string(held) + " not " +
                     std::to_string(expected) + "; ";
        }
      };
      same("gradients", reducer.piece_bytes(), told.gradients);
      same("optimizer", bytes(optimizer.first) + bytes(optimizer.second), told.optimizer);
      same("average", bytes(optimizer.average), told.average);
      // 2 parameters of 400 bytes fit one bucket of 1000.
      same("buckets", reducer.peak_bucket_bytes(), told.buckets * 800 / 1000);
      return differs;
    });
    for (const auto& out : outputs_of(ends)) EXPECT_EQ(out, "") << ranks;
  }
}

TEST(Zero2, MemoryOfTheLargeModelOnEightRanks) {
  const int64_t weights = 2'900'000'000;
  MemoryQuestion question = {.trained = weights, .bytes_per_weight = 2, .average = false};
  // 5.8 + 5.8 + 34.8 GB
  EXPECT_NEAR(double(rank_memory(question).total()), 46.4e9, 1e6);
  question.ranks = 8;
  question.zero = true;
  const RankMemory memory = rank_memory(question);
  EXPECT_NEAR(double(memory.weights), 5.8e9, 1e6);
  EXPECT_NEAR(double(memory.gradients), 0.725e9, 1e6);
  EXPECT_NEAR(double(memory.optimizer), 4.35e9, 1e6);
}

// What three ranks keep, two go on from.
TEST(Zero2, StateIsReadAtAnotherNumberOfRanks) {
  const TempFolder folder;
  const auto names = {"first", "second", "average"};
  const auto train = [&](int ranks, int from, int to) {
    const auto ends = run_ranks(ranks, [&](Communicator& line) {
      ToyRun run(line, torch::kFloat64, true, kSmallBuckets);
      const auto state = [&] {
        return std::vector<std::vector<torch::Tensor>*>{&run.optimizer.first, &run.optimizer.second,
                                                        &run.optimizer.average};
      };
      if (from > 0) {
        const auto weights = unpacked(read_file(folder / "weights"));
        const torch::NoGradGuard no_grad;
        for (size_t i = 0; i < weights.size(); ++i) run.parameters[i].copy_(weights[i]);
        size_t s = 0;
        for (const char* name : names) {
          const auto wholes = unpacked(read_file(folder / name));
          for (size_t p = 0; p < wholes.size(); ++p) {
            run.exchange.set(*state()[s], int64_t(p), wholes[p]);
          }
          ++s;
        }
        run.optimizer.set_steps(from);
      }
      for (int step = from; step < to; ++step) run.step(step);
      size_t s = 0;
      for (const char* name : names) {
        const std::string bytes = packed(run.whole(*state()[s++]));
        if (line.first()) write_file(folder / name, bytes);
      }
      const std::string weights = packed(run.parameters);
      if (line.first()) write_file(folder / "weights", weights);
      return weights;
    });
    return outputs_of(ends)[0];
  };
  const std::string straight = train(2, 0, 20);
  train(3, 0, 12);
  EXPECT_LT(distance(train(2, 12, 20), straight), 1e-12);
}

TEST(Zero2, NarrowWeightsAreRoundedFromAnF32Copy) {
  const auto ends = run_ranks(2, [](Communicator& line) {
    std::vector<torch::Tensor> parameters = {torch::ones({6}, torch::kBFloat16).requires_grad_(),
                                             torch::ones({5}, torch::kBFloat16).requires_grad_()};
    const BucketLayout layout(parameters, 1 << 20, 2);
    ShardedParameters shard(parameters, layout, line.open("w"));
    // Too small a change for bf16 to see at once; forty of them it sees.
    for (int i = 0; i < 40; ++i) {
      const torch::NoGradGuard no_grad;
      for (const auto& w : shard.weights()) torch::Tensor(w).add_(1e-3);
      shard.publish();
    }
    for (const auto& p : parameters) {
      if (!(p == torch::tensor(1.04).to(torch::kBFloat16)).all().item<bool>()) return "wrong";
    }
    return "right";
  });
  for (const auto& out : outputs_of(ends)) EXPECT_EQ(out, "right");
}

TEST(Agreement, SameFactsPassAndDifferencesAreNamedOnEveryRank) {
  const auto ask = [](const std::function<Facts(int)>& facts) {
    return run_ranks(3, [&](Communicator& line) {
      require_agreement(line, facts(line.rank()));
      return std::string();
    });
  };
  outputs_of(ask([](int) { return Facts{{"train.batch", "32"}, {"data", "fnv64:1"}}; }));
  const auto ends = ask([](int rank) {
    Facts facts = {{"train.batch", "32"}, {"train.optim.lr", rank == 1 ? "0.002" : "0.001"}};
    if (rank == 2) facts.push_back({"scenes", "9"});
    return facts;
  });
  for (const auto& end : ends) {
    EXPECT_EQ(end.exit_code, 2);
    EXPECT_EQ(end.output, ends[0].output);
    EXPECT_THAT(end.output, HasSubstr("train.optim.lr is 0.001 on rank 0 2 and 0.002 on rank 1"));
    EXPECT_THAT(end.output, HasSubstr("scenes is 9 on rank 2 and not there on the others"));
    EXPECT_EQ(end.output.find("train.batch"), std::string::npos);
    EXPECT_EQ(end.output.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace libra::training
