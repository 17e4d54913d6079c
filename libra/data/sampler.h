// Which sample is drawn when: each of a data set once before any comes again, in an order that
// looks random, several sets in given shares. A pure function of seed and position, so that a run
// goes on, and is split over workers or machines, without a sampler's state.
#pragma once

#include <cstdint>
#include <vector>

namespace libra::data {

// A permutation of 0 .. size - 1 that needs no memory: a Feistel network over the next larger
// square of a power of two, walked until it is inside (Black and Rogaway 2002).
class Permutation {
 public:
  // size > 0.
  Permutation(uint64_t size, uint64_t key);
  uint64_t operator()(uint64_t index) const;  // index < size

 private:
  uint64_t size_, key_;
  int half_bits_ = 1;
};

// Thread: constant after construction.
class Sampler {
 public:
  // sizes: samples of each set, none 0. weights: the shares in which the sets are drawn, whatever
  // their sizes; empty: as if they were one. Throws Error(kBadInput) for weights that are not as
  // many as sets, or not above 0.
  Sampler(const std::vector<uint64_t>& sizes, const std::vector<double>& weights, uint64_t seed);
  // The number of the sample, counted through all sets, at a position of the endless sequence.
  uint64_t operator()(uint64_t position) const;

 private:
  struct Part {
    uint64_t first = 0, size = 0;
    // In the first i places of a round it was drawn before[i] times.
    std::vector<uint32_t> before;
  };
  std::vector<Part> parts_;
  std::vector<uint32_t> round_;  // which part is drawn at each place of a round
  uint64_t seed_;
};

}  // namespace libra::data
