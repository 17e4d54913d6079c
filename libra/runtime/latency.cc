#include "libra/runtime/latency.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "libra/core/error.h"
#include "libra/core/file.h"

namespace libra {
namespace {

constexpr char kForms[] = "60, uniform:40,80, normal:60,10, lognormal:60,0.3 or trace:FILE (ms)";
constexpr double kLongest = 1e6;  // ms

[[noreturn]] void refuse(const std::string& where, const std::string& problem,
                         const std::string& found) {
  throw Error(ErrorCode::kBadInput,
              {.where = where, .problem = problem, .expected = kForms, .found = found});
}

double number(std::string_view text, const std::string& where) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    refuse(where, "is not a latency", std::string(text));
  }
  if (!(value >= 0.0 && value <= kLongest)) {
    refuse(where, "a latency is between 0 and 1000000 ms", std::string(text));
  }
  return value;
}

std::vector<double> read_trace(const std::string& path, const std::string& where) {
  const std::string text = read_file(path);
  std::vector<double> values;
  size_t line = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    ++line;
    const std::string_view word(text.data() + begin, end - begin);
    if (!word.empty() && word.front() != '#') {
      values.push_back(number(word, where + " " + path + ":" + std::to_string(line)));
    }
    begin = end + 1;
  }
  if (values.empty()) refuse(where, path + " holds no latency", "an empty trace");
  return values;
}

}  // namespace

LatencyModel LatencyModel::parse(const std::string& text, const std::string& where) {
  LatencyModel model;
  model.text_ = text;
  const size_t colon = text.find(':');
  if (colon == std::string::npos) {
    model.a_ = number(text, where);
    return model;
  }
  const std::string kind = text.substr(0, colon), rest = text.substr(colon + 1);
  if (kind == "trace") {
    model.kind_ = Kind::kTrace;
    model.trace_ = read_trace(rest, where);
    return model;
  }
  const size_t comma = rest.find(',');
  if (comma == std::string::npos) refuse(where, "is not a latency", text);
  model.a_ = number(rest.substr(0, comma), where);
  model.b_ = number(rest.substr(comma + 1), where);
  if (kind == "uniform") {
    model.kind_ = Kind::kUniform;
    if (model.b_ < model.a_) refuse(where, "the interval is empty", text);
  } else if (kind == "normal") {
    model.kind_ = Kind::kNormal;
  } else if (kind == "lognormal") {
    model.kind_ = Kind::kLognormal;
  } else {
    refuse(where, "is not a latency", text);
  }
  return model;
}

double LatencyModel::draw(uint64_t episode_seed, uint64_t call) const {
  if (kind_ == Kind::kConstant) return a_;
  if (kind_ == Kind::kTrace) {
    return trace_[(splitmix64(episode_seed) % trace_.size() + call) % trace_.size()];
  }
  Rng rng(mix_seed({episode_seed, call}));
  switch (kind_) {
    case Kind::kUniform:
      return rng.uniform(a_, b_);
    case Kind::kNormal:
      return std::max(0.0, a_ + b_ * rng.normal());
    default:
      return std::min(kLongest, a_ * std::exp(b_ * rng.normal()));
  }
}

void LeadEstimate::add(double ms) { recent_[count_++ % kWindow] = ms; }

int LeadEstimate::steps(double step_ms) const {
  const int known = static_cast<int>(std::min<int64_t>(count_, kWindow));
  if (known == 0) return 0;
  double sorted[kWindow];
  std::copy_n(recent_, known, sorted);
  std::sort(sorted, sorted + known);
  // A single outlier among many must not make every request early.
  const double ms = sorted[known > 8 ? known - 2 : known - 1];
  return static_cast<int>(std::ceil(std::min(ms / step_ms, 1e6) - 1e-9));
}

}  // namespace libra
