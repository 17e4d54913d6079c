#include "libra/eval/report_figures.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "libra/media/image_file.h"
#include "libra/media/svg.h"
#include "libra/media/video.h"

namespace libra::eval {
namespace {

using media::base64;
using media::encode_jpeg;
using media::number;
using media::svg;
using media::svg_disc;
using media::svg_line;
using media::svg_path;
using media::svg_rect;
using media::svg_text;

// Looks are classes of the page.
std::string css(const char* name) { return "class='" + std::string(name) + "'"; }

std::string rect(const char* name, double x, double y, double w, double h,
                 const std::string& more = "") {
  return svg_rect(css(name) + more, x, y, w, h);
}

std::string line(const char* name, double x1, double y1, double x2, double y2) {
  return svg_line(css(name), x1, y1, x2, y2);
}

std::string label(double x, double y, const std::string& text, const char* anchor = "start",
                  const char* name = "t") {
  return svg_text(css(name), x, y, text, anchor);
}

std::string figure(double width, double height, const std::string& body, const char* name = "fig") {
  return svg(css(name) + " role='img'", width, height, body);
}

// Least round number that is at least `value`.
double nice_ceiling(double value) {
  const double power = std::pow(10.0, std::floor(std::log10(std::max(value, 1e-6))));
  for (double step : {1.0, 2.0, 2.5, 5.0}) {
    if (step * power >= value) return step * power;
  }
  return 10.0 * power;
}

// Colour of a bin: hue by sign, strength by distance from the middle.
std::string bin_style(int bin, int bins) {
  const double centre = -1.0 + (2.0 * bin + 1.0) / bins;
  const char* hue = centre < 0 ? "var(--minus)" : "var(--plus)";
  return std::string(" style='fill:") + hue +
         ";fill-opacity:" + number(0.08 + 0.87 * std::abs(centre), 2) + "'";
}

struct TimelineRow {
  size_t dimension;
  std::string name;
};

std::vector<TimelineRow> timeline_rows(const Embodiment& embodiment) {
  std::vector<TimelineRow> rows;
  const auto names = embodiment.action_names();
  const auto spans = spans_of(embodiment.action);
  for (size_t s = 0; s < spans.size(); ++s) {
    const SegmentKind kind = embodiment.action[s].kind;
    if (kind != SegmentKind::kPosition && kind != SegmentKind::kGripper) continue;
    for (size_t d = spans[s].first; d < spans[s].first + spans[s].size; ++d) {
      rows.push_back({d, names[d]});
    }
  }
  return rows;
}

// One dimension: bands and curve in [top, top + plot], a row of cells below.
struct TimelinePlot {
  const EpisodeRecord& record;
  double left, step_width, plot, cells;

  double y_of(double top, double value) const {
    return top + plot * (1.0 - (std::clamp(value, -1.0, 1.0) + 1.0) / 2.0);
  }

  std::string draw(const TimelineRow& row, double top) const {
    const double width = step_width * static_cast<double>(record.actions.size());
    std::string body = rect("plot", left, top, width, plot);
    body += line("grid", left, y_of(top, 0), left + width, y_of(top, 0));
    for (const ChunkRecord& chunk : record.chunks) {
      if (!chunk.has_intent) continue;
      const int bins = chunk.intent.bins;
      for (int i = 0; i < chunk.intent.horizon; ++i) {
        const int64_t step = chunk.step + i;
        if (step >= static_cast<int64_t>(record.actions.size())) break;
        const int bin = chunk.intent.bin[static_cast<size_t>(i)][row.dimension];
        const double x = left + step_width * static_cast<double>(step);
        const double high = y_of(top, -1.0 + 2.0 * (bin + 1.0) / bins);
        body += rect("band", x, high, step_width, plot / bins);
        body += rect("cell", x, top + plot + 3, step_width + 0.15, cells, bin_style(bin, bins));
      }
    }
    std::string points;
    for (size_t s = 0; s < record.actions.size(); ++s) {
      const double y = y_of(top, record.actions[s][row.dimension]);
      const double x = left + step_width * static_cast<double>(s);
      points += number(x) + "," + number(y) + " " + number(x + step_width) + "," + number(y) + " ";
    }
    body += svg_path(css("curve"), points);
    body += label(left - 8, top + plot / 2 + 4, row.name, "end", "tb");
    body += label(left + width + 5, top + 8, "+1", "start", "ts");
    body += label(left + width + 5, top + plot, "-1", "start", "ts");
    return body;
  }
};

}  // namespace

std::string rate_bar(int successes, int episodes) {
  constexpr double w = 300, h = 22;
  const double rate = episodes > 0 ? double(successes) / episodes : 0.0;
  const Interval i = wilson95(successes, episodes);
  std::string body = rect("plot", 0, 4, w, h - 8) + rect("bar", 0, 4, w * rate, h - 8);
  body += line("whisker", w * i.low, h / 2, w * i.high, h / 2);
  body += line("whisker", w * i.low, 7, w * i.low, h - 7);
  body += line("whisker", w * i.high, 7, w * i.high, h - 7);
  return figure(w, h, body, "ratebar");
}

std::string steps_figure(const SuiteResult& suite, int suite_index,
                         const std::vector<EpisodeRecord>& episodes) {
  constexpr double left = 250, width = 620, row = 24, top = 8;
  int limit = 1;
  for (const TaskResult& task : suite.tasks) limit = std::max(limit, task.max_steps);
  for (const EpisodeRecord& e : episodes) limit = std::max(limit, e.steps);
  const auto x_of = [&](double steps) { return left + width * steps / limit; };
  const double bottom = top + row * static_cast<double>(suite.tasks.size());
  std::string body;
  const double tick = nice_ceiling(limit / 6.0);
  for (double s = 0; s <= limit; s += tick) {
    body += line("grid", x_of(s), top, x_of(s), bottom);
    body += label(x_of(s), bottom + 14, number(s, 0), "middle");
  }
  body += label(left + width + 12, bottom + 14, "steps");
  for (size_t t = 0; t < suite.tasks.size(); ++t) {
    const double y = top + row * (static_cast<double>(t) + 0.5);
    std::string name = suite.tasks[t].name;
    std::replace(name.begin(), name.end(), '_', ' ');
    if (name.size() > 36) name = name.substr(0, 34) + "..";
    body += label(left - 10, y + 4, name, "end");
  }
  for (const EpisodeRecord& e : episodes) {
    if (e.suite != suite_index) continue;
    // Spread over the row by the episode's number, so that equal lengths do not hide each other.
    const double y = top + row * (e.task + 0.2 + 0.6 * std::fmod(double(e.episode) * 0.618, 1.0));
    const double x = x_of(e.steps);
    body += svg_disc(css(e.success ? "ok" : "bad"), x, y, 3,
                     "episode " + std::to_string(e.episode) + ": " +
                         (e.success ? "success" : "failure") + ", " + std::to_string(e.steps) +
                         " steps");
  }
  return figure(left + width + 60, bottom + 22, body);
}

std::string latency_figure(const Results& r, double chunk_ms) {
  constexpr double left = 190, width = 600, row = 30;
  const double limit =
      nice_ceiling(1.05 * std::max({chunk_ms, r.planner.p99, r.refiner.p99, r.per_chunk.p99}));
  const auto x_of = [&](double ms) { return left + width * std::min(1.0, ms / limit); };
  struct Row {
    const char* name;
    const Latency& l;
  };
  const Row rows[] = {
      {"planner pass", r.planner}, {"refiner chunk", r.refiner}, {"whole chunk", r.per_chunk}};
  std::string body;
  double y = 14;
  for (const Row& entry : rows) {
    body += label(left - 10, y + 16, entry.name, "end");
    if (entry.l.count == 0) {
      body += label(left + 4, y + 16, "not run");
    } else {
      body += rect("plot", left, y + 4, width, row - 12);
      body += rect("bar", left, y + 4, x_of(entry.l.p50) - left, row - 12);
      body += line("whisker", x_of(entry.l.p50), y + 13, x_of(entry.l.p99), y + 13);
      body += line("whisker", x_of(entry.l.p99), y + 8, x_of(entry.l.p99), y + 18);
      body += label(left + width + 8, y + 17,
                    number(entry.l.p50) + " / " + number(entry.l.p99) + " ms");
    }
    y += row;
  }
  body += line("budget", x_of(chunk_ms), 8, x_of(chunk_ms), y);
  body +=
      label(x_of(chunk_ms), y + 14, "a chunk plays for " + number(chunk_ms, 0) + " ms", "middle");
  return figure(left + width + 120, y + 22, body);
}

std::string timeline_figure(const EpisodeRecord& record, const Embodiment& embodiment) {
  if (record.actions.empty()) return "";
  constexpr double left = 70, width = 850, plot = 58, cells = 9, row = plot + cells + 14, top = 16;
  const double step_width = width / static_cast<double>(record.actions.size());
  const TimelinePlot plotter{record, left, step_width, plot, cells};
  std::string body;
  double y = top;
  for (const TimelineRow& entry : timeline_rows(embodiment)) {
    body += plotter.draw(entry, y);
    y += row;
  }
  for (const ChunkRecord& chunk : record.chunks) {
    const double x = left + step_width * static_cast<double>(chunk.step);
    if (chunk.planned) body += line("planned", x, top - 8, x, y - 8);
  }
  const double tick = nice_ceiling(static_cast<double>(record.actions.size()) / 8.0);
  for (double s = 0; s < static_cast<double>(record.actions.size()); s += tick) {
    body += label(left + step_width * s, y + 6, number(s, 0), "middle", "ts");
  }
  body += label(left - 8, y + 6, "step", "end", "ts");
  return figure(left + width + 30, y + 12, body);
}

std::string strip_figure(const Strip& strip) {
  if (strip.frames.empty() || strip.frames[0].width == 0) return "";
  constexpr int gap = 3;
  const int width = strip.frames[0].width, height = strip.frames[0].height;
  // The cameras stand side by side in a frame; a strip reads better with one above the other.
  const bool two = width == 2 * height;
  const int column = two ? height : width, rows = two ? 2 : 1;
  const int columns = static_cast<int>(strip.frames.size());
  Image sheet(rows * height + (rows - 1) * gap, columns * (column + gap) - gap);
  std::fill(sheet.rgb.begin(), sheet.rgb.end(), uint8_t{128});
  for (int c = 0; c < columns; ++c) {
    const Image& frame = strip.frames[static_cast<size_t>(c)];
    if (frame.width != width || frame.height != height) continue;
    for (int y = 0; y < rows * height; ++y) {
      const uint8_t* source = frame.row(y % height) + (y / height) * column * 3;
      uint8_t* target = sheet.row(y + y / height * gap) + c * (column + gap) * 3;
      std::memcpy(target, source, static_cast<size_t>(column) * 3);
    }
  }
  std::string html = "<div class='strip'><img alt='film strip' src='data:image/jpeg;base64," +
                     base64(encode_jpeg(sheet)) +
                     "'><div class='stripsteps' style='grid-template-columns:repeat(" +
                     std::to_string(columns) + ",1fr)'>";
  for (int64_t step : strip.steps) html += "<span>" + std::to_string(step) + "</span>";
  return html + "</div></div>";
}

}  // namespace libra::eval
