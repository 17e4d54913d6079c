#include "libra/training/watch.h"

#include "libra/media/media.h"

namespace libra::training {

using nlohmann::json;

int ClosedLoop::episodes() const {
  int sum = 0;
  for (const Suite& suite : suites) sum += suite.episodes;
  return sum;
}

int ClosedLoop::successes() const {
  int sum = 0;
  for (const Suite& suite : suites) sum += suite.successes;
  return sum;
}

double ClosedLoop::rate() const { return episodes() > 0 ? double(successes()) / episodes() : 0.0; }

json to_json(const WatchReport& report, const std::vector<std::string>& names) {
  json out = {{"best", report.best}};
  if (report.replay) {
    json dimensions = json::object();
    for (size_t d = 0; d < names.size() && d < report.replay->policy.size(); ++d) {
      dimensions[names[d]] = report.replay->policy[d];
    }
    out["replay"] = {{"episodes", report.replay->episodes},
                     {"steps", report.replay->steps},
                     {"error", report.replay->mean_policy()},
                     {"hold", report.replay->mean_hold()},
                     {"dimensions", std::move(dimensions)}};
  }
  if (report.closed_loop) {
    json suites = json::object();
    for (const ClosedLoop::Suite& suite : report.closed_loop->suites) {
      suites[suite.name] = {{"episodes", suite.episodes}, {"successes", suite.successes}};
    }
    out["closed_loop"] = {{"episodes", report.closed_loop->episodes()},
                          {"successes", report.closed_loop->successes()},
                          {"success", report.closed_loop->rate()},
                          {"suites", std::move(suites)}};
  }
  return out;
}

bool Watcher::better(const Score& a, const Score& b) const {
  if (config_.eval_every > 0) {
    if (a.success < 0 || b.success < 0) return a.success >= 0;
    if (a.success != b.success) return a.success > b.success;
  }
  if (a.error < 0 || b.error < 0) return a.error >= 0 || config_.eval_every > 0;
  return a.error <= b.error;
}

bool Watcher::note(int64_t step, const WatchReport& report) {
  seen_ = step;
  last_ = {.step = double(step)};
  if (report.closed_loop) last_.success = report.closed_loop->rate();
  if (report.replay) last_.error = report.replay->mean_policy();
  if (!better(last_, best_)) return false;
  best_ = last_;
  return true;
}

std::string Watcher::Score::text() const {
  std::string words;
  if (success >= 0) words = "success " + media::number(success, 2);
  if (error >= 0) words += (words.empty() ? "" : ", ") + ("replay " + media::number(error, 4));
  return words;
}

std::string Watcher::summary() const {
  if (seen_ == 0) return "";
  if (best_.step == 0) return last_.text();  // nothing that decides was measured yet
  return last_.text() + " (best " + best_.text() + " at step " +
         std::to_string(int64_t(best_.step)) + ")";
}

std::vector<double> Watcher::state() const {
  return {double(seen_), last_.step,    last_.success, last_.error,
          best_.step,    best_.success, best_.error};
}

void Watcher::set_state(const std::vector<double>& state) {
  seen_ = int64_t(state.at(0));
  last_ = {state.at(1), state.at(2), state.at(3)};
  best_ = {state.at(4), state.at(5), state.at(6)};
}

}  // namespace libra::training
