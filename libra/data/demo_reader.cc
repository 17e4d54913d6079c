#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "libra/core/error.h"
#include "libra/data/demo_file.h"
#include "libra/data/hdf5_file.h"
#include "libra/data/schema.h"

namespace libra::data {

using nlohmann::json;
namespace fs = std::filesystem;

struct DemoFile::Impl {
  Hdf5File file;
  DemoFileInfo info;
  bool before_action = false;
  std::vector<std::string> names;

  std::string group(int demo) const { return "/data/" + names.at(static_cast<size_t>(demo)) + "/"; }
  // Observations stored, which is one more than frames returned when they stand after the action.
  uint64_t stored_frames(const std::string& group) const;
  void read_steps(const std::string& group, uint64_t stored, Demo& demo) const;
  void read_images(const std::string& group, uint64_t stored, Demo& demo) const;
  void read_proprio(const std::string& group, uint64_t stored, Demo& demo) const;
  void read_labels(const std::string& group, uint64_t stored, Demo& demo) const;
  void read_origin(const std::string& group, Demo& demo) const;
};

namespace {

constexpr uint64_t kMaxSide = 4096;  // px

// Number behind "demo_"; -1 when the name is another.
int demo_number(const std::string& name) {
  int number = -1;
  if (!name.starts_with("demo_")) return -1;
  const char* last = name.data() + name.size();
  const auto [end, error] = std::from_chars(name.data() + 5, last, number);
  return error == std::errc() && end == last ? number : -1;
}

json parse_attribute(const Hdf5File& file, const std::string& object, const std::string& name) {
  const json value = json::parse(file.text_attribute(object, name), nullptr, false);
  if (value.is_discarded()) {
    throw Error(ErrorCode::kBadInput, {.where = file.path() + ":" + object,
                                       .problem = "attribute '" + name + "' is not JSON"});
  }
  return value;
}

std::string text_at(const json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string optional_text(const Hdf5File& file, const std::string& object,
                          const std::string& name) {
  return file.has_attribute(object, name) ? file.text_attribute(object, name) : "";
}

DemoFileInfo read_info(const Hdf5File& file) {
  DemoFileInfo info;
  const json problem = parse_attribute(file, "/data", "problem_info");
  info.instruction = text_at(problem, "language_instruction");
  info.problem_name = text_at(problem, "problem_name");
  info.domain_name = text_at(problem, "domain_name");
  info.bddl_file_name = optional_text(file, "/data", "bddl_file_name");
  info.bddl_file_content = optional_text(file, "/data", "bddl_file_content");
  json kwargs;
  if (file.has_attribute("/data", "env_args")) {
    const json env = parse_attribute(file, "/data", "env_args");
    if (env.is_object()) kwargs = env.value("env_kwargs", json());
  }
  info.suite = optional_text(file, "/data", "suite");
  info.task = optional_text(file, "/data", "task");
  // LIBERO's own files name suite and task by folder and file.
  const fs::path path = fs::absolute(file.path());
  if (info.suite.empty()) info.suite = path.parent_path().filename().string();
  if (info.task.empty()) {
    info.task = path.stem().string();
    if (info.task.ends_with("_demo")) info.task.resize(info.task.size() - 5);
  }
  if (kwargs.is_object() && kwargs.contains("control_freq") && kwargs["control_freq"].is_number()) {
    info.control_hz = kwargs["control_freq"].get<double>();
  }
  return info;
}

std::vector<std::string> list_demos(const Hdf5File& file) {
  std::vector<std::string> names;
  for (const std::string& name : file.children("/data")) {
    if (demo_number(name) >= 0) names.push_back(name);
  }
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return demo_number(a) < demo_number(b);
  });
  const std::string expected = file.has_attribute("/data", "num_demos")
                                   ? std::to_string(file.int_attribute("/data", "num_demos"))
                                   : "at least 1";
  if (names.empty() ||
      (file.has_attribute("/data", "num_demos") && expected != std::to_string(names.size()))) {
    throw Error(ErrorCode::kBadInput, {.where = file.path() + ":/data",
                                       .problem = "wrong number of demonstrations",
                                       .expected = expected,
                                       .found = std::to_string(names.size())});
  }
  return names;
}

template <class Row>
std::vector<Row> as_rows(const std::vector<typename Row::value_type>& flat) {
  const size_t width = std::tuple_size_v<Row>;
  std::vector<Row> rows(flat.size() / width);
  for (size_t i = 0; i < flat.size(); ++i) rows[i / width][i % width] = flat[i];
  return rows;
}

// What stands before the first action that has an observation before it goes away.
template <class T>
void drop_first(std::vector<T>& values, size_t count = 1) {
  values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace

uint64_t DemoFile::Impl::stored_frames(const std::string& group) const {
  const std::vector<uint64_t> shape = file.shape(group + schema::image_dataset(0));
  const uint64_t least = before_action ? 1 : 2;
  if (shape.size() == 4 && shape[0] >= least && shape[0] < (1u << 24) && shape[1] > 0 &&
      shape[1] <= kMaxSide && shape[1] == shape[2] && shape[3] == 3) {
    return shape[0];
  }
  std::string found;
  for (const uint64_t n : shape) found += (found.empty() ? "" : " x ") + std::to_string(n);
  throw Error(ErrorCode::kBadInput, {.where = file.path() + ":" + group + schema::image_dataset(0),
                                     .problem = "wrong shape",
                                     .expected = "frames x side x side x 3",
                                     .found = found.empty() ? "a single value" : found});
}

void DemoFile::Impl::read_steps(const std::string& group, uint64_t stored, Demo& demo) const {
  demo.actions = as_rows<Action>(file.read<float>(group + "actions", {stored, kActionDim}));
  demo.expert_actions =
      file.exists(group + "expert_actions")
          ? as_rows<Action>(file.read<float>(group + "expert_actions", {stored, kActionDim}))
          : demo.actions;
  demo.success = file.read<uint8_t>(group + "rewards", {stored});
  demo.perturbed = file.exists(group + "perturbed")
                       ? file.read<uint8_t>(group + "perturbed", {stored})
                       : std::vector<uint8_t>(stored);
  if (before_action) return;
  drop_first(demo.actions);
  drop_first(demo.expert_actions);
  drop_first(demo.success);
  drop_first(demo.perturbed);
}

void DemoFile::Impl::read_images(const std::string& group, uint64_t stored, Demo& demo) const {
  const uint64_t side = static_cast<uint64_t>(demo.image_size);
  const auto frames = static_cast<size_t>(demo.frames);
  for (size_t camera = 0; camera < camera_names().size(); ++camera) {
    demo.images.push_back(
        file.read<uint8_t>(group + schema::image_dataset(camera), {stored, side, side, 3}));
    demo.images.back().resize(frames * side * side * 3);
    schema::flip_rows(demo.images.back(), side, side * 3);
  }
}

void DemoFile::Impl::read_proprio(const std::string& group, uint64_t stored, Demo& demo) const {
  const auto frames = static_cast<size_t>(demo.frames);
  const auto ee =
      as_rows<std::array<double, 6>>(file.read<double>(group + "obs/ee_states", {stored, 6}));
  const auto gripper =
      as_rows<std::array<double, 2>>(file.read<double>(group + "obs/gripper_states", {stored, 2}));
  demo.joints =
      as_rows<std::array<double, 7>>(file.read<double>(group + "obs/joint_states", {stored, 7}));
  demo.joints.resize(frames);
  demo.proprio.resize(frames);
  for (size_t t = 0; t < frames; ++t) {
    std::copy(ee[t].begin(), ee[t].end(), demo.proprio[t].begin());
    std::copy(gripper[t].begin(), gripper[t].end(), demo.proprio[t].begin() + 6);
  }
}

void DemoFile::Impl::read_labels(const std::string& group, uint64_t stored, Demo& demo) const {
  if (!file.exists(group + schema::kLabels)) return;
  const json names = parse_attribute(file, group + schema::kLabels, "items");
  const auto is_text = [](const json& name) { return name.is_string(); };
  if (!names.is_array() || !std::all_of(names.begin(), names.end(), is_text)) {
    throw Error(ErrorCode::kBadInput, {.where = file.path() + ":" + group + schema::kLabels,
                                       .problem = "attribute 'items' is not a list of texts"});
  }
  demo.items = names.get<std::vector<std::string>>();
  const uint64_t items = demo.items.size(), cameras = camera_names().size();
  demo.item_uv = file.read<float>(group + schema::kItemUv, {stored, items, cameras, 2});
  demo.item_position = file.read<float>(group + schema::kItemPosition, {stored, items, 3});
  demo.item_uv.resize(static_cast<size_t>(demo.frames) * items * cameras * 2);
  demo.item_position.resize(static_cast<size_t>(demo.frames) * items * 3);
}

void DemoFile::Impl::read_origin(const std::string& group, Demo& demo) const {
  const std::string object = group.substr(0, group.size() - 1);
  demo.suite = info.suite;
  demo.task = info.task;
  demo.instruction = info.instruction;
  demo.layout = optional_text(file, object, "layout");
  demo.target = optional_text(file, object, "target");
  if (file.has_attribute(object, "seed")) {
    demo.seed = static_cast<uint64_t>(file.int_attribute(object, "seed"));
  }
  if (file.has_attribute(object, "episode")) {
    demo.episode = static_cast<uint64_t>(file.int_attribute(object, "episode"));
  }
}

DemoFile::DemoFile(const std::string& path) {
  Hdf5File file = Hdf5File::open(path);
  if (!file.exists("/data")) {
    throw Error(ErrorCode::kBadInput, {.where = path,
                                       .problem = "is not a file of demonstrations",
                                       .expected = "a group /data",
                                       .found = join_names(file.children("/"))});
  }
  impl_ = std::make_unique<Impl>(Impl{std::move(file), {}, false, {}});
  impl_->info = read_info(impl_->file);
  impl_->before_action =
      optional_text(impl_->file, "/data", schema::kTiming) == schema::kBeforeAction;
  impl_->names = list_demos(impl_->file);
}

DemoFile::~DemoFile() = default;
DemoFile::DemoFile(DemoFile&&) noexcept = default;

const std::string& DemoFile::path() const { return impl_->file.path(); }
const DemoFileInfo& DemoFile::info() const { return impl_->info; }
int DemoFile::size() const { return static_cast<int>(impl_->names.size()); }
bool DemoFile::observed_before_action() const { return impl_->before_action; }
const std::vector<std::string>& DemoFile::names() const { return impl_->names; }

int DemoFile::frames(int demo) const {
  return static_cast<int>(impl_->stored_frames(impl_->group(demo))) -
         (impl_->before_action ? 0 : 1);
}

int DemoFile::image_size(int demo) const {
  const std::string group = impl_->group(demo);
  impl_->stored_frames(group);
  return static_cast<int>(impl_->file.shape(group + schema::image_dataset(0))[1]);
}

Demo DemoFile::read_without_images(int index) const {
  const std::string group = impl_->group(index);
  const uint64_t stored = impl_->stored_frames(group);
  Demo demo;
  demo.frames = frames(index);
  demo.image_size = image_size(index);
  impl_->read_steps(group, stored, demo);
  impl_->read_proprio(group, stored, demo);
  impl_->read_labels(group, stored, demo);
  impl_->read_origin(group, demo);
  return demo;
}

Demo DemoFile::read(int index, bool with_states) const {
  Demo demo = read_without_images(index);
  const std::string group = impl_->group(index);
  const uint64_t stored = impl_->stored_frames(group);
  impl_->read_images(group, stored, demo);
  if (with_states && impl_->file.exists(group + "states")) {
    const std::vector<double> flat = impl_->file.read<double>(group + "states", {stored, 0});
    const auto width = static_cast<std::ptrdiff_t>(flat.size() / stored);
    for (uint64_t t = impl_->before_action ? 0 : 1; t < stored; ++t) {
      const auto row = flat.begin() + static_cast<std::ptrdiff_t>(t) * width;
      demo.states.emplace_back(row, row + width);
    }
  }
  if (with_states) {
    demo.model_xml = optional_text(impl_->file, group.substr(0, group.size() - 1), "model_file");
  }
  check(demo, impl_->file.path() + ":" + group);
  return demo;
}

}  // namespace libra::data
