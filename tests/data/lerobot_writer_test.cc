// What is written as LeRobot is read back the same, survives kills, and grows.
#include "libra/data/lerobot_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "libra/core/file.h"
#include "libra/data/episode_source.h"
#include "tests/data/toy.h"

namespace libra::data {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Demo read_all(const EpisodeSource& source, int episode) {
  Demo demo = source.read(episode, /*with_states=*/true);
  source.decode(episode, [&](int, std::vector<Image>& cameras) {
    demo.images.resize(cameras.size());
    for (size_t c = 0; c < cameras.size(); ++c) {
      demo.images[c].insert(demo.images[c].end(), cameras[c].rgb.begin(), cameras[c].rgb.end());
      demo.height = cameras[c].height;
      demo.width = cameras[c].width;
    }
  });
  return demo;
}

class LeRobotWriter : public testing::TestWithParam<const char*> {
 protected:
  LeRobotOptions lossless() const { return {.version = GetParam(), .films = false}; }
};
INSTANTIATE_TEST_SUITE_P(Versions, LeRobotWriter, testing::Values("v3.0", "v2.1"),
                         [](const auto& info) {
                           return std::string(info.param) == "v3.0" ? "v30" : "v21";
                         });

TEST_P(LeRobotWriter, GivesBackEverythingThatADemonstrationHolds) {
  const Folder folder;
  const auto writer = write_lerobot(folder / "set", libero_panda(), lossless());
  for (int i = 0; i < 3; ++i) writer->add(i, toy_demo(4 + i, uint64_t(i)));
  writer->join();
  EXPECT_FALSE(fs::exists(folder / "set/parts"));
  const auto source = open_source(folder / "set", "");
  EXPECT_EQ(source->format(), std::string("LeRobot ") + GetParam());
  EXPECT_EQ(source->embodiment(), libero_panda());
  ASSERT_EQ(source->size(), 3);
  for (int i = 0; i < 3; ++i) expect_same(read_all(*source, i), toy_demo(4 + i, uint64_t(i)));
  EXPECT_TRUE(source->read(0).states.empty());
}

TEST_P(LeRobotWriter, FilmsShowTheSamePictures) {
  const Folder folder;
  const auto original = open_source(LIBRA_SOURCE_DIR "/tests/data/two_arms_v30", "");
  const auto writer =
      write_lerobot(folder / "set", original->embodiment(), {.version = GetParam()});
  for (const int e : {0, 1, 2}) {
    writer->add(e, original->read(e), [&](const TakeFrame& take) { original->decode(e, take); });
  }
  writer->join();
  const auto source = open_source(folder / "set", "");
  ASSERT_EQ(source->size(), 3);
  EXPECT_FALSE(fs::exists(folder / "set/libra")) << "there is nothing to keep beside";
  for (const int e : {0, 1, 2}) {
    const Demo a = read_all(*original, e), b = read_all(*source, e);
    EXPECT_EQ(a.actions, b.actions);
    EXPECT_EQ(a.proprio, b.proprio);
    EXPECT_EQ(a.instruction, b.instruction);
    ASSERT_EQ(a.images.size(), b.images.size());
    for (size_t c = 0; c < a.images.size(); ++c) {
      ASSERT_EQ(a.images[c].size(), b.images[c].size());
      double error = 0;
      for (size_t i = 0; i < a.images[c].size(); ++i) {
        error += std::abs(int(a.images[c][i]) - int(b.images[c][i]));
      }
      EXPECT_LT(error / double(a.images[c].size()), 2.0) << "camera " << c;
    }
  }
}

TEST_P(LeRobotWriter, GoesOnAfterAKillAndGrows) {
  const Folder folder;
  const std::string root = folder / "set";
  {
    const auto writer = write_lerobot(root, libero_panda(), lossless());
    writer->add(5, toy_demo(3, 5));
  }  // killed here: nothing joined
  fs::create_directories(root + "/parts/7.part");
  EXPECT_FALSE(fs::exists(root + "/meta"));
  {
    const auto writer = write_lerobot(root, libero_panda(), lossless());
    EXPECT_THAT(writer->finished(), ElementsAre(5));
    EXPECT_FALSE(fs::exists(root + "/parts/7.part"));
    writer->add(2, toy_demo(4, 2));
    fs::copy(root + "/parts", folder / "kept", fs::copy_options::recursive);
    writer->join();
  }
  // Killed after the set was whole and before the parts were gone.
  fs::copy(folder / "kept", root + "/parts", fs::copy_options::recursive);
  {
    const auto writer = write_lerobot(root, libero_panda(), lossless());
    EXPECT_THAT(writer->finished(), ElementsAre(2, 5));
    writer->add(9, toy_demo(5, 9));
    writer->join();
  }
  const auto source = open_source(root, "");
  ASSERT_EQ(source->size(), 3);
  expect_same(read_all(*source, 0), toy_demo(4, 2));
  expect_same(read_all(*source, 1), toy_demo(3, 5));
  expect_same(read_all(*source, 2), toy_demo(5, 9));
  const auto info = nlohmann::json::parse(read_file(root + "/meta/info.json"));
  EXPECT_EQ(info["total_frames"], 12);
  EXPECT_EQ(info["total_tasks"], 1);
  // What the official package asks for first.
  const bool v30 = std::string(GetParam()) == "v3.0";
  for (const char* file :
       {"info.json", v30 ? "tasks.parquet" : "tasks.jsonl", v30 ? "stats.json" : "episodes.jsonl",
        v30 ? "episodes/chunk-000/file-000.parquet" : "episodes_stats.jsonl"}) {
    EXPECT_TRUE(fs::exists(root + "/meta/" + file)) << file;
  }
}

// The count, the mean and the deviation of all frames, merged from episodes and from what was
// there, against all frames at once.
TEST(LeRobotStats, OfAllAreThoseOfItsEpisodes) {
  const Folder folder;
  const std::string root = folder / "set";
  for (int i = 0; i < 3; ++i) {  // a join each
    const auto writer = write_lerobot(root, libero_panda(), {.films = false});
    writer->add(i, toy_demo(4 + i, uint64_t(i)));
    writer->join();
  }
  double n = 0, sum = 0, squares = 0, most = -9;
  for (int i = 0; i < 3; ++i) {
    const Demo demo = toy_demo(4 + i, uint64_t(i));
    for (int t = 0; t < demo.frames; ++t) {
      const double x = demo.actions[size_t(t)][3];
      n += 1;
      sum += x;
      squares += x * x;
      most = std::max(most, x);
    }
  }
  const auto stats = nlohmann::json::parse(read_file(root + "/meta/stats.json"))["action"];
  EXPECT_EQ(stats["count"][0], 15);
  EXPECT_NEAR(stats["mean"][3].get<double>(), sum / n, 1e-9);
  EXPECT_NEAR(stats["std"][3].get<double>(), std::sqrt(squares / n - sum / n * sum / n), 1e-9);
  EXPECT_DOUBLE_EQ(stats["max"][3].get<double>(), most);
  const auto pictures =
      nlohmann::json::parse(read_file(root + "/meta/stats.json"))["observation.images.agentview"];
  EXPECT_EQ(pictures["mean"].size(), 3u);
  EXPECT_NEAR(pictures["mean"][0][0][0].get<double>(), 0.5, 0.15);
}

TEST(LeRobotFolder, HasPicturesOfEveryStep) {
  const Folder folder;
  const auto writer = write_lerobot(folder / "set", libero_panda(), {});
  EXPECT_THAT(message_of([&] { writer->add(0, thinned(toy_demo(9, 1), 4)); }),
              testing::HasSubstr("pictures of one step in 4 only"));
}

TEST(LeRobotFolder, RefusesToAddToWhatDoesNotFit) {
  const Folder folder;
  const std::string root = folder / "set";
  {
    const auto writer = write_lerobot(root, libero_panda(), {.films = false});
    writer->add(0, toy_demo(3, 0));
    writer->join();
  }
  const auto complaint = [&](const std::string& where, const Embodiment& robot,
                             const LeRobotOptions& options) {
    return message_of([&] { write_lerobot(where, robot, options); });
  };
  EXPECT_THAT(complaint(root, libero_panda(), {.version = "v2.1", .films = false}),
              HasSubstr("another version: expected v2.1, found v3.0"));
  EXPECT_THAT(complaint(root, libero_panda(), {}), HasSubstr("expected video, found image"));
  EXPECT_THAT(complaint(root, load_embodiment("aloha"), {.films = false}), HasSubstr("aloha"));
  fs::copy(LIBRA_SOURCE_DIR "/tests/data/two_arms_v30", folder / "foreign",
           fs::copy_options::recursive);
  EXPECT_THAT(complaint(folder / "foreign", load_embodiment("aloha"), {}),
              HasSubstr("libra did not write it"));
  const auto odd = write_lerobot(folder / "odd", libero_panda(), {});
  EXPECT_THAT(message_of([&] { odd->add(0, toy_demo(3, 0, 7)); }), HasSubstr("even sides"));
}

}  // namespace
}  // namespace libra::data
