#include "libra/training/training_page.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "libra/core/file.h"
#include "libra/media/media.h"
#include "libra/training/training_log.h"

namespace libra::training {
namespace {

using nlohmann::json;

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

double number_at(const json& line, const json::json_pointer& place) {
  return line.contains(place) && line.at(place).is_number() ? line.at(place).get<double>()
                                                            : kNothing;
}

// Curves of the numbers at these places ("/ms/batch") of each line.
std::string chart(const std::string& title, const std::vector<json>& lines,
                  const std::vector<std::pair<std::string, std::string>>& named,
                  const std::string& x_name) {
  std::vector<media::Curve> curves;
  for (const auto& [name, place] : named) {
    media::Curve curve{name, {}};
    bool any = false;
    for (const json& line : lines) {
      curve.values.push_back(number_at(line, json::json_pointer(place)));
      any |= std::isfinite(curve.values.back()) && curve.values.back() != 0;
    }
    if (any) curves.push_back(std::move(curve));
  }
  if (curves.empty()) return "";
  return "<div>" + media::line_chart(title, curves, x_name) + "</div>";
}

std::string every(const std::vector<json>& lines) {
  if (lines.size() < 2) return "entries of the log";
  return "entries of the log, " +
         std::to_string(lines[1]["step"].get<int64_t>() - lines[0]["step"].get<int64_t>()) +
         " steps each";
}

}  // namespace

void write_training_page(const std::string& run, const std::string& model) {
  std::vector<json> steps, checks, looks;
  for (json& line : read_training_log(run)) {
    (line.contains("validation") ? checks
     : line.contains("watch")    ? looks
                                 : steps)
        .push_back(std::move(line));
  }
  if (steps.empty()) return;
  const json& last = steps.back();
  std::string body = "<div class='tiles'>";
  const auto tile = [&](const std::string& value, const char* name, const std::string& detail) {
    body += media::html_tile(value, name, detail);
  };
  tile(std::to_string(last["step"].get<int64_t>()), "steps", media::escape_html(model));
  tile(media::number(number_at(last, json::json_pointer("/samples_per_second")), 0),
       "samples a second",
       media::number(number_at(last, json::json_pointer("/ms/batch")), 1) +
           " ms a step wait for data");
  if (!checks.empty()) {
    const json& check = checks.back()["validation"];
    tile(media::percent_text(check.value("accuracy", 0.0)), "of held-out bins right",
         "cross-entropy " + media::number(check.value("plan", 0.0), 3));
    tile(media::number(std::sqrt(check.value("action_mse", 0.0)), 3), "error of held-out actions",
         "bin centres alone " + media::number(std::sqrt(check.value("centre_mse", 0.0)), 3) +
             "; normalised, root of the mean square");
  }
  const auto best = std::find_if(looks.rbegin(), looks.rend(), [](const json& look) {
    return look["watch"].value("best", false);
  });
  if (best != looks.rend()) {
    const json& watch = (*best)["watch"];
    const bool played = watch.contains("closed_loop");
    tile(played ? media::percent_text(watch["closed_loop"].value("success", 0.0))
                : media::number(number_at(watch, json::json_pointer("/replay/error")), 4),
         played ? "of the best step's episodes succeed" : "open-loop error of the best step",
         "step " + std::to_string((*best)["step"].get<int64_t>()) + ", kept in best/" +
             (played ? "; " + watch["closed_loop"]["episodes"].dump() + " episodes" : ""));
  }
  body += "</div><h2>Training</h2><div class='card grid2'>";
  const std::string x = every(steps);
  body += chart("Planner: cross-entropy of the coarse actions", steps, {{"plan", "/plan"}}, x);
  body += chart(
      "Planner: accuracy and its moving averages", steps,
      {{"accuracy", "/accuracy"}, {"short", "/accuracy_short"}, {"long", "/accuracy_long"}}, x);
  body +=
      chart("Refiner: squared error of what it predicts", steps, {{"diffusion", "/diffusion"}}, x);
  body += chart("Pointing and keyframe", steps,
                {{"pointing", "/pointing"}, {"keyframe (dm)", "/keyframe"}}, x);
  body += chart("Gradient norms", steps,
                {{"planner", "/planner_norm"}, {"refiner", "/refiner_norm"}}, x);
  body += chart("Learning rate", steps, {{"lr", "/lr"}}, x);
  std::string switched;
  for (size_t i = 1; i < steps.size(); ++i) {
    if (steps[i].value("injection", "") == steps[i - 1].value("injection", "")) continue;
    switched += " Step " + std::to_string(steps[i]["step"].get<int64_t>()) + ": " +
                media::escape_html(steps[i].value("injection", "")) + ".";
  }
  body += "</div><div class='card'>Intents that the refiner was trained on: " +
          media::escape_html(steps[0].value("injection", "")) + " at first." + switched;
  if (const int64_t skipped = last.value("skipped", int64_t{0}); skipped > 0) {
    body += " Steps that were not finite and left out: " + std::to_string(skipped) + ".";
  }
  body += "</div>";
  body += "<h2>Held-out demonstrations</h2><div class='card grid2'>";
  const std::string at = every(checks);
  body += chart("Losses", checks,
                {{"plan", "/validation/plan"}, {"diffusion", "/validation/diffusion"}}, at);
  body +=
      chart("Squared error of actions", checks,
            {{"refined", "/validation/action_mse"}, {"bin centres", "/validation/centre_mse"}}, at);
  std::vector<std::pair<std::string, std::string>> dimensions;
  if (!checks.empty()) {
    for (size_t d = 0; d < checks.back()["validation"]["bin_accuracy"].size(); ++d) {
      dimensions.emplace_back("dimension " + std::to_string(d),
                              "/validation/bin_accuracy/" + std::to_string(d));
    }
  }
  body += chart("Bins right, by action dimension", checks, dimensions, at);
  if (!looks.empty()) {
    body += "</div><h2>The whole policy</h2><div class='card grid2'>";
    const std::string look = every(looks);
    body += chart("Share of episodes that succeed", looks,
                  {{"success", "/watch/closed_loop/success"}}, look);
    body += chart("Open loop: mean absolute error of held-out actions", looks,
                  {{"policy", "/watch/replay/error"}, {"last action held", "/watch/replay/hold"}},
                  look);
  }
  body += "</div><h2>Where the time goes</h2><div class='card grid2'>";
  body += chart("Samples a second", steps, {{"samples/s", "/samples_per_second"}}, x);
  body += chart("Milliseconds of a step", steps,
                {{"waiting for data", "/ms/batch"},
                 {"planner", "/ms/planner"},
                 {"refiner", "/ms/refiner"},
                 {"update", "/ms/update"}},
                x);
  body += "</div>";
  write_file(run + "/report.html",
             media::html_page("Training of " + media::escape_html(model), body));
}

}  // namespace libra::training
