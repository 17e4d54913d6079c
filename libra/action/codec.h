// Raw actions and proprio of a robot <-> the numbers in [-1, 1] that networks work with. The one
// place that knows both sides.
#pragma once

#include <span>
#include <vector>

#include "libra/action/bins.h"
#include "libra/action/norm_stats.h"
#include "libra/core/embodiment.h"
#include "libra/core/rows.h"

namespace libra::action {

// A chunk of actions as a policy learns it, before normalisation: model_dim() numbers an action,
// the raw ones or their changes, as each segment's representation says. `state`: the proprio at the
// chunk's first action. The reverse gives the raw actions back.
Rows<float> to_changes(const Embodiment& embodiment, const Rows<float>& raw,
                       std::span<const double> state);
Rows<float> from_changes(const Embodiment& embodiment, const Rows<float>& changes,
                         std::span<const double> state);

// Normalised by x -> 2 (x - q01) / (q99 - q01) - 1, clipped to [-1, 1]; a gripper by its own two
// ends, open to -1 and closed to 1. A column whose range is zero gives 0, and comes back as its
// constant. With Normalization::kIdentity actions are clipped only and proprio passes as it is.
// Thread: constant after construction.
class Codec {
 public:
  // Throws Error(kBadInput) when the statistics are of another robot.
  Codec(const Embodiment& embodiment, const NormStats& stats);

  const Embodiment& embodiment() const { return embodiment_; }
  size_t model_dim() const { return action_.size(); }

  // Raw actions of a chunk that begins in `state` -> model space [-1, 1], and back (clipped to
  // [-1, 1] first).
  Rows<float> encode(const Rows<float>& raw, std::span<const double> state) const;
  Rows<float> decode(const Rows<float>& model, std::span<const double> state) const;
  // The bins of a policy with N of them: where the statistics' edges lie, or uniform; or of the
  // statistics' codes. Throws
  // Error(kBadInput) when the edges are of another N.
  Binner binner(int bins) const;
  // Proprio as networks see it. Throws Error(kBadInput) when it has another length.
  std::vector<float> proprio(std::span<const double> raw) const;

 private:
  struct Column {
    double centre = 0, half_range = 1;  // raw = centre + half_range * normalised
    double forward(double raw) const { return half_range != 0 ? (raw - centre) / half_range : 0.0; }
  };
  Embodiment embodiment_;
  bool identity_;
  std::vector<std::vector<float>> bin_edges_;  // as NormStats has them
  CodeBook book_;
  std::vector<Column> action_;   // model_dim
  std::vector<Column> proprio_;  // proprio_dim
};

}  // namespace libra::action
