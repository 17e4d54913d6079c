// libra data: what is in a data set, what is odd about it, and how well a checkpoint follows it.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "libra/action/norm_stats.h"
#include "libra/cli/command.h"
#include "libra/cli/data_commands.h"
#include "libra/cli/data_flags.h"
#include "libra/core/core.h"
#include "libra/data/check.h"
#include "libra/data/episode_set.h"
#include "libra/data/episode_source.h"
#include "libra/media/media.h"

namespace libra::cli {
namespace {

using nlohmann::json;

struct DataCommand {
  DataFlags data;
  std::string sheet, out;
  int horizon = 5;
};

void print_columns(const char* what, const std::vector<std::string>& names,
                   const action::ColumnStats& stats) {
  std::printf("%s\n  %-24s %10s %10s %10s %10s %10s %10s\n", what, "", "min", "q01", "mean", "std",
              "q99", "max");
  for (size_t i = 0; i < stats.size(); ++i) {
    const std::string name = i < names.size() ? names[i] : std::to_string(i);
    // + 0.0: no minus before a zero.
    std::printf("  %-24s %10.4f %10.4f %10.4f %10.4f %10.4f %10.4f\n", name.c_str(),
                stats.min[i] + 0.0, stats.q01[i] + 0.0, stats.mean[i] + 0.0, stats.std[i] + 0.0,
                stats.q99[i] + 0.0, stats.max[i] + 0.0);
  }
}

void run_info(const DataCommand& flags, const Context& context) {
  const auto set = open_set(flags.data, context);
  const Embodiment& robot = set->embodiment();
  int shortest = set->demo(0).frames, longest = 0;
  std::map<std::string, int> instructions;
  for (const data::Demo& demo : set->demos()) {
    shortest = std::min(shortest, demo.frames);
    longest = std::max(longest, demo.frames);
    ++instructions[demo.instruction];
  }
  const action::NormStats stats = data::statistics(*set, robot, 1);
  if (context.json) {
    json out = {{"embodiment", robot.name},
                {"control_hz", robot.control_hz},
                {"cameras", robot.camera_names()},
                {"episodes", set->demos().size()},
                {"frames", set->frames()},
                {"frames_shortest", shortest},
                {"frames_longest", longest},
                {"instructions", instructions},
                {"action_names", robot.action_names()},
                {"proprio_names", robot.proprio_names()},
                {"statistics", json::parse(action::to_json(stats))}};
    std::printf("%s\n", out.dump(2).c_str());
    return;
  }
  std::printf("robot          %s: %d actions, %d proprio, %g Hz\ncameras        %s\n",
              robot.name.c_str(), robot.action_dim(), robot.proprio_dim(), robot.control_hz,
              join_names(robot.camera_names()).c_str());
  std::printf("episodes       %zu, %lld frames (%d to %d, %.1f s on average)\n",
              set->demos().size(), static_cast<long long>(set->frames()), shortest, longest,
              double(set->frames()) / double(set->demos().size()) / robot.control_hz);
  for (const auto& [instruction, count] : instructions) {
    std::printf("instruction    %5d x  %s\n", count, instruction.c_str());
  }
  print_columns("actions (as learned)", robot.model_names(), stats.action);
  print_columns("proprio", robot.proprio_names(), stats.proprio);
}

// Pictures of the first episodes as they are read, so that a person sees which side is up.
void write_sheet(const std::string& path, const data::EpisodeSet& set) {
  constexpr size_t kEpisodes = 4;
  media::ContactSheet sheet;
  sheet.title = "first (1), middle (2) and last (3) frame as libra reads them: is up up?";
  for (const std::string when : {"1 ", "2 ", "3 "}) {
    for (const auto& name : set.embodiment().camera_names()) {
      sheet.columns.push_back((when + name).substr(0, 18));  // what stands above a picture
    }
  }
  for (size_t e = 0; e < std::min(kEpisodes, set.demos().size()); ++e) {
    const data::Demo& demo = set.demo(int(e));
    media::ContactSheet::Row row;
    row.label = demo.instruction;
    for (const int t : {0, demo.frames / 2, demo.frames - 1}) {
      for (Image& image : set.pictures(int(e), t)) row.cells.push_back(std::move(image));
    }
    sheet.rows.push_back(std::move(row));
  }
  const std::vector<uint8_t> png = media::encode_png(media::contact_sheet(sheet));
  write_file(path, {reinterpret_cast<const char*>(png.data()), png.size()});
}

void run_check(const DataCommand& command, const Context& context) {
  constexpr int kThumbnail = 160;  // px
  DataCommand flags = command;
  if (!flags.sheet.empty()) flags.data.sides = {kThumbnail};
  const auto set = open_set(flags.data, context);
  const auto findings = data::check(set->demos(), set->embodiment(), set->skipped());
  // Pictures are decoded, so that what is damaged is told now.
  Progress progress("decoding pictures", int64_t(set->demos().size()));
  int64_t broken = 0;
  std::string first;
  for (size_t i = 0; i < set->demos().size() && !context.stop; ++i, progress.advance()) {
    try {
      set->pictures(int(i), 0);
    } catch (const Error& error) {
      if (broken++ == 0) first = error.what();
    }
  }
  progress.finish();
  const bool refused = std::any_of(findings.begin(), findings.end(),
                                   [](const data::Finding& f) { return f.refuses; });
  if (context.json) {
    json list = json::array();
    for (const data::Finding& f : findings) {
      list.push_back({{"what", f.what},
                      {"count", f.count},
                      {"unit", f.unit},
                      {"example", f.example},
                      {"cure", f.cure},
                      {"refuses", f.refuses}});
    }
    std::printf("%s\n", json{{"episodes", set->demos().size()},
                             {"frames", set->frames()},
                             {"findings", list},
                             {"undecodable", broken}}
                            .dump(2)
                            .c_str());
  } else {
    std::printf("%zu episodes, %lld frames of %s\n%s", set->demos().size(),
                static_cast<long long>(set->frames()), set->embodiment().name.c_str(),
                findings.empty() && broken == 0 ? "nothing odd was found\n"
                                                : data::to_table(findings).c_str());
  }
  if (!flags.sheet.empty()) {
    write_sheet(flags.sheet, *set);
    std::fprintf(stderr, "data: wrote %s\n", flags.sheet.c_str());
  } else if (!context.json) {
    std::printf("which side of the pictures is up, no number tells: look at --sheet FILE.png\n");
  }
  if (broken > 0) {
    throw Error(ErrorCode::kFailed, {.where = "pictures of " + std::to_string(broken) + " episodes",
                                     .problem = "cannot be decoded, such as: " + first});
  }
  if (refused) throw Error(ErrorCode::kFailed, "the data are not fit for training as they are");
}

// Episode after episode; nothing is kept but the statistics.
void run_stats(const DataCommand& flags, const Context& context) {
  std::unique_ptr<action::NormStatsAccumulator> accumulator;
  Embodiment robot;
  for (const std::string& path : flags.data.paths) {
    const auto source = data::open_source(path, flags.data.embodiment);
    if (accumulator == nullptr) {
      robot = source->embodiment();
      accumulator = std::make_unique<action::NormStatsAccumulator>(robot, flags.horizon);
    }
    require_same(robot, flags.data.paths[0], source->embodiment(), path);
    Progress progress("statistics", source->size());
    for (int e = 0; e < source->size() && !context.stop; ++e, progress.advance()) {
      try {
        data::Demo demo = source->read(e);
        if (!flags.data.gripper.empty()) {
          data::rewrite_gripper(demo, robot, flags.data.gripper == "01");
        }
        accumulator->add(demo.expert_actions, demo.proprio);
      } catch (const Error& error) {
        if (!flags.data.skip_bad || error.code() != ErrorCode::kBadInput) throw;
        std::fprintf(stderr, "left out: %s\n", error.what());
      }
    }
  }
  const action::NormStats stats = accumulator->finish();
  const std::string text = action::to_json(stats);
  if (!flags.out.empty()) write_file(flags.out, text + "\n");
  if (context.json) {
    std::printf("%s\n", text.c_str());
    return;
  }
  std::printf("%lld frames of %s, chunks of %d\n", static_cast<long long>(stats.samples),
              robot.name.c_str(), flags.horizon);
  print_columns("actions (as learned)", robot.model_names(), stats.action);
  print_columns("proprio", robot.proprio_names(), stats.proprio);
}

}  // namespace

void add_data(CLI::App& app, Context& context) {
  CLI::App* data = app.add_subcommand(
      "data", "data sets: what is in them, what is wrong, how well a checkpoint follows them");
  data->require_subcommand(1);
  auto flags = std::make_shared<DataCommand>();
  const auto add = [&](const char* name, const char* help,
                       void (*run)(const DataCommand&, const Context&)) {
    CLI::App* c = data->add_subcommand(name, help);
    c->add_option("path", flags->data.paths, "data sets: files or folders")->required();
    add_data_flags(*c, flags->data);
    c->callback([flags, run, &context] { run(*flags, context); });
    return c;
  };
  add("info", "episodes, instructions, and the statistics of actions and proprio", run_info);
  CLI::App* checks = add(
      "check",
      "one table of what is odd: actions beyond the robot's range, constant dimensions, grippers "
      "in "
      "other numbers, idle episodes, NaN, pictures that cannot be decoded; exit 1 where training "
      "would be wrong",
      run_check);
  checks->add_option("--sheet", flags->sheet,
                     "PNG file for pictures of the first episodes, as they are read");
  CLI::App* stats = add("stats",
                        "the statistics that normalise actions and proprio, as a checkpoint keeps "
                        "them; episode after episode, whatever the size of the data",
                        run_stats);
  stats->add_option("--horizon", flags->horizon, "H of the chunks that actions are learned in")
      ->check(CLI::Range(1, kMaxHorizon))
      ->capture_default_str();
  stats->add_option("--out", flags->out, "JSON file");
  add_data_view(*data, context);
  add_data_convert(*data, context);
  add_data_replay(*data, context);
  data->footer(
      "Example:\n  libra data check data/mine\n  libra data view data/mine --out mine.html\n  "
      "libra "
      "data replay data/mine --checkpoint runs/mine/checkpoint");
}

}  // namespace libra::cli
