// Results as text for a terminal.
#include <algorithm>
#include <cstdio>

#include "libra/eval/results.h"

namespace libra::eval {
namespace {

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string runtime_text(const RuntimeResult& r) {
  char line[400];
  std::snprintf(
      line, sizeof line,
      "an episode: %.1f plans%s, %.1f chunks, %.1f held steps; plan age %.1f steps; chunk "
      "latency %.1f ms (planner %s, refiner %s ms, %s); %.2f s to success%s\n",
      r.plans,
      r.adaptive ? (" (" + std::to_string(r.early_plans).substr(0, 4) + " early)").c_str() : "",
      r.chunks, r.held_steps, r.plan_age, r.chunk_latency_ms, r.planner_latency.c_str(),
      r.refiner_latency.c_str(), r.realtime ? "by the clock" : r.waiting.c_str(), r.success_s,
      r.realtime ? ("; " + number_text(r.overruns) + " steps too late").c_str() : "");
  return line;
}

std::string percent(double share) {
  char text[16];
  std::snprintf(text, sizeof text, "%5.1f", 100.0 * share);
  return text;
}

std::string row(const std::string& name, size_t width, const Tally& t) {
  const Interval i = wilson95(t.successes, t.episodes);
  char text[160];
  std::snprintf(text, sizeof text, "  %-*s  %4d/%-4d  %s %%  [%s, %s]  %6.1f  %s %%\n",
                static_cast<int>(width), name.c_str(), t.successes, t.episodes,
                percent(t.rate()).c_str(), percent(i.low).c_str(), percent(i.high).c_str(),
                t.mean_steps(), percent(t.named_rate()).c_str());
  return text;
}

std::string not_run(const Results& r) {
  std::string text;
  for (const VariationResult& v : r.variations) {
    for (const auto& [task, why] : v.without)
      text += "  not run: " + v.name + " on " + task + ": " + why + "\n";
  }
  return text;
}

std::string grounding_text(const Results& r) {
  const auto whole = r.grounding();
  if (!whole) return "";
  const auto score = [](const Grounding& g) {
    char text[64];
    std::snprintf(text, sizeof text, "%.3f [%.3f, %.3f]", g.score, g.interval.low, g.interval.high);
    return std::string(text);
  };
  std::string text = "grounding score " + score(*whole);
  for (size_t s = 0; s < r.suites.size() && r.suites.size() > 1; ++s)
    if (const auto part = r.grounding(s)) text += ", " + r.suites[s].name + " " + score(*part);
  return text + "\n";
}

// One line each; the rate of each suite when there are several.
std::string rows_text(const Results& r, const std::vector<VariationResult>& rows) {
  size_t width = 12;
  for (const VariationResult& v : rows) width = std::max(width, v.name.size());
  const auto padded = [&](const std::string& name) {
    return "  " + name + std::string(width - name.size(), ' ');
  };
  std::string text, group;
  for (const VariationResult& v : rows) {
    if (v.group != group) {
      group = v.group;
      text += padded(group) + "  success    rate     95 % interval  ";
      for (const SuiteResult& s : r.suites)
        if (r.suites.size() > 1) text += "  " + s.name;
      if (group == kMemorisation) text += "    asked   old  neither";
      text += "\n";
    }
    const Tally total = v.total();
    const Interval i = wilson95(total.successes, total.episodes);
    char counts[32];
    std::snprintf(counts, sizeof counts, "  %4d/%-4d  ", total.successes, total.episodes);
    text += padded(v.name) + counts + percent(total.rate()) + " %  [" + percent(i.low) + ", " +
            percent(i.high) + "]";
    for (const auto& [name, tally] : v.suites) {
      if (v.suites.size() < 2) break;
      const std::string rate = percent(tally.rate());
      text +=
          "  " + std::string(name.size() > rate.size() ? name.size() - rate.size() : 0, ' ') + rate;
    }
    if (v.group == kMemorisation) {
      std::snprintf(counts, sizeof counts, "  %7d %5d  %7d", total.asked, total.old,
                    total.neither());
      text += counts;
    }
    text += "\n";
  }
  return text;
}

// What of a suite's categories was not run, both averages over those that were.
std::string categories_text(const Results& r) {
  const auto averages = r.category_averages();
  if (!averages) return "";
  const std::vector<VariationResult> rows = r.categories();
  std::string text = rows_text(r, rows);
  for (const std::string& line : r.left_out()) text += "  left out of " + line + "\n";
  return text + "average over tasks " + percent(averages->over_tasks) + " %, over " +
         std::to_string(rows.size()) + " categories " + percent(averages->over_categories) + " %\n";
}

}  // namespace

std::string to_table(const Results& r) {
  std::string text;
  for (const SuiteResult& suite : r.suites) {
    size_t width = 8;
    for (const TaskResult& task : suite.tasks) {
      if (task.category.empty()) width = std::max(width, task.name.size());
    }
    text += "suite " + suite.name + ", layout " + r.layout + ", instruction " + r.instruction +
            ", " + r.schedule + " M=" + std::to_string(r.M) + ", executor " + r.executor +
            ", seed " + std::to_string(r.seed) + "\n";
    char head[200];
    std::snprintf(head, sizeof head,
                  "  %-*s  success    rate     95 %% interval   steps   named first\n",
                  static_cast<int>(width), "task");
    text += head;
    for (const TaskResult& task : suite.tasks) {
      if (task.category.empty()) text += row(task.name, width, task.tally);
    }
    const Tally total = suite.total();
    text += row("all", width, total);
    if (total.errors > 0) {
      text += "  " + std::to_string(total.errors) + " broken episodes count as failures\n";
    }
    if (r.instruction == "swapped") {
      text += "  named item lifted first, by the item asked for:\n";
      for (const auto& [name, t] : suite.items) {
        char line[120];
        std::snprintf(line, sizeof line, "    %-24s %3d/%-3d %s %%\n", name.c_str(), t.named,
                      t.episodes, percent(t.named_rate()).c_str());
        text += line;
      }
    }
  }
  text += categories_text(r) + rows_text(r, r.variations) + not_run(r) + grounding_text(r);
  text += runtime_text(r.runtime);
  char line[200];
  std::snprintf(line, sizeof line,
                "latency ms (one at a time, p50 / p99): planner %.1f / %.1f, refiner %.1f / %.1f, "
                "chunk %.1f / %.1f\n",
                r.planner.p50, r.planner.p99, r.refiner.p50, r.refiner.p99, r.per_chunk.p50,
                r.per_chunk.p99);
  text += line;
  std::snprintf(line, sizeof line, "average %s %%, %.0f s%s\n", percent(r.average()).c_str(),
                r.wall_s, r.complete ? "" : ", stopped before the end");
  return text + line;
}

}  // namespace libra::eval
