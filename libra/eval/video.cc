#include "libra/eval/video.h"

#include <cstdio>
#include <cstring>
#include <filesystem>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/eval/av.h"

namespace libra::eval {

Image side_by_side(const std::vector<Image>& images, int scale) {
  int width = 0;
  for (const Image& image : images) width += image.width;
  Image out(images.empty() ? 0 : images[0].height * scale, width * scale);
  int left = 0;
  for (const Image& image : images) {
    for (int y = 0; y < out.height; ++y) {
      const uint8_t* source = image.row(std::min(y / scale, image.height - 1));
      uint8_t* target = out.row(y) + left * 3;
      for (int x = 0; x < image.width * scale; ++x)
        std::memcpy(target + x * 3, source + x / scale * 3, 3);
    }
    left += image.width * scale;
  }
  return out;
}

struct VideoWriter::State {
  std::string path, part, encoder;
  int fps = 20, width = 0, height = 0;
  int64_t frames = 0;
  bool header = false;
  AVFormatContext* format = nullptr;
  AVStream* stream = nullptr;
  CodecContext codec;

  ~State() {
    if (format == nullptr) return;
    if (format->pb != nullptr) avio_closep(&format->pb);
    avformat_free_context(format);
    std::error_code ignored;
    std::filesystem::remove(part, ignored);
  }

  bool try_encoder(const char* name) {
    const AVCodec* found = avcodec_find_encoder_by_name(name);
    if (found == nullptr) return false;
    codec.reset(avcodec_alloc_context3(found));
    codec->width = width;
    codec->height = height;
    codec->time_base = {1, fps};
    codec->framerate = {fps, 1};
    codec->pix_fmt = AV_PIX_FMT_YUV420P;
    codec->thread_count = 1;  // the workers are the threads
    codec->bit_rate = 2'000'000;
    if ((format->oformat->flags & AVFMT_GLOBALHEADER) != 0) {
      codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    }
    if (std::strcmp(name, "libx264") == 0) {
      codec->bit_rate = 0;
      av_opt_set(codec->priv_data, "preset", "veryfast", 0);
      av_opt_set(codec->priv_data, "crf", "22", 0);
    }
    if (avcodec_open2(codec.get(), found, nullptr) < 0) return false;
    encoder = name;
    return true;
  }

  void open(const Image& first) {
    width = first.width / 2 * 2;
    height = first.height / 2 * 2;
    check_av(avformat_alloc_output_context2(&format, nullptr, "mp4", part.c_str()), path,
             "cannot make an MP4 file");
    if (!try_encoder("libx264") && !try_encoder("libopenh264") && !try_encoder("mpeg4")) {
      throw Error(ErrorCode::kFailed, {.where = path,
                                       .problem = "no video encoder",
                                       .expected = "libx264, libopenh264 or mpeg4 in libavcodec",
                                       .next = "use --videos 0"});
    }
    stream = avformat_new_stream(format, nullptr);
    stream->time_base = codec->time_base;
    check_av(avcodec_parameters_from_context(stream->codecpar, codec.get()), path, "bad stream");
    check_av(avio_open(&format->pb, part.c_str(), AVIO_FLAG_WRITE), path, "cannot write");
    AVDictionary* options = nullptr;
    av_dict_set(&options, "movflags", "+faststart", 0);
    const int code = avformat_write_header(format, &options);
    av_dict_free(&options);
    check_av(code, path, "cannot write");
    header = true;
  }

  // Null flushes.
  void send(AVFrame* frame) {
    check_av(avcodec_send_frame(codec.get(), frame), path, "cannot encode");
    Packet packet(av_packet_alloc());
    while (true) {
      const int code = avcodec_receive_packet(codec.get(), packet.get());
      if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return;
      check_av(code, path, "cannot encode");
      packet->duration = 1;
      av_packet_rescale_ts(packet.get(), codec->time_base, stream->time_base);
      packet->stream_index = stream->index;
      check_av(av_interleaved_write_frame(format, packet.get()), path, "cannot write");
    }
  }
};

VideoWriter::VideoWriter(const std::string& path, int fps) : state_(std::make_unique<State>()) {
  silence_av();
  state_->path = path;
  state_->part = path + ".part";
  state_->fps = fps;
}

VideoWriter::~VideoWriter() = default;

void VideoWriter::add(const Image& frame) {
  State& s = *state_;
  if (!s.header) s.open(frame);
  if (frame.width < s.width || frame.height < s.height) {
    throw Error(ErrorCode::kFailed, {.where = s.path, .problem = "a frame has another size"});
  }
  Frame converted = make_frame(frame, s.width, s.height, AV_PIX_FMT_YUV420P);
  converted->pts = s.frames++;
  s.send(converted.get());
}

void VideoWriter::finish() {
  State& s = *state_;
  if (!s.header) return;
  s.send(nullptr);
  check_av(av_write_trailer(s.format), s.path, "cannot write");
  check_av(avio_closep(&s.format->pb), s.path, "cannot write");
  replace_path(s.part, s.path);
  s.header = false;
}

const std::string& VideoWriter::encoder() const { return state_->encoder; }

}  // namespace libra::eval
