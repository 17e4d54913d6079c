// Background textures: what things stand on, and the walls, look like another material.
#include "libra/core/error.h"
#include "libra/sim/variation/effect.h"
#include "libra/sim/variation/textures.h"

namespace libra::sim::variation {
namespace {

class BackgroundEffect final : public Effect {
 public:
  explicit BackgroundEffect(const EffectRequest& r) : variation_(r.variation), seed_(r.seed) {
    if (r.spec.source != nullptr) {
      throw Error(ErrorCode::kBadInput, {.where = "variation 'background'",
                                         .problem = "is made for our own suites only",
                                         .found = "suite '" + r.spec.task.suite + "'"});
    }
  }

  void change_model(engine::Scene& scene) override {
    if (variation_.subkind != "wall") cover_surface(scene);
    if (variation_.subkind != "surface") repaint(scene, "wall", hash_name("wall"));
  }

 private:
  // Of the new look; the rest is the plain one.
  double share() const { return 0.2 + 0.16 * variation_.level; }

  void cover_surface(engine::Scene& scene) const {
    mjModel* m = scene.model();
    const uint64_t own = hash_name("surface");
    const int top = mj_name2id(m, mjOBJ_GEOM, "table_top");
    if (top < 0) return repaint(scene, "floor", own);
    // The table gets a material that nothing else has, and loses its tint.
    const int wood = mj_name2id(m, mjOBJ_MATERIAL, "wood");
    m->geom_matid[top] = wood;
    float* tint = m->geom_rgba + 4 * top;
    for (int i = 0; i < 3; ++i) tint[i] += static_cast<float>(share() * (1 - tint[i]));
    repaint(scene, "wood", own);
  }

  void repaint(engine::Scene& scene, const std::string& texture, uint64_t own) const {
    const mjModel* m = scene.model();
    const int id = mj_name2id(m, mjOBJ_TEXTURE, texture.c_str());
    const mjtByte* at = m->tex_data + m->tex_adr[id];
    const std::vector<uint8_t> plain(at, at + 3 * m->tex_width[id] * m->tex_height[id]);
    Rng rng(mix_seed({seed_, own}));
    const uint64_t look = mix_seed({seed_, own, static_cast<uint64_t>(variation_.level)}) | 1;
    scene.repaint(texture, blend(plain, draw_pattern(rng), share()), look);
  }

  Variation variation_;
  uint64_t seed_;
};

}  // namespace

std::unique_ptr<Effect> make_background_effect(const EffectRequest& request) {
  return std::make_unique<BackgroundEffect>(request);
}

}  // namespace libra::sim::variation
