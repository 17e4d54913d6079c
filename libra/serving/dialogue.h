// What is said on one connection, without the connection: a message in, at most one reply out.
#pragma once

#include <functional>
#include <string>

#include "libra/serving/wire.h"

namespace libra::serving {

struct Reply {
  std::string bytes;   // empty: no reply
  bool text = false;   // a text frame, else a binary one
  int close_code = 0;  // not 0: the connection ends with it
  std::string close_reason = {};
};
using Answer = std::function<void(Reply)>;

// Thread: one call at a time; the next message comes after the answer to the one before.
class Dialogue {
 public:
  virtual ~Dialogue() = default;
  // What the server says first; empty: nothing.
  virtual std::string greeting() { return {}; }
  // Calls `answer` once, from any thread, now or later. `message` must stay until then.
  virtual void receive(Bytes message, bool is_text, Answer answer) = 0;
};

}  // namespace libra::serving
