#include "libra/policy/intent_tensors.h"

#include <cmath>
#include <vector>

namespace libra::policy {

namespace {

// [D, N] of all bins -> of these bins [..., D].
torch::Tensor of_bins(const torch::Tensor& table, const torch::Tensor& bin) {
  return table.index({torch::arange(table.size(0), bin.options()), bin});
}

torch::Tensor centres_of(const BinEdges& bins) {
  return (bins.edges.slice(1, 1) + bins.edges.slice(1, 0, bins.count)) / 2;
}

torch::Tensor uniform_bins(const torch::Tensor& numbers, int64_t count) {
  return ((numbers + 1.0) / 2.0 * double(count))
      .floor()
      .clamp(0, double(count - 1))
      .to(torch::kInt64);
}

torch::Tensor uniform_centres(const torch::Tensor& bin, int64_t count) {
  return (2.0 * bin.to(torch::kFloat32) + 1.0) / double(count) - 1.0;
}

// Coordinates along a code's axes, [..., D], and the actions that have them.
torch::Tensor coordinates(const torch::Tensor& actions, const BinEdges& bins) {
  return actions.matmul(bins.axes.t());
}
torch::Tensor from_coordinates(const torch::Tensor& along, const BinEdges& bins) {
  // Orthogonal rows: the inverse's columns are the rows over their squared lengths.
  return (along / bins.axes.square().sum(1)).matmul(bins.axes);
}

// What each digit adds to the coordinate of its axis: centre [..., D] of each -> [..., D] of axes.
torch::Tensor sum_of_digits(const torch::Tensor& centre, const BinEdges& bins) {
  std::vector<torch::Tensor> along(bins.digits.size());
  for (size_t p = 0; p < bins.digits.size(); ++p) {
    torch::Tensor& sum = along[size_t(bins.digits[p])];
    const torch::Tensor part =
        centre.select(-1, int64_t(p)) * std::pow(double(bins.count), -double(bins.levels[p]));
    sum = sum.defined() ? sum + part : part;
  }
  for (auto& sum : along) {
    if (!sum.defined()) sum = torch::zeros_like(centre.select(-1, 0));
  }
  return torch::stack(along, -1);
}

// Widths of bins; a number where all are as wide; of axes where there is a code.
torch::Tensor widths_of(const torch::Tensor& bin, const BinEdges& bins) {
  if (bins.edges.defined()) return of_bins(bins.edges.diff(1, 1), bin);
  if (!bins.axes.defined()) return torch::full({}, 2.0 / double(bins.count), torch::kFloat64);
  std::vector<double> width(bins.digits.size(), 2.0);
  for (const int64_t axis : bins.digits) width[size_t(axis)] /= double(bins.count);
  return torch::tensor(width, torch::kFloat32).to(bin.device());
}

}  // namespace

BinEdges::BinEdges(const action::Binner& binner, int64_t dims) : count(binner.bins()) {
  const auto table = [](const std::vector<std::vector<float>>& rows) {
    std::vector<torch::Tensor> out;
    for (const auto& row : rows) out.push_back(torch::tensor(row));
    return torch::stack(out);
  };
  if (!binner.is_uniform()) {
    std::vector<std::vector<float>> rows;
    for (int d = 0; d < int(dims); ++d) rows.push_back(binner.edges(d));
    edges = table(rows);
  }
  const action::CodeBook& book = binner.book();
  if (book.empty()) return;
  axes = table(book.axes);
  digits.assign(book.digits.begin(), book.digits.end());
  const auto places = book.levels();
  levels.assign(places.begin(), places.end());
}

BinEdges BinEdges::to(torch::Device device) const {
  BinEdges out = *this;
  if (edges.defined()) out.edges = edges.to(device);
  if (axes.defined()) out.axes = axes.to(device);
  return out;
}

torch::Tensor to_bins(const torch::Tensor& actions, const BinEdges& bins) {
  if (bins.axes.defined()) {
    std::vector<torch::Tensor> left, chosen;  // of coordinates, at full scale
    for (const torch::Tensor& rest : coordinates(actions, bins).unbind(-1)) left.push_back(rest);
    for (const int64_t axis : bins.digits) {
      torch::Tensor& rest = left[size_t(axis)];
      chosen.push_back(uniform_bins(rest, bins.count));
      rest = (rest - uniform_centres(chosen.back(), bins.count)) * double(bins.count);
    }
    return torch::stack(chosen, -1);
  }
  if (!bins.edges.defined()) return uniform_bins(actions, bins.count);
  // An edge belongs to the bin above it, as with uniform bins.
  const torch::Tensor inner = bins.edges.slice(1, 1, bins.count).contiguous();
  const torch::Tensor columns = actions.reshape({-1, actions.size(-1)}).t().contiguous();
  return torch::searchsorted(inner, columns, /*out_int32=*/false, /*right=*/true)
      .t()
      .reshape(actions.sizes());
}

torch::Tensor bin_centres(const torch::Tensor& bin, const BinEdges& bins) {
  if (bins.edges.defined()) return of_bins(centres_of(bins), bin);
  const torch::Tensor centre = uniform_centres(bin, bins.count);
  return bins.axes.defined() ? from_coordinates(sum_of_digits(centre, bins), bins) : centre;
}

torch::Tensor to_residual(const torch::Tensor& actions, const torch::Tensor& bin,
                          const BinEdges& bins) {
  const torch::Tensor offset = actions - bin_centres(bin, bins);
  return (bins.axes.defined() ? coordinates(offset, bins) : offset) / widths_of(bin, bins);
}

torch::Tensor from_residual(const torch::Tensor& residual, const torch::Tensor& bin,
                            const BinEdges& bins) {
  const torch::Tensor offset = residual * widths_of(bin, bins);
  return bin_centres(bin, bins) + (bins.axes.defined() ? from_coordinates(offset, bins) : offset);
}

torch::Tensor sample_bins(const torch::Tensor& logits, std::span<const uint64_t> seeds) {
  // Gumbel-max: the argmax of logits plus Gumbel noise is a draw from the softmax.
  std::vector<torch::Tensor> rows;
  for (const uint64_t seed : seeds) {
    auto generator = at::detail::createCPUGenerator(seed);
    rows.push_back(torch::rand(logits.sizes().slice(1), generator, torch::kFloat32));
  }
  const torch::Tensor u = torch::stack(rows).clamp(1e-9, 1.0 - 1e-7).to(logits.device());
  return (logits.to(torch::kFloat32) - torch::log(-torch::log(u))).argmax(-1);
}

torch::Tensor expected_value(const torch::Tensor& logits, const BinEdges& bins) {
  const torch::Tensor share = torch::softmax(logits.to(torch::kFloat32), -1);
  if (bins.edges.defined()) return (share * centres_of(bins)).sum(-1);
  const torch::Tensor mean =
      torch::matmul(share, uniform_centres(torch::arange(bins.count, logits.device()), bins.count));
  return bins.axes.defined() ? from_coordinates(sum_of_digits(mean, bins), bins) : mean;
}

}  // namespace libra::policy
