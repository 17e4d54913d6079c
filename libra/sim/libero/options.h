// How a checkout's scenes are made.
#pragma once

namespace libra::sim::libero {

struct ComposeOptions {
  // A missing mesh or texture that is only looked at does not end the work: the shape is drawn as
  // its collision shape, the surface without a picture.
  bool allow_missing_visuals = false;
};

}  // namespace libra::sim::libero
