#include "libra/training/granularity.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/media/media.h"
#include "libra/training/training_log.h"

namespace libra::training {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// The last validation in a run's log. Throws Error(kFailed) when there is none.
json last_validation(const std::string& run) {
  json found;
  for (const json& line : read_training_log(run)) {
    if (line.contains("validation")) found = line["validation"];
  }
  if (found.is_null()) {
    throw Error(ErrorCode::kFailed, {.where = run,
                                     .problem = "has no validation to judge by",
                                     .next = "keep train.sampling.held_out above 0"});
  }
  return found;
}

// Trains a probe unless it is finished; its last validation.
json probe(RunRequest request, const std::string& name, std::vector<std::string> settings,
           int steps, const std::atomic<bool>& stop) {
  request.out += "/" + name;
  const std::string done = request.out + "/done";
  std::error_code error;
  if (!fs::exists(done, error)) {
    settings.push_back("train.steps=" + std::to_string(steps));
    settings.push_back("train.validate_every=" + std::to_string(steps));
    request.assignments.insert(request.assignments.end(), settings.begin(), settings.end());
    request.resume = fs::exists(request.out + "/resume", error);
    std::fprintf(stderr, "probe %s\n", name.c_str());
    train(request, stop);
    write_file(done, "");
  }
  return last_validation(request.out);
}

}  // namespace

void balance(Granularity& found) {
  const auto gap = [](const Probe& p) { return p.planner - p.refiner; };
  for (Probe& p : found.probes) {
    p.planner = p.plan / std::log(double(p.bins));
    p.refiner = p.diffusion / found.untold;
  }
  const auto nearest = std::min_element(
      found.probes.begin(), found.probes.end(),
      [&](const Probe& a, const Probe& b) { return std::abs(gap(a)) < std::abs(gap(b)); });
  found.balance = nearest->bins;
  for (size_t i = 1; i < found.probes.size(); ++i) {
    const Probe &a = found.probes[i - 1], &b = found.probes[i];
    if (gap(a) > 0 || gap(b) < 0 || gap(a) == gap(b)) continue;  // from easy to hard to predict
    const double share = gap(a) / (gap(a) - gap(b));
    found.balance =
        std::exp(std::log(double(a.bins)) * (1 - share) + std::log(double(b.bins)) * share);
    break;
  }
  found.bins = std::min_element(found.probes.begin(), found.probes.end(),
                                [&](const Probe& a, const Probe& b) {
                                  const auto away = [&](const Probe& p) {
                                    return std::abs(std::log(p.bins / found.balance));
                                  };
                                  return away(a) < away(b);
                                })
                   ->bins;
}

Granularity search_granularity(const RunRequest& request, std::vector<int> bins, int steps,
                               const std::atomic<bool>& stop) {
  std::sort(bins.begin(), bins.end());
  bins.erase(std::unique(bins.begin(), bins.end()), bins.end());
  Granularity found;
  found.untold = probe(request, "untold", {"model.variant=vision"}, steps, stop)["diffusion"];
  for (const int n : bins) {
    const json seen = probe(request, std::string("N").append(std::to_string(n)),
                            {std::string("model.action.bins=").append(std::to_string(n)),
                             "train.injection.mode=teacher"},
                            steps, stop);
    found.probes.push_back({.bins = n, .plan = seen["plan"], .diffusion = seen["diffusion"]});
  }
  balance(found);
  return found;
}

void write_granularity_page(const Granularity& found, const std::string& path) {
  media::Curve planner{"planner: cross-entropy / log N", {}};
  media::Curve refiner{"refiner: loss / loss without intents", {}};
  std::string rows;
  for (const Probe& p : found.probes) {
    planner.values.push_back(p.planner);
    refiner.values.push_back(p.refiner);
    rows += "<tr><td class=n>" + std::to_string(p.bins) + "</td><td class=n>" +
            media::number(p.plan, 3) + "</td><td class=n>" + media::number(p.diffusion, 4) +
            "</td><td class=n>" + media::number(p.planner, 3) + "</td><td class=n>" +
            media::number(p.refiner, 3) + "</td></tr>";
  }
  const std::string body =
      "<div class='tiles'>" +
      media::html_tile("N = " + std::to_string(found.bins), "chosen",
                       "both halves are equally hard at N = " + media::number(found.balance, 1)) +
      "</div><div class='card'>" +
      media::line_chart("Difficulty of both halves", {planner, refiner},
                        "probes, in the table's order") +
      "</div><div class='card'><table><tr><th class=n>N</th><th class=n>cross-entropy</th>"
      "<th class=n>refiner's loss</th><th class=n>planner</th><th class=n>refiner</th></tr>" +
      rows + "</table></div>";
  write_file(path, media::html_page("Granularity by learning equilibrium", body));
}

}  // namespace libra::training
