#include "libra/serving/observation_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "libra/core/error.h"
#include "libra/serving/pack.h"
#include "tests/support/message_of.h"

namespace libra::serving {
namespace {

using testing::HasSubstr;

// What a client sends, with each thing's name or without it.
struct Sent {
  std::string first = "observation/image", second = "observation/wrist_image",
              state = "observation/state", prompt = "prompt";
  std::vector<double> numbers = {1, 2, 3, 4, 5, 6, 7, 8};
  std::string text = "pick up the milk";
};

WireMessage message_with(const Sent& sent, std::string& bytes) {
  Image first(2, 3), second(2, 2);
  for (size_t i = 0; i < first.rgb.size(); ++i) first.rgb[i] = static_cast<uint8_t>(i);
  Pack pack;
  pack.map(size_t{!sent.first.empty()} + size_t{!sent.second.empty()} +
           size_t{!sent.state.empty()} + size_t{!sent.prompt.empty()});
  if (!sent.first.empty()) pack.text(sent.first).image(first);
  if (!sent.second.empty()) pack.text(sent.second).image(second);
  if (!sent.state.empty()) {
    pack.text(sent.state)
        .array("<f8", {sent.numbers.size()}, sent.numbers.data(), 8 * sent.numbers.size());
  }
  if (!sent.prompt.empty()) pack.text(sent.prompt).text(sent.text);
  bytes = pack.take();
  return decode_msgpack(bytes_of(bytes), Limits{});
}

TEST(ObservationMap, KnowsTheNamesOfOpenpiAndVlaEval) {
  const ObservationMap map(libero_panda(), {});
  std::string bytes;
  for (const Sent& sent :
       {Sent{}, Sent{"images/agentview", "images/wrist", "states", "task_description"},
        Sent{"observation/images/agentview", "observation/images/eye_in_hand", "state"}}) {
    const auto mapped = map.read(message_with(sent, bytes), Limits{});
    EXPECT_EQ(mapped.observation.images[0].width, 3);
    EXPECT_EQ(mapped.observation.images[1].width, 2);
    EXPECT_EQ(mapped.observation.proprio, sent.numbers);
    EXPECT_EQ(mapped.instruction, "pick up the milk");
  }
}

TEST(ObservationMap, TakesOtherNames) {
  const ObservationMap map(libero_panda(), {"agentview=top", "state=q", "prompt=say"});
  std::string bytes;
  const auto mapped =
      map.read(message_with({"top", "observation/wrist_image", "q", "say"}, bytes), Limits{});
  EXPECT_EQ(mapped.observation.images[0].width, 3);
  EXPECT_THAT(message_of([&] { map.read(message_with({}, bytes), Limits{}); }),
              HasSubstr("no image of camera agentview"));
}

TEST(ObservationMap, RefusesAnAssignmentThatNamesNothing) {
  for (const char* bad : {"agentvew=top", "agentview", "agentview=", "=x"}) {
    EXPECT_THAT(message_of([&] { ObservationMap(libero_panda(), {bad}); }), HasSubstr("--map"))
        << bad;
  }
}

TEST(ObservationMap, SaysTheWholeTableOfWhatIsMissing) {
  const ObservationMap map(libero_panda(), {});
  std::string bytes;
  const std::string said =
      message_of([&] { map.read(message_with({.second = ""}, bytes), Limits{}); });
  for (const char* part :
       {"no image of camera eye_in_hand", "expected of libero_panda", "observation/wrist_image",
        "state: 8 numbers", "eef_rotation: 3 numbers (rad)", "prompt: the instruction",
        "found:", "observation/image: uint8 (2, 3, 3)", "--map"}) {
    EXPECT_THAT(said, HasSubstr(part));
  }
}

TEST(ObservationMap, TheStateMayComeInParts) {
  const ObservationMap map(libero_panda(), {});
  std::string bytes;
  WireMessage message = message_with({.state = ""}, bytes);
  message.values["observation/eef_position"] = std::vector<double>{1, 2, 3};
  message.values["observation/eef_rotation"] = std::vector<double>{4, 5, 6};
  EXPECT_THAT(message_of([&] { map.read(message, Limits{}); }), HasSubstr("no state fingers"));
  message.values["observation/fingers"] = std::vector<double>{7, 8};
  EXPECT_EQ(map.read(message, Limits{}).observation.proprio, (Proprio{1, 2, 3, 4, 5, 6, 7, 8}));
  message.values["observation/fingers"] = std::vector<double>{7};
  EXPECT_THAT(message_of([&] { map.read(message, Limits{}); }), HasSubstr("is not 2 numbers"));
}

TEST(ObservationMap, RefusesNumbersAndTextsThatCannotBe) {
  const ObservationMap map(libero_panda(), {});
  std::string bytes;
  const auto said = [&](const Sent& sent) {
    return message_of([&] { map.read(message_with(sent, bytes), Limits{}); });
  };
  EXPECT_THAT(said({.numbers = {1, 2, 3, 4, 5, 6, 7}}), HasSubstr("has 7 numbers, expected 8"));
  EXPECT_THAT(said({.numbers = {1, 2, std::nan(""), 4, 5, 6, 7, 8}}), HasSubstr("not finite"));
  EXPECT_THAT(said({.prompt = ""}), HasSubstr("no instruction"));
  EXPECT_THAT(said({.text = "\xff"}), HasSubstr("no text"));
  std::string long_text;
  for (int i = 0; i < 10000; ++i) long_text += "word ";
  EXPECT_THAT(said({.text = long_text}), HasSubstr("instruction is too long"));
}

TEST(ObservationMap, ACameraThatMayBeMissingMay) {
  Embodiment robot = libero_panda();
  robot.cameras[1].optional = true;
  const ObservationMap map(robot, {});
  std::string bytes;
  const auto mapped = map.read(message_with({.second = ""}, bytes), Limits{}, Flip::kRotated);
  EXPECT_TRUE(mapped.observation.images[1].rgb.empty());
}

TEST(ObservationMap, TurnsPictures) {
  const ObservationMap map(libero_panda(), {});
  std::string bytes;
  const WireMessage message = message_with({}, bytes);
  const auto first = [&](Flip flip) {
    return map.read(message, Limits{}, flip).observation.images[0].rgb[0];
  };
  EXPECT_EQ(first(Flip::kNone), 0);
  EXPECT_EQ(first(Flip::kHorizontal), 6);  // the last pixel of the first row
  EXPECT_EQ(first(Flip::kVertical), 9);
  EXPECT_EQ(first(Flip::kRotated), 15);
}

}  // namespace
}  // namespace libra::serving
