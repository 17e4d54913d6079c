#include "libra/sim/engine/drawn_meshes.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace libra::sim::engine {
namespace {

float dot(const Point& a, const Point& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
float norm(const Point& a) { return std::sqrt(dot(a, a)); }

Sphere bounds_of(const mjModel& m, int mesh) {
  constexpr float kRounding = 1.001f;
  const float* vertices = m.mesh_vert + 3 * m.mesh_vertadr[mesh];
  const int count = m.mesh_vertnum[mesh];
  Sphere sphere;
  for (size_t k = 0; k < 3 && count > 0; ++k) {
    float low = vertices[k], high = low;
    for (int i = 1; i < count; ++i) {
      low = std::min(low, vertices[3 * i + static_cast<int>(k)]);
      high = std::max(high, vertices[3 * i + static_cast<int>(k)]);
    }
    sphere.center[k] = (low + high) / 2;
  }
  for (int i = 0; i < count; ++i) {
    const float* at = vertices + 3 * i;
    sphere.radius = std::max(sphere.radius,
                             kRounding * norm({at[0] - sphere.center[0], at[1] - sphere.center[1],
                                               at[2] - sphere.center[2]}));
  }
  return sphere;
}

}  // namespace

void ViewVolume::add(const Point& through, const Point& inwards) {
  const float length = norm(inwards);
  if (length <= 0) return;
  const Point normal{inwards[0] / length, inwards[1] / length, inwards[2] / length};
  planes.push_back({normal, -dot(normal, through)});
}

bool ViewVolume::sees(const Point& center, float radius) const {
  return std::all_of(planes.begin(), planes.end(), [&](const Plane& plane) {
    return dot(plane.normal, center) + plane.offset > -radius;
  });
}

DrawnMeshes::DrawnMeshes(const mjModel& model, double cell) : drawn_(model) {
  for (int mesh = 0; mesh < model.nmesh; ++mesh) bounds_.push_back(bounds_of(model, mesh));
  if (cell <= 0) return;
  for (int mesh = 0; mesh < model.nmesh; ++mesh) merge(model, mesh, cell);
  drawn_.mesh_face = face_.data();
  drawn_.mesh_facenormal = face_normal_.data();
  drawn_.mesh_facetexcoord = face_texcoord_.data();
  drawn_.mesh_faceadr = face_address_.data();
  drawn_.mesh_facenum = face_count_.data();
}

// Of the vertices of a cell the first stands for all; triangles that lose a side go.
void DrawnMeshes::merge(const mjModel& m, int mesh, double cell) {
  std::vector<int> kept;
  std::map<std::array<long, 3>, int> cells;
  for (int i = 0; i < m.mesh_vertnum[mesh]; ++i) {
    const float* at = m.mesh_vert + 3 * (i + m.mesh_vertadr[mesh]);
    const std::array<long, 3> key{std::lround(at[0] / cell), std::lround(at[1] / cell),
                                  std::lround(at[2] / cell)};
    kept.push_back(cells.emplace(key, i).first->second);
  }
  const auto first = static_cast<int>(face_.size() / 3);
  for (int f = m.mesh_faceadr[mesh]; f < m.mesh_faceadr[mesh] + m.mesh_facenum[mesh]; ++f) {
    std::array<int, 3> corners;
    for (size_t c = 0; c < 3; ++c) {
      corners[c] = kept[static_cast<size_t>(m.mesh_face[3 * f + static_cast<int>(c)])];
    }
    if (corners[0] == corners[1] || corners[1] == corners[2] || corners[2] == corners[0]) continue;
    face_.insert(face_.end(), corners.begin(), corners.end());
    face_normal_.insert(face_normal_.end(), m.mesh_facenormal + 3 * f,
                        m.mesh_facenormal + 3 * f + 3);
    face_texcoord_.insert(face_texcoord_.end(), m.mesh_facetexcoord + 3 * f,
                          m.mesh_facetexcoord + 3 * f + 3);
  }
  face_address_.push_back(first);
  face_count_.push_back(static_cast<int>(face_.size() / 3) - first);
}

}  // namespace libra::sim::engine
