// libra compare: several results.json beside each other.
#include "libra/eval/compare.h"

#include <cstdio>
#include <filesystem>

#include "libra/cli/command.h"
#include "libra/core/core.h"
#include "libra/eval/merge.h"

namespace libra::cli {
namespace {

struct CompareFlags {
  std::vector<std::string> results;
  std::string plot, merge;
};

void compare(const CompareFlags& flags) {
  if (!flags.merge.empty()) {
    const eval::Results whole = eval::merge_shards(flags.results);
    std::error_code error;
    std::filesystem::create_directories(flags.merge, error);
    write_file(flags.merge + "/results.json", eval::to_json(whole));
    std::printf("%s", eval::to_table(whole).c_str());
    if (!whole.complete) {
      throw Error(ErrorCode::kFailed,
                  {.where = flags.merge,
                   .problem = "episodes are missing",
                   .found = std::to_string(whole.episodes.size()),
                   .next = "run the shards that are missing, then merge again"});
    }
    std::fprintf(stderr, "compare: wrote %s/results.json\n", flags.merge.c_str());
    return;
  }
  std::vector<eval::Results> all;
  for (std::string path : flags.results) {
    if (std::filesystem::is_directory(path)) path += "/results.json";
    all.push_back(eval::parse_results(read_file(path), path));
  }
  std::printf("%s", eval::comparison_table(all).c_str());
  if (flags.plot.empty()) return;
  const std::string svg = eval::latency_plot(all);
  if (svg.empty()) {
    throw Error(ErrorCode::kBadInput,
                {.where = "--plot",
                 .problem = "nothing to plot",
                 .expected = "evaluations with constant planner latencies that differ",
                 .next = "run libra eval with --planner-latency 0, 60, ..."});
  }
  write_file(flags.plot, svg);
  std::fprintf(stderr, "compare: wrote %s\n", flags.plot.c_str());
}

}  // namespace

void add_compare(CLI::App& app, Context&) {
  auto flags = std::make_shared<CompareFlags>();
  CLI::App* c = app.add_subcommand("compare", "several evaluations -> one table and a plot");
  c->add_option("results", flags->results, "results.json files, or the folders that hold them")
      ->required();
  c->add_option("--plot", flags->plot, "success over planner latency, as an SVG file");
  c->add_option("--merge", flags->merge,
                "join the shards of one evaluation: folder for the whole's results.json");
  c->callback([flags] { compare(*flags); });
}

}  // namespace libra::cli
