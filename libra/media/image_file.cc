#include "libra/media/image_file.h"

#include <cstring>
#include <fstream>
#include <string_view>

#include "libra/core/error.h"
#include "libra/media/av.h"

namespace libra::media {
namespace {

constexpr int kMaxSide = 8192;
constexpr std::streamoff kMaxBytes = 256 << 20;

[[noreturn]] void refuse(const std::string& where, const std::string& problem,
                         const std::string& expected = "", const std::string& found = "") {
  throw Error(ErrorCode::kBadInput,
              {.where = where, .problem = problem, .expected = expected, .found = found});
}

AVCodecID recognise(std::span<const uint8_t> bytes) {
  const auto starts = [&](std::string_view magic) {
    return bytes.size() >= magic.size() &&
           std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
  };
  if (starts("\x89PNG\r\n\x1a\n")) return AV_CODEC_ID_PNG;
  if (starts("\xff\xd8\xff")) return AV_CODEC_ID_MJPEG;
  if (starts("P6")) return AV_CODEC_ID_PPM;
  return AV_CODEC_ID_NONE;
}

std::vector<uint8_t> encode(AVCodecID id, const Image& image, AVPixelFormat format, int quality) {
  silence_av();
  const AVCodec* codec = avcodec_find_encoder(id);
  if (codec == nullptr) check_av(AVERROR_ENCODER_NOT_FOUND, "image", "cannot encode");
  CodecContext context(avcodec_alloc_context3(codec));
  context->width = image.width;
  context->height = image.height;
  context->pix_fmt = format;
  context->color_range = AVCOL_RANGE_JPEG;
  context->time_base = {1, 25};
  context->thread_count = 1;
  if (quality > 0) {
    context->flags |= AV_CODEC_FLAG_QSCALE;
    context->global_quality = FF_QP2LAMBDA * quality;
  }
  check_av(avcodec_open2(context.get(), codec, nullptr), "image", "cannot open the encoder");
  Frame frame = make_frame(image, image.width, image.height, format);
  frame->quality = context->global_quality;
  frame->pts = 0;
  check_av(avcodec_send_frame(context.get(), frame.get()), "image", "cannot encode");
  Packet packet(av_packet_alloc());
  check_av(avcodec_receive_packet(context.get(), packet.get()), "image", "cannot encode");
  return {packet->data, packet->data + packet->size};
}

}  // namespace

Image decode_image(std::span<const uint8_t> bytes, const std::string& where) {
  silence_av();
  const AVCodecID id = recognise(bytes);
  if (id == AV_CODEC_ID_NONE) refuse(where, "not an image", "a PNG, JPEG or PPM (P6) file");
  const AVCodec* codec = avcodec_find_decoder(id);
  if (codec == nullptr) check_av(AVERROR_DECODER_NOT_FOUND, where, "cannot decode");
  CodecContext context(avcodec_alloc_context3(codec));
  context->max_pixels = int64_t{kMaxSide} * kMaxSide;
  context->thread_count = 1;
  context->err_recognition = AV_EF_CRCCHECK | AV_EF_BUFFER | AV_EF_EXPLODE;
  check_av(avcodec_open2(context.get(), codec, nullptr), where, "cannot open the decoder");
  Packet packet(av_packet_alloc());
  check_av(av_new_packet(packet.get(), static_cast<int>(bytes.size())), where, "no memory");
  std::memcpy(packet->data, bytes.data(), bytes.size());
  Frame frame(av_frame_alloc());
  int code = avcodec_send_packet(context.get(), packet.get());
  if (code >= 0) avcodec_send_packet(context.get(), nullptr);
  if (code >= 0) code = avcodec_receive_frame(context.get(), frame.get());
  if (code < 0 || frame->decode_error_flags != 0 || (frame->flags & AV_FRAME_FLAG_CORRUPT) != 0) {
    refuse(where, "damaged image", "", code < 0 ? av_message(code) : "incomplete picture");
  }
  if (frame->width > kMaxSide || frame->height > kMaxSide) {
    refuse(where, "image too large", "sides of at most " + std::to_string(kMaxSide) + " px",
           std::to_string(frame->width) + " x " + std::to_string(frame->height));
  }
  return make_image(*frame);
}

Image read_image(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) {
    throw Error(ErrorCode::kNotFound, {.where = path, .problem = "cannot open the image"});
  }
  const std::streamoff size = file.tellg();
  if (size <= 0 || size > kMaxBytes) {
    refuse(path, "not an image", "1 to " + std::to_string(kMaxBytes) + " bytes",
           std::to_string(size));
  }
  std::vector<uint8_t> bytes(static_cast<size_t>(size));
  file.seekg(0);
  if (!file.read(reinterpret_cast<char*>(bytes.data()), size)) refuse(path, "cannot be read");
  return decode_image(bytes, path);
}

std::vector<uint8_t> encode_jpeg(const Image& image, int quality) {
  return encode(AV_CODEC_ID_MJPEG, image, AV_PIX_FMT_YUVJ420P, quality);
}

std::vector<uint8_t> encode_png(const Image& image) {
  return encode(AV_CODEC_ID_PNG, image, AV_PIX_FMT_RGB24, 0);
}

std::string base64(std::span<const uint8_t> bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = bytes.size() - i;
    const uint32_t word =
        bytes[i] << 16 | (left > 1 ? bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
    text += kDigits[word >> 18];
    text += kDigits[word >> 12 & 63];
    text += left > 1 ? kDigits[word >> 6 & 63] : '=';
    text += left > 2 ? kDigits[word & 63] : '=';
  }
  return text;
}

}  // namespace libra::media
