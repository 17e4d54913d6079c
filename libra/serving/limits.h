// What one message, one connection and all of them together may take.
#pragma once

#include "libra/core/config.h"

namespace libra::serving {

struct Limits {
  // Of a message.
  int message_mb = 16;
  int entries = 512;      // names in it, however nested
  int depth = 8;          // of nesting
  int text_bytes = 2000;  // of the instruction
  int numbers = 65536;    // of a list of numbers
  int image_side = 4096;  // px
  double image_mp = 2.1;  // megapixels of an image

  // Of connections.
  int connections = 64;
  double rate = 1000.0;     // messages a second of one connection; faster ones are read later
  double idle_s = 600.0;    // without a message
  double message_s = 20.0;  // from the first byte of a message to its last; of a reply likewise
  double handshake_s = 10.0;

  size_t message_bytes() const { return static_cast<size_t>(message_mb) << 20; }
  void list(ConfigFields& f);
};

}  // namespace libra::serving
