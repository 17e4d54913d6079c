#include "libra/eval/compare.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "libra/media/svg.h"

namespace libra::eval {
namespace {

using media::number;
using media::percent_text;
using media::svg;
using media::svg_disc;
using media::svg_line;
using media::svg_path;
using media::svg_rect;
using media::svg_text;

Tally total_of(const Results& results) {
  Tally sum;
  for (const SuiteResult& suite : results.suites) sum.add(suite.total());
  return sum;
}

// The value of a constant latency; distributions and traces have none.
std::optional<double> constant_ms(const std::string& text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Point {
  double ms;
  Tally tally;
};
struct Series {
  std::string label;
  std::vector<Point> points;
};

std::vector<Series> series_of(const std::vector<Results>& results) {
  std::vector<Series> all;
  for (const Results& r : results) {
    const auto ms = constant_ms(r.runtime.planner_latency);
    if (!ms) continue;
    const std::string label = schedule_label(r);
    auto series = std::find_if(all.begin(), all.end(), [&](auto& s) { return s.label == label; });
    if (series == all.end()) series = all.insert(all.end(), {label, {}});
    series->points.push_back({*ms, total_of(r)});
  }
  for (Series& s : all) {
    std::stable_sort(s.points.begin(), s.points.end(),
                     [](const Point& a, const Point& b) { return a.ms < b.ms; });
  }
  return all;
}

// Where things are drawn: the plot's corner, its size, what its width stands for.
struct PlotArea {
  double left = 60, top = 20, width = 560, height = 280, most_ms = 1;
  double x(double ms) const { return left + width * ms / most_ms; }
  double y(double share) const { return top + height * (1.0 - share); }
};

std::string stroke(const std::string& colour, double width) {
  return "stroke='" + colour + "' stroke-width='" + number(width) + "'";
}

std::string draw(const Series& series, const std::string& colour, double shift, const PlotArea& f) {
  std::string body, path;
  for (const Point& p : series.points) {
    const double x = f.x(p.ms) + shift;
    const Interval i = wilson95(p.tally.successes, p.tally.episodes);
    path += (path.empty() ? "" : " ") + number(x) + "," + number(f.y(p.tally.rate()));
    body += svg_line(stroke(colour, 1.2), x, f.y(i.low), x, f.y(i.high));
    body += svg_disc("fill='" + colour + "'", x, f.y(p.tally.rate()), 3.6);
  }
  return svg_path("fill='none' " + stroke(colour, 1.8), path) + body;
}

}  // namespace

std::string schedule_label(const Results& r) {
  std::string label = r.schedule + " M=" + std::to_string(r.M);
  if (r.schedule == "overlapped" && r.runtime.stale != "drop") label += ", " + r.runtime.stale;
  if (r.schedule != "overlapped" && r.runtime.waiting != "hold") {
    label += ", " + r.runtime.waiting;
  }
  if (r.runtime.max_roll > 0) label += " by at most " + std::to_string(r.runtime.max_roll);
  if (r.runtime.eager) label += ", eager";
  if (r.runtime.realtime) label += ", by the clock";
  if (r.runtime.adaptive) label += ", adaptive";
  if (r.runtime.execute > 0) label += ", " + std::to_string(r.runtime.execute) + " executed";
  return label;
}

std::string comparison_table(const std::vector<Results>& results) {
  std::string text =
      "| schedule | planner ms | refiner ms | success | 95 % interval | plans | held steps | plan "
      "age | chunk ms | s to success |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
  for (const Results& r : results) {
    const Tally t = total_of(r);
    const Interval i = wilson95(t.successes, t.episodes);
    text += "| " + schedule_label(r) + " | " + r.runtime.planner_latency + " | " +
            r.runtime.refiner_latency + " | " + percent_text(t.rate()) + " (" +
            std::to_string(t.successes) + "/" + std::to_string(t.episodes) + ") | " +
            number(100 * i.low) + " to " + percent_text(i.high) + " | " + number(r.runtime.plans) +
            " | " + number(r.runtime.held_steps) + " | " + number(r.runtime.plan_age) + " | " +
            number(r.runtime.chunk_latency_ms) + " | " + number(r.runtime.success_s, 2) + " |\n";
  }
  return text;
}

std::string latency_plot(const std::vector<Results>& results) {
  static constexpr std::array<const char*, 6> kColours = {"#8a8f98", "#d9822b", "#1f7a5c",
                                                          "#3573b9", "#9a4fb5", "#c2452d"};
  const std::vector<Series> all = series_of(results);
  PlotArea f;
  for (const Series& s : all) {
    for (const Point& p : s.points) f.most_ms = std::max(f.most_ms, p.ms);
  }
  if (f.most_ms <= 1 || results.size() < 2) return "";
  std::string body;
  for (int tenth = 0; tenth <= 10; tenth += 2) {
    const double y = f.y(tenth / 10.0);
    body += svg_line(stroke("#e2ded7", 1), f.left, y, f.left + f.width, y);
    body += svg_text("", f.left - 8, y + 4, std::to_string(tenth * 10) + " %", "end");
  }
  std::vector<double> marks;
  for (const Series& s : all) {
    for (const Point& p : s.points) marks.push_back(p.ms);
  }
  std::sort(marks.begin(), marks.end());
  marks.erase(std::unique(marks.begin(), marks.end()), marks.end());
  for (double ms : marks) {
    body += svg_text("", f.x(ms), f.top + f.height + 18, number(ms, 0), "middle");
  }
  body +=
      svg_text("", f.left + f.width / 2, f.top + f.height + 36, "planner latency (ms)", "middle");
  double legend = f.top + 8;
  for (size_t s = 0; s < all.size(); ++s) {
    const std::string colour = kColours[s % kColours.size()];
    // A little apart, so that whiskers at the same latency do not hide each other.
    body += draw(all[s], colour, 4.0 * (double(s) - double(all.size() - 1) / 2), f);
    body +=
        svg_line(stroke(colour, 3), f.left + f.width + 20, legend, f.left + f.width + 40, legend);
    body += svg_text("", f.left + f.width + 48, legend + 4, all[s].label);
    legend += 20;
  }
  constexpr double kWidth = 940, kHeight = 350;
  return svg(
      "xmlns='http://www.w3.org/2000/svg' font-family='system-ui, DejaVu Sans, sans-serif' "
      "font-size='13' fill='#5d6873'",
      kWidth, kHeight, svg_rect("fill='#ffffff'", 0, 0, kWidth, kHeight) + body);
}

}  // namespace libra::eval
