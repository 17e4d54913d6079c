// Data sets that the official package wrote (make_two_arms.py), and what becomes of damaged ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "libra/core/file.h"
#include "libra/data/episode_set.h"
#include "libra/data/episode_source.h"
#include "libra/media/video.h"
#include "tests/data/toy.h"

namespace libra::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

const std::string kV30 = LIBRA_SOURCE_DIR "/tests/data/two_arms_v30";
const std::string kV21 = LIBRA_SOURCE_DIR "/tests/data/two_arms_v21";

TEST(LeRobot, BothVersionsGiveTheSameNumbers) {
  const auto v30 = open_source(kV30, ""), v21 = open_source(kV21, "");
  EXPECT_EQ(v30->format(), "LeRobot v3.0");
  EXPECT_EQ(v21->format(), "LeRobot v2.1");
  EXPECT_EQ(v30->embodiment().name, "aloha");  // by robot_type
  ASSERT_EQ(v30->size(), 8);
  ASSERT_EQ(v21->size(), 8);
  for (int e = 0; e < 8; ++e) {
    const Demo a = v30->read(e), b = v21->read(e);
    EXPECT_EQ(a.frames, 40);
    EXPECT_EQ(a.actions, b.actions);
    EXPECT_EQ(a.proprio, b.proprio);
    EXPECT_EQ(a.instruction, b.instruction);
    EXPECT_EQ(a.instruction,
              e % 2 == 0 ? "move the left arm to the square" : "move the right arm to the square");
    // What make_two_arms.py moves: one arm, whose gripper shuts at the end; the other keeps still.
    const size_t moves = e % 2 == 0 ? 0 : 7, rests = 7 - moves;
    EXPECT_EQ(a.actions[39][moves + 6], 0.0f);
    EXPECT_EQ(a.actions[39][rests + 6], 1.0f);
    EXPECT_EQ(a.actions[39][rests], a.actions[0][rests]);
    // The arm follows by six tenths of what is missing.
    for (size_t t = 0; t + 1 < 40; ++t) {
      const double follows =
          a.proprio[t][moves] + 0.6 * (a.actions[t][moves] - a.proprio[t][moves]);
      EXPECT_NEAR(a.proprio[t + 1][moves], follows, 1e-6);
    }
  }
}

// The square's place follows from the joints that the arm is told (make_two_arms.py); H.264 and
// AV1 both show it there, upright, in every camera.
TEST(LeRobot, PicturesShowWhatTheNumbersSay) {
  for (const std::string& path : {kV30, kV21}) {
    const auto source = open_source(path, "");
    for (const int e : {0, 3, 7}) {
      const Demo demo = source->read(e);
      const size_t arm = e % 2 == 0 ? 0 : 7;
      const double waist = demo.actions[39][arm], shoulder = demo.actions[39][arm + 1];
      const int x = int(80 + 440 * (waist + 1) / 2), y = int(60 + 320 * (shoulder + 1) / 2);
      int frames = 0;
      source->decode(e, [&](int t, std::vector<Image>& cameras) {
        EXPECT_EQ(t, frames++);
        ASSERT_EQ(cameras.size(), 3u);
        for (size_t c = 0; c < 3; ++c) {
          ASSERT_EQ(cameras[c].height, 480);
          ASSERT_EQ(cameras[c].width, 640);
          const uint8_t* inside = cameras[c].row(y + 30) + (x + 30) * 3;
          EXPECT_NEAR(inside[0], 230, 12);
          EXPECT_NEAR(inside[1], 60, 12);
          EXPECT_NEAR(cameras[c].row(2)[0], 40 + 30 * int(c), 6);
          EXPECT_LT((cameras[c].row(y + 30) + (x - 12) * 3)[0], 150) << "left of it";
        }
      });
      EXPECT_EQ(frames, 40);
    }
  }
}

// A changed copy of a data set.
class Damaged {
 public:
  explicit Damaged(const std::string& of) { fs::copy(of, root(), fs::copy_options::recursive); }
  std::string root() const { return folder_ / "set"; }
  void info(const std::function<void(json&)>& change) const {
    const std::string path = root() + "/meta/info.json";
    json info = json::parse(read_file(path));
    change(info);
    write_file(path, info.dump());
  }
  void cut(const std::string& inside, size_t bytes) const {
    fs::resize_file(root() + "/" + inside, bytes);
  }
  std::string complaint(const std::string& embodiment = "") const {
    return message_of([&] {
      const auto source = open_source(root(), embodiment);
      for (int e = 0; e < source->size(); ++e) {
        source->read(e);
        source->decode(e, [](int, std::vector<Image>&) {});
      }
    });
  }

 private:
  Folder folder_;
};

TEST(LeRobot, NamesWhatIsWrong) {
  {
    const Damaged old(kV21);
    old.info([](json& i) { i["codebase_version"] = "v2.0"; });
    EXPECT_THAT(old.complaint(), HasSubstr("expected v2.1 or v3.0, found v2.0; convert it with"));
  }
  {
    const Damaged rate(kV30);
    rate.info([](json& i) { i["fps"] = 30; });
    EXPECT_THAT(rate.complaint(), HasSubstr("fps is another rate than the robot's: expected 50"));
  }
  {
    const Damaged stranger(kV30);
    stranger.info([](json& i) { i["robot_type"] = "nobody"; });
    EXPECT_THAT(stranger.complaint(), HasSubstr("--embodiment"));
    EXPECT_THAT(stranger.complaint(), HasSubstr("left_waist"));
    EXPECT_THAT(stranger.complaint("aloha"), HasSubstr("no error"));
    EXPECT_THAT(stranger.complaint("so101"), HasSubstr("wrong width: expected 6"));
  }
  {
    const Damaged blind(kV30);
    blind.info([](json& i) { i["features"].erase("observation.images.cam_high"); });
    EXPECT_THAT(blind.complaint(), HasSubstr("has no camera 'cam_high'"));
  }
  {
    const Damaged extra(kV30);
    extra.info([](json& i) {
      i["features"]["observation.images.tail"] = i["features"]["observation.images.cam_high"];
      i["features"]["observation.images.tail"]["dtype"] = "image";
    });
    EXPECT_THAT(extra.complaint(), HasSubstr("a camera that embodiment aloha lacks"));
  }
  {
    const Damaged cut(kV30);
    cut.cut("data/chunk-000/file-000.parquet", 5000);
    EXPECT_THAT(cut.complaint(), HasSubstr("file-000.parquet"));
    EXPECT_THAT(cut.complaint(), ::testing::AnyOf(HasSubstr("damaged"), HasSubstr("whole")));
  }
  {
    // One of many: the others are read.
    const Damaged one(kV21);
    one.cut("data/chunk-000/episode_000003.parquet", 3000);
    EpisodeSetOptions options;
    EXPECT_THAT(message_of([&] { EpisodeSet::open({one.root()}, options); }),
                HasSubstr("episode_000003.parquet"));
    options.skip_bad = true;
    options.fit = [](const Image&, int side, Image& out) { out = Image(side, side); };
    const auto set = EpisodeSet::open({one.root()}, options);
    EXPECT_EQ(set->demos().size(), 7u);
    ASSERT_EQ(set->skipped().size(), 1u);
    EXPECT_THAT(set->skipped()[0], HasSubstr("episode_000003.parquet"));
  }
  {
    const Damaged silent(kV21);
    fs::remove(silent.root() + "/videos/chunk-000/observation.images.cam_high/episode_000002.mp4");
    EXPECT_THAT(silent.complaint(), HasSubstr("episode_000002.mp4: no such video"));
  }
  {
    const Damaged rubbish(kV21);
    write_file(rubbish.root() + "/videos/chunk-000/observation.images.cam_high/episode_000002.mp4",
               std::string(4000, 'x'));
    EXPECT_THAT(rubbish.complaint(), HasSubstr("episode_000002.mp4: is no video"));
  }
  {
    const Damaged tasks(kV21);
    write_file(tasks.root() + "/meta/tasks.jsonl", "{\"task_index\": 0, \"task\": \"\"}\n");
    std::string episodes = read_file(tasks.root() + "/meta/episodes.jsonl");
    const std::string text = "move the left arm to the square";
    episodes.replace(episodes.find(text), text.size(), "");
    write_file(tasks.root() + "/meta/episodes.jsonl", episodes);
    EXPECT_THAT(tasks.complaint(), HasSubstr("its task has no text"));
  }
  {
    // An episode whose film has the frames of a shorter one.
    const Damaged shorter(kV21);
    const std::string films = shorter.root() + "/videos/chunk-000/observation.images.cam_high/";
    media::VideoWriter film(films + "episode_000002.mp4", 50);
    for (int t = 0; t < 30; ++t) film.add(Image(480, 640));
    film.finish();
    EXPECT_THAT(shorter.complaint(), HasSubstr("shorter than the table"));
    EXPECT_THAT(shorter.complaint(), HasSubstr("episode 2"));
  }
  {
    const Damaged slower(kV21);  // its film runs at another rate
    media::VideoWriter film(
        slower.root() + "/videos/chunk-000/observation.images.cam_high/episode_000002.mp4", 30);
    for (int t = 0; t < 40; ++t) film.add(Image(480, 640));
    film.finish();
    EXPECT_THAT(slower.complaint(), HasSubstr("within a quarter of a step of its timestamp"));
  }
}

TEST(LeRobot, EveryCutOfAFileIsAnErrorAndNoCrash) {
  const std::string inside = "meta/episodes/chunk-000/file-000.parquet";
  const auto size = fs::file_size(kV30 + "/" + inside);
  for (size_t bytes = 0; bytes < size; bytes += size / 40 + 1) {
    const Damaged cut(kV30);
    cut.cut(inside, bytes);
    EXPECT_THAT(message_of([&] { open_source(cut.root(), ""); }), HasSubstr("file-000.parquet"));
  }
}

TEST(Sources, DataOfOtherKindsAreNamed) {
  const Folder folder;
  fs::create_directories(folder / "rlds");
  write_file(folder / "rlds/dataset_info.json", "{}");
  EXPECT_THAT(message_of([&] { open_source(folder / "rlds", ""); }), HasSubstr("RLDS"));
  fs::create_directories(folder / "a.zarr");
  EXPECT_THAT(message_of([&] { open_source(folder / "a.zarr", ""); }), HasSubstr("Zarr"));
  fs::create_directories(folder / "bag");
  write_file(folder / "bag/one.mcap", "x");
  EXPECT_THAT(message_of([&] { open_source(folder / "bag", ""); }), HasSubstr("ROS bag"));
  EXPECT_THAT(message_of([&] { open_source(folder / "none", ""); }), HasSubstr("no such file"));
}

}  // namespace
}  // namespace libra::data
