#include "libra/sim/engine/world.h"

#include <algorithm>

#include "libra/core/error.h"

namespace libra::sim::engine {

std::optional<task::SiteBox> SceneWorld::site(std::string_view name) const {
  const mjModel* m = scene_.model();
  const mjData* d = scene_.data();
  task::SiteBox box;
  const int id = mj_name2id(m, mjOBJ_SITE, std::string(name).c_str());
  if (id >= 0) {
    std::copy_n(d->site_xpos + 3 * id, 3, box.position.begin());
    std::copy_n(d->site_xmat + 9 * id, 9, box.rotation.begin());
    std::copy_n(m->site_size + 3 * id, 3, box.half_size.begin());
    // A zone that a foreign model draws on its table has no parent.
    const std::string root = mj_id2name(m, mjOBJ_BODY, m->body_rootid[m->site_bodyid[id]]);
    if (scene_.find(root) != nullptr || scene_.find_fixture(root) != nullptr) box.parent = root;
    return box;
  }
  const task::Region* region = problem_.find_region(name);
  if (region == nullptr || region->ranges.empty()) return std::nullopt;
  // A zone on the floor or table: LIBERO draws it 7 mm thick either way.
  const task::Rectangle& r = region->ranges.front();
  const Vec3& origin = scene_.arena().origin;
  box.position = {origin[0] + (r.x0 + r.x1) / 2, origin[1] + (r.y0 + r.y1) / 2,
                  scene_.arena().zone};
  box.half_size = {(r.x1 - r.x0) / 2, (r.y1 - r.y0) / 2, 0.007};
  return box;
}

Vec3 SceneWorld::body_position(std::string_view instance) const {
  const int id = mj_name2id(scene_.model(), mjOBJ_BODY, std::string(instance).c_str());
  if (id < 0) {
    throw Error(ErrorCode::kNotFound,
                {.where = "scene", .problem = "no body '" + std::string(instance) + "'"});
  }
  Vec3 position;
  std::copy_n(scene_.data()->xpos + 3 * id, 3, position.begin());
  return position;
}

bool SceneWorld::contact(std::string_view a, std::string_view b) const {
  const mjModel* m = scene_.model();
  const mjData* d = scene_.data();
  const int body_a = mj_name2id(m, mjOBJ_BODY, std::string(a).c_str());
  const int body_b = mj_name2id(m, mjOBJ_BODY, std::string(b).c_str());
  for (int i = 0; i < d->ncon; ++i) {
    const int one = m->body_rootid[m->geom_bodyid[d->contact[i].geom1]];
    const int two = m->body_rootid[m->geom_bodyid[d->contact[i].geom2]];
    if ((one == body_a && two == body_b) || (one == body_b && two == body_a)) return true;
  }
  return false;
}

bool SceneWorld::inside(std::string_view instance, const Vec3& point) const {
  const auto box = site(std::string(instance) + "_contain_region");
  return box && task::site_contains(*box, point);
}

std::vector<task::JointState> SceneWorld::joints(std::string_view name) const {
  const mjModel* m = scene_.model();
  const int site = mj_name2id(m, mjOBJ_SITE, std::string(name).c_str());
  const int body = site >= 0 ? m->site_bodyid[site] : -1;
  std::vector<task::JointState> out;
  for (const SceneFixture& fixture : scene_.fixtures()) {
    for (const int joint : fixture.joints) {
      if (fixture.name == name || m->jnt_bodyid[joint] == body)
        out.push_back({fixture.category, scene_.data()->qpos[m->jnt_qposadr[joint]]});
    }
  }
  return out;
}

}  // namespace libra::sim::engine
