#include "libra/serving/limits.h"

namespace libra::serving {

void Limits::list(ConfigFields& f) {
  f.add("message_mb", message_mb, "largest message (MB)", {1, 1024});
  f.add("entries", entries, "names in a message", {8, 65536});
  f.add("depth", depth, "of names in names", {1, 32});
  f.add("text_bytes", text_bytes, "longest instruction (bytes)", {1, 1 << 20});
  f.add("numbers", numbers, "longest list of numbers", {16, 1 << 24});
  f.add("image_side", image_side, "largest side of an image (px)", {16, 16384});
  f.add("image_mp", image_mp, "largest image (megapixels)", {0.001, 200});
  f.add("connections", connections, "connections at a time", {1, 10000});
  f.add("rate", rate, "messages a second of one connection; what is more waits", {0.1, 1e6});
  f.add("idle_s", idle_s, "a connection without a message ends (s)", {0.1, 1e7});
  f.add("message_s", message_s, "time that a message or reply may take to arrive (s)", {0.1, 1e5});
  f.add("handshake_s", handshake_s, "the same of a request's or connection's start (s)",
        {0.1, 1e5});
}

}  // namespace libra::serving
