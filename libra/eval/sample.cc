#include "libra/eval/sample.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "libra/core/rng.h"

namespace libra::eval {
namespace {

struct Stratum {
  std::vector<size_t> tasks;  // of its suite, in the order of the draw
  size_t kept = 0;
};
using Strata = std::map<std::pair<size_t, std::string>, Stratum>;  // by suite and category

Strata strata_of(const std::vector<Suite>& suites, uint64_t seed) {
  Strata strata;
  for (size_t s = 0; s < suites.size(); ++s) {
    for (size_t t = 0; t < suites[s].tasks.size(); ++t)
      strata[{s, suites[s].tasks[t].category}].tasks.push_back(t);
  }
  for (auto& [key, stratum] : strata) {
    Rng rng(mix_seed(
        {hash_name("sample"), hash_name(suites[key.first].name), hash_name(key.second), seed}));
    rng.shuffle(stratum.tasks);
  }
  return strata;
}

// One task after the other to whom most are due (Sainte-Lague), after one for everybody: shares
// never shrink when the sample grows.
void share_out(Strata& strata, size_t count) {
  for (size_t given = 0; given < count; ++given) {
    Stratum* next = nullptr;
    double most = -1;
    for (auto& [key, s] : strata) {
      if (s.kept == s.tasks.size()) continue;
      const double due = s.kept == 0 ? 1e9 + double(s.tasks.size())
                                     : double(s.tasks.size()) / double(2 * s.kept + 1);
      if (due > most) most = due, next = &s;
    }
    ++next->kept;
  }
}

}  // namespace

void sample_tasks(std::vector<Suite>& suites, int count, uint64_t seed) {
  size_t all = 0;
  for (const Suite& suite : suites) all += suite.tasks.size();
  if (static_cast<size_t>(count) >= all) return;
  Strata strata = strata_of(suites, seed);
  share_out(strata, static_cast<size_t>(count));
  std::vector<std::set<size_t>> kept(suites.size());
  for (const auto& [key, stratum] : strata) {
    kept[key.first].insert(stratum.tasks.begin(),
                           stratum.tasks.begin() + static_cast<long>(stratum.kept));
  }
  for (size_t s = 0; s < suites.size(); ++s) {
    std::vector<Task> tasks;
    for (const size_t t : kept[s]) tasks.push_back(std::move(suites[s].tasks[t]));
    suites[s].protocol.emplace_back("sample", std::to_string(tasks.size()) + " of " +
                                                  std::to_string(suites[s].tasks.size()) +
                                                  " tasks, drawn by seed " + std::to_string(seed) +
                                                  " over suites and categories");
    suites[s].tasks = std::move(tasks);
  }
  std::erase_if(suites, [](const Suite& suite) { return suite.tasks.empty(); });
}

}  // namespace libra::eval
