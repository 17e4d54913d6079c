// Light: the colour, direction and gloss of the lights, and their shadows. LIBERO-Plus names these
// four; its values are in files of its own, so these are ours.
#include "libra/sim/variation/effect.h"

namespace libra::sim::variation {
namespace {

// About a horizontal axis at `azimuth`, then about the vertical one.
struct Turn {
  double azimuth = 0, tilt = 0, round = 0;  // rad
  Vec3 operator()(const Vec3& v) const {
    const Quat lean = multiply(multiply(turn('z', azimuth), turn('x', tilt)), turn('z', -azimuth));
    return rotate(matrix(multiply(turn('z', round), lean)), v);
  }
};

class LightEffect final : public Effect {
 public:
  explicit LightEffect(const EffectRequest& r) : variation_(r.variation), seed_(r.seed) {}

  void change_model(engine::Scene& scene) override {
    Rng rng(seed_);
    if (variation_.subkind == "diffuse") return colour(scene, rng);
    if (variation_.subkind == "direction") return move(scene, rng);
    if (variation_.subkind == "specular") return polish(scene);
    darken(scene, rng);
  }

 private:
  double strength() const { return static_cast<double>(variation_.level) / kVariationLevels; }

  // Towards a light of any hue, dim or bright.
  void colour(const engine::Scene& scene, Rng& rng) const {
    mjModel* m = scene.model();
    const double hue = rng.uniform(0, 2 * std::numbers::pi);
    const double bright = rng.uniform() < 0.5 ? 0.25 : 1.15;
    for (int i = 0; i < 3; ++i) {
      const double goal = bright * (1 + 0.6 * std::cos(hue + i * 2 * std::numbers::pi / 3));
      const auto mixed = [&](float plain) {
        return static_cast<float>(plain * (1 - strength() + strength() * goal));
      };
      for (int light = 0; light < m->nlight; ++light) {
        float& value = m->light_diffuse[3 * light + i];
        value = mixed(value);
      }
      float& head = m->vis.headlight.diffuse[i];
      head = mixed(head);
    }
  }

  // The lights travel about the workspace, still shining the way they did.
  static void turn_lights(const engine::Scene& scene, const Turn& turned) {
    mjModel* m = scene.model();
    const Vec3 pivot{0, 0, scene.arena().surface};
    for (int light = 0; light < m->nlight; ++light) {
      double *p = m->light_pos + 3 * light, *d = m->light_dir + 3 * light;
      const Vec3 at = pivot + turned(Vec3{p[0], p[1], p[2]} - pivot);
      const Vec3 towards = turned({d[0], d[1], d[2]});
      std::copy(at.begin(), at.end(), p);
      std::copy(towards.begin(), towards.end(), d);
    }
  }

  void move(const engine::Scene& scene, Rng& rng) const {
    const double side = rng.uniform() < 0.5 ? -1 : 1;
    turn_lights(scene, {.azimuth = rng.uniform(0, 2 * std::numbers::pi),
                        .tilt = strength() * 40 * kDegree,
                        .round = side * strength() * 180 * kDegree});
  }

  // Harder lights on glossier surfaces.
  void polish(const engine::Scene& scene) const {
    mjModel* m = scene.model();
    const auto s = static_cast<float>(strength());
    for (int i = 0; i < 3 * m->nlight; ++i) m->light_specular[i] += 2.5f * s;
    for (float& value : m->vis.headlight.specular) value += s;
    for (int i = 0; i < m->nmat; ++i) {
      m->mat_specular[i] += s * (1 - m->mat_specular[i]);
      m->mat_shininess[i] += s * (.08f - m->mat_shininess[i]);
    }
  }

  // The first light comes close, the lower the level, and casts shadows; what fills them is dimmed.
  void darken(engine::Scene& scene, Rng& rng) const {
    constexpr double kDistance = 2.2;  // m: inside the room, whose walls cast shadows too
    mjModel* m = scene.model();
    const double around = rng.uniform(0, 2 * std::numbers::pi);
    const double height = (75 - 42 * strength()) * kDegree;
    const Vec3 from{std::cos(height) * std::cos(around), std::cos(height) * std::sin(around),
                    std::sin(height)};
    const Vec3 at = Vec3{0, 0, scene.arena().surface} + kDistance * from;
    for (size_t i = 0; i < 3; ++i) m->light_pos[i] = at[i], m->light_dir[i] = -from[i];
    m->light_castshadow[0] = 1;
    for (float& value : m->vis.headlight.diffuse) value *= static_cast<float>(1 - .8 * strength());
    scene.cast_shadows();
  }

  Variation variation_;
  uint64_t seed_;
};

}  // namespace

std::unique_ptr<Effect> make_light_effect(const EffectRequest& request) {
  return std::make_unique<LightEffect>(request);
}

}  // namespace libra::sim::variation
