#include "libra/media/av.h"

#include <mutex>

#include "libra/core/error.h"

namespace libra::media {

void silence_av() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_level(AV_LOG_QUIET); });
}

std::string av_message(int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof text);
  return text;
}

void check_av(int code, const std::string& where, const std::string& problem) {
  if (code >= 0) return;
  throw Error(ErrorCode::kFailed,
              {.where = where, .problem = problem + " (" + av_message(code) + ")"});
}

Frame make_frame(const Image& image, int width, int height, AVPixelFormat format) {
  Frame frame(av_frame_alloc());
  frame->format = format;
  frame->width = width;
  frame->height = height;
  check_av(av_frame_get_buffer(frame.get(), 0), "image", "no memory for a frame");
  Scaler scaler(sws_getContext(width, height, AV_PIX_FMT_RGB24, width, height, format, SWS_POINT,
                               nullptr, nullptr, nullptr));
  if (scaler == nullptr) check_av(AVERROR(EINVAL), "image", "cannot convert colours");
  const uint8_t* source[4] = {image.rgb.data()};
  const int stride[4] = {image.width * 3};
  sws_scale(scaler.get(), source, stride, 0, height, frame->data, frame->linesize);
  return frame;
}

Image make_image(const AVFrame& frame) {
  Image image(frame.height, frame.width);
  Scaler scaler(sws_getContext(frame.width, frame.height, static_cast<AVPixelFormat>(frame.format),
                               frame.width, frame.height, AV_PIX_FMT_RGB24, SWS_POINT, nullptr,
                               nullptr, nullptr));
  if (scaler == nullptr) check_av(AVERROR(EINVAL), "image", "cannot convert colours");
  uint8_t* target[4] = {image.rgb.data()};
  const int stride[4] = {frame.width * 3};
  sws_scale(scaler.get(), frame.data, frame.linesize, 0, frame.height, target, stride);
  return image;
}

}  // namespace libra::media
