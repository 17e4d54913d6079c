#include "libra/preprocess/language.h"

#include <gtest/gtest.h>

#include "libra/core/error.h"

namespace libra::preprocess {
namespace {

const std::vector<std::string> kItems = {"milk", "tomato sauce", "sauce", "bbq sauce"};

TEST(Phrases, FoundAsWholeWords) {
  const auto match = find_phrase("pick up the bbq sauce and place it", kItems);
  ASSERT_TRUE(match);
  EXPECT_EQ(match->index, 3u);
  EXPECT_EQ(match->begin, 12u);
  EXPECT_EQ(match->length, 9u);
  EXPECT_FALSE(find_phrase("pick up the milkshake or the oatmilk", kItems));
  EXPECT_EQ(find_phrase("Milk!", kItems)->index, 0u);
  EXPECT_EQ(find_phrase("the sauce, the milk", kItems)->index, 2u);
  EXPECT_FALSE(find_phrase("", kItems));
  EXPECT_FALSE(find_phrase("milk", {}));
}

TEST(Phrases, TheLongerOneWins) {
  const std::vector<std::string> items = {"tomato", "tomato sauce"};
  EXPECT_EQ(find_phrase("the tomato sauce", items)->index, 1u);
  EXPECT_EQ(find_phrase("the tomato", items)->index, 0u);
}

TEST(Phrases, Substitution) {
  EXPECT_EQ(substitute_phrase("pick up the Tomato Sauce and place it", kItems, "orange juice"),
            "pick up the orange juice and place it");
  EXPECT_THROW(substitute_phrase("open the drawer", kItems, "milk"), Error);
}

TEST(AskFor, PutsTheItemInTheTargetsPlace) {
  EXPECT_EQ(ask_for("pick up the tomato sauce and place it in the basket", "tomato_sauce", "milk"),
            "pick up the milk and place it in the basket");
  // The sentence need not use all words of the category.
  EXPECT_EQ(ask_for("put the black bowl on the plate", "akita_black_bowl", "cream_cheese"),
            "put the cream cheese on the plate");
  EXPECT_EQ(ask_for("turn on the stove", "flat_stove", "flat_stove"), "turn on the stove");
}

TEST(AskFor, UsesNamesWhereTheSentenceDoesNotNameItsTarget) {
  EXPECT_EQ(ask_for("tidy up", "wine_bottle", "wine_bottle"), "tidy up");
  EXPECT_EQ(ask_for("tidy up", "wine_bottle", "white_mug"), "white mug");
  EXPECT_EQ(ask_for("tidy up", "", "white_mug"), "white mug");
}

}  // namespace
}  // namespace libra::preprocess
