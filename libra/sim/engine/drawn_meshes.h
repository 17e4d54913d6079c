// What of a model's meshes is drawn: spheres around them to tell what is out of the picture, and
// copies with fewer triangles. Source files only: it includes MuJoCo.
#pragma once

#include <mujoco/mujoco.h>

#include <array>
#include <vector>

namespace libra::sim::engine {

using Point = std::array<float, 3>;  // m

// What of space a picture can show: what lies inside all planes.
struct ViewVolume {
  struct Plane {
    Point normal{};  // unit, inwards
    float offset = 0;
  };
  Point eye{};
  std::vector<Plane> planes;
  void add(const Point& through, const Point& inwards);
  bool sees(const Point& center, float radius) const;
};

// In the frame of its mesh.
struct Sphere {
  Point center{};
  float radius = 0;
};

// cell: side of a grid whose cells keep one vertex each (m), so that triangles become fewer; 0: all
// stay. Refers to `model`, which must live as long.
class DrawnMeshes {
 public:
  DrawnMeshes(const mjModel& model, double cell);
  // For mjr_uploadMesh() alone; its meshes have the numbers of the model's.
  const mjModel& model() const { return drawn_; }
  const Sphere& bounds(int mesh) const { return bounds_[static_cast<size_t>(mesh)]; }

 private:
  void merge(const mjModel& model, int mesh, double cell);

  mjModel drawn_;
  std::vector<Sphere> bounds_;
  std::vector<int> face_, face_normal_, face_texcoord_;  // corners, three a triangle
  std::vector<int> face_address_, face_count_;
};

}  // namespace libra::sim::engine
