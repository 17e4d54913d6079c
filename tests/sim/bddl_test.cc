#include "libra/sim/task/bddl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libra/core/error.h"
#include "libra/core/rng.h"

namespace libra::sim {
namespace {

using ::testing::HasSubstr;

constexpr const char* kKitchen = R"((define (problem LIBERO_Kitchen)
  (:domain robosuite)
  (:requirements whatever (nested stuff))
  (:language Put the BOWL, please)  ; a comment (with parens
  (:regions
    (cabinet_region (:target main_table) (:ranges ((-.01 .29 .01 .31) (0 0 1 1)))
                    (:yaw_rotation ((3.1 3.2))) (:rgba ((1 0 0 0.5))))
    (top_region (:target white_cabinet_1)))
  (:fixtures main_table - table white_cabinet_1 - white_cabinet flat_stove_1 - flat_stove)
  (:objects bowl_1 bowl_2 - akita_black_bowl plate_1 - plate)
  (:obj_of_interest bowl_1 white_cabinet_1_top_region)
  (:init (On white_cabinet_1 main_table_cabinet_region) (Open white_cabinet_1_top_region))
  (:goal (And (In bowl_1 white_cabinet_1_top_region) (And (Close white_cabinet_1_top_region)
         (TurnOff flat_stove_1) (On bowl_2 plate_1))))
))";

std::string message_of(const std::string& text) {
  try {
    task::parse_bddl(text, "t.bddl");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  return "accepted";
}

// The kitchen file with one piece replaced.
std::string edited(const std::string& from, const std::string& to) {
  std::string text = kKitchen;
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Bddl, ReadsEverySection) {
  const task::Problem p = task::parse_bddl(kKitchen, "t.bddl");
  EXPECT_EQ(p.name, "libero_kitchen");
  EXPECT_EQ(p.domain, "robosuite");
  EXPECT_EQ(p.language, "Put the BOWL, please");
  ASSERT_EQ(p.regions.size(), 2u);
  EXPECT_EQ(p.regions[0].key, "main_table_cabinet_region");
  ASSERT_EQ(p.regions[0].ranges.size(), 2u);
  EXPECT_EQ(p.regions[0].ranges[0].x0, -0.01);
  EXPECT_EQ(p.regions[0].ranges[0].y1, 0.31);
  EXPECT_EQ(p.regions[0].yaw[1], 3.2);
  EXPECT_EQ(p.regions[0].rgba[3], 0.5);
  EXPECT_TRUE(p.regions[1].ranges.empty());
  EXPECT_EQ(p.regions[1].yaw[0], 0.0);
  EXPECT_EQ(p.regions[1].rgba[2], 1.0);
  ASSERT_EQ(p.objects.size(), 3u);
  EXPECT_EQ(p.objects[1].name, "bowl_2");
  EXPECT_EQ(p.objects[1].category, "akita_black_bowl");
  EXPECT_EQ(p.objects[2].category, "plate");
  EXPECT_EQ(p.fixtures[2].category, "flat_stove");
  EXPECT_EQ(p.init[1].kind, task::PredicateKind::kOpen);
  ASSERT_EQ(p.goal.size(), 4u);  // nested And is one conjunction
  EXPECT_EQ(p.goal[2].kind, task::PredicateKind::kTurnOff);
  EXPECT_EQ(p.goal[3].args, (std::vector<std::string>{"bowl_2", "plate_1"}));
  EXPECT_EQ(p.goal[0].at.line, 13);
  EXPECT_EQ(p.goal[0].at.column, 15);
}

TEST(Bddl, GoalNeedsNoAnd) {
  const task::Problem p = task::parse_bddl(
      "(define (problem p) (:domain d) (:fixtures floor - floor) (:objects a_1 b_1 - cup) (:init) "
      "(:goal (On a_1 b_1)))",
      "t");
  ASSERT_EQ(p.goal.size(), 1u);
  EXPECT_EQ(task::predicate_name(p.goal[0].kind), "on");
}

TEST(Bddl, UnknownNamesGetPlaceAndNearestName) {
  EXPECT_EQ(message_of(edited("(Close white", "(Closed white")),
            "t.bddl:13:60: unknown predicate 'closed'; did you mean 'close'?");
  EXPECT_EQ(message_of(edited("(:objects", "(:object")),
            "t.bddl:10:4: unknown section ':object'; did you mean ':objects'?");
  EXPECT_EQ(message_of(edited("(In bowl_1 white_cabinet_1_top_region)",
                              "(In bowl_1 white_cabinet_1_top_zegion)")),
            "t.bddl:13:26: unknown object or region 'white_cabinet_1_top_zegion'; did you mean "
            "'white_cabinet_1_top_region'?");
  EXPECT_THAT(message_of(edited("(:rgba", "(:rgb")),
              HasSubstr("t.bddl:7:50: unknown field ':rgb'"));
  EXPECT_THAT(message_of(edited("(:target main_table)", "(:target man_table)")),
              HasSubstr("t.bddl:6:5: region 'cabinet_region' targets unknown 'man_table'; did you "
                        "mean 'main_table'?"));
}

TEST(Bddl, SitesOfAbsentThingsAreLeftOut) {
  const std::string with_site =
      edited("(top_region (:target white_cabinet_1))",
             "(top_region (:target white_cabinet_1)) (right_region (:target bowl_drainer_1))");
  const task::Problem p = task::parse_bddl(with_site, "t.bddl");
  EXPECT_EQ(p.regions.size(), 2u);
  EXPECT_EQ(p.find_region("bowl_drainer_1_right_region"), nullptr);
  std::string used = with_site;
  used.replace(used.find("bowl_2 plate_1)"), 14, "bowl_2 bowl_drainer_1_right_region");
  EXPECT_THAT(message_of(used),
              HasSubstr("unknown object or region 'bowl_drainer_1_right_region'"));
}

TEST(Bddl, WrongFormsGetPlace) {
  EXPECT_THAT(message_of(edited("(On bowl_2 plate_1)", "(On bowl_2)")),
              HasSubstr("t.bddl:14:33: wrong number of arguments of 'on': expected 2, found 1"));
  EXPECT_THAT(message_of(edited("-.01 .29 .01 .31", "-.01 .29 .01")), HasSubstr("t.bddl:6:52"));
  EXPECT_THAT(message_of(edited("-.01 .29 .01 .31", "-.01 .29 .01 nan")),
              HasSubstr("not a number"));
  EXPECT_THAT(message_of(edited("-.01 .29 .01 .31", "-.01 .29 .01 1e999")),
              HasSubstr("not a number"));
  EXPECT_THAT(message_of(edited("-.01 .29 .01 .31", "-.01 .29 -.1 .31")), HasSubstr("upside down"));
  EXPECT_THAT(message_of(edited("plate_1 - plate", "plate_1")), HasSubstr("has no category"));
  EXPECT_THAT(message_of(edited("plate_1 - plate", "bowl_1 - plate")), HasSubstr("declared twice"));
  EXPECT_THAT(message_of(edited("plate_1 - plate", "../x - plate")), HasSubstr("not a name"));
  EXPECT_THAT(message_of(edited("(:domain robosuite)", "(:domain robosuite) (:domain x)")),
              HasSubstr("t.bddl:2:23: section (:domain) appears twice"));
  EXPECT_THAT(message_of(edited("(:domain robosuite)", "")),
              HasSubstr("section (:domain) is missing"));
  EXPECT_THAT(message_of(edited("(In bowl_1 white", "(In main_table_cabinet_region white")),
              HasSubstr("a region cannot be moved"));
  EXPECT_THAT(message_of(std::string(kKitchen) + ")"),
              HasSubstr("t.bddl:15:2: text after the end"));
  EXPECT_THAT(message_of(""), HasSubstr("t.bddl:1:1: the file is empty"));
  EXPECT_THAT(message_of(")"), HasSubstr("')' without its '('"));
  EXPECT_THAT(message_of("(defin)"), HasSubstr("not a BDDL file"));
}

TEST(Bddl, HostileInputIsRefused) {
  EXPECT_THAT(message_of(std::string(100000, '(')), HasSubstr("nested too deeply"));
  EXPECT_THAT(message_of("(" + std::string(100000, 'x')), HasSubstr("word is too long"));
  EXPECT_THAT(message_of(std::string((1 << 20) + 1, ' ')), HasSubstr("too large"));
  std::string many = "(define ";
  for (int i = 0; i < 30000; ++i) many += "()";
  EXPECT_THAT(message_of(many), HasSubstr("too many tokens"));
  EXPECT_THAT(message_of(std::string("(define \0)", 10)), HasSubstr("control character"));
  std::string things = "(define (:objects ";
  for (int i = 0; i < 300; ++i) things += "x" + std::to_string(i) + " ";
  EXPECT_THAT(message_of(things + "- cup))"), HasSubstr("too many things"));
}

TEST(Bddl, EveryTruncationIsRefusedAndNoMutationCrashes) {
  const std::string text = kKitchen;
  for (size_t n = 0; n + 1 < text.size(); ++n) {
    EXPECT_THROW(task::parse_bddl(text.substr(0, n), "t"), Error) << n;
  }
  Rng rng(7);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string mutant = text;
    for (int k = 0; k < 3; ++k) {
      mutant[rng.below(mutant.size())] = static_cast<char>(rng.below(256));
    }
    try {
      const task::Problem p = task::parse_bddl(mutant, "t");
      EXPECT_FALSE(p.goal.empty());
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("t:"));
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(Bddl, MissingFileIsNotFound) {
  try {
    task::read_bddl("/nonexistent/x.bddl");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_THAT(error.what(), HasSubstr("/nonexistent/x.bddl"));
  }
}

}  // namespace
}  // namespace libra::sim
