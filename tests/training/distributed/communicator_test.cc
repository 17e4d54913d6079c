// Every collective that training uses, between processes, against sums worked out by hand.
#include "libra/training/distributed/communicator.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <atomic>
#include <cmath>
#include <fstream>
#include <thread>

#include "tests/training/distributed/ranks.h"

namespace libra::training {
namespace {

using testing::HasSubstr;

// What rank r puts in: r + 1, 2 (r + 1), 3 (r + 1), ...
torch::Tensor numbers(int rank, int64_t count, torch::Dtype type) {
  return (torch::arange(1, count + 1, torch::kFloat64) * (rank + 1)).to(type);
}

std::string verdict(const torch::Tensor& found, const torch::Tensor& expected) {
  return torch::equal(found, expected.to(found.dtype())) ? "right" : "wrong";
}

constexpr int64_t kCount = 12;  // a multiple of 1, 2, 3 and 4

class Collectives : public testing::TestWithParam<int> {
 protected:
  int size() const { return GetParam(); }
  double sum_of_ranks() const { return size() * (size() + 1) / 2; }
};

TEST_P(Collectives, AllReduceAddsUpEveryTypeThatIsUsed) {
  for (const auto type : {torch::kFloat32, torch::kFloat64, torch::kBFloat16, torch::kInt64}) {
    const auto ends = run_ranks(size(), [&](Communicator& line) {
      torch::Tensor x = numbers(line.rank(), kCount, type);
      line.all_reduce(x).wait();
      return verdict(x, numbers(0, kCount, torch::kFloat64) * sum_of_ranks());
    });
    for (const auto& out : outputs_of(ends)) EXPECT_EQ(out, "right") << type;
  }
}

TEST_P(Collectives, ReduceScatterGivesEachRankItsPartOfTheSum) {
  for (const auto type : {torch::kFloat32, torch::kFloat64, torch::kBFloat16}) {
    const auto ends = run_ranks(size(), [&](Communicator& line) {
      const int64_t own = kCount / size();
      torch::Tensor whole = numbers(line.rank(), kCount, type);
      torch::Tensor part = torch::full({own}, -1, type);
      line.reduce_scatter(whole, part).wait();
      return verdict(
          part,
          (numbers(0, kCount, torch::kFloat64) * sum_of_ranks()).narrow(0, line.rank() * own, own));
    });
    for (const auto& out : outputs_of(ends)) EXPECT_EQ(out, "right") << type;
  }
}

TEST_P(Collectives, AllGatherPutsThePartsInTheOrderOfTheRanks) {
  for (const auto type : {torch::kFloat32, torch::kFloat64, torch::kBFloat16, torch::kUInt8}) {
    const auto ends = run_ranks(size(), [&](Communicator& line) {
      const int64_t own = kCount / size();
      torch::Tensor whole = torch::zeros({kCount}, type);
      line.all_gather(numbers(line.rank(), own, type), whole).wait();
      torch::Tensor expected = torch::empty({0}, torch::kFloat64);
      for (int r = 0; r < size(); ++r) {
        expected = torch::cat({expected, numbers(r, own, torch::kFloat64)});
      }
      return verdict(whole, expected);
    });
    for (const auto& out : outputs_of(ends)) EXPECT_EQ(out, "right") << type;
  }
}

TEST_P(Collectives, BroadcastGivesEveryRankWhatOneHas) {
  const int from = size() - 1;
  const auto ends = run_ranks(size(), [&](Communicator& line) {
    torch::Tensor x = numbers(line.rank(), kCount, torch::kFloat32);
    line.broadcast(x, from).wait();
    return verdict(x, numbers(from, kCount, torch::kFloat64));
  });
  for (const auto& out : outputs_of(ends)) EXPECT_EQ(out, "right");
}

TEST_P(Collectives, ManyLargeSumsUnderWayAtOnceStayApart) {
  const auto ends = run_ranks(size(), [&](Communicator& line) {
    std::vector<torch::Tensor> sums;
    std::vector<PendingCollective> pending;
    for (int i = 0; i < 20; ++i) {
      sums.push_back(torch::full({100000 + i}, double((line.rank() + 1) * (i + 1))));
      pending.push_back(line.all_reduce(sums.back()));
    }
    for (auto& p : pending) p.wait();
    for (int i = 0; i < 20; ++i) {
      const double expected = sum_of_ranks() * (i + 1);
      if (!(sums[size_t(i)] == expected).all().item<bool>()) return std::string("wrong");
    }
    return std::string("right");
  });
  for (const auto& out : outputs_of(ends)) EXPECT_EQ(out, "right");
}

TEST_P(Collectives, NumbersAddUpInF64) {
  const auto ends = run_ranks(size(), [&](Communicator& line) {
    const auto sums = line.sum({1.0 + 1e-12 * line.rank(), -2.0});
    const double expected = size() + 1e-12 * (sum_of_ranks() - size());
    const bool right = std::abs(sums[0] - expected) < 1e-15 * size() && sums[1] == -2.0 * size();
    return std::string(right ? "right" : "wrong");
  });
  for (const auto& out : outputs_of(ends)) EXPECT_EQ(out, "right");
}

TEST_P(Collectives, TextsOfEveryLengthReachEveryRank) {
  const auto ends = run_ranks(size(), [&](Communicator& line) {
    std::string all;
    for (const auto& text : line.all_texts(std::string(size_t(line.rank() * 3), 'x'))) {
      all += text + ";";
    }
    return all;
  });
  std::string expected;
  for (int r = 0; r < size(); ++r) expected += std::string(size_t(r * 3), 'x') + ";";
  for (const auto& out : outputs_of(ends)) EXPECT_EQ(out, expected);
}

INSTANTIATE_TEST_SUITE_P(Ranks, Collectives, testing::Values(1, 2, 3, 4));

TEST(Communicator, NoRankPassesABarrierBeforeAllHaveReachedIt) {
  const TempFolder shared;
  const auto ends = run_ranks(3, [&](Communicator& line) {
    std::string seen;
    for (int round = 0; round < 5; ++round) {
      const auto name = [&](int rank) {
        return shared / (std::to_string(round) + "." + std::to_string(rank));
      };
      write_file(name(line.rank()), "");
      line.barrier();
      for (int r = 0; r < line.size(); ++r) seen += std::filesystem::exists(name(r)) ? "y" : "n";
    }
    return seen;
  });
  for (const auto& out : outputs_of(ends)) EXPECT_EQ(out, std::string(15, 'y'));
}

TEST(Communicator, LinesOfTwoThreadsDoNotMixInWhateverOrderTheyAreUsed) {
  const auto ends = run_ranks(2, [](Communicator& line) {
    const auto a = line.open("a"), b = line.open("b");
    bool right = true;
    const auto work = [&](Communicator& own, double factor) {
      bool good = true;
      for (int i = 0; i < 50; ++i) {
        torch::Tensor x = torch::full({1000}, factor * (i + 1));
        own.all_reduce(x).wait();
        good &= (x == 2 * factor * (i + 1)).all().item<bool>();
      }
      return good;
    };
    std::atomic<bool> good_b{true};
    // The ranks start their threads in opposite order.
    if (line.rank() == 0) {
      std::thread other([&] { good_b = work(*b, 7); });
      right = work(*a, 1);
      other.join();
    } else {
      std::thread other([&] { right = work(*a, 1); });
      good_b = work(*b, 7);
      other.join();
    }
    return std::string(right && good_b ? "right" : "wrong");
  });
  for (const auto& out : outputs_of(ends)) EXPECT_EQ(out, "right");
}

TEST(Communicator, MeetsAtAnAddressToo) {
  // A free port: the system's choice, let go a moment before rank 0 takes it.
  const int port = free_port();
  const auto ends = run_ranks(
      2,
      [](Communicator& line) {
        torch::Tensor x = torch::ones({3});
        line.all_reduce(x).wait();
        return verdict(x, torch::full({3}, 2));
      },
      [&](Rendezvous& where) { where.store = "tcp://127.0.0.1:" + std::to_string(port); });
  for (const auto& out : outputs_of(ends)) EXPECT_EQ(out, "right");
}

TEST(Communicator, ALostRankEndsTheOthersWithAMessage) {
  const auto ends = run_ranks(3, [](Communicator& line) {
    line.barrier();
    if (line.rank() == 1) raise(SIGKILL);
    torch::Tensor x = torch::ones({1 << 20});
    for (;;) line.all_reduce(x).wait();
    return std::string();
  });
  EXPECT_EQ(ends[1].exit_code, -1);
  int told = 0;
  for (const int rank : {0, 2}) {
    const std::string& said = ends[size_t(rank)].output;
    EXPECT_EQ(ends[size_t(rank)].exit_code, 1);
    EXPECT_THAT(said, HasSubstr("rank " + std::to_string(rank) + " of 3"));
    EXPECT_EQ(said.find('\n'), std::string::npos);
    if (said.find("ends with the others") != std::string::npos) continue;
    ++told;
    EXPECT_THAT(said, HasSubstr("another rank was lost or did not answer (all-reduce)"));
    EXPECT_THAT(said, HasSubstr("--resume"));
  }
  EXPECT_EQ(told, 1);
}

TEST(Communicator, ARankThatEndsWithAReasonIsQuotedByTheOthers) {
  const auto ends = run_ranks(2, [](Communicator& line) -> std::string {
    line.barrier();
    if (line.rank() == 1) {
      line.leave("loss is not finite at step 7");
      throw Error(ErrorCode::kFailed, "loss is not finite at step 7");
    }
    torch::Tensor x = torch::ones({1 << 20});
    for (;;) line.all_reduce(x).wait();
  });
  EXPECT_EQ(ends[0].exit_code, 1);
  EXPECT_THAT(ends[0].output, HasSubstr("rank 1 ended: loss is not finite at step 7"));
}

TEST(Communicator, ARankThatDoesNotAnswerInTimeIsTold) {
  const TempFolder folder;
  const std::string pipe = folder / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const auto ends = run_ranks(
      2,
      [&](Communicator& line) {
        line.barrier();
        torch::Tensor x = torch::ones({8});
        if (line.rank() == 1) {
          std::ifstream(pipe).get();  // until rank 0 has ended, which closes its end
          return std::string();
        }
        static std::ofstream held(pipe);
        line.all_reduce(x).wait();
        return std::string();
      },
      [](Rendezvous& where) { where.timeout = std::chrono::milliseconds(1500); });
  EXPECT_EQ(ends[0].exit_code, 1);
  EXPECT_THAT(ends[0].output, HasSubstr("did not answer (all-reduce)"));
}

TEST(Communicator, RanksThatNeverComeAreNamed) {
  const auto ends = run_ranks(
      3, [](Communicator&) { return std::string(); },
      [](Rendezvous& where) {
        where.size = 5;
        where.timeout = std::chrono::milliseconds(500);
      });
  for (const auto& end : ends) {
    EXPECT_EQ(end.exit_code, 1);
    EXPECT_THAT(end.output, HasSubstr("ranks 3, 4 of 5 did not come"));
  }
}

TEST(Communicator, AFileOfAnEarlierRunIsRefused) {
  const TempFolder folder;
  const auto at_one_file = [&](Rendezvous& where) {
    where.store = "file://" + (folder / "kept");
    where.timeout = std::chrono::milliseconds(500);
  };
  // Rank 1 of the earlier run never came, so that its file was left behind.
  run_ranks(
      1, [](Communicator&) { return std::string(); },
      [&](Rendezvous& where) {
        at_one_file(where);
        where.size = 2;
      });
  const auto ends = run_ranks(
      2, [](Communicator&) { return std::string(); }, at_one_file);
  EXPECT_EQ(ends[0].exit_code, 2);
  EXPECT_THAT(ends[0].output, HasSubstr("has met rank 0 before"));
}

TEST(Communicator, StoresThatAreNoneAreRefused) {
  for (const char* store : {"", "tcp://", "tcp://host", "tcp://host:", "tcp://host:9x",
                            "tcp://host:70000", "http://x:1", "file://", "file:///no/such/x"}) {
    EXPECT_THROW(Communicator::join({.rank = 0, .size = 2, .store = store}, torch::kCPU), Error)
        << store;
  }
  EXPECT_THROW(Communicator::join({.rank = 2, .size = 2, .store = "file:///tmp/x"}, torch::kCPU),
               Error);
}

}  // namespace
}  // namespace libra::training
