#include "libra/media/video.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "libra/core/error.h"
#include "libra/media/av.h"
#include "tests/eval/toy.h"

namespace libra::media {
namespace {

struct Decoded {
  std::vector<Image> frames;
  double fps = 0;
};

Decoded decode(const std::string& path) {
  Decoded out;
  AVFormatContext* format = nullptr;
  check_av(avformat_open_input(&format, path.c_str(), nullptr, nullptr), path, "open");
  check_av(avformat_find_stream_info(format, nullptr), path, "read");
  const AVStream* stream = format->streams[0];
  out.fps = av_q2d(stream->avg_frame_rate);
  const AVCodec* codec = avcodec_find_decoder(stream->codecpar->codec_id);
  CodecContext context(avcodec_alloc_context3(codec));
  avcodec_parameters_to_context(context.get(), stream->codecpar);
  avcodec_open2(context.get(), codec, nullptr);
  Packet packet(av_packet_alloc());
  Frame frame(av_frame_alloc());
  bool more = true;
  while (more) {
    more = av_read_frame(format, packet.get()) >= 0;
    avcodec_send_packet(context.get(), more ? packet.get() : nullptr);
    while (avcodec_receive_frame(context.get(), frame.get()) >= 0) {
      out.frames.push_back(make_image(*frame));
    }
    av_packet_unref(packet.get());
  }
  avformat_close_input(&format);
  return out;
}

class VideoTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "libra_video_" +
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

Image grey(int height, int width, int level) {
  Image image(height, width);
  std::fill(image.rgb.begin(), image.rgb.end(), static_cast<uint8_t>(level));
  return image;
}

TEST_F(VideoTest, DecodesToTheFramesThatWereWritten) {
  const std::string path = folder_ + "/a.mp4";
  VideoWriter writer(path, 20);
  for (int i = 0; i < 33; ++i) writer.add(grey(64, 129, 40 + 4 * i));
  EXPECT_FALSE(std::filesystem::exists(path));
  writer.finish();
  const Decoded video = decode(path);
  ASSERT_EQ(video.frames.size(), 33u);
  EXPECT_DOUBLE_EQ(video.fps, 20.0);
  for (int i = 0; i < 33; ++i) {
    EXPECT_EQ(video.frames[i].width, 128);  // even
    EXPECT_NEAR(video.frames[i].rgb[100], 40 + 4 * i, 6) << i;
  }
}

TEST_F(VideoTest, AnUnfinishedFileIsAbsent) {
  {
    VideoWriter writer(folder_ + "/b.mp4");
    writer.add(grey(32, 32, 9));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(VideoTest, RefusesFramesOfAnotherSizeAndFoldersThatAreNotThere) {
  VideoWriter writer(folder_ + "/c.mp4");
  writer.add(grey(32, 32, 9));
  EXPECT_THROW(writer.add(grey(16, 16, 9)), Error);
  VideoWriter nowhere(folder_ + "/none/d.mp4");
  EXPECT_THROW(nowhere.add(grey(32, 32, 9)), Error);
}

TEST_F(VideoTest, RolloutsFilmEveryStepOfTheChosenEpisodes) {
  eval::RolloutRequest request = eval::toy_request();
  request.videos = 1;
  request.video_dir = folder_;
  request.workers = 2;
  const eval::RolloutOutcome outcome = eval::run_rollouts(request);
  int films = 0;
  for (const eval::EpisodeRecord& e : outcome.episodes) {
    if (e.video.empty()) continue;
    ++films;
    EXPECT_EQ(e.episode, 0u);
    EXPECT_EQ(decode(folder_ + "/" + e.video).frames.size(), static_cast<size_t>(e.steps) + 1);
  }
  EXPECT_EQ(films, 3);
}

TEST(SideBySide, RepeatsPixels) {
  Image a(1, 1), b(1, 2);
  a.rgb = {1, 2, 3};
  b.rgb = {4, 5, 6, 7, 8, 9};
  const Image both = side_by_side({a, b}, 2);
  EXPECT_EQ(both.height, 2);
  EXPECT_EQ(both.width, 6);
  const std::vector<uint8_t> row = {1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, 7, 8, 9, 7, 8, 9};
  EXPECT_TRUE(std::equal(row.begin(), row.end(), both.row(0)));
  EXPECT_TRUE(std::equal(row.begin(), row.end(), both.row(1)));
}

}  // namespace
}  // namespace libra::media
