#include "libra/sim/libero/plus_suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "libra/core/error.h"
#include "libra/sim/libero/any_suite.h"
#include "tests/sim/libero/tiny_plus.h"
#include "tests/support/message_of.h"

namespace libra::sim::libero {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string kView = "_view_0_0_100_0_0_initstate_0";

variation::Preset preset_of(const std::string& end) {
  return plus_preset(parse_plus_name("do_it_view_" + end));
}

// What LIBERO-Plus's own code gives for its table and floor scenes (SciPy 1.15).
TEST(PlusPreset, PutsTheCameraWhereLiberoPlusDoes) {
  const variation::CameraPose table{
      {.6586131746834771, 0, 1.6103500240372423},
      {.6380177736282349, .3048497438430786, .30484986305236816, .6380177736282349}};
  const variation::CameraPose floor{
      {.8965773716836134, 5.216182733499864e-07, .65},
      {.6182166934013367, .3432307541370392, .3432314395904541, .6182177066802979}};
  struct Case {
    const variation::CameraPose& from;
    const char* view;
    variation::CameraPose to;
  };
  for (const Case& c : std::vector<Case>{
           {table, "0_0_100_0_0", {{.6586, 0, 1.6104}, {.638, .3048, .3048, .638}}},
           {table, "315_15_100_0_0", {{.3015, -.3015, 1.7532}, {-.8785, -.2861, -.1185, -.3639}}},
           {table, "0_0_137_0_0", {{.9023, 0, 1.9102}, {.638, .3048, .3048, .638}}},
           {table, "0_0_100_352_6", {{.6586, 0, 1.6104}, {-.6949, -.2939, -.2468, -.6082}}},
           {table, "20_15_150_2_358", {{.601, .2187, 2.2298}, {-.5271, -.1868, -.266, -.7851}}},
           {floor, "315_15_100_0_0", {{.6399, -.6399, .8872}, {-.8594, -.3392, -.1405, -.356}}},
           {floor, "0_0_137_0_0", {{1.2283, 0, .5945}, {.6182, .3432, .3432, .6182}}},
           {floor,
            "20_15_150_2_358",
            {{1.2754, .4642, .9308}, {-.5148, -.2187, -.3133, -.7674}}}}) {
    const variation::CameraMove move = *preset_of(std::string(c.view) + "_initstate_0").camera;
    ASSERT_TRUE(move.pivot);
    const variation::CameraPose pose = variation::moved(c.from, move, {0, 0, *move.pivot});
    const double sign = pose.quat[0] * c.to.quat[0] < 0 ? -1 : 1;
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(pose.position[i], c.to.position[i], 1e-9) << c.view;
    for (size_t i = 0; i < 4; ++i)
      EXPECT_NEAR(sign * pose.quat[i], c.to.quat[i], 1e-9) << c.view << " " << i;
  }
}

// Of its robots/mounted_panda.py.
TEST(PlusPreset, PullsToThePosturesOfLiberoPlus) {
  const auto rest = [](int n) {
    return *preset_of("0_0_100_0_0_initstate_" + std::to_string(n)).rest;
  };
  using testing::DoubleEq;
  EXPECT_THAT(rest(1), testing::ElementsAre(DoubleEq(0.02097405), DoubleEq(-0.16687568),
                                            DoubleEq(0.02734903), DoubleEq(-2.38028663),
                                            DoubleEq(-0.00988726), DoubleEq(2.21686563),
                                            DoubleEq(0.85208136)));
  EXPECT_THAT(rest(500), testing::ElementsAre(DoubleEq(-0.11827633), DoubleEq(-0.04802337),
                                              DoubleEq(0.42756544), DoubleEq(-2.2644154),
                                              DoubleEq(-0.01062499), DoubleEq(2.18628575),
                                              DoubleEq(0.7065925)));
  EXPECT_FALSE(preset_of("0_0_100_0_0_initstate_0").rest);
  EXPECT_EQ(preset_of("0_0_100_0_0_initstate_0_noise_31").noise, 31);
}

TEST(PlusSuite, EveryVariantIsATask) {
  const TinyCheckout tiny;
  const TinyPlus plus(tiny);
  plus.write_task("do_it_language_4", tiny_task_saying("Would You kindly DO it"));
  plus.write_task("do_it_level2_sample3", kTinyTask);
  plus.list({{"do_it_language_4" + kView, "Language Instructions"},
             {"do_it" + kView + "_noise_3", "Sensor Noise"},
             {"do_it_level2_sample3", "Objects Layout"}});
  const task::SuiteSpec suite = load_plus_suite(plus.open(), "libero_plus_goal");
  ASSERT_EQ(suite.tasks.size(), 3u);
  EXPECT_EQ(suite.max_steps, 300);
  EXPECT_EQ(suite.initial_states, 1);
  EXPECT_EQ(suite.tasks[0].task.suite, "libero_plus_goal");
  EXPECT_EQ(suite.tasks[0].task.category, "Language Instructions");
  EXPECT_EQ(suite.tasks[0].task.instruction, "would you kindly do it")
      << "LIBERO's reader of task files makes everything lower case";
  EXPECT_EQ(suite.tasks[1].task.instruction, "do it") << "nothing of the variant's name";
  EXPECT_EQ(suite.tasks[1].preset->noise, 3);
  EXPECT_EQ(suite.tasks[2].task.instruction, "do it");
  EXPECT_TRUE(suite.left_out.empty());
}

TEST(PlusSuite, SaysWhatIsLeftOutAndWhy) {
  const TinyCheckout tiny;
  const TinyPlus plus(tiny);
  std::string more = kTinyTask;
  more.replace(more.find("milk_1 - milk"), 13, "milk_1 - milk can_1 - can_of_soda__1");
  plus.write_task("do_it_add_7", more);
  plus.list({{"do_it" + kView + "_noise_3", "Sensor Noise"},
             {"do_it_light_1", "Light Conditions"},
             {"do_it_light_2", "Light Conditions"},
             {"do_it_add_7", "Objects Layout"},
             {"do_it_level2_sample3", "Objects Layout"},
             {"do_it_tb_7", "Background Textures"},
             {"do_it_upside_down", "Background Textures"},
             {"../do_it" + kView, "Camera Viewpoints"}});
  const task::SuiteSpec suite = load_plus_suite(plus.open(), "libero_plus_goal");
  EXPECT_EQ(suite.tasks.size(), 1u);
  std::string all;
  for (const task::LeftOut& out : suite.left_out) {
    all += out.category + " " + std::to_string(out.tasks) + "/" + std::to_string(out.of) + " " +
           out.why + "\n";
  }
  EXPECT_THAT(
      all,
      AllOf(HasSubstr("Light Conditions 2/2 has lights"),
            HasSubstr("Objects Layout 1/2 adds objects"), HasSubstr("do_it_level2_sample3.bddl"),
            HasSubstr("Background Textures 1/2 has textures"), HasSubstr("'do_it_upside_down'"),
            HasSubstr("not a plain name"), testing::Not(HasSubstr("Sensor"))))
      << all;
}

TEST(PlusSuite, SaysWhatACheckoutIs) {
  const TinyCheckout tiny;
  const TinyPlus plus(tiny);
  EXPECT_THAT(message_of([&] { tiny.open().with_plus("/nowhere"); }),
              AllOf(HasSubstr("--plus-root"), HasSubstr("task_classification.json")));
  EXPECT_THAT(message_of([&] { load_plus_suite(plus.open(), "libero_plus_spatial"); }),
              HasSubstr("no suite 'libero_spatial'"));
  EXPECT_THAT(message_of([&] { load_plus_suite(plus.open(), "libero_plus_gaol"); }),
              HasSubstr("did you mean 'libero_plus_goal'"));
  plus.list({{"do_it_light_1", "Light Conditions"}});
  EXPECT_THAT(message_of([&] { load_plus_suite(plus.open(), "libero_plus_goal"); }),
              AllOf(HasSubstr("can be run"), HasSubstr("lights")));
  const Roots roots{tiny.libero(), tiny.robosuite(), false};
  EXPECT_THAT(message_of([&] { load_suite(roots, "libero_plus_goal"); }), HasSubstr("--plus-root"));
}

TEST(PlusSuite, StandsBesideTheOthers) {
  const TinyCheckout tiny;
  const TinyPlus plus(tiny);
  plus.list({{"do_it" + kView + "_noise_3", "Sensor Noise"}});
  Roots roots{tiny.libero(), tiny.robosuite(), false};
  EXPECT_THAT(suite_names(roots), testing::Not(testing::Contains("libero_plus_goal")));
  roots.plus = plus.root();
  EXPECT_THAT(suite_names(roots), testing::IsSupersetOf({"libero_goal", "libero_plus_goal"}));
  EXPECT_EQ(load_suite(roots, "libero_plus_goal").tasks.size(), 1u);
  EXPECT_EQ(load_suite(roots, "libero_goal").tasks.size(), 2u) << "LIBERO's own task files";
}

}  // namespace
}  // namespace libra::sim::libero
