#include "libra/data/scene_set.h"

#include <gmock/gmock.h>
#include <hdf5.h>

#include <cstring>

#include "tests/data/toy.h"

namespace libra::data {
namespace {

using testing::HasSubstr;

std::vector<Scene> toy_scenes() {
  Rng rng(3);
  std::vector<Scene> scenes(3);
  for (size_t i = 0; i < scenes.size(); ++i) {
    Scene& scene = scenes[i];
    for (int c = 0; c < 2; ++c) {
      scene.images.emplace_back(4, 4);
      for (auto& byte : scene.images.back().rgb) byte = static_cast<uint8_t>(rng.below(256));
    }
    scene.proprio.resize(8);
    for (double& x : scene.proprio) x = rng.normal();
    for (size_t k = 0; k < i + 1; ++k) {  // a different number of items in each
      scene.items.push_back("item " + std::to_string(k));
      scene.instructions.push_back("where is \"item\" " + std::to_string(k));
      for (int n = 0; n < 4; ++n) scene.item_uv.push_back(static_cast<float>(rng.uniform()));
    }
  }
  scenes[1].item_uv[2] = std::numeric_limits<float>::quiet_NaN();
  return scenes;
}

TEST(SceneSet, ReadsBackWhatWasSaved) {
  const Folder folder;
  const auto wrote = toy_scenes();
  SceneSet(wrote).save(folder / "new/scenes.hdf5");
  EXPECT_FALSE(std::filesystem::exists(folder / "new/scenes.hdf5.part"));
  const SceneSet read = SceneSet::load(folder / "new/scenes.hdf5");
  ASSERT_EQ(read.scenes().size(), wrote.size());
  for (size_t i = 0; i < wrote.size(); ++i) {
    const Scene &a = wrote[i], &b = read.scenes()[i];
    for (size_t c = 0; c < 2; ++c) EXPECT_EQ(a.images[c].rgb, b.images[c].rgb);
    EXPECT_EQ(b.images[1].width, 4);
    EXPECT_EQ(a.proprio, b.proprio);
    EXPECT_EQ(a.items, b.items);
    EXPECT_EQ(a.instructions, b.instructions);
    ASSERT_EQ(a.item_uv.size(), b.item_uv.size());
    EXPECT_EQ(std::memcmp(a.item_uv.data(), b.item_uv.data(), a.item_uv.size() * sizeof(float)), 0);
  }
}

TEST(SceneSet, RefusesScenesThatDoNotFitTogether) {
  const Folder folder;
  auto scenes = toy_scenes();
  scenes[1].images[0] = Image(4, 5);
  EXPECT_THAT(message_of([&] { SceneSet(scenes).save(folder / "s.hdf5"); }),
              HasSubstr("an image has the wrong size: expected 4 px square, found 4 x 5"));
  scenes = toy_scenes();
  scenes[2].item_uv.pop_back();
  EXPECT_THAT(message_of([&] { SceneSet(scenes).save(folder / "s.hdf5"); }),
              HasSubstr("do not fit the list of items"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(SceneSet, NamesWhatIsWrongInAFile) {
  const Folder folder;
  const std::string path = folder / "s.hdf5";
  EXPECT_THAT(message_of([&] { SceneSet::load(path); }), HasSubstr("s.hdf5: no such file"));
  EXPECT_THAT(message_of([&] { SceneSet::load(toy_file(folder)); }),
              HasSubstr("is not a file of still scenes"));

  const auto damaged = [&](const char* dataset, hid_t type, std::vector<hsize_t> shape,
                           const void* values) {
    SceneSet(toy_scenes()).save(path);
    const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    H5Ldelete(file, dataset, H5P_DEFAULT);
    if (!shape.empty()) {
      const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
      const hid_t set =
          H5Dcreate2(file, dataset, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
      H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
      H5Dclose(set);
      H5Sclose(space);
    }
    H5Fclose(file);
    return message_of([&] { SceneSet::load(path); });
  };
  EXPECT_THAT(damaged("/scenes/eye_in_hand", 0, {}, nullptr),
              HasSubstr("/scenes/eye_in_hand: missing dataset"));
  const std::vector<float> uv(23);
  EXPECT_THAT(damaged("/scenes/item_uv", H5T_NATIVE_FLOAT, {23}, uv.data()),
              HasSubstr("item_uv: has the wrong length: expected 24, found 23"));
  const std::string two = "[[],[]]", odd = "[[],[[1,2]],[]]", none = "{";
  EXPECT_THAT(damaged("/scenes/items", H5T_NATIVE_UINT8, {two.size()}, two.data()),
              HasSubstr("expected 3 lists in JSON, found 2"));
  EXPECT_THAT(damaged("/scenes/items", H5T_NATIVE_UINT8, {odd.size()}, odd.data()),
              HasSubstr("scene 1: an item is not"));
  EXPECT_THAT(damaged("/scenes/items", H5T_NATIVE_UINT8, {none.size()}, none.data()),
              HasSubstr("does not list every scene"));
}

}  // namespace
}  // namespace libra::data
