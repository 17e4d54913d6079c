#include <algorithm>
#include <cmath>

#include "libra/sim/expert/skills.h"

namespace libra::sim::expert {
namespace {

double away(const Vec3& a, const Vec3& b) { return std::hypot(a[0] - b[0], a[1] - b[1]); }

}  // namespace

bool is_placed(const Thing& thing, const Place& place) {
  return away(thing.position, place.position) < 2.5 * place.tolerance &&
         std::abs(thing.position[2] - place.position[2]) < place.release + .003;
}

Move carry(const View& view, const Thing& thing, const Grasp& grasp, const Place& place) {
  const Hand& hand = view.hand;
  const double distance = away(thing.position, place.position);
  const double bottom = thing.position[2] - thing.bottom();  // below the origin as it is held
  const double cruise = std::max(place.position[2], place.cruise + bottom);
  const bool high = thing.position[2] > cruise - .03;

  Move move;
  move.close = true;
  move.rotation = pointing(grasp.approach, grasp.closing);
  Vec3 arm = hand.grip - thing.position;
  double twist = 0;
  if (place.rotation) {
    const Mat3 turn = multiply(*place.rotation, transpose(thing.rotation));
    twist = angle_between(thing.rotation, *place.rotation);
    // Turned on the way, not beside what it was lifted from.
    if (high || distance < .05) {
      move.rotation = multiply(turn, hand.rotation);
      arm = rotate(turn, arm);
    } else {
      move.rotation = hand.rotation;
    }
  }
  const double far = std::clamp((distance - place.tolerance) / view.config.funnel, 0.0, 1.0);
  const bool ready = distance < place.tolerance && twist < .10;
  const bool lowering =
      thing.position[2] < cruise - .02 && distance < 2 * place.tolerance && twist < .2;
  const double height = ready || lowering ? place.position[2]
                                          : place.position[2] + (twist < .10 ? far : 1.0) *
                                                                    (cruise - place.position[2]);
  move.position = Vec3{place.position[0], place.position[1], height} + arm;
  move.phase = high ? "carry" : "lift";
  if (ready || lowering) {
    move.phase = "lower";
    if (thing.position[2] - place.position[2] < place.release) {
      move.close = false;
      move.phase = "release";
    }
  }
  return move;
}

}  // namespace libra::sim::expert
