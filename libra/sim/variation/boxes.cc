#include "libra/sim/variation/boxes.h"

#include <algorithm>
#include <numbers>

namespace libra::sim::variation {

void Box::add(const Box& other) {
  for (size_t i = 0; i < 3; ++i) {
    low[i] = std::min(low[i], other.low[i]);
    high[i] = std::max(high[i], other.high[i]);
  }
}

Box Box::grown(double margin) const {
  Box out = *this;
  for (size_t i = 0; i < 2; ++i) out.low[i] -= margin, out.high[i] += margin;
  return out;
}

double gap_between(const Box& a, const Box& b) {
  double gap = -1e9;
  for (size_t i = 0; i < 2; ++i) gap = std::max({gap, a.low[i] - b.high[i], b.low[i] - a.high[i]});
  return gap;
}

Box box_of(const engine::Scene& scene, int body) {
  const mjModel* m = scene.model();
  const mjData* d = scene.data();
  Box box;
  for (int geom = 0; geom < m->ngeom; ++geom) {
    if (m->body_rootid[m->geom_bodyid[geom]] != body || m->geom_group[geom] != 0) continue;
    Box own;
    for (size_t i = 0; i < 3; ++i) {
      double reach = m->geom_rbound[geom];
      if (m->geom_type[geom] == mjGEOM_BOX) {
        reach = 0;
        for (size_t k = 0; k < 3; ++k)
          reach += std::abs(d->geom_xmat[9 * geom + 3 * i + k]) * m->geom_size[3 * geom + k];
      }
      own.low[i] = d->geom_xpos[3 * geom + i] - reach;
      own.high[i] = d->geom_xpos[3 * geom + i] + reach;
    }
    box.add(own);
  }
  return box;
}

Box swept_box_of(const engine::Scene& scene, const engine::SceneFixture& fixture) {
  constexpr int kStops = 5;
  const mjModel* m = scene.model();
  Box box = box_of(scene, fixture.body);
  for (const int joint : fixture.joints) {
    double& q = scene.data()->qpos[m->jnt_qposadr[joint]];
    const double kept = q, low = m->jnt_range[2 * joint], high = m->jnt_range[2 * joint + 1];
    for (int stop = 0; stop < kStops; ++stop) {
      q = low + (high - low) * stop / (kStops - 1);
      scene.update_poses();
      box.add(box_of(scene, fixture.body));
    }
    q = kept;
  }
  scene.update_poses();
  return box;
}

bool in_picture(const engine::Scene& scene, const Box& box, double margin) {
  const int camera = mj_name2id(scene.model(), mjOBJ_CAMERA, "agentview");
  const double* from = scene.data()->cam_xpos + 3 * camera;
  const double* axes = scene.data()->cam_xmat + 9 * camera;  // columns: right, up, backwards
  const double half = std::tan(scene.model()->cam_fovy[camera] * std::numbers::pi / 360);
  for (int corner = 0; corner < 8; ++corner) {
    Vec3 seen{};
    for (size_t i = 0; i < 3; ++i) {
      const double offset = (corner >> i & 1 ? box.high : box.low)[i] - from[i];
      for (size_t k = 0; k < 3; ++k) seen[k] += axes[3 * i + k] * offset;
    }
    const double edge = -seen[2] * half * (1 - 2 * margin);
    if (seen[2] >= 0 || std::abs(seen[0]) > edge || std::abs(seen[1]) > edge) return false;
  }
  return true;
}

bool is_seen(const engine::Scene& scene, const engine::SceneObject& object) {
  constexpr std::array<mjtByte, mjNGROUP> kSolids{1, 0, 0, 0, 0, 0};
  const mjModel* m = scene.model();
  const int camera = mj_name2id(m, mjOBJ_CAMERA, "agentview");
  const double* from = scene.data()->cam_xpos + 3 * camera;
  const Box box = box_of(scene, object.body);
  const Vec3 towards = .5 * (box.low + box.high) - Vec3{from[0], from[1], from[2]};
  int geom = -1;
  mj_ray(m, scene.data(), from, towards.data(), kSolids.data(), 1, -1, &geom);
  return geom >= 0 && m->body_rootid[m->geom_bodyid[geom]] == object.body;
}

}  // namespace libra::sim::variation
