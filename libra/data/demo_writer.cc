#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/data/demo_file.h"
#include "libra/data/hdf5_writer.h"
#include "libra/data/schema.h"

namespace libra::data {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// gripper 2, eef position 3, eef quaternion 4 (x, y, z, w).
std::array<double, 9> robot_state(std::span<const double> p) {
  const double angle = std::hypot(p[3], p[4], p[5]);
  const double scale = angle > 1e-12 ? std::sin(angle / 2) / angle : 0.5;
  return {
      p[6], p[7], p[0], p[1], p[2], p[3] * scale, p[4] * scale, p[5] * scale, std::cos(angle / 2)};
}

// Rows of `width` numbers made by fill(t, row), as a dataset [T, width] of doubles.
template <class Fill>
void write_rows(Hdf5Writer& file, const std::string& dataset, int frames, size_t width, Fill fill) {
  std::vector<double> rows(static_cast<size_t>(frames) * width);
  for (size_t t = 0; t < static_cast<size_t>(frames); ++t) fill(t, rows.data() + t * width);
  file.write(dataset, H5Type::kF64, {static_cast<uint64_t>(frames), width}, rows.data());
}

void write_columns(Hdf5Writer& file, const std::string& dataset, const Rows<double>& proprio,
                   size_t first, size_t width) {
  write_rows(file, dataset, static_cast<int>(proprio.size()), width, [&](size_t t, double* row) {
    std::copy_n(proprio[t].begin() + static_cast<std::ptrdiff_t>(first), width, row);
  });
}

template <class Rows>
void write_list(Hdf5Writer& file, const std::string& dataset, const Rows& rows) {
  const size_t width = rows.empty() ? 0 : rows[0].size();
  write_rows(file, dataset, static_cast<int>(rows.size()), width,
             [&](size_t t, double* row) { std::copy(rows[t].begin(), rows[t].end(), row); });
}

void write_observations(Hdf5Writer& file, const std::string& group, const Demo& demo, int gzip) {
  const uint64_t pictures = static_cast<uint64_t>(demo.pictures());
  const auto height = static_cast<uint64_t>(demo.height), width = static_cast<uint64_t>(demo.width);
  for (size_t camera = 0; camera < demo.images.size(); ++camera) {
    std::vector<uint8_t> images = demo.images[camera];
    schema::flip_rows(images, height, width * 3);
    file.write(group + schema::image_dataset(camera), H5Type::kU8, {pictures, height, width, 3},
               images.data(), gzip);
  }
  write_columns(file, group + "obs/ee_states", demo.proprio, 0, 6);
  write_columns(file, group + "obs/ee_pos", demo.proprio, 0, 3);
  write_columns(file, group + "obs/ee_ori", demo.proprio, 3, 3);
  write_columns(file, group + "obs/gripper_states", demo.proprio, 6, 2);
  if (!demo.joints.empty()) write_list(file, group + "obs/joint_states", demo.joints);
}

void write_steps(Hdf5Writer& file, const std::string& group, const Demo& demo) {
  const uint64_t frames = static_cast<uint64_t>(demo.frames);
  write_list(file, group + "actions", demo.actions);
  write_list(file, group + "expert_actions", demo.expert_actions);
  if (!demo.states.empty()) write_list(file, group + "states", demo.states);
  write_rows(file, group + "robot_states", demo.frames, 9, [&](size_t t, double* row) {
    const auto state = robot_state(demo.proprio[t]);
    std::copy(state.begin(), state.end(), row);
  });
  std::vector<uint8_t> dones(frames);
  dones.back() = 1;
  file.write(group + "rewards", H5Type::kU8, {frames}, demo.success.data());
  file.write(group + "dones", H5Type::kU8, {frames}, dones.data());
  file.write(group + "perturbed", H5Type::kU8, {frames}, demo.perturbed.data());
}

void write_labels(Hdf5Writer& file, const std::string& group, const Demo& demo) {
  const uint64_t frames = static_cast<uint64_t>(demo.frames), items = demo.items.size();
  file.make_group(group + schema::kLabels);
  file.write_attribute(group + schema::kLabels, "items", json(demo.items).dump());
  file.write(group + schema::kItemUv, H5Type::kF32, {frames, items, demo.images.size(), 2},
             demo.item_uv.data());
  file.write(group + schema::kItemPosition, H5Type::kF32, {frames, items, 3},
             demo.item_position.data());
}

void write_header(Hdf5Writer& file, const DemoFileInfo& info) {
  const json problem = {{"problem_name", info.problem_name},
                        {"domain_name", info.domain_name},
                        {"language_instruction", info.instruction}};
  const json env = {{"type", 1},
                    {"env_name", info.problem_name},
                    {"problem_name", info.problem_name},
                    {"bddl_file", info.bddl_file_name},
                    {"env_kwargs",
                     {{"control_freq", info.control_hz},
                      {"robots", {"Panda"}},
                      {"controller", "OSC_POSE"},
                      {"camera_names", {"agentview", "robot0_eye_in_hand"}}}}};
  file.make_group("/data");
  file.write_attribute("/data", "env_name", info.problem_name);
  file.write_attribute("/data", "problem_info", problem.dump());
  file.write_attribute("/data", "macros_image_convention", std::string("opengl"));
  file.write_attribute("/data", "bddl_file_name", info.bddl_file_name);
  file.write_attribute("/data", "bddl_file_content", info.bddl_file_content);
  file.write_attribute("/data", "env_args", env.dump());
  file.write_attribute("/data", "suite", info.suite);
  file.write_attribute("/data", "task", info.task);
  file.write_attribute("/data", schema::kTiming, std::string(schema::kBeforeAction));
}

}  // namespace

std::string demo_file_name(const std::string& task) { return task + "_demo.hdf5"; }

struct DemoFileWriter::Impl {
  std::string path, part;
  Hdf5Writer file;
  int gzip = 1;
  int count = 0;
  int64_t samples = 0;
  bool finished = false;
};

DemoFileWriter::DemoFileWriter(const std::string& path, const DemoFileInfo& info,
                               uint64_t expected_bytes) {
  const fs::path folder = fs::path(path).parent_path();
  std::error_code failure;
  if (!folder.empty()) fs::create_directories(folder, failure);
  const std::string part = path + ".part";
  impl_ =
      std::make_unique<Impl>(Impl{path, part, Hdf5Writer::create(part, expected_bytes), info.gzip});
  write_header(impl_->file, info);
}

DemoFileWriter::~DemoFileWriter() {
  if (impl_->finished) return;
  std::error_code ignored;
  fs::remove(impl_->part, ignored);
}

int DemoFileWriter::count() const { return impl_->count; }

void DemoFileWriter::append(const Demo& demo, int64_t number) {
  const std::string name = "/data/demo_" + std::to_string(impl_->count);
  check(demo, impl_->path + ":" + name);
  Hdf5Writer& file = impl_->file;
  file.make_group(name);
  file.write_attribute(name, "num_samples", int64_t{demo.frames});
  if (number >= 0) file.write_attribute(name, "number", number);
  if (demo.every > 1) file.write_attribute(name, schema::kEvery, int64_t{demo.every});
  file.write_attribute(name, "model_file", demo.model_xml);
  if (!demo.states.empty()) file.write_attribute(name, "init_state", demo.states[0]);
  file.write_attribute(name, "layout", demo.layout);
  file.write_attribute(name, "variation", demo.variation);
  file.write_attribute(name, "seed", static_cast<int64_t>(demo.seed));
  file.write_attribute(name, "episode", static_cast<int64_t>(demo.episode));
  file.write_attribute(name, "target", demo.target);
  write_steps(file, name + "/", demo);
  write_observations(file, name + "/", demo, impl_->gzip);
  if (!demo.items.empty()) write_labels(file, name + "/", demo);
  ++impl_->count;
  impl_->samples += demo.frames;
}

void DemoFileWriter::append_from(const DemoFile& file, int demo) {
  const std::string& theirs = file.names().at(static_cast<size_t>(demo));
  impl_->file.copy_group(file.hdf5(), "/data/" + theirs,
                         "/data/demo_" + std::to_string(impl_->count));
  ++impl_->count;
  impl_->samples += file.hdf5().int_attribute("/data/" + theirs, "num_samples");
}

void DemoFileWriter::finish() {
  if (impl_->finished || impl_->count == 0) return;
  impl_->file.write_attribute("/data", "num_demos", int64_t{impl_->count});
  impl_->file.write_attribute("/data", "total", impl_->samples);
  impl_->file.close();
  replace_path(impl_->part, impl_->path);
  impl_->finished = true;
}

}  // namespace libra::data
