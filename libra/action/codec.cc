#include "libra/action/codec.h"

#include <algorithm>
#include <string>

#include "libra/action/rotation.h"
#include "libra/core/error.h"

namespace libra::action {
namespace {

float clip(double value) { return static_cast<float>(std::clamp(value, -1.0, 1.0)); }

void require_length(const char* what, size_t found, size_t expected) {
  if (found == expected) return;
  throw Error(ErrorCode::kBadInput, {.where = what,
                                     .problem = "has the wrong number of values",
                                     .expected = std::to_string(expected),
                                     .found = std::to_string(found)});
}

// One segment of an action, on both sides, with what its changes are counted from.
class SegmentCodec {
 public:
  SegmentCodec(const Segment& segment, Span raw, Span model, std::span<const double> from)
      : segment_(segment), raw_(raw), model_(model), from_(from.begin(), from.end()) {}

  void to_change(std::span<const float> raw, std::span<float> change) {
    const auto in = raw.subspan(raw_.first, raw_.size);
    const auto out = change.subspan(model_.first, model_.size);
    if (segment_.representation == Representation::kAbsolute) {
      std::copy(in.begin(), in.end(), out.begin());
      return;
    }
    const std::vector<double> now(in.begin(), in.end());
    if (segment_.is_rotation()) {
      const Vec3 turn = to_vector(
          then(inverse(to_quaternion(segment_.kind, from_)), to_quaternion(segment_.kind, now)));
      std::transform(turn.begin(), turn.end(), out.begin(), [](double x) { return float(x); });
    } else {
      for (size_t i = 0; i < now.size(); ++i) out[i] = static_cast<float>(now[i] - from_[i]);
    }
    remember(now);
  }

  void from_change(std::span<const float> change, std::span<float> raw) {
    const auto in = change.subspan(model_.first, model_.size);
    const auto out = raw.subspan(raw_.first, raw_.size);
    if (segment_.representation == Representation::kAbsolute) {
      std::copy(in.begin(), in.end(), out.begin());
      return;
    }
    std::vector<double> now(raw_.size);
    if (segment_.is_rotation()) {
      const Quaternion turned =
          then(to_quaternion(segment_.kind, from_), from_vector({in[0], in[1], in[2]}));
      from_quaternion(segment_.kind, turned, now);
    } else {
      for (size_t i = 0; i < now.size(); ++i) now[i] = from_[i] + in[i];
    }
    std::transform(now.begin(), now.end(), out.begin(), [](double x) { return float(x); });
    remember(now);
  }

 private:
  void remember(const std::vector<double>& now) {
    if (segment_.representation == Representation::kDeltaPrevious) from_ = now;
  }

  const Segment& segment_;
  Span raw_, model_;
  std::vector<double> from_;
};

std::vector<SegmentCodec> segment_codecs(const Embodiment& embodiment,
                                         std::span<const double> state) {
  require_length("proprio", state.size(), static_cast<size_t>(embodiment.proprio_dim()));
  const auto raw = spans_of(embodiment.action), model = model_spans_of(embodiment.action);
  const auto proprio = spans_of(embodiment.proprio);
  std::vector<SegmentCodec> codecs;
  for (size_t i = 0; i < embodiment.action.size(); ++i) {
    const Segment& segment = embodiment.action[i];
    std::span<const double> from;
    if (segment.representation != Representation::kAbsolute) {
      const Span span = proprio[size_t(find_segment(embodiment.proprio, segment.state))];
      from = state.subspan(span.first, span.size);
    }
    codecs.emplace_back(segment, raw[i], model[i], from);
  }
  return codecs;
}

}  // namespace

Rows<float> to_changes(const Embodiment& embodiment, const Rows<float>& raw,
                       std::span<const double> state) {
  require_length("action", raw.width(), static_cast<size_t>(embodiment.action_dim()));
  Rows<float> changes(raw.size(), static_cast<size_t>(embodiment.model_dim()));
  auto codecs = segment_codecs(embodiment, state);
  for (size_t i = 0; i < raw.size(); ++i) {
    for (auto& codec : codecs) codec.to_change(raw[i], changes[i]);
  }
  return changes;
}

Rows<float> from_changes(const Embodiment& embodiment, const Rows<float>& changes,
                         std::span<const double> state) {
  require_length("action", changes.width(), static_cast<size_t>(embodiment.model_dim()));
  Rows<float> raw(changes.size(), static_cast<size_t>(embodiment.action_dim()));
  auto codecs = segment_codecs(embodiment, state);
  for (size_t i = 0; i < changes.size(); ++i) {
    for (auto& codec : codecs) codec.from_change(changes[i], raw[i]);
  }
  return raw;
}

Codec::Codec(const Embodiment& embodiment, const NormStats& stats)
    : embodiment_(embodiment),
      identity_(stats.kind == Normalization::kIdentity),
      bin_edges_(stats.bin_edges),
      book_(stats.code_book) {
  const auto action = static_cast<size_t>(embodiment.model_dim()),
             proprio = static_cast<size_t>(embodiment.proprio_dim());
  require_length("normalisation statistics: action", stats.action.size(), action);
  require_length("normalisation statistics: proprio", stats.proprio.size(), proprio);
  action_.resize(action);
  proprio_.resize(proprio);
  if (identity_) return;
  const auto column = [](const ColumnStats& s, size_t i) {
    return Column{(s.q99[i] + s.q01[i]) / 2, (s.q99[i] - s.q01[i]) / 2};
  };
  const auto spans = model_spans_of(embodiment.action);
  for (size_t s = 0; s < spans.size(); ++s) {
    const Segment& segment = embodiment.action[s];
    const bool by_ends = segment.kind == SegmentKind::kGripper &&
                         segment.representation == Representation::kAbsolute;
    for (size_t i = spans[s].first; i < spans[s].first + spans[s].size; ++i) {
      action_[i] =
          by_ends ? Column{(segment.closed + segment.open) / 2, (segment.closed - segment.open) / 2}
                  : column(stats.action, i);
    }
  }
  for (size_t i = 0; i < proprio; ++i) proprio_[i] = column(stats.proprio, i);
}

Binner Codec::binner(int bins) const {
  Binner binner = bin_edges_.empty() ? Binner::uniform(bins) : Binner::from_edges(bin_edges_);
  if (!book_.empty()) binner = Binner::of_codes(book_, bins);
  if (binner.bins() == bins) return binner;
  throw Error(ErrorCode::kBadInput, {.where = "normalisation statistics: bin_edges",
                                     .problem = "are of another number of bins than the model's",
                                     .expected = std::to_string(bins),
                                     .found = std::to_string(binner.bins())});
}

Rows<float> Codec::encode(const Rows<float>& raw, std::span<const double> state) const {
  Rows<float> model = to_changes(embodiment_, raw, state);
  for (size_t i = 0; i < model.size(); ++i) {
    for (size_t d = 0; d < action_.size(); ++d) model[i][d] = clip(action_[d].forward(model[i][d]));
  }
  return model;
}

Rows<float> Codec::decode(const Rows<float>& model, std::span<const double> state) const {
  Rows<float> changes = model;
  for (size_t i = 0; i < changes.size(); ++i) {
    for (size_t d = 0; d < action_.size(); ++d) {
      const Column& column = action_[d];
      changes[i][d] = static_cast<float>(column.centre + column.half_range * clip(changes[i][d]));
    }
  }
  return from_changes(embodiment_, changes, state);
}

std::vector<float> Codec::proprio(std::span<const double> raw) const {
  require_length("proprio", raw.size(), proprio_.size());
  std::vector<float> out(raw.size());
  for (size_t i = 0; i < raw.size(); ++i) {
    out[i] = identity_ ? static_cast<float>(raw[i]) : clip(proprio_[i].forward(raw[i]));
  }
  return out;
}

}  // namespace libra::action
