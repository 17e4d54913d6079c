#include "libra/media/video_reader.h"

#include <filesystem>

#include "libra/core/error.h"
#include "libra/media/av.h"

namespace libra::media {
namespace {

constexpr int kMaxVideoSide = 8192;  // px

struct InputFree {
  void operator()(AVFormatContext* p) const { avformat_close_input(&p); }
};

}  // namespace

struct VideoReader::State {
  std::string path;
  std::unique_ptr<AVFormatContext, InputFree> input;
  CodecContext codec;
  Frame frame{av_frame_alloc()};
  Packet packet{av_packet_alloc()};
  Scaler scaler;
  int stream = -1;
  bool drained = false;

  [[noreturn]] void fail(const std::string& problem, int code = 0) const {
    throw Error(
        ErrorCode::kBadInput,
        {.where = path, .problem = problem + (code != 0 ? " (" + av_message(code) + ")" : "")});
  }
};

VideoReader::VideoReader(const std::string& path) : state_(std::make_unique<State>()) {
  silence_av();
  State& s = *state_;
  s.path = path;
  if (!std::filesystem::exists(path)) {
    throw Error(ErrorCode::kNotFound, {.where = path, .problem = "no such video"});
  }
  AVFormatContext* input = nullptr;
  int code = avformat_open_input(&input, path.c_str(), nullptr, nullptr);
  if (code < 0) s.fail("is no video", code);
  s.input.reset(input);
  if ((code = avformat_find_stream_info(input, nullptr)) < 0) s.fail("is no video", code);
  const AVCodec* decoder = nullptr;
  s.stream = av_find_best_stream(input, AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0);
  if (s.stream < 0 || decoder == nullptr) s.fail("holds no video that can be decoded");
  s.codec.reset(avcodec_alloc_context3(decoder));
  avcodec_parameters_to_context(s.codec.get(), input->streams[s.stream]->codecpar);
  // Several readers work side by side.
  s.codec->thread_count = 1;
  if ((code = avcodec_open2(s.codec.get(), decoder, nullptr)) < 0) s.fail("cannot decode", code);
}
VideoReader::~VideoReader() = default;

void VideoReader::seek(double seconds) {
  State& s = *state_;
  const AVRational base = s.input->streams[s.stream]->time_base;
  const auto target = static_cast<int64_t>(seconds / av_q2d(base));
  const int code = av_seek_frame(s.input.get(), s.stream, target, AVSEEK_FLAG_BACKWARD);
  if (code < 0) s.fail("cannot go to second " + std::to_string(seconds), code);
  avcodec_flush_buffers(s.codec.get());
  s.drained = false;
}

bool VideoReader::next(double& seconds) {
  State& s = *state_;
  for (;;) {
    int code = avcodec_receive_frame(s.codec.get(), s.frame.get());
    if (code == AVERROR_EOF) return false;
    if (code >= 0) break;
    if (code != AVERROR(EAGAIN)) s.fail("is damaged", code);
    if (s.drained) return false;
    code = av_read_frame(s.input.get(), s.packet.get());
    if (code == AVERROR_EOF) {
      s.drained = true;
      avcodec_send_packet(s.codec.get(), nullptr);
      continue;
    }
    if (code < 0) s.fail("is damaged", code);
    if (s.packet->stream_index == s.stream) {
      code = avcodec_send_packet(s.codec.get(), s.packet.get());
    }
    av_packet_unref(s.packet.get());
    if (code < 0) s.fail("is damaged", code);
  }
  if (s.frame->width < 1 || s.frame->height < 1 || s.frame->width > kMaxVideoSide ||
      s.frame->height > kMaxVideoSide) {
    s.fail("has frames of an impossible size");
  }
  seconds = static_cast<double>(s.frame->best_effort_timestamp) *
            av_q2d(s.input->streams[s.stream]->time_base);
  return true;
}

void VideoReader::convert(Image& image) const {
  State& s = *state_;
  const AVFrame& f = *s.frame;
  // One conversion serves all frames of the same size and format.
  s.scaler.reset(sws_getCachedContext(s.scaler.release(), f.width, f.height,
                                      static_cast<AVPixelFormat>(f.format), f.width, f.height,
                                      AV_PIX_FMT_RGB24, SWS_BILINEAR, nullptr, nullptr, nullptr));
  if (s.scaler == nullptr) s.fail("has colours that cannot be converted");
  if (image.height != f.height || image.width != f.width) image = Image(f.height, f.width);
  uint8_t* target[4] = {image.rgb.data()};
  const int stride[4] = {f.width * 3};
  sws_scale(s.scaler.get(), f.data, f.linesize, 0, f.height, target, stride);
}

}  // namespace libra::media
