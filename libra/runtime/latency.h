// Latencies of the networks for virtual time: a constant, a distribution, or a measured trace.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libra/core/rng.h"

namespace libra {

// One of
//   60                  always 60 ms
//   uniform:40,80       between 40 and 80 ms
//   normal:60,10        mean 60, standard deviation 10, cut off at 0
//   lognormal:60,0.3    median 60, sigma of the logarithm 0.3
//   trace:FILE          the numbers of a text file (ms, one per line), in turn from a random line
// Thread: constant after construction.
class LatencyModel {
 public:
  LatencyModel() = default;  // always 0
  // Throws Error(kBadInput / kNotFound) with `where` for a text that is none of the above, negative
  // or not finite numbers, and traces without one.
  static LatencyModel parse(const std::string& text, const std::string& where);

  // Latency (ms) of call number `call` of an episode: a pure function of both.
  double draw(uint64_t episode_seed, uint64_t call) const;
  bool zero() const { return kind_ == Kind::kConstant && a_ == 0.0; }
  const std::string& text() const { return text_; }

 private:
  enum class Kind { kConstant, kUniform, kNormal, kLognormal, kTrace };
  Kind kind_ = Kind::kConstant;
  double a_ = 0.0, b_ = 0.0;
  std::vector<double> trace_;
  std::string text_ = "0";
};

// By how many control steps to ask ahead of need: nearly the longest of the latest calls. Nothing
// allocates.
class LeadEstimate {
 public:
  void add(double ms);
  void clear() { count_ = 0; }
  // Control steps of `step_ms`, rounded up; 0 before the first call.
  int steps(double step_ms) const;

 private:
  static constexpr int kWindow = 16;
  double recent_[kWindow] = {};
  int64_t count_ = 0;
};

}  // namespace libra
