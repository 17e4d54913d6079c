// Owners and conversions for FFmpeg's libraries (internal to media).
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <string>

#include "libra/core/observation.h"

namespace libra::media {

struct AvFree {
  void operator()(AVCodecContext* p) const { avcodec_free_context(&p); }
  void operator()(AVFrame* p) const { av_frame_free(&p); }
  void operator()(AVPacket* p) const { av_packet_free(&p); }
  void operator()(SwsContext* p) const { sws_freeContext(p); }
};
using CodecContext = std::unique_ptr<AVCodecContext, AvFree>;
using Frame = std::unique_ptr<AVFrame, AvFree>;
using Packet = std::unique_ptr<AVPacket, AvFree>;
using Scaler = std::unique_ptr<SwsContext, AvFree>;

// The libraries' own chatter goes nowhere; what matters comes back as an Error.
void silence_av();
std::string av_message(int code);
// Throws Error(kFailed) when code is negative.
void check_av(int code, const std::string& where, const std::string& problem);
// A frame of `format` (full colour range) with the image's top left width x height pixels.
Frame make_frame(const Image& image, int width, int height, AVPixelFormat format);
// Throws Error(kFailed) when the frame's format cannot be converted.
Image make_image(const AVFrame& frame);

}  // namespace libra::media
