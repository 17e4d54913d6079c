// Files that are missing, cut short, of another kind or not consistent, and files of LIBERO's own.
#include <gmock/gmock.h>
#include <hdf5.h>

#include <fstream>

#include "tests/data/toy.h"

namespace libra::data {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;

std::string error_of(const std::string& path) {
  return message_of([&] { DemoFile(path).read(0); });
}

// Opens the file for change, as another program would.
class Surgery {
 public:
  explicit Surgery(const std::string& path)
      : file_(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT)) {}
  ~Surgery() { H5Fclose(file_); }
  Surgery& remove(const std::string& name) {
    EXPECT_GE(H5Ldelete(file_, name.c_str(), H5P_DEFAULT), 0) << name;
    return *this;
  }
  Surgery& remove_attribute(const std::string& object, const char* name) {
    EXPECT_GE(H5Adelete_by_name(file_, object.c_str(), name, H5P_DEFAULT), 0) << name;
    return *this;
  }
  Surgery& change(const std::string& object, const char* name, int64_t value) {
    remove_attribute(object, name);
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate_by_name(file_, object.c_str(), name, H5T_NATIVE_INT64, space,
                                              H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    EXPECT_GE(H5Awrite(attribute, H5T_NATIVE_INT64, &value), 0) << name;
    H5Aclose(attribute);
    H5Sclose(space);
    return *this;
  }
  Surgery& add(const std::string& name, hid_t type, const std::vector<hsize_t>& shape,
               const void* values = nullptr) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t set =
        H5Dcreate2(file_, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    EXPECT_GE(set, 0) << name;
    if (values) H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(set);
    H5Sclose(space);
    return *this;
  }

 private:
  hid_t file_;
};

// What says how many steps have pictures is a stranger's number like any other.
TEST(DemoDamage, PicturesOfSomeStepsMustFitTheActions) {
  const Folder folder;
  for (const int64_t every : {int64_t{0}, int64_t{-3}, int64_t{2}, int64_t{5}, INT64_MAX}) {
    const std::string path = folder / ("a" + std::to_string(every) + "_demo.hdf5");
    {
      DemoFileWriter writer(path, toy_info());
      writer.append(thinned(toy_demo(9, 1), 4));  // three pictures
      writer.finish();
    }
    Surgery(path).change("/data/demo_0", "pictures_every", every);
    EXPECT_THAT(error_of(path), AllOf(HasSubstr("pictures_every"), HasSubstr("3 pictures")))
        << every;
  }
}

TEST(DemoDamage, MissingFile) {
  EXPECT_THAT(error_of("/nowhere/a_demo.hdf5"), HasSubstr("/nowhere/a_demo.hdf5: no such file"));
}

TEST(DemoDamage, NotHdf5) {
  const Folder folder;
  std::ofstream(folder / "a_demo.hdf5") << "a text, no data";
  EXPECT_THAT(error_of(folder / "a_demo.hdf5"),
              AllOf(HasSubstr("a_demo.hdf5: not a whole HDF5 file"), HasSubstr("found 15 bytes")));
}

TEST(DemoDamage, OtherHdf5) {
  const Folder folder;
  H5Fclose(H5Fcreate((folder / "a_demo.hdf5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  EXPECT_THAT(error_of(folder / "a_demo.hdf5"), AllOf(HasSubstr("not a file of demonstrations"),
                                                      HasSubstr("expected a group /data")));
}

TEST(DemoDamage, CutShortAtAnyPlace) {
  const Folder folder;
  const std::string path = toy_file(folder);
  const auto size = std::filesystem::file_size(path);
  for (int share = 99; share >= 0; share -= 9) {
    std::filesystem::resize_file(path, size * static_cast<uintmax_t>(share) / 100);
    EXPECT_THAT(error_of(path), HasSubstr("not a whole HDF5 file")) << share << " %";
  }
}

TEST(DemoDamage, EveryNeededDatasetIsMissed) {
  const Folder folder;
  for (const std::string name : {"actions", "obs/agentview_rgb", "obs/eye_in_hand_rgb",
                                 "obs/ee_states", "obs/gripper_states", "labels/item_uv"}) {
    const std::string path = toy_file(folder);
    Surgery(path).remove("/data/demo_0/" + name);
    EXPECT_THAT(error_of(path),
                AllOf(HasSubstr("a_demo.hdf5:/data/demo_0/" + name), HasSubstr("missing dataset")));
  }
}

TEST(DemoDamage, WhatTrainingDoesNotNeedMayBeMissing) {
  const Folder folder;
  for (const std::string name : {"rewards", "dones", "obs/joint_states", "obs/ee_pos"}) {
    const std::string path = toy_file(folder);
    Surgery(path).remove("/data/demo_0/" + name);
    EXPECT_EQ(error_of(path), "no error") << name;
  }
}

TEST(DemoDamage, WrongShapeTypeAndLength) {
  const Folder folder;
  std::string path = toy_file(folder);
  Surgery(path)
      .remove("/data/demo_0/actions")
      .add("/data/demo_0/actions", H5T_NATIVE_DOUBLE, {5, 6});
  EXPECT_THAT(error_of(path), HasSubstr("wrong shape: expected [5, 7], found [5, 6]"));

  path = toy_file(folder);
  Surgery(path).remove("/data/demo_0/rewards").add("/data/demo_0/rewards", H5T_NATIVE_UINT8, {4});
  EXPECT_THAT(error_of(path),
              HasSubstr("/data/demo_0/rewards: wrong shape: expected [5], found [4]"));

  path = toy_file(folder);
  Surgery(path)
      .remove("/data/demo_0/obs/agentview_rgb")
      .add("/data/demo_0/obs/agentview_rgb", H5T_NATIVE_FLOAT, {5, 6, 6, 3});
  EXPECT_THAT(error_of(path), HasSubstr("wrong type: expected bytes, found 32-bit floats"));

  path = toy_file(folder);
  Surgery(path)
      .remove("/data/demo_0/obs/agentview_rgb")
      .add("/data/demo_0/obs/agentview_rgb", H5T_NATIVE_UINT8, {5, 6, 7, 3});
  EXPECT_THAT(error_of(path), HasSubstr("expected [5, 6, 7, 3], found [5, 6, 6, 3]"));
}

TEST(DemoDamage, HugeShapesWithoutBytesAreRefusedBeforeMemoryIsTaken) {
  const Folder folder;
  const std::string path = toy_file(folder);
  Surgery(path)
      .remove("/data/demo_0/obs/agentview_rgb")
      .add("/data/demo_0/obs/agentview_rgb", H5T_NATIVE_UINT8, {5, 4096, 4096, 3});
  EXPECT_THAT(error_of(path),
              AllOf(HasSubstr("agentview_rgb: is damaged"), HasSubstr("found 0 bytes")));
}

TEST(DemoDamage, NumbersThatAreNotFinite) {
  const Folder folder;
  const std::string path = toy_file(folder);
  std::vector<double> actions(5 * 7, 0.5);
  actions[2 * 7 + 1] = std::numeric_limits<double>::infinity();
  Surgery(path)
      .remove("/data/demo_0/actions")
      .add("/data/demo_0/actions", H5T_NATIVE_DOUBLE, {5, 7}, actions.data());
  EXPECT_THAT(error_of(path), HasSubstr("step 2, dimension 1, is NaN or infinite"));
}

TEST(DemoDamage, WrongNumberOfDemonstrations) {
  const Folder folder;
  const std::string path = toy_file(folder);
  Surgery(path).remove("/data/demo_1");
  EXPECT_THAT(error_of(path), HasSubstr("wrong number of demonstrations: expected 2, found 1"));
}

// LIBERO's own files have no labels of ours, and observation i follows action i.
TEST(DemoDamage, ObservationsAfterTheActionAreShifted) {
  const Folder folder;
  const std::string path = toy_file(folder, 1);
  Surgery(path)
      .remove_attribute("/data", "obs_timing")
      .remove("/data/demo_0/expert_actions")
      .remove("/data/demo_0/perturbed")
      .remove("/data/demo_0/labels");
  const DemoFile file(path);
  EXPECT_FALSE(file.observed_before_action());
  EXPECT_EQ(file.frames(0), 4);
  const Demo wrote = toy_demo(5, 0), read = file.read(0);
  ASSERT_EQ(read.frames, 4);
  for (int t = 0; t < 4; ++t) {
    const auto i = static_cast<size_t>(t);
    EXPECT_EQ(values_of(read.actions[i]), values_of(wrote.actions[i + 1]));
    EXPECT_EQ(values_of(read.expert_actions[i]), values_of(wrote.actions[i + 1]));
    EXPECT_EQ(read.states[i], wrote.states[i + 1]);
    EXPECT_EQ(read.success[i], wrote.success[i + 1]);
    EXPECT_EQ(values_of(read.proprio[i]), values_of(wrote.proprio[i]));
    EXPECT_EQ(values_of(read.joints[i]), values_of(wrote.joints[i]));
    EXPECT_EQ(std::vector<uint8_t>(read.image(1, t), read.image(1, t) + 108),
              std::vector<uint8_t>(wrote.image(1, t), wrote.image(1, t) + 108));
    EXPECT_EQ(read.perturbed[i], 0);
  }
  EXPECT_TRUE(read.items.empty());
  EXPECT_EQ(read.target_index(), -1);
}

}  // namespace
}  // namespace libra::data
