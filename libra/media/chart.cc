#include "libra/media/chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "libra/media/svg.h"

namespace libra::media {
namespace {

constexpr double kLeft = 52, kWidth = 300, kHeight = 110, kTop = 22;

// Twelve hues that stay apart in both schemes; more curves begin again.
std::string colour(size_t i) {
  return "hsl(" + number(std::fmod(150.0 + 137.5 * double(i), 360.0), 0) + " 55% 48%)";
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

std::string frame(const std::string& title, const std::string& low, const std::string& high) {
  return svg_text("class='tb'", kLeft, 14, title) +
         svg_rect("class='plot'", kLeft, kTop, kWidth, kHeight) +
         svg_text("class='ts'", kLeft - 6, kTop + 9, high, "end") +
         svg_text("class='ts'", kLeft - 6, kTop + kHeight, low, "end");
}

}  // namespace

std::string line_chart(const std::string& title, const std::vector<Curve>& curves,
                       const std::string& x_name) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  size_t steps = 1;
  for (const Curve& curve : curves) {
    steps = std::max(steps, curve.values.size());
    for (const double y : curve.values) {
      if (!std::isfinite(y)) continue;
      low = std::min(low, y);
      high = std::max(high, y);
    }
  }
  if (!(low <= high)) low = high = 0.0;
  const double margin = high > low ? 0.04 * (high - low) : std::max(1e-3, 0.1 * std::abs(high));
  const double bottom = low - margin, span = high + margin - bottom;
  std::string body = frame(title, short_number(low), short_number(high));
  std::string key = "<div class='key'>";
  for (size_t c = 0; c < curves.size(); ++c) {
    std::string points;
    const auto flush = [&] {
      if (!points.empty()) {
        body += svg_path("class='line' style='stroke:" + colour(c) + "'", points);
      }
      points.clear();
    };
    for (size_t t = 0; t < curves[c].values.size(); ++t) {
      const double y = curves[c].values[t];
      if (!std::isfinite(y)) {
        flush();
        continue;
      }
      const double x = kLeft + kWidth * double(t) / double(std::max<size_t>(1, steps - 1));
      points += (points.empty() ? "" : " ") + number(x) + "," +
                number(kTop + kHeight * (1 - (y - bottom) / span));
    }
    flush();
    key += "<span><i style='background:" + colour(c) + "'></i>" + escape_html(curves[c].name) +
           "</span> ";
  }
  body += svg_text("class='ts'", kLeft + kWidth, kTop + kHeight + 12,
                   std::to_string(steps - 1) + " " + x_name, "end");
  return "<div>" + svg("class='fig' role='img'", kLeft + kWidth + 8, kTop + kHeight + 16, body) +
         key + "</div></div>";
}

std::string histogram_chart(const std::string& title, const std::vector<float>& values, double low,
                            double high, const std::vector<float>& edges, int bars) {
  std::vector<int64_t> count(size_t(std::max(1, bars)));
  const double span = high > low ? high - low : 1.0;
  for (const float value : values) {
    const double at = std::clamp((double(value) - low) / span, 0.0, 1.0) * double(count.size());
    ++count[std::min(count.size() - 1, size_t(at))];
  }
  const double most = double(std::max<int64_t>(1, *std::max_element(count.begin(), count.end())));
  std::string body =
      frame(title, "", percent_text(most / double(std::max<size_t>(1, values.size()))));
  const double width = kWidth / double(count.size());
  for (size_t i = 0; i < count.size(); ++i) {
    // By the root, so that what is rare is seen beside what is not.
    const double height = kHeight * std::sqrt(double(count[i]) / most);
    body += svg_rect("class='bar'", kLeft + width * double(i), kTop + kHeight - height,
                     std::max(0.5, width - 0.6), height);
  }
  for (const float edge : edges) {
    const double x = kLeft + kWidth * (double(edge) - low) / span;
    if (x >= kLeft - 0.5 && x <= kLeft + kWidth + 0.5) {
      body += svg_line("class='edge'", x, kTop, x, kTop + kHeight);
    }
  }
  body += svg_text("class='ts'", kLeft, kTop + kHeight + 12, short_number(low)) +
          svg_text("class='ts'", kLeft + kWidth, kTop + kHeight + 12, short_number(high), "end");
  return "<div>" + svg("class='fig' role='img'", kLeft + kWidth + 8, kTop + kHeight + 16, body) +
         "</div>";
}

}  // namespace libra::media
