// Still images on disk and inside the report.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libra/core/observation.h"

namespace libra::media {

// PNG, JPEG or PPM. Anything else, damaged bytes or a side over 8192 px throw Error(kBadInput).
Image read_image(const std::string& path);
Image decode_image(std::span<const uint8_t> bytes, const std::string& where);

// Baseline JPEG; quality 1 (best) .. 31.
std::vector<uint8_t> encode_jpeg(const Image& image, int quality = 4);
std::vector<uint8_t> encode_png(const Image& image);
std::string base64(std::span<const uint8_t> bytes);

}  // namespace libra::media
