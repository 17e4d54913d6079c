#include "libra/sim/libero/visuals.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include "libra/core/error.h"
#include "libra/sim/bodies/spec.h"

namespace libra::sim::libero {
namespace {

constexpr float kPlain[4] = {0.6f, 0.6f, 0.6f, 1.0f};

using Names = std::set<std::string>;

std::string text(const mjString* string) { return mjs_getString(string); }

void drop(mjSpec& scene, mjtObj type, const std::function<bool(mjsElement*)>& goes) {
  bodies::for_each(scene, type, [&](mjsElement* e) {
    if (goes(e)) mjs_delete(&scene, e);
  });
}

// Material to texture, by name. MuJoCo's interface does not give back the textures that a material
// was given, but a compiled model knows them: one of the materials alone, each picture a pixel.
std::map<std::string, std::string> textures_of(mjSpec& scene) {
  const bodies::SpecPtr copy(mj_copySpec(&scene));
  for (const mjtObj type : {mjOBJ_ACTUATOR, mjOBJ_SENSOR, mjOBJ_EXCLUDE, mjOBJ_EQUALITY, mjOBJ_GEOM,
                            mjOBJ_SITE, mjOBJ_MESH}) {
    drop(*copy, type, [](mjsElement*) { return true; });
  }
  std::vector<mjsElement*> bodies;
  mjsBody* world = mjs_findBody(copy.get(), "world");
  for (mjsElement* e = mjs_firstChild(world, mjOBJ_BODY, 0); e != nullptr;
       e = mjs_nextChild(world, e, 0)) {
    bodies.push_back(e);
  }
  for (mjsElement* e : bodies) mjs_delete(copy.get(), e);
  bodies::for_each(*copy, mjOBJ_TEXTURE, [](mjsElement* e) {
    mjsTexture* texture = mjs_asTexture(e);
    mjs_setString(texture->file, "");
    if (texture->type != mjTEXTURE_SKYBOX) texture->type = mjTEXTURE_2D;
    texture->builtin = mjBUILTIN_FLAT;
    texture->width = texture->height = 1;
  });
  const bodies::ModelPtr model(mj_compile(copy.get(), nullptr));
  if (model == nullptr) {
    throw Error(ErrorCode::kFailed, {.where = "scene",
                                     .problem = "MuJoCo refused the materials of the model",
                                     .found = mjs_getError(copy.get())});
  }
  std::map<std::string, std::string> textures;
  for (int m = 0; m < model->nmat; ++m) {
    for (int role = 0; role < mjNTEXROLE; ++role) {
      const int id = model->mat_texid[m * mjNTEXROLE + role];
      if (id < 0) continue;
      const char* name = mj_id2name(model.get(), mjOBJ_TEXTURE, id);
      textures[mj_id2name(model.get(), mjOBJ_MATERIAL, m)] = name != nullptr ? name : "";
    }
  }
  return textures;
}

void drop_unused(mjSpec& scene, const std::map<std::string, std::string>& textures_of) {
  Names meshes, materials, textures;
  bodies::for_each(scene, mjOBJ_GEOM, [&](mjsElement* e) {
    meshes.insert(text(mjs_asGeom(e)->meshname));
    materials.insert(text(mjs_asGeom(e)->material));
  });
  bodies::for_each(scene, mjOBJ_SITE,
                   [&](mjsElement* e) { materials.insert(text(mjs_asSite(e)->material)); });
  drop(scene, mjOBJ_MESH, [&](mjsElement* e) { return !meshes.contains(bodies::name_of(e)); });
  drop(scene, mjOBJ_MATERIAL,
       [&](mjsElement* e) { return !materials.contains(bodies::name_of(e)); });
  bodies::for_each(scene, mjOBJ_MATERIAL, [&](mjsElement* e) {
    const auto found = textures_of.find(bodies::name_of(e));
    if (found != textures_of.end()) textures.insert(found->second);
  });
  drop(scene, mjOBJ_TEXTURE, [&](mjsElement* e) {
    return mjs_asTexture(e)->type != mjTEXTURE_SKYBOX && !textures.contains(bodies::name_of(e));
  });
}

// Whether a geom is only looked at.
bool is_visual(const mjsGeom& geom) {
  return geom.contype == 0 && geom.conaffinity == 0 && geom.group == 1;
}

// Shows the collision geoms of a body.
void show_solids(mjsBody& body) {
  std::vector<mjsGeom*> solids;
  for (mjsElement* e = mjs_firstChild(&body, mjOBJ_GEOM, 0); e != nullptr;
       e = mjs_nextChild(&body, e, 0)) {
    if (mjs_asGeom(e)->group == 0) solids.push_back(mjs_asGeom(e));
  }
  for (const mjsGeom* solid : solids) {
    mjsGeom* shown = mjs_addGeom(&body, nullptr);
    shown->type = solid->type;
    std::copy_n(solid->pos, 3, shown->pos);
    std::copy_n(solid->quat, 4, shown->quat);
    shown->alt = solid->alt;
    std::copy_n(solid->fromto, 6, shown->fromto);
    std::copy_n(solid->size, 3, shown->size);
    mjs_setString(shown->meshname, mjs_getString(solid->meshname));
    shown->group = 1;
    shown->contype = shown->conaffinity = 0;
    std::copy_n(kPlain, 4, shown->rgba);
  }
}

[[noreturn]] void lacking(const Names& files, const std::string& task, const std::string& problem,
                          const std::string& next) {
  throw Error(ErrorCode::kNotFound, {.where = "task '" + task + "'",
                                     .problem = problem,
                                     .found = join_names({files.begin(), files.end()}) + " missing",
                                     .next = next});
}

}  // namespace

std::vector<std::string> resolve_visuals(mjSpec& scene, const std::string& task, bool allow) {
  auto used = textures_of(scene);
  drop_unused(scene, used);
  Names files, meshes, textures;  // missing: paths, and names of the assets that have them
  const auto look_for = [&](mjString* file, mjsElement* e, Names& missing) {
    std::error_code error;
    if (text(file).empty() || std::filesystem::is_regular_file(text(file), error)) return;
    files.insert(text(file));
    missing.insert(bodies::name_of(e));
  };
  bodies::for_each(scene, mjOBJ_MESH,
                   [&](mjsElement* e) { look_for(mjs_asMesh(e)->file, e, meshes); });
  bodies::for_each(scene, mjOBJ_TEXTURE,
                   [&](mjsElement* e) { look_for(mjs_asTexture(e)->file, e, textures); });
  if (files.empty()) return {};
  if (!allow) {
    lacking(files, task, "needs files that the checkout lacks",
            "get them, or draw the collision shapes instead with --allow-missing-visuals");
  }
  Names solid;
  std::set<mjsBody*> bare;  // bodies whose looks go away
  bodies::for_each(scene, mjOBJ_GEOM, [&](mjsElement* e) {
    const mjsGeom& geom = *mjs_asGeom(e);
    const std::string mesh = text(geom.meshname);
    if (!meshes.contains(mesh)) return;
    if (is_visual(geom)) {
      bare.insert(mjs_getParent(e));
    } else {
      solid.insert(text(mjs_asMesh(mjs_findElement(&scene, mjOBJ_MESH, mesh.c_str()))->file));
    }
  });
  if (!solid.empty()) lacking(solid, task, "needs meshes that collide", "");

  drop(scene, mjOBJ_GEOM,
       [&](mjsElement* e) { return meshes.contains(text(mjs_asGeom(e)->meshname)); });
  for (mjsBody* body : bare) show_solids(*body);
  bodies::for_each(scene, mjOBJ_MATERIAL, [&](mjsElement* e) {
    mjsMaterial* material = mjs_asMaterial(e);
    const auto found = used.find(bodies::name_of(e));
    if (found == used.end() || !textures.contains(found->second)) return;
    for (int role = 0; role < mjNTEXROLE; ++role) {
      mjs_setInStringVec(material->textures, role, "");
    }
    used.erase(found);
    if (std::equal(material->rgba, material->rgba + 4, std::array<float, 4>{1, 1, 1, 1}.begin())) {
      std::copy_n(kPlain, 4, material->rgba);
    }
  });
  drop(scene, mjOBJ_MESH, [&](mjsElement* e) { return meshes.contains(bodies::name_of(e)); });
  drop(scene, mjOBJ_TEXTURE, [&](mjsElement* e) { return textures.contains(bodies::name_of(e)); });
  drop_unused(scene, used);
  return {files.begin(), files.end()};
}

}  // namespace libra::sim::libero
