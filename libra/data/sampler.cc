#include "libra/data/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "libra/core/error.h"
#include "libra/core/rng.h"

namespace libra::data {
namespace {

// Places of a round, in which each set has its share: weights are kept to a tenth of a percent.
constexpr uint32_t kRound = 1000;

// How many of the round's places each set has: at least one, and kRound together.
std::vector<uint32_t> places_of(const std::vector<double>& weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<uint32_t> places;
  for (const double weight : weights) {
    places.push_back(std::max<uint32_t>(1, uint32_t(std::floor(weight / sum * kRound))));
  }
  // What rounding down left goes to the largest remainders.
  for (;;) {
    const auto used = std::accumulate(places.begin(), places.end(), uint32_t{0});
    if (used == kRound) return places;
    size_t best = 0;
    const auto owed = [&](size_t i) { return weights[i] / sum * kRound - double(places[i]); };
    for (size_t i = 1; i < places.size(); ++i) {
      if (used < kRound ? owed(i) > owed(best) : owed(i) < owed(best)) best = i;
    }
    places[best] += used < kRound ? 1 : uint32_t(-1);
  }
}

}  // namespace

Permutation::Permutation(uint64_t size, uint64_t key) : size_(size), key_(key) {
  while (half_bits_ < 31 && (uint64_t{1} << (2 * half_bits_)) < size) ++half_bits_;
}

uint64_t Permutation::operator()(uint64_t index) const {
  const uint64_t mask = (uint64_t{1} << half_bits_) - 1;
  do {
    uint64_t left = index >> half_bits_, right = index & mask;
    for (uint64_t round = 0; round < 4; ++round) {
      const uint64_t mixed = left ^ (mix_seed({key_, round, right}) & mask);
      left = right;
      right = mixed;
    }
    index = (left << half_bits_) | right;
  } while (index >= size_);
  return index;
}

Sampler::Sampler(const std::vector<uint64_t>& sizes, const std::vector<double>& weights,
                 uint64_t seed)
    : seed_(seed) {
  if (weights.empty()) {
    parts_.push_back({0, std::accumulate(sizes.begin(), sizes.end(), uint64_t{0}), {}});
    return;
  }
  const bool usable = weights.size() == sizes.size() && weights.size() <= kRound / 2 &&
                      std::all_of(weights.begin(), weights.end(),
                                  [](double w) { return std::isfinite(w) && w > 0; });
  if (!usable) {
    throw Error(ErrorCode::kBadInput,
                {.where = "weights of data sets",
                 .problem = "do not fit the data sets",
                 .expected = "a number above 0 for each of " + std::to_string(sizes.size()),
                 .found = std::to_string(weights.size()) + " numbers"});
  }
  const std::vector<uint32_t> places = places_of(weights);
  for (size_t s = 0; s < sizes.size(); ++s) {
    round_.insert(round_.end(), places[s], uint32_t(s));
  }
  Rng rng(mix_seed({seed, hash_name("round")}));
  rng.shuffle(round_);
  uint64_t first = 0;
  for (size_t s = 0; s < sizes.size(); ++s) {
    Part part{first, sizes[s], {0}};
    for (const uint32_t drawn : round_) part.before.push_back(part.before.back() + (drawn == s));
    first += sizes[s];
    parts_.push_back(std::move(part));
  }
}

uint64_t Sampler::operator()(uint64_t position) const {
  size_t which = 0;
  uint64_t count = position;  // draws of that part before this one
  if (!round_.empty()) {
    const uint64_t rounds = position / kRound, place = position % kRound;
    which = round_[place];
    count = rounds * parts_[which].before.back() + parts_[which].before[place];
  }
  const Part& part = parts_[which];
  const Permutation order(part.size, mix_seed({seed_, which, count / part.size}));
  return part.first + order(count % part.size);
}

}  // namespace libra::data
