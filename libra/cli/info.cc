#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "libra/action/norm_stats.h"
#include "libra/cli/command.h"
#include "libra/core/data_root.h"
#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/data/data.h"
#include "libra/data/hdf5_file.h"
#include "libra/policy/bundle.h"
#include "libra/policy/import.h"
#include "libra/policy/inspect.h"
#include "libra/sim/sim.h"
#include "libra/training/training_log.h"

namespace libra::cli {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;  // printed in the order of writing

double megabytes(const std::string& path) { return static_cast<double>(fs::file_size(path)) / 1e6; }

std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number_float()) return value.dump();
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value.get<double>());
  return text;
}

bool is_flat(const json& list) {
  for (const json& value : list) {
    if (value.is_structured()) return false;
  }
  return list.is_array();
}

// "key: value" lines; nested objects are indented, lists of plain values stay on one line.
void print(const json& object, int indent) {
  for (const auto& [key, value] : object.items()) {
    std::printf("%*s", indent, "");
    if (is_flat(value)) {
      std::printf("%s:", key.c_str());
      for (const json& entry : value) std::printf(" %s", text_of(entry).c_str());
      std::printf("\n");
    } else if (value.is_structured()) {
      std::printf("%s\n", key.c_str());
      print(value, indent + 2);
    } else {
      std::printf("%s: %s\n", key.c_str(), text_of(value).c_str());
    }
  }
}

// What one file of demonstrations holds; adds every step to `stats`.
json describe_demos(const data::DemoFile& file, action::NormStatsAccumulator& stats) {
  int64_t frames = 0, pushed = 0;
  int shortest = 0, longest = 0;
  std::map<std::string, int> layouts, variations;
  std::vector<std::string> items;
  for (int i = 0; i < file.size(); ++i) {
    const data::Demo demo = file.read(i, {.states = false, .images = false});
    stats.add(demo.actions, demo.proprio);
    pushed += std::count_if(demo.perturbed.begin(), demo.perturbed.end(),
                            [](uint8_t flag) { return flag != 0; });
    frames += demo.frames;
    shortest = i == 0 ? demo.frames : std::min(shortest, demo.frames);
    longest = std::max(longest, demo.frames);
    ++layouts[demo.layout.empty() ? "unknown" : demo.layout];
    ++variations[demo.variation.empty() ? "plain" : demo.variation];
    if (i == 0) items = demo.items;
  }
  return {
      {"kind", "demonstrations, LIBERO schema"},
      {"suite", file.info().suite},
      {"task", file.info().task},
      {"instruction", file.info().instruction},
      {"demos", file.size()},
      {"frames", frames},
      {"frames_shortest", shortest},
      {"frames_longest", longest},
      {"frames_pushed", pushed},
      {"image_height_px", file.image_shape(0).height},
      {"image_width_px", file.image_shape(0).width},
      {"layouts", layouts},
      {"variations", variations},
      {"observations", file.observed_before_action() ? "before the action" : "after the action"},
      {"items_of_demo_0", items},
      {"megabytes", megabytes(file.path())}};
}

json describe(const action::ColumnStats& stats) {
  return {{"min", stats.min}, {"q01", stats.q01}, {"mean", stats.mean},
          {"std", stats.std}, {"q99", stats.q99}, {"max", stats.max}};
}

void add_statistics(json& out, const action::NormStatsAccumulator& accumulator) {
  const action::NormStats stats = accumulator.finish();
  out["action"] = describe(stats.action);
  out["proprio"] = describe(stats.proprio);
}

json describe_hdf5(const std::string& path) {
  const data::Hdf5File file = data::Hdf5File::open(path);
  if (file.exists("/scenes")) {
    const auto shape = file.shape("/scenes/" + libero_panda().cameras[0].name);
    return {{"kind", "still scenes"},
            {"scenes", file.int_attribute("/scenes", "num_scenes")},
            {"image_size_px", shape.size() == 4 ? shape[1] : 0},
            {"megabytes", megabytes(path)}};
  }
  action::NormStatsAccumulator stats(libero_panda(), 1);
  json out = describe_demos(data::DemoFile(path), stats);
  add_statistics(out, stats);
  return out;
}

json describe_data_folder(const std::string& path) {
  json files = json::object();
  action::NormStatsAccumulator stats(libero_panda(), 1);
  int demos = 0;
  double size = 0;
  for (const std::string& name : data::find_demo_files(path)) {
    const data::DemoFile file(name);
    json entry = describe_demos(file, stats);
    demos += file.size();
    size += megabytes(name);
    files[fs::relative(name, path).string()] = {
        {"demos", entry["demos"]}, {"frames", entry["frames"]}, {"layouts", entry["layouts"]}};
  }
  json out = {{"kind", "folder of demonstrations"},
              {"demos", demos},
              {"frames", stats.samples()},
              {"megabytes", size},
              {"files", std::move(files)}};
  add_statistics(out, stats);
  return out;
}

bool is_hdf5(const std::string& path) {
  return fs::is_regular_file(path) && (path.ends_with(".hdf5") || path.ends_with(".h5"));
}

bool holds_demos(const std::string& path) {
  if (!fs::is_directory(path)) return false;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.path().filename().string().ends_with("_demo.hdf5")) return true;
  }
  return false;
}

bool is_checkpoint(const std::string& path) { return fs::exists(path + "/config.json"); }

json describe_checkpoint(const std::string& path) {
  const policy::CheckpointSummary summary = policy::inspect_checkpoint(path);
  return {{"kind", "checkpoint"},
          {"name", summary.name},
          {"variant", summary.variant},
          {"H", summary.horizon},
          {"M", summary.expansion},
          {"N", summary.bins},
          {"parameters", summary.total},
          {"parts", summary.parameters},
          {"megabytes", double(summary.bytes) / 1e6}};
}

// A run folder of libra train: its checkpoint, how far it is, and how it was started.
bool is_run(const std::string& path) { return is_checkpoint(path + "/checkpoint"); }
json describe_run(const std::string& path) {
  json out = describe_checkpoint(path + "/checkpoint");
  out["kind"] = "training run";
  const model::LibraVlaConfig config = policy::read_bundle_config(path + "/checkpoint");
  out["robot"] = config.embodiment.name;
  out["cameras"] = config.embodiment.camera_names();
  out["normalize"] = word_of(config.action.normalize);
  std::error_code error;
  if (fs::exists(path + "/run.json", error)) {
    const json started = json::parse(read_file(path + "/run.json"), nullptr, false);
    for (const char* key : {"command", "data", "scenes", "init"}) {
      if (started.contains(key)) out[key] = started[key];
    }
  }
  if (!fs::exists(path + "/log.jsonl", error)) return out;
  for (const nlohmann::json& line : training::read_training_log(path)) {
    if (line.contains("validation")) {
      out["validation"] = line["validation"];
      continue;
    }
    if (line.contains("watch")) {
      out["watch"] = line["watch"];
      out["watch"]["step"] = line["step"];
      if (line["watch"].value("best", false)) out["best"] = out["watch"];
      continue;
    }
    for (const char* key :
         {"step", "plan", "accuracy", "diffusion", "samples_per_second", "skipped"}) {
      if (line.contains(key)) out[key] = line[key];
    }
  }
  return out;
}

// One of our suites, by name or folder.
bool is_suite(const std::string& path) {
  const auto names = sim::suite_names();
  return fs::exists(path + "/suite.json") ||
         std::find(names.begin(), names.end(), path) != names.end();
}
json describe_suite(const std::string& path) {
  const fs::path folder = fs::weakly_canonical(path);
  const sim::task::SuiteSpec suite =
      fs::exists(folder / "suite.json")
          ? sim::load_suite(folder.filename(), folder.parent_path().parent_path())
          : sim::load_suite(path);
  json protocol = json::object(), tasks = json::object();
  for (const auto& [word, text] : sim::protocol_of(suite)) protocol[word] = text;
  for (const sim::task::TaskSpec& spec : suite.tasks) tasks[spec.task.name] = spec.task.instruction;
  return {{"kind", "suite of tasks"},
          {"title", suite.title},
          {"layouts", suite.layouts},
          {"protocol", std::move(protocol)},
          {"tasks", std::move(tasks)}};
}

// A kind of file or folder; the first that recognises a path describes it.
struct Kind {
  const char* what;
  std::function<bool(const std::string&)> recognises;
  std::function<json(const std::string&)> describe;
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> list = {
      {"an HDF5 file", is_hdf5, describe_hdf5},
      {"a checkpoint folder", is_checkpoint, describe_checkpoint},
      {"a run folder", is_run, describe_run},
      {"a suite (libra suites)", is_suite, describe_suite},
      {"a folder with *_demo.hdf5", holds_demos, describe_data_folder},
  };
  return list;
}

// The table of a model's tensors: ours, where they come from, and their published names.
void list_tensors(const std::string& path, const Context& context) {
  const std::string folder = is_run(path) ? path + "/checkpoint" : path;
  const auto rows = policy::tensor_table(policy::read_bundle_config(folder));
  json out = json::array();
  for (const policy::TensorRow& row : rows) {
    if (context.json) {
      out.push_back({{"name", row.name},
                     {"shape", row.shape},
                     {"precision", "BF16"},
                     {"origin", policy::origin_name(row.origin)},
                     {"published", row.published}});
      continue;
    }
    std::printf("%-70s %-20s BF16  %-8s %s\n", row.name.c_str(), json(row.shape).dump().c_str(),
                policy::origin_name(row.origin), row.published.c_str());
  }
  if (context.json) std::printf("%s\n", out.dump(2).c_str());
}

void info(const std::string& named, bool tensors, const Context& context) {
  const std::string path = is_suite(named) ? named : find_data(named);
  if (!fs::exists(path) && !is_suite(path)) {
    throw Error(ErrorCode::kNotFound,
                {.where = path,
                 .problem = "no such file or folder",
                 .expected = "a path, or a suite: " + join_names(sim::suite_names())});
  }
  if (tensors) return list_tensors(path, context);
  std::vector<std::string> known;
  for (const Kind& kind : kinds()) {
    known.push_back(kind.what);
    if (!kind.recognises(path)) continue;
    const json out = kind.describe(path);
    if (context.json) {
      std::printf("%s\n", out.dump(2).c_str());
    } else {
      std::printf("%s\n", path.c_str());
      print(out, 2);
    }
    return;
  }
  throw Error(ErrorCode::kBadInput, {.where = path,
                                     .problem = "is of no known kind",
                                     .expected = join_names(known),
                                     .next = "libra data info reads data sets of other formats"});
}

}  // namespace

void add_info(CLI::App& app, Context& context) {
  auto path = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("info", "what a data set, checkpoint, run folder or suite holds");
  command->add_option("path", *path, "file or folder, or the name of a suite")->required();
  auto tensors = std::make_shared<bool>(false);
  command->add_flag("--tensors", *tensors,
                    "of a checkpoint: every tensor with its shape, stored precision, origin and "
                    "published name");
  command->callback([path, tensors, &context] { info(*path, *tensors, context); });
}

}  // namespace libra::cli
