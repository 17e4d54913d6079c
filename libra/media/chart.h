// Curves and histograms as SVG, in the style of Libra's pages (media/page.h).
#pragma once

#include <string>
#include <vector>

namespace libra::media {

struct Curve {
  std::string name;
  std::vector<double> values;  // at x = 0, 1, 2, ...; not-a-number: a gap
};

// Curves over the same steps, with what colour is whose below. `x_name`: of the axis.
std::string line_chart(const std::string& title, const std::vector<Curve>& curves,
                       const std::string& x_name);

// How often values fall into `bars` even parts of [low, high]; what lies outside counts at the
// ends. `edges` are drawn as lines.
std::string histogram_chart(const std::string& title, const std::vector<float>& values, double low,
                            double high, const std::vector<float>& edges, int bars = 60);

}  // namespace libra::media
