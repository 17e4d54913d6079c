// Hostile PNG and JPEG must end in libra::Error or in a picture within the limits.
#include <cstdlib>

#include "libra/core/error.h"
#include "libra/serving/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  libra::serving::Limits limits;
  limits.image_mp = 0.3;
  limits.image_side = 2000;
  try {
    const libra::Image image = libra::serving::decode_picture({data, size}, limits, "fuzz");
    if (image.height < 1 || image.width < 1 || image.height > 2000 || image.width > 2000 ||
        image.rgb.size() != size_t(image.height) * size_t(image.width) * 3) {
      std::abort();
    }
  } catch (const libra::Error&) {
  }
  return 0;
}
