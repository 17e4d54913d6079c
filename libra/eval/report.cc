#include "libra/eval/report.h"

#include <algorithm>

#include "libra/eval/report_figures.h"
#include "libra/media/page.h"
#include "libra/media/svg.h"

namespace libra::eval {
namespace {

using media::escape_html;
using media::html_tile;
using media::number;
using media::percent_text;

std::string interval_text(int successes, int episodes) {
  const Interval i = wilson95(successes, episodes);
  return number(100 * i.low) + " to " + percent_text(i.high);
}

std::string title_of(const std::string& text) {
  std::string out = text;
  if (!out.empty()) out[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[0])));
  return out;
}

// A machine name ("alphabet_soup") as one reads it.
std::string plain(std::string text) {
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string headline(const Results& r, double chunk_ms) {
  Tally all;
  bool named = false;
  for (const SuiteResult& suite : r.suites) {
    all.add(suite.total());
    named = named || suite.names_items;
  }
  std::string html = "<div class='tiles'>";
  html += html_tile(percent_text(r.average()), "success",
                    std::to_string(all.successes) + " of " + std::to_string(all.episodes) +
                        " episodes<br>95 % interval " + interval_text(all.successes, all.episodes));
  if (named) {
    html += html_tile(percent_text(all.named_rate()), "named item lifted first",
                      "95 % interval " + interval_text(all.named, all.episodes));
  }
  html += html_tile(
      number(r.per_chunk.p50) + " ms", "a chunk, median",
      "of the " + number(chunk_ms, 0) + " ms it plays; p99 " + number(r.per_chunk.p99) + " ms");
  const double seconds = all.mean_steps() * chunk_ms / std::max(1, r.H) / 1000.0;
  html += html_tile(all.successes > 0 ? number(all.mean_steps(), 0) : "&ndash;",
                    "steps to success, mean",
                    all.successes > 0 ? number(seconds) + " s of robot time" : "no success yet");
  return html + "</div>";
}

std::string video_links(const RolloutOutcome& outcome, int suite, int task,
                        const std::string& folder) {
  std::string html;
  for (const EpisodeRecord& e : outcome.episodes) {
    if (e.suite != suite || e.task != task || e.video.empty()) continue;
    html += "<a href='" + escape_html(folder + "/" + e.video) + "'>" + std::to_string(e.episode) +
            "</a> ";
  }
  return html;
}

std::string task_table(const SuiteResult& suite, int index, const RolloutOutcome& outcome,
                       const std::string& folder) {
  std::string html =
      "<div class='card'><table><tr><th>task</th><th>success, 95 % interval</th><th class=n></th>"
      "<th class=n>rate</th><th class=n>interval</th><th class=n>named</th><th class=n>steps</th>"
      "<th>video</th></tr>";
  const auto row = [&](const std::string& name, const Tally& t, const std::string& video,
                       bool sum) {
    html += std::string(sum ? "<tr class='sum'>" : "<tr>") + "<td>" + escape_html(name) +
            "</td><td>" + rate_bar(t.successes, t.episodes) + "</td><td class=n>" +
            std::to_string(t.successes) + " / " + std::to_string(t.episodes) + "</td><td class=n>" +
            percent_text(t.rate()) + "</td><td class=n>" + interval_text(t.successes, t.episodes) +
            "</td><td class=n>" +
            (suite.names_items ? percent_text(t.named_rate()) : std::string("&ndash;")) +
            "</td><td class=n>" + (t.successes > 0 ? number(t.mean_steps(), 0) : "&ndash;") +
            "</td><td>" + video + "</td></tr>";
  };
  for (size_t t = 0; t < suite.tasks.size(); ++t) {
    const TaskResult& task = suite.tasks[t];
    row(task.category.empty() ? title_of(task.instruction) : plain(task.name), task.tally,
        video_links(outcome, index, static_cast<int>(t), folder), false);
  }
  row("All tasks", suite.total(), "", true);
  return html + "</table></div>";
}

std::string item_table(const SuiteResult& suite) {
  std::string html =
      "<div class='card'><table><tr><th>item asked for</th><th>lifted first, 95 % interval</th>"
      "<th class=n></th><th class=n>rate</th><th class=n>interval</th><th class=n>placed</th></tr>";
  for (const auto& [name, t] : suite.items) {
    html += "<tr><td>" + escape_html(plain(name)) + "</td><td>" + rate_bar(t.named, t.episodes) +
            "</td><td class=n>" + std::to_string(t.named) + " / " + std::to_string(t.episodes) +
            "</td><td class=n>" + percent_text(t.named_rate()) + "</td><td class=n>" +
            interval_text(t.named, t.episodes) + "</td><td class=n>" + percent_text(t.rate()) +
            "</td></tr>";
  }
  return html + "</table></div>";
}

std::string flag(bool success) {
  return success ? "<span class='flag good'>success</span>"
                 : "<span class='flag fail'>failure</span>";
}

std::string lifted_text(const EpisodeRecord& e) {
  if (!e.error.empty()) return "broken off: " + escape_html(e.error);
  if (e.first_lifted.empty()) return "nothing was lifted";
  return "lifted first: " + escape_html(plain(e.first_lifted));
}

std::string timelines(const RolloutOutcome& outcome, int suite) {
  std::string html;
  int shown = 0;
  for (const EpisodeRecord& e : outcome.episodes) {
    if (e.suite != suite || e.actions.empty()) continue;
    html += std::string(shown++ < 2 ? "<details open>" : "<details>") + "<summary>" +
            escape_html(title_of(e.instruction)) + " &nbsp;" + flag(e.success) +
            " <span class='note'>" + std::to_string(e.steps) +
            " steps</span></summary><div class='card'>" +
            timeline_figure(e, outcome.spec.embodiment) + "</div></details>";
  }
  return html;
}

std::string grounding_words(const Results& r) {
  std::string html =
      "<p>Right is the asked goal; where the words ask for nothing, not doing the old task. Doing "
      "the old task, or what it comes to in the changed scene, is memory.";
  if (const auto whole = r.grounding()) {
    html += " The <b>grounding score</b> is the geometric mean of the four rates: <b>" +
            number(whole->score, 3) + "</b>, 95 % interval " + number(whole->interval.low, 3) +
            " to " + number(whole->interval.high, 3) +
            ". Whoever is deaf, blind or still has none.";
  }
  return html + "</p>";
}

std::string not_run(const Results& r, const std::string& group) {
  std::string lines;
  for (const VariationResult& v : r.variations) {
    for (const auto& [task, why] : v.without) {
      if (v.group == group)
        lines += "<br>Not run: " + escape_html(v.name + " on " + task + ": " + why) + ".";
    }
  }
  return lines.empty() ? "" : "<p>" + lines.substr(4) + "</p>";
}

std::string category_words(const Results& r) {
  const auto averages = r.category_averages();
  std::string html = "<p>Every task changes one thing. Average over tasks <b>" +
                     percent_text(averages->over_tasks) + "</b>, over categories <b>" +
                     percent_text(averages->over_categories) + "</b>.</p><p>";
  for (const std::string& line : r.left_out()) {
    html += "Left out of " + escape_html(line) + ".<br>";
  }
  return html + "</p>";
}

std::string row_tables(const Results& r, const std::vector<VariationResult>& rows) {
  std::string html, group;
  for (const VariationResult& v : rows) {
    if (v.group != group) {
      html += (group.empty() ? "" : "</table></div>");
      group = v.group;
      html += "<h2>By " + escape_html(group) + "</h2>" +
              (group == kCategory
                   ? category_words(r)
                   : "<p>The same tasks and episodes, each time with one thing changed; what a "
                     "name leaves open is drawn from the seed.</p>") +
              (group == kMemorisation ? grounding_words(r) : "") + not_run(r, group) +
              "<div class='card'><table><tr><th>" + escape_html(group) +
              "</th><th>success, 95 % interval</th><th class=n></th><th class=n>rate</th>"
              "<th class=n>interval</th>";
      for (const auto& [name, tally] : v.suites)
        if (v.suites.size() > 1) html += "<th class=n>" + escape_html(name) + "</th>";
      if (group == kMemorisation)
        html += "<th class=n>asked goal</th><th class=n>old goal</th><th class=n>neither</th>";
      html += "</tr>";
    }
    const Tally t = v.total();
    html += "<tr><td>" + escape_html(v.name) + "</td><td>" + rate_bar(t.successes, t.episodes) +
            "</td><td class=n>" + std::to_string(t.successes) + " / " + std::to_string(t.episodes) +
            "</td><td class=n>" + percent_text(t.rate()) + "</td><td class=n>" +
            interval_text(t.successes, t.episodes) + "</td>";
    for (const auto& [name, tally] : v.suites)
      if (v.suites.size() > 1) html += "<td class=n>" + percent_text(tally.rate()) + "</td>";
    if (group == kMemorisation) {
      for (const int count : {t.asked, t.old, t.neither()})
        html += "<td class=n>" + std::to_string(count) + "</td>";
    }
    html += "</tr>";
  }
  return html + (group.empty() ? "" : "</table></div>");
}

std::string strips(const Results& r, const RolloutOutcome& outcome, int suite, bool success) {
  std::string html;
  for (const EpisodeRecord& e : outcome.episodes) {
    if (e.suite != suite || e.success != success) continue;
    const std::string figure = strip_figure(e.strip);
    if (figure.empty() && (e.error.empty() || success)) continue;
    html += "<h3>" + escape_html(title_of(e.instruction)) + " &nbsp;" + flag(e.success) +
            " <span class='note'>" +
            (r.variations.empty()
                 ? ""
                 : escape_html(r.variations[static_cast<size_t>(e.variation)].name) + ", ") +
            "episode " + std::to_string(e.episode) + ", " + std::to_string(e.steps) + " steps, " +
            lifted_text(e) + "</span></h3>" + figure;
  }
  return html;
}

std::string suite_section(const Results& r, const RolloutOutcome& outcome, int index,
                          const ReportExtras& extras) {
  const SuiteResult& suite = r.suites[static_cast<size_t>(index)];
  std::string html = "<h2>Suite " + escape_html(suite.name) + "</h2>";
  html +=
      "<p>Bars are the share of successful episodes; whiskers are 95 % Wilson intervals. "
      "<i>Named</i> is the share of episodes in which the item asked for was the first to be "
      "lifted.</p>";
  html += task_table(suite, index, outcome, extras.video_dir);
  if (suite.has_categories()) return html;  // too many tasks to show what each of them did
  if (suite.names_items) {
    html += "<h2>By the item asked for</h2>";
    if (r.instruction == "swapped") {
      html +=
          "<p>Scene and state are the task's own; the instruction asks for another item that is "
          "present. A policy that does not read it stays near chance.</p>";
    }
    html += item_table(suite);
  }
  html +=
      "<h2>Length of the episodes</h2><p>One mark per episode at the step where it ended; hollow "
      "marks are failures.</p><div class='card'>" +
      steps_figure(suite, index, outcome.episodes) + "</div>";
  const std::string lines = timelines(outcome, index);
  if (!lines.empty()) {
    html +=
        "<h2>Intents and actions</h2><p>One episode per task. The line is the action that was "
        "executed. The bands behind it are the planned bins, and the cells below show them as "
        "colours: blue towards &minus;1, orange towards +1. Dotted lines mark planner passes.</p>" +
        lines;
  }
  const std::string failures = strips(r, outcome, index, false);
  if (!failures.empty()) {
    html += "<h2>Failures</h2><p>The first failures of each task; numbers are control steps.</p>" +
            failures;
  }
  const std::string successes = strips(r, outcome, index, true);
  if (!successes.empty()) {
    html += "<h2>Successes</h2><details" + std::string(failures.empty() ? " open" : "") +
            "><summary>One episode per task</summary>" + successes + "</details>";
  }
  return html;
}

std::string configuration(const Results& r, const ReportExtras& extras) {
  std::string html = "<h2>How this was made</h2><div class='card'><table>";
  const auto row = [&](const std::string& name, const std::string& value) {
    html += "<tr><td>" + name + "</td><td>" + escape_html(value) + "</td></tr>";
  };
  row("checkpoint", r.checkpoint);
  row("policy", r.policy + ", variant " + r.variant + ", N = " + std::to_string(r.N) +
                    ", H = " + std::to_string(r.H));
  row("schedule",
      r.schedule + ", M = " + std::to_string(r.M) + ", executor " + r.executor +
          (r.denoise_steps > 0 ? ", " + std::to_string(r.denoise_steps) + " denoising steps" : ""));
  row("episodes", std::to_string(r.rollouts) + " per task, layout " + r.layout + ", instruction " +
                      r.instruction + ", seed " + std::to_string(r.seed));
  row("wall time", number(r.wall_s, 0) + " s with " + std::to_string(r.workers) +
                       (r.workers == 1 ? " worker" : " workers"));
  row("machine", r.machine);
  html += "</table>";
  if (!r.command.empty()) html += "<pre>" + escape_html(r.command) + "</pre>";
  if (!extras.configuration.empty()) {
    html += "<details><summary>Resolved configuration</summary><pre>" +
            escape_html(extras.configuration) + "</pre></details>";
  }
  return html + "</div>";
}

}  // namespace

std::string to_html(const Results& r, const RolloutOutcome& outcome, const ReportExtras& extras) {
  const double hz = outcome.spec.embodiment.control_hz;
  const double chunk_ms = 1000.0 * r.H / hz;
  std::string html = "<p>" + escape_html(r.policy) + ", layout " + escape_html(r.layout) + ", " +
                     escape_html(r.schedule) + " schedule with M = " + std::to_string(r.M) +
                     ", instruction: " + escape_html(r.instruction) + "</p>";
  if (!r.complete) {
    html +=
        "<p class='warn'>The run was stopped before its end; only finished groups of episodes are "
        "counted.</p>";
  }
  html += headline(r, chunk_ms);
  html += row_tables(r, r.categories()) + row_tables(r, r.variations);
  for (size_t s = 0; s < r.suites.size(); ++s) {
    html += suite_section(r, outcome, static_cast<int>(s), extras);
  }
  html +=
      "<h2>Latency</h2><p>One episode at a time on one thread; bars are medians, whiskers reach "
      "the "
      "99th percentile. In batches, the mean per element was " +
      number(r.planner_batched_ms) + " ms for the planner and " + number(r.refiner_batched_ms) +
      " ms for the refiner.</p><div class='card'>" + latency_figure(r, chunk_ms) + "</div>";
  html += configuration(r, extras);
  return media::html_page(extras.title, html);
}

}  // namespace libra::eval
