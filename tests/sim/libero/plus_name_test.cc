#include "libra/sim/libero/plus_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/sim/libero/numpy_random.h"
#include "tests/support/message_of.h"

namespace libra::sim::libero {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Scene = PlusName::Scene;

// np.random.RandomState(42).randn(14), and RandomState(0).random_sample(3), of NumPy 1.26.4.
TEST(NumpyRandom, GivesNumpysNumbers) {
  NumpyRandom random(42);
  for (const double expected :
       {0.4967141530112327, -0.13826430117118466, 0.6476885381006925, 1.5230298564080254,
        -0.23415337472333597, -0.23413695694918055, 1.5792128155073915}) {
    EXPECT_DOUBLE_EQ(random.normal(), expected);
  }
  for (int i = 7; i < 3493; ++i) random.normal();
  for (const double expected :
       {-0.535316712567659, 0.5114995753618614, 1.9351540400602292, 0.8155010224442626}) {
    EXPECT_DOUBLE_EQ(random.normal(), expected);
  }
  NumpyRandom other(0);
  for (const double expected : {0.5488135039273248, 0.7151893663724195, 0.6027633760716439})
    EXPECT_EQ(other.uniform(), expected);
}

TEST(PlusName, ReadsViews) {
  const PlusName name = parse_plus_name("put_it_there_view_315_15_137_352_6_initstate_0");
  EXPECT_EQ(name.base, "put_it_there");
  EXPECT_EQ(name.task_file(), "put_it_there");
  EXPECT_EQ(name.scene, Scene::kPlain);
  EXPECT_EQ(name.view,
            (PlusView{.around = 315, .up = 15, .distance = 137, .turn = 352, .lift = 6}));
  EXPECT_EQ(name.posture, 0);
  EXPECT_EQ(name.noise, 0);
  EXPECT_EQ(name.language, 0);
}

TEST(PlusName, ReadsPosturesNoiseAndLanguage) {
  const PlusName noisy = parse_plus_name("a_view_0_0_100_0_0_initstate_500_noise_50");
  EXPECT_EQ(noisy.posture, 500);
  EXPECT_EQ(noisy.noise, 50);
  EXPECT_EQ(noisy.view, PlusView{});
  const PlusName said = parse_plus_name("KITCHEN_SCENE3_a_language_7_view_0_0_100_0_0_initstate_0");
  EXPECT_EQ(said.base, "KITCHEN_SCENE3_a");
  EXPECT_EQ(said.language, 7);
  EXPECT_EQ(said.task_file(), "KITCHEN_SCENE3_a_language_7");
}

TEST(PlusName, ReadsScenesOfTheirOwn) {
  for (const auto& [end, scene] :
       {std::pair{"light_12", Scene::kLight}, std::pair{"table_1", Scene::kTextures},
        std::pair{"tb_23", Scene::kTextures}, std::pair{"add_30", Scene::kAdded},
        std::pair{"level5_sample4", Scene::kMoved},
        std::pair{"moved_level1_sample0", Scene::kMoved}}) {
    const std::string text = std::string("take_it_from_table_center_") + end;
    const PlusName name = parse_plus_name(text);
    EXPECT_EQ(name.base, "take_it_from_table_center") << end;
    EXPECT_EQ(name.scene, scene) << end;
    EXPECT_EQ(name.task_file(), text);
  }
}

TEST(PlusName, NamesWhatItDoesNotKnow) {
  const auto says = [](std::string_view name) {
    return message_of([&] { parse_plus_name(name); });
  };
  EXPECT_THAT(says("pick_up_the_milk"), AllOf(HasSubstr("pick_up_the_milk"), HasSubstr("_light_")));
  EXPECT_THAT(says(""), HasSubstr("0 characters"));
  EXPECT_THAT(says(std::string(100'000, '_')), HasSubstr("100000 characters"));
  EXPECT_THAT(says("a_view_0_0_100_0_0_initstate_501"), HasSubstr("initstate is '501'"));
  EXPECT_THAT(says("a_view_0_0_100_0_0_initstate_0_noise_51"), HasSubstr("noise is '51'"));
  EXPECT_THAT(says("a_view_0_0_100_0_0_initstate_0_noise_0"), HasSubstr("1 to 50"));
  EXPECT_THAT(says("a_view_360_0_100_0_0_initstate_0"), HasSubstr("first number is '360'"));
  EXPECT_THAT(says("a_view_0_0_0_0_0_initstate_0"), HasSubstr("scale is '0'"));
  EXPECT_THAT(says("a_view_0_0_100_-2_0_initstate_0"), HasSubstr("fourth number is '-2'"));
  EXPECT_THAT(says("a_view_0_0_100_0_02_initstate_0"), HasSubstr("fifth number is '02'"));
  EXPECT_THAT(says("a_view_0_0_100_0__initstate_0"), HasSubstr("fifth number is ''"));
  EXPECT_THAT(says("a_view_0_0_100_0_initstate_0"), HasSubstr("no known change"));
  EXPECT_THAT(says("a_light_x"), HasSubstr("light is 'x'"));
  EXPECT_THAT(says("a_level1_sample"), HasSubstr("sample is 'sample'"));
  EXPECT_THAT(says("a_light_99999999999999999999"), HasSubstr("light is"));
  EXPECT_THAT(says("light_1"), HasSubstr("task of LIBERO"));
  EXPECT_THAT(says("view_0_0_100_0_0_initstate_0"), HasSubstr("task of LIBERO"));
}

TEST(PlusList, ReadsSuitesInTheirOrder) {
  const auto list = parse_plus_list(
      R"({"libero_goal": [{"id": 1, "name": "b_light_1", "category": "Light Conditions",
          "difficulty_level": null},
          {"id": 2, "name": "a_table_1", "category": "Background Textures",
          "difficulty_level": 3}], "libero_10": []})",
      "x");
  ASSERT_EQ(list.size(), 2u);
  ASSERT_EQ(list.at("libero_goal").size(), 2u);
  EXPECT_EQ(list.at("libero_goal")[0].name, "b_light_1");
  EXPECT_EQ(list.at("libero_goal")[1].category, "Background Textures");
}

TEST(PlusList, NamesWhatItDoesNotKnow) {
  const auto says = [](const std::string& json) {
    return message_of([&] { parse_plus_list(json, "list.json"); });
  };
  EXPECT_THAT(says(""), HasSubstr("list.json"));
  EXPECT_THAT(says("[]"), HasSubstr("JSON object"));
  EXPECT_THAT(says(R"({"s": 3})"), HasSubstr("suite 's'"));
  EXPECT_THAT(says(R"({"s": [3]})"), HasSubstr("no name"));
  EXPECT_THAT(says(R"({"s": [{"name": "a", "category": 1}]})"), HasSubstr("no category"));
  EXPECT_THAT(says(R"({"s": [{"name": "a", "category": "Smell"}]})"),
              AllOf(HasSubstr("'Smell'"), HasSubstr("Sensor Noise")));
  const std::string twice = R"({"name": "a", "category": "Sensor Noise"})";
  EXPECT_THAT(says("{\"s\": [" + twice + "," + twice + "]}"), HasSubstr("'a' twice"));
}

// All names of LIBERO-Plus's own list, and how many of them change what.
TEST(RealPlusList, IsReadWhole) {
  const char* root = std::getenv("LIBRA_LIBERO_PLUS_ROOT");
  if (root == nullptr) GTEST_SKIP() << "LIBRA_LIBERO_PLUS_ROOT= a checkout of LIBERO-Plus";
  const std::string path = std::string(root) + "/libero/libero/benchmark/task_classification.json";
  const auto list = parse_plus_list(read_file(path), path);
  const std::map<std::string, std::vector<int>> expected = {
      {"libero_spatial", {258, 376, 390, 292, 385, 350, 351}},
      {"libero_object", {248, 396, 354, 297, 403, 398, 422}},
      {"libero_goal", {281, 408, 410, 279, 425, 409, 379}},
      {"libero_10", {289, 419, 383, 274, 312, 393, 449}}};
  ASSERT_EQ(list.size(), expected.size());
  for (const auto& [suite, counts] : expected) {
    std::map<std::string, int> found;
    for (const PlusEntry& entry : list.at(suite)) {
      const PlusName name = parse_plus_name(entry.name);
      ++found[entry.category];
      EXPECT_EQ(name.language > 0, entry.category == "Language Instructions") << entry.name;
      EXPECT_EQ(name.noise > 0, entry.category == "Sensor Noise") << entry.name;
      EXPECT_EQ(name.posture > 0, entry.category == "Robot Initial States") << entry.name;
      EXPECT_EQ(name.view != PlusView{}, entry.category == "Camera Viewpoints") << entry.name;
      EXPECT_EQ(name.scene == Scene::kLight, entry.category == "Light Conditions") << entry.name;
    }
    for (size_t i = 0; i < counts.size(); ++i)
      EXPECT_EQ(found[plus_categories()[i]], counts[i]) << suite << " " << plus_categories()[i];
  }
}

}  // namespace
}  // namespace libra::sim::libero
