#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "libra/core/embodiment.h"
#include "libra/core/error.h"
#include "libra/core/instruction.h"
#include "libra/data/demo_file.h"
#include "libra/data/hdf5_file.h"
#include "libra/data/schema.h"

namespace libra::data {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// Where the frames of a demonstration are stored: the observation seen before action[t] has index
// seen[t].
struct Steps {
  uint64_t stored = 0;
  int every = 1;  // pictures are of every so manieth of them
  std::vector<size_t> action, seen;
};

}  // namespace

struct DemoFile::Impl {
  Hdf5File file;
  DemoFileInfo info;
  bool before_action = false;
  bool bottom_up = true;
  bool drop_idle = false;
  std::vector<std::string> names;

  std::string group(int demo) const { return "/data/" + names.at(static_cast<size_t>(demo)) + "/"; }
  // A dataset by our name, or by robomimic's where there is none of ours.
  std::string dataset(const std::string& group, const char* ours, const char* robomimic) const;
  std::string images_of(const std::string& group, size_t camera) const;
  // Whether pictures of both cameras are there, of a shape that can be read; how many of each.
  uint64_t stored_pictures(const std::string& group) const;
  Steps list_steps(const std::string& group) const;
  void read_steps(const std::string& group, const Steps& steps, Demo& demo) const;
  void read_images(const std::string& group, const Steps& steps, Demo& demo) const;
  void read_proprio(const std::string& group, const Steps& steps, Demo& demo) const;
  void read_labels(const std::string& group, const Steps& steps, Demo& demo) const;
  void read_origin(const std::string& group, Demo& demo) const;
};

namespace {

constexpr uint64_t kMaxSide = 4096;  // px
// Of LIBERO's schema: numbers in an action, of the hand's place, of fingers and of the arm's
// joints.
constexpr size_t kActionNumbers = 7, kHandDim = 6, kFingers = 2, kJoints = 7;

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

// Suite and task of LIBERO's own files are in the names of folder and file, and so is what their
// policies are told: the language field says something else.
void name_from_path(const Hdf5File& file, DemoFileInfo& info) {
  const fs::path path = fs::absolute(file.path());
  info.suite = path.parent_path().filename().string();
  info.task = path.stem().string();
  if (!info.task.ends_with("_demo")) return;
  info.task.resize(info.task.size() - 5);
  info.instruction = instruction_from_file_name(info.task);
}

DemoFileInfo read_info(const Hdf5File& file) {
  DemoFileInfo info;
  // OpenVLA's re-recorded files have no attributes.
  const json problem = file.has_attribute("/data", "problem_info")
                           ? parse_attribute(file, "/data", "problem_info")
                           : json();
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
  if (kwargs.is_object() && kwargs.contains("control_freq") && kwargs["control_freq"].is_number()) {
    info.control_hz = kwargs["control_freq"].get<double>();
  }
  if (file.has_attribute("/data", "suite") && file.has_attribute("/data", "task")) {
    info.suite = file.text_attribute("/data", "suite");
    info.task = file.text_attribute("/data", "task");
  } else {
    name_from_path(file, info);
  }
  if (info.instruction.empty()) {
    throw Error(ErrorCode::kBadInput,
                {.where = file.path(),
                 .problem = "does not say what its task is",
                 .expected = "attribute 'problem_info' of /data with a language_instruction, or a "
                             "file name of the form <task>_demo.hdf5"});
  }
  return info;
}

// Whether images are stored bottom row first.
bool stored_bottom_up(const Hdf5File& file) {
  const std::string convention = optional_text(file, "/data", "macros_image_convention");
  if (convention.empty() || convention == "opengl") return true;
  if (convention == "opencv") return false;
  throw Error(ErrorCode::kBadInput, {.where = file.path() + ":/data",
                                     .problem = "unknown macros_image_convention",
                                     .expected = "opengl or opencv",
                                     .found = convention});
}

// Files of ours say so. LIBERO's observe after the action; OpenVLA's, known by their lack of
// attributes, before it.
bool observes_before_action(const Hdf5File& file) {
  if (file.has_attribute("/data", schema::kTiming)) {
    return file.text_attribute("/data", schema::kTiming) == schema::kBeforeAction;
  }
  return !file.has_attribute("/data", "problem_info") && !file.has_attribute("/data", "env_args");
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

// A dataset of so many rows of `width` numbers each, at the given indices.
template <class T>
Rows<T> read_rows(const Hdf5File& file, const std::string& dataset, uint64_t stored, size_t width,
                  const std::vector<size_t>& wanted) {
  const std::vector<T> flat = file.read<T>(dataset, {stored, width});
  Rows<T> rows(wanted.size(), width);
  for (size_t i = 0; i < wanted.size(); ++i) {
    rows.set(i, std::span(flat).subspan(wanted[i] * width, width));
  }
  return rows;
}

// Rows of `width` values each, at the given indices.
template <class T>
std::vector<T> pick(const std::vector<T>& values, const std::vector<size_t>& rows,
                    size_t width = 1) {
  std::vector<T> out;
  out.reserve(rows.size() * width);
  for (const size_t row : rows) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(row * width);
    out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(width));
  }
  return out;
}

// OpenVLA's test for an action that does nothing: no motion, and the gripper command of the action
// kept before it (the first action has none).
bool is_idle(std::span<const float> action, std::span<const float> kept) {
  double square = 0;
  for (size_t i = 0; i < 6; ++i) square += double{action[i]} * double{action[i]};
  return std::sqrt(square) < 1e-4 && (kept.empty() || action[6] == kept[6]);
}

}  // namespace

std::string DemoFile::Impl::dataset(const std::string& group, const char* ours,
                                    const char* robomimic) const {
  return !file.exists(group + ours) && file.exists(group + robomimic) ? group + robomimic
                                                                      : group + ours;
}

std::string DemoFile::Impl::images_of(const std::string& group, size_t camera) const {
  return dataset(group, schema::image_dataset(camera),
                 camera == 0 ? "obs/agentview_image" : "obs/robot0_eye_in_hand_image");
}

uint64_t DemoFile::Impl::stored_pictures(const std::string& group) const {
  const std::vector<uint64_t> shape = file.shape(images_of(group, 0));
  const uint64_t least = before_action ? 1 : 2;
  if (shape.size() == 4 && shape[0] >= least && shape[0] < (1u << 24) && shape[1] > 0 &&
      shape[1] <= kMaxSide && shape[2] > 0 && shape[2] <= kMaxSide && shape[3] == 3) {
    for (size_t c = 0; c < libero_panda().cameras.size(); ++c) {
      file.require_bytes(images_of(group, c));
    }
    return shape[0];
  }
  std::string found;
  for (const uint64_t n : shape) found += (found.empty() ? "" : " x ") + std::to_string(n);
  throw Error(ErrorCode::kBadInput, {.where = file.path() + ":" + images_of(group, 0),
                                     .problem = "wrong shape",
                                     .expected = "frames x height x width x 3",
                                     .found = found.empty() ? "a single value" : found});
}

// A frame is stored with its picture, but where only every so manieth has one.
Steps DemoFile::Impl::list_steps(const std::string& group) const {
  const uint64_t pictures = stored_pictures(group);
  const std::string object = group.substr(0, group.size() - 1);
  Steps steps{.stored = pictures, .every = 1, .action = {}, .seen = {}};
  if (file.has_attribute(object, schema::kEvery)) {
    const int64_t every = file.int_attribute(object, schema::kEvery);
    const std::vector<uint64_t> shape = file.shape(group + "actions");
    steps.stored = shape.empty() ? 0 : shape[0];
    const bool fits = every >= 1 && every < (1 << 24) && before_action && !drop_idle &&
                      steps.stored >= 1 && steps.stored < (1u << 24) &&
                      (steps.stored - 1) / uint64_t(every) + 1 == pictures;
    if (!fits) {
      throw Error(ErrorCode::kBadInput,
                  {.where = file.path() + ":" + object,
                   .problem = "attribute '" + std::string(schema::kEvery) +
                              "' does not fit its pictures and actions",
                   .expected = "a picture of every so manieth action",
                   .found = std::to_string(every) + ", with " + std::to_string(pictures) +
                            " pictures and " + std::to_string(steps.stored) + " actions"});
    }
    steps.every = int(every);
  }
  const uint64_t stored = steps.stored;
  Rows<float> actions;
  if (drop_idle) {
    std::vector<size_t> all(stored);
    std::iota(all.begin(), all.end(), size_t{0});
    actions = read_rows<float>(file, group + "actions", stored, kActionNumbers, all);
  }
  for (size_t t = before_action ? 0 : 1; t < stored; ++t) {
    if (drop_idle && is_idle(actions[t], steps.action.empty() ? std::span<const float>()
                                                              : actions[steps.action.back()])) {
      continue;
    }
    steps.action.push_back(t);
    steps.seen.push_back(before_action ? t : t - 1);
  }
  if (steps.action.empty()) {
    throw Error(ErrorCode::kBadInput,
                {.where = file.path() + ":" + group + "actions", .problem = kIdleEpisode});
  }
  return steps;
}

void DemoFile::Impl::read_steps(const std::string& group, const Steps& steps, Demo& demo) const {
  const auto actions = [&](const char* name) {
    const Rows<float> rows =
        read_rows<float>(file, group + name, steps.stored, kActionNumbers, steps.action);
    for (size_t i = 0; i < rows.size(); ++i) {
      for (size_t d = 0; d < rows.width(); ++d) {
        if (std::isfinite(rows[i][d])) continue;
        throw Error(ErrorCode::kBadInput,
                    {.where = file.path() + ":" + group + name,
                     .problem = "step " + std::to_string(steps.action[i]) + ", dimension " +
                                std::to_string(d) + ", is NaN or infinite",
                     .next = "leave such episodes out with --skip-bad, or mend the data"});
      }
    }
    return rows;
  };
  // Nobody learns from rewards: where they are no bytes, what is above 0 counts as success.
  const auto flags = [&](const char* name) {
    if (!file.exists(group + name)) return std::vector<uint8_t>(steps.action.size());
    if (file.holds_bytes(group + name)) {
      return pick(file.read<uint8_t>(group + name, {steps.stored}), steps.action);
    }
    std::vector<uint8_t> above;
    for (const double x : file.read<double>(group + name, {steps.stored})) above.push_back(x > 0);
    return pick(above, steps.action);
  };
  demo.frames = static_cast<int>(steps.action.size());
  demo.actions = actions("actions");
  demo.expert_actions =
      file.exists(group + "expert_actions") ? actions("expert_actions") : demo.actions;
  demo.success = flags("rewards");
  demo.perturbed = flags("perturbed");
}

void DemoFile::Impl::read_images(const std::string& group, const Steps& steps, Demo& demo) const {
  const auto height = static_cast<uint64_t>(demo.height), width = static_cast<uint64_t>(demo.width);
  for (size_t camera = 0; camera < libero_panda().cameras.size(); ++camera) {
    const uint64_t stored = steps.every > 1 ? uint64_t(demo.pictures()) : steps.stored;
    std::vector<uint8_t> images =
        file.read<uint8_t>(images_of(group, camera), {stored, height, width, 3});
    demo.images.push_back(steps.every > 1 ? std::move(images)
                                          : pick(images, steps.seen, height * width * 3));
    if (bottom_up) schema::flip_rows(demo.images.back(), height, width * 3);
  }
}

void DemoFile::Impl::read_proprio(const std::string& group, const Steps& steps, Demo& demo) const {
  const auto rows = [&](const std::string& name, size_t width) {
    return read_rows<double>(file, name, steps.stored, width, steps.seen);
  };
  demo.proprio.resize(steps.seen.size(), kHandDim + kFingers);
  const Rows<double> fingers =
      rows(dataset(group, "obs/gripper_states", "obs/robot0_gripper_qpos"), kFingers);
  const std::string joints = dataset(group, "obs/joint_states", "obs/robot0_joint_pos");
  if (file.exists(joints)) demo.joints = rows(joints, kJoints);
  Rows<double> hand;
  if (file.exists(group + "obs/ee_states") || !file.exists(group + "obs/robot0_eef_quat")) {
    hand = rows(group + "obs/ee_states", kHandDim);
  } else {  // robomimic's: position and quaternion (x, y, z, w)
    const Rows<double> place = rows(group + "obs/robot0_eef_pos", 3),
                       turn = rows(group + "obs/robot0_eef_quat", 4);
    hand.resize(place.size(), kHandDim);
    for (size_t t = 0; t < place.size(); ++t) {
      std::copy(place[t].begin(), place[t].end(), hand[t].begin());
      // As robosuite makes it: the angle of the quaternion as it is, up to 2 pi.
      const double w = std::clamp(turn[t][3], -1.0, 1.0), sine = std::sqrt(1.0 - w * w);
      const double scale = sine > 1e-8 ? 2.0 * std::acos(w) / sine : 0.0;
      for (size_t k = 0; k < 3; ++k) hand[t][3 + k] = scale * turn[t][k];
    }
  }
  for (size_t t = 0; t < hand.size(); ++t) {
    const auto proprio = demo.proprio[t];
    std::copy(hand[t].begin(), hand[t].end(), proprio.begin());
    std::copy(fingers[t].begin(), fingers[t].end(), proprio.begin() + kHandDim);
  }
}

void DemoFile::Impl::read_labels(const std::string& group, const Steps& steps, Demo& demo) const {
  if (!file.exists(group + schema::kLabels)) return;
  const json names = parse_attribute(file, group + schema::kLabels, "items");
  const auto is_text = [](const json& name) { return name.is_string(); };
  if (!names.is_array() || !std::all_of(names.begin(), names.end(), is_text)) {
    throw Error(ErrorCode::kBadInput, {.where = file.path() + ":" + group + schema::kLabels,
                                       .problem = "attribute 'items' is not a list of texts"});
  }
  demo.items = names.get<std::vector<std::string>>();
  const uint64_t items = demo.items.size(), cameras = libero_panda().cameras.size();
  demo.item_uv = pick(file.read<float>(group + schema::kItemUv, {steps.stored, items, cameras, 2}),
                      steps.seen, items * cameras * 2);
  demo.item_position =
      pick(file.read<float>(group + schema::kItemPosition, {steps.stored, items, 3}), steps.seen,
           items * 3);
}

void DemoFile::Impl::read_origin(const std::string& group, Demo& demo) const {
  const std::string object = group.substr(0, group.size() - 1);
  demo.suite = info.suite;
  demo.task = info.task;
  demo.instruction = info.instruction;
  demo.layout = optional_text(file, object, "layout");
  demo.variation = optional_text(file, object, "variation");
  demo.target = optional_text(file, object, "target");
  if (file.has_attribute(object, "seed")) {
    demo.seed = static_cast<uint64_t>(file.int_attribute(object, "seed"));
  }
  demo.episode = file.has_attribute(object, "episode")
                     ? static_cast<uint64_t>(file.int_attribute(object, "episode"))
                     : static_cast<uint64_t>(demo_number(object.substr(object.rfind('/') + 1)));
}

DemoFile::DemoFile(const std::string& path) {
  Hdf5File file = Hdf5File::open(path);
  if (!file.exists("/data")) {
    throw Error(ErrorCode::kBadInput, {.where = path,
                                       .problem = "is not a file of demonstrations",
                                       .expected = "a group /data",
                                       .found = join_names(file.children("/"))});
  }
  for (const std::string& name : file.children("/data")) {
    if (demo_number(name) < 0 || file.exists("/data/" + name + "/obs")) continue;
    throw Error(ErrorCode::kBadInput,
                {.where = path + ":/data/" + name,
                 .problem = "has no observations: it is a raw recording, as robosuite makes them",
                 .next = "make observations of its states first, for instance with robomimic's "
                         "dataset_states_to_obs.py"});
  }
  impl_ = std::make_unique<Impl>(Impl{std::move(file), {}, false, true, false, {}});
  impl_->info = read_info(impl_->file);
  impl_->before_action = observes_before_action(impl_->file);
  impl_->bottom_up = stored_bottom_up(impl_->file);
  impl_->drop_idle = !impl_->file.has_attribute("/data", schema::kTiming);
  impl_->names = list_demos(impl_->file);
}

DemoFile::~DemoFile() = default;
DemoFile::DemoFile(DemoFile&&) noexcept = default;

const std::string& DemoFile::path() const { return impl_->file.path(); }
const DemoFileInfo& DemoFile::info() const { return impl_->info; }
int DemoFile::size() const { return static_cast<int>(impl_->names.size()); }
int64_t DemoFile::number(int demo) const {
  const std::string group = impl_->group(demo);
  const std::string object = group.substr(0, group.size() - 1);
  return impl_->file.has_attribute(object, "number") ? impl_->file.int_attribute(object, "number")
                                                     : -1;
}

const Hdf5File& DemoFile::hdf5() const { return impl_->file; }

bool DemoFile::observed_before_action() const { return impl_->before_action; }
const std::vector<std::string>& DemoFile::names() const { return impl_->names; }

int DemoFile::frames(int demo) const {
  const std::string group = impl_->group(demo);
  return static_cast<int>(impl_->list_steps(group).action.size());
}

DemoFile::Shape DemoFile::image_shape(int demo) const {
  const std::string group = impl_->group(demo);
  impl_->stored_pictures(group);
  const auto shape = impl_->file.shape(impl_->images_of(group, 0));
  return {static_cast<int>(shape[1]), static_cast<int>(shape[2])};
}

Demo DemoFile::read(int index, Parts parts) const {
  const std::string group = impl_->group(index);
  const Steps steps = impl_->list_steps(group);
  Demo demo;
  demo.every = steps.every;
  const Shape shape = image_shape(index);
  demo.height = shape.height;
  demo.width = shape.width;
  impl_->read_steps(group, steps, demo);
  impl_->read_proprio(group, steps, demo);
  impl_->read_labels(group, steps, demo);
  impl_->read_origin(group, demo);
  if (parts.images) impl_->read_images(group, steps, demo);
  if (parts.states && impl_->file.exists(group + "states")) {
    // A state is that before the action of its index, whenever observations were taken.
    const std::vector<uint64_t> shape = impl_->file.shape(group + "states");
    const uint64_t stored = shape.empty() ? 0 : shape[0];
    if (stored < steps.stored) {
      throw Error(ErrorCode::kBadInput, {.where = impl_->file.path() + ":" + group + "states",
                                         .problem = "there are fewer states than actions",
                                         .expected = std::to_string(steps.stored),
                                         .found = std::to_string(stored)});
    }
    const std::vector<double> flat = impl_->file.read<double>(group + "states", {stored, 0});
    const auto width = static_cast<std::ptrdiff_t>(flat.size() / stored);
    for (const size_t t : steps.action) {
      const auto row = flat.begin() + static_cast<std::ptrdiff_t>(t) * width;
      demo.states.emplace_back(row, row + width);
    }
  }
  if (parts.states) {
    demo.model_xml = optional_text(impl_->file, group.substr(0, group.size() - 1), "model_file");
  }
  if (parts.images) {
    check(demo, impl_->file.path() + ":" + group);
  } else {
    check_numbers(demo, impl_->file.path() + ":" + group);
  }
  return demo;
}

}  // namespace libra::data
