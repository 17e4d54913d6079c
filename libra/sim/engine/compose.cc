#include "libra/sim/engine/compose.h"

#include <algorithm>
#include <string>

#include "libra/sim/bodies/catalogue.h"

namespace libra::sim::engine {
namespace {

// The body of a category, called as the instance.
mjsBody& add_body(bodies::Composer& composer, const std::string& category,
                  const std::string& instance) {
  const std::string file = bodies::body_file(category);
  bodies::SpecPtr part = bodies::load_spec(file);
  // What the file says of its body beyond physics and looks is no part of the scene.
  bodies::for_each(*part, mjOBJ_NUMERIC, [&](mjsElement* e) { mjs_delete(part.get(), e); });
  mjsBody& root = bodies::need_body(*part, "object", file);
  mjsBody& joined = composer.attach(composer.world(), std::move(part), root, instance + "_");
  composer.share_materials(joined, instance + "_");
  composer.rename(joined, instance);
  return joined;
}

}  // namespace

bodies::Composer::Compiled compose(const bodies::Arena& arena, std::span<const SceneObject> objects,
                                   std::span<const SceneFixture> fixtures) {
  const std::string file = bodies::arena_file(arena.problem);
  bodies::Composer composer(bodies::load_spec(file));
  mjsCamera& camera =
      *mjs_asCamera(&bodies::need_element(composer.scene(), mjOBJ_CAMERA, "agentview", file));
  std::copy(arena.camera.begin(), arena.camera.end(), camera.pos);
  std::copy(arena.camera_quat.begin(), arena.camera_quat.end(), camera.quat);
  mjsBody& base = bodies::need_body(composer.scene(), "link0", file);
  std::copy(arena.robot.begin(), arena.robot.end(), base.pos);
  for (const SceneObject& object : objects) {
    bodies::object_model(object.category);  // says which there are where there is none
    add_body(composer, object.category, object.name);
  }
  for (const SceneFixture& fixture : fixtures) {
    const double height = arena.surface + bodies::fixture_height(fixture.category);
    mjsBody& body = add_body(composer, fixture.category, fixture.name);
    const Vec3 at = {fixture.pose.x, fixture.pose.y, height};
    std::copy(at.begin(), at.end(), body.pos);
    const Quat turned = turn('z', fixture.pose.yaw);
    std::copy(turned.begin(), turned.end(), body.quat);
  }
  return composer.compile();
}

}  // namespace libra::sim::engine
