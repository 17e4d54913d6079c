#include "libra/media/video.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/media/av.h"

namespace libra::media {

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

namespace {

// An MP4 file that grows beside its path, and takes its place once it is whole.
struct Mp4File {
  std::string path, part;
  AVFormatContext* format = nullptr;
  bool header = false;

  explicit Mp4File(const std::string& file) : path(file), part(file + ".part") { silence_av(); }
  Mp4File(const Mp4File&) = delete;
  Mp4File& operator=(const Mp4File&) = delete;
  ~Mp4File() {
    if (format == nullptr) return;
    if (format->pb != nullptr) avio_closep(&format->pb);
    avformat_free_context(format);
    std::error_code ignored;
    std::filesystem::remove(part, ignored);
  }

  void make() {
    check_av(avformat_alloc_output_context2(&format, nullptr, "mp4", part.c_str()), path,
             "cannot make an MP4 file");
  }
  // Once the streams are there.
  void begin() {
    check_av(avio_open(&format->pb, part.c_str(), AVIO_FLAG_WRITE), path, "cannot write");
    AVDictionary* options = nullptr;
    av_dict_set(&options, "movflags", "+faststart", 0);
    const int code = avformat_write_header(format, &options);
    av_dict_free(&options);
    check_av(code, path, "cannot write");
    header = true;
  }
  void write(AVPacket* packet) {
    check_av(av_interleaved_write_frame(format, packet), path, "cannot write");
  }
  void end() {
    check_av(av_write_trailer(format), path, "cannot write");
    check_av(avio_closep(&format->pb), path, "cannot write");
    replace_path(part, path);
    header = false;
  }
};

}  // namespace

struct VideoWriter::State : Mp4File {
  using Mp4File::Mp4File;
  std::string encoder;
  AVRational fps = {20, 1};
  int width = 0, height = 0, key_every = 0;
  int64_t frames = 0;
  AVStream* stream = nullptr;
  CodecContext codec;

  bool try_encoder(const char* name) {
    const AVCodec* found = avcodec_find_encoder_by_name(name);
    if (found == nullptr) return false;
    codec.reset(avcodec_alloc_context3(found));
    codec->width = width;
    codec->height = height;
    codec->time_base = av_inv_q(fps);
    codec->framerate = fps;
    if (key_every > 0) codec->gop_size = key_every;
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
    make();
    if (!try_encoder("libx264") && !try_encoder("libopenh264") && !try_encoder("mpeg4")) {
      throw Error(ErrorCode::kFailed, {.where = path,
                                       .problem = "no video encoder",
                                       .expected = "libx264, libopenh264 or mpeg4 in libavcodec",
                                       .next = "use --videos 0"});
    }
    stream = avformat_new_stream(format, nullptr);
    stream->time_base = codec->time_base;
    check_av(avcodec_parameters_from_context(stream->codecpar, codec.get()), path, "bad stream");
    begin();
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
      write(packet.get());
    }
  }
};

VideoWriter::VideoWriter(const std::string& path, double fps, int key_every)
    : state_(std::make_unique<State>(path)) {
  state_->fps = av_d2q(fps, 1'000'000);
  state_->key_every = key_every;
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
  s.end();
}

const std::string& VideoWriter::encoder() const { return state_->encoder; }

std::string codec_name(const std::string& encoder) {
  return encoder.find("264") != std::string::npos ? "h264" : encoder;
}

struct VideoJoiner::State : Mp4File {
  using Mp4File::Mp4File;
  AVStream* stream() const { return format->streams[0]; }

  void open(const AVStream& like) {
    make();
    AVStream* made = avformat_new_stream(format, nullptr);
    check_av(avcodec_parameters_copy(made->codecpar, like.codecpar), path, "bad stream");
    made->codecpar->codec_tag = 0;
    made->time_base = like.time_base;
    begin();
  }
  bool fits(const AVCodecParameters& p) const {
    const AVCodecParameters& first = *stream()->codecpar;
    return p.codec_id == first.codec_id && p.width == first.width && p.height == first.height &&
           p.format == first.format && p.extradata_size == first.extradata_size &&
           std::equal(p.extradata, p.extradata + p.extradata_size, first.extradata);
  }
};

VideoJoiner::VideoJoiner(const std::string& path) : state_(std::make_unique<State>(path)) {}

VideoJoiner::~VideoJoiner() = default;

bool VideoJoiner::append(const std::string& film, double from) {
  State& s = *state_;
  struct Close {
    void operator()(AVFormatContext* p) const { avformat_close_input(&p); }
  };
  AVFormatContext* opened = nullptr;
  check_av(avformat_open_input(&opened, film.c_str(), nullptr, nullptr), film, "cannot be read");
  const std::unique_ptr<AVFormatContext, Close> input(opened);
  check_av(avformat_find_stream_info(input.get(), nullptr), film, "cannot be read");
  if (input->nb_streams != 1) {
    throw Error(ErrorCode::kBadInput, {.where = film, .problem = "is no film of one stream"});
  }
  const AVStream& source = *input->streams[0];
  if (!s.header) s.open(source);
  if (!s.fits(*source.codecpar)) return false;
  const Packet packet(av_packet_alloc());
  for (;;) {
    const int code = av_read_frame(input.get(), packet.get());
    if (code == AVERROR_EOF) return true;
    check_av(code, film, "cannot be read");
    const auto offset =
        static_cast<int64_t>(std::llround(from * source.time_base.den / source.time_base.num));
    packet->pts += offset;
    packet->dts += offset;
    av_packet_rescale_ts(packet.get(), source.time_base, s.stream()->time_base);
    packet->stream_index = 0;
    packet->pos = -1;
    s.write(packet.get());
  }
}

void VideoJoiner::finish() {
  if (state_->header) state_->end();
}

}  // namespace libra::media
