// World-aligned boxes around things, for finding room on a table. Source files only: scene.h
// includes MuJoCo.
#pragma once

#include "libra/sim/engine/scene.h"

namespace libra::sim::variation {

struct Box {
  Vec3 low{1e9, 1e9, 1e9}, high{-1e9, -1e9, -1e9};  // m; as made: empty
  void add(const Box& other);
  // Wider by `margin` to all four sides; as high as before.
  Box grown(double margin) const;
  Box moved(const Vec3& by) const { return {low + by, high + by}; }
};

// Seen from above: the larger of the gaps along x and y (m); negative where the boxes overlap.
double gap_between(const Box& a, const Box& b);

// Around the collision geoms of a body and everything attached to it, at the current poses.
Box box_of(const engine::Scene& scene, int body);
// The same with every joint of the fixture anywhere in its range. Poses are as before afterwards.
Box swept_box_of(const engine::Scene& scene, const engine::SceneFixture& fixture);

// Whether agentview's picture holds the box, but for `margin` of its width at every side; whether
// it sees the middle of the object with nothing before it. Poses must be up to date.
bool in_picture(const engine::Scene& scene, const Box& box, double margin);
bool is_seen(const engine::Scene& scene, const engine::SceneObject& object);

}  // namespace libra::sim::variation
