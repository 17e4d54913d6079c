#include "libra/data/demo_file.h"

#include <gmock/gmock.h>
#include <hdf5.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "tests/data/toy.h"

namespace libra::data {
namespace {

using testing::HasSubstr;

TEST(DemoFile, ReadsBackWhatWasWrittenBitForBit) {
  const Folder folder;
  const DemoFile file(toy_file(folder, 2));
  ASSERT_EQ(file.size(), 2);
  EXPECT_TRUE(file.observed_before_action());
  EXPECT_EQ(file.info().bddl_file_content, "(define (problem x))");
  EXPECT_EQ(file.frames(1), 6);
  EXPECT_EQ(file.image_shape(1).height, 6);
  for (int i = 0; i < 2; ++i) {
    const Demo wrote = toy_demo(5 + i, static_cast<uint64_t>(i)), read = file.read(i);
    expect_same(read, wrote);
    EXPECT_EQ(read.target_index(), 1);
  }
  const Demo light = file.read(0, {.states = false});
  EXPECT_TRUE(light.states.empty());
  EXPECT_TRUE(light.model_xml.empty());
}

// Pictures of every fourth step; the numbers stay those of every step, and a joined file has both.
TEST(DemoFile, KeepsPicturesOfSomeSteps) {
  const Folder folder;
  const Demo whole = toy_demo(9, 1), thin = thinned(whole, 4);
  {
    DemoFileWriter writer(folder / "thin_demo.hdf5", toy_info());
    writer.append(thin);
    writer.finish();
    DemoFileWriter both(folder / "both_demo.hdf5", toy_info());
    both.append(whole);
    both.append_from(DemoFile(folder / "thin_demo.hdf5"), 0);
    both.finish();
  }
  const DemoFile file(folder / "both_demo.hdf5");
  EXPECT_EQ(file.frames(0), 9);
  EXPECT_EQ(file.frames(1), 9);
  expect_same(file.read(0), whole);
  expect_same(file.read(1), thin);
  EXPECT_EQ(thin.images[0].size(), 3u * 6 * 6 * 3);
  EXPECT_TRUE(std::equal(thin.image(1, 8), thin.image(1, 8) + 6 * 6 * 3, whole.image(1, 8)));
}

TEST(DemoFile, DemonstrationsAreInOrderOfTheirNumber) {
  const Folder folder;
  const DemoFile file(toy_file(folder, 11));
  EXPECT_EQ(file.names()[2], "demo_2");  // by name demo_10 would come before it
  EXPECT_EQ(file.read(10).episode, 10u);
}

// Rank, dimensions and element type of a dataset, read with the C library.
struct Stored {
  std::vector<hsize_t> shape;
  H5T_class_t kind;
  size_t bytes;
  bool operator==(const Stored&) const = default;
};
void PrintTo(const Stored& s, std::ostream* out) {
  *out << "class " << s.kind << " bytes " << s.bytes << " shape";
  for (const hsize_t n : s.shape) *out << " " << n;
}

Stored stored(hid_t file, const std::string& name) {
  const hid_t set = H5Dopen2(file, name.c_str(), H5P_DEFAULT);
  if (set < 0) return {};
  const hid_t space = H5Dget_space(set), type = H5Dget_type(set);
  Stored out{std::vector<hsize_t>(static_cast<size_t>(H5Sget_simple_extent_ndims(space))),
             H5Tget_class(type), H5Tget_size(type)};
  H5Sget_simple_extent_dims(space, out.shape.data(), nullptr);
  H5Tclose(type);
  H5Sclose(space);
  H5Dclose(set);
  return out;
}

std::string text(hid_t file, const char* object, const char* name) {
  const hid_t attribute = H5Aopen_by_name(file, object, name, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute < 0) return "missing";
  const hid_t type = H5Aget_type(attribute);
  char* bytes = nullptr;
  H5Aread(attribute, type, &bytes);
  const std::string out = bytes;
  H5free_memory(bytes);
  H5Tclose(type);
  H5Aclose(attribute);
  return out;
}

int64_t number(hid_t file, const char* object, const char* name) {
  const hid_t attribute = H5Aopen_by_name(file, object, name, H5P_DEFAULT, H5P_DEFAULT);
  int64_t value = -1;
  if (attribute >= 0) H5Aread(attribute, H5T_NATIVE_INT64, &value);
  H5Aclose(attribute);
  return value;
}

TEST(DemoFile, FollowsLiberosSchema) {
  const Folder folder;
  const hid_t file = H5Fopen(toy_file(folder, 2).c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  ASSERT_GE(file, 0);
  const std::string demo = "/data/demo_1/";
  const Stored image{{6, 6, 6, 3}, H5T_INTEGER, 1};
  const auto floats = [](hsize_t width) { return Stored{{6, width}, H5T_FLOAT, 8}; };
  EXPECT_EQ(stored(file, demo + "actions"), floats(7));
  EXPECT_EQ(stored(file, demo + "states"), floats(10));
  EXPECT_EQ(stored(file, demo + "robot_states"), floats(9));
  EXPECT_EQ(stored(file, demo + "rewards"), (Stored{{6}, H5T_INTEGER, 1}));
  EXPECT_EQ(stored(file, demo + "dones"), (Stored{{6}, H5T_INTEGER, 1}));
  EXPECT_EQ(stored(file, demo + "obs/agentview_rgb"), image);
  EXPECT_EQ(stored(file, demo + "obs/eye_in_hand_rgb"), image);
  EXPECT_EQ(stored(file, demo + "obs/gripper_states"), floats(2));
  EXPECT_EQ(stored(file, demo + "obs/joint_states"), floats(7));
  EXPECT_EQ(stored(file, demo + "obs/ee_states"), floats(6));
  EXPECT_EQ(stored(file, demo + "obs/ee_pos"), floats(3));
  EXPECT_EQ(stored(file, demo + "obs/ee_ori"), floats(3));

  EXPECT_EQ(text(file, "/data", "macros_image_convention"), "opengl");
  EXPECT_EQ(text(file, "/data", "bddl_file_name"), "pick_up_the_butter.bddl");
  EXPECT_EQ(text(file, "/data", "bddl_file_content"), "(define (problem x))");
  EXPECT_NE(text(file, "/data", "env_name"), "missing");
  EXPECT_EQ(nlohmann::json::parse(text(file, "/data", "problem_info"))["language_instruction"],
            "pick up the butter");
  EXPECT_EQ(nlohmann::json::parse(text(file, "/data", "env_args"))["type"], 1);
  EXPECT_EQ(number(file, "/data", "num_demos"), 2);
  EXPECT_EQ(number(file, "/data", "total"), 11);
  EXPECT_EQ(number(file, "/data/demo_1", "num_samples"), 6);
  EXPECT_EQ(text(file, "/data/demo_1", "model_file").size(), 100'000u + 17);
  const hid_t init = H5Aopen_by_name(file, "/data/demo_1", "init_state", H5P_DEFAULT, H5P_DEFAULT);
  std::vector<double> state(10);
  EXPECT_GE(H5Aread(init, H5T_NATIVE_DOUBLE, state.data()), 0);
  EXPECT_EQ(state, toy_demo(6, 1).states[0]);
  H5Aclose(init);
  H5Fclose(file);
}

TEST(DemoFile, KeepsImagesBottomUpAndRobotStatesAsQuaternions) {
  const Folder folder;
  const std::string path = toy_file(folder, 1);
  const Demo demo = toy_demo(5, 0);
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  std::vector<uint8_t> images(5 * 6 * 6 * 3);
  hid_t set = H5Dopen2(file, "/data/demo_0/obs/agentview_rgb", H5P_DEFAULT);
  H5Dread(set, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, images.data());
  H5Dclose(set);
  for (size_t t = 0; t < 5; ++t)
    for (size_t y = 0; y < 6; ++y)
      EXPECT_EQ(std::memcmp(&images[(t * 6 + y) * 18], demo.image(0, int(t)) + (5 - y) * 18, 18),
                0);

  std::vector<double> robot(5 * 9);
  set = H5Dopen2(file, "/data/demo_0/robot_states", H5P_DEFAULT);
  H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, robot.data());
  H5Dclose(set);
  H5Fclose(file);
  for (size_t t = 0; t < 5; ++t) {
    const double* row = &robot[t * 9];
    const auto p = demo.proprio[t];
    EXPECT_EQ(row[0], p[6]);
    EXPECT_EQ(row[2], p[0]);
    // A unit quaternion (x, y, z, w) of the axis-angle vector: 2 acos(w) about (x, y, z).
    EXPECT_NEAR(row[5] * row[5] + row[6] * row[6] + row[7] * row[7] + row[8] * row[8], 1.0, 1e-12);
    const double angle = 2 * std::acos(row[8]), sine = std::sqrt(1 - row[8] * row[8]);
    for (size_t k = 0; k < 3; ++k) EXPECT_NEAR(angle * row[5 + k] / sine, p[3 + k], 1e-9);
  }
}

TEST(DemoFile, AnUnfinishedFileIsAbsentAndAShortenedOneIsWhole) {
  const Folder folder;
  {
    DemoFileWriter writer(folder / "a_demo.hdf5", toy_info());
    writer.append(toy_demo(4, 1));
    EXPECT_FALSE(std::filesystem::exists(folder / "a_demo.hdf5"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  {
    DemoFileWriter writer(folder / "b_demo.hdf5", toy_info());  // nothing was ready
    writer.finish();
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  {
    DemoFileWriter writer(folder / "c_demo.hdf5", toy_info());  // one of many was ready
    writer.append(toy_demo(4, 1));
    writer.finish();
  }
  EXPECT_EQ(DemoFile(folder / "c_demo.hdf5").size(), 1);
  EXPECT_EQ(DemoFile(folder / "c_demo.hdf5").read(0).frames, 4);
}

TEST(DemoFile, TheSameDemonstrationsGiveTheSameBytes) {
  const Folder folder;
  const auto bytes = [](const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    std::vector<char> all(std::filesystem::file_size(path));
    EXPECT_EQ(std::fread(all.data(), 1, all.size(), file), all.size());
    std::fclose(file);
    return all;
  };
  EXPECT_EQ(bytes(toy_file(folder, 2, "a_demo.hdf5")), bytes(toy_file(folder, 2, "b_demo.hdf5")));
}

TEST(DemoFileWriter, RefusesPartsThatDoNotFit) {
  const Folder folder;
  DemoFileWriter writer(folder / "a_demo.hdf5", toy_info());
  Demo demo = toy_demo(4, 1);
  demo.perturbed.pop_back();
  EXPECT_THAT(message_of([&] { writer.append(demo); }),
              HasSubstr("perturbed has the wrong length: expected 4, found 3"));
  demo = toy_demo(4, 1);
  demo.expert_actions[2][1] = std::nanf("");
  EXPECT_THAT(message_of([&] { writer.append(demo); }),
              HasSubstr("step 2, dimension 1, is NaN or infinite"));
  EXPECT_EQ(writer.count(), 0);
}

}  // namespace
}  // namespace libra::data
