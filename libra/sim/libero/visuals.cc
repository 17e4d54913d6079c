#include "libra/sim/libero/visuals.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "libra/core/error.h"

namespace libra::sim::libero {
namespace {

constexpr const char* kPlain = "0.6 0.6 0.6 1";

using Names = std::set<std::string>;

// Values of an attribute of all elements with one of the tags.
Names values(Xml& root, const Names& tags, const char* name) {
  Names found;
  for_each(root, [&](Xml& element) {
    if (!tags.contains(element.Name())) return;
    const std::string value = attribute(element, name);
    if (!value.empty()) found.insert(value);
  });
  return found;
}

// Removes the children of `parent` for which `goes` holds.
template <class Predicate>
void remove_children(Xml& parent, Predicate goes) {
  Xml* next = nullptr;
  for (Xml* c = parent.FirstChildElement(); c != nullptr; c = next) {
    next = c->NextSiblingElement();
    if (goes(*c)) parent.DeleteChild(c);
  }
}

bool is(const Xml& element, const char* tag) { return std::string(element.Name()) == tag; }

void drop_unused(Xml& world, Xml& assets) {
  const Names meshes = values(world, {"geom"}, "mesh");
  const Names materials = values(world, {"geom", "site"}, "material");
  remove_children(assets, [&](const Xml& asset) {
    const std::string name = attribute(asset, "name");
    return (is(asset, "mesh") && !meshes.contains(name)) ||
           (is(asset, "material") && !materials.contains(name));
  });
  const Names textures = values(assets, {"material"}, "texture");
  remove_children(assets, [&](const Xml& asset) {
    return is(asset, "texture") && attribute(asset, "type") != "skybox" &&
           !textures.contains(attribute(asset, "name"));
  });
}

// Whether a geom is only looked at. Groups and contact bits are as MuJoCo defaults them.
bool is_visual(const Xml& geom) {
  return attribute(geom, "contype") == "0" && attribute(geom, "conaffinity") == "0" &&
         attribute(geom, "group") == "1";
}
bool is_solid(const Xml& geom) {
  const std::string group = attribute(geom, "group");
  return group.empty() || group == "0";
}

// Shows the collision geoms of a body.
void show_solids(Xml& body) {
  std::vector<const Xml*> solids;
  for (const Xml* g = body.FirstChildElement("geom"); g != nullptr;
       g = g->NextSiblingElement("geom")) {
    if (is_solid(*g)) solids.push_back(g);
  }
  for (const Xml* solid : solids) {
    Xml* shown = body.InsertEndChild(solid->DeepClone(body.GetDocument()))->ToElement();
    for (const char* name : {"name", "material", "mass"}) shown->DeleteAttribute(name);
    shown->SetAttribute("group", "1");
    shown->SetAttribute("contype", "0");
    shown->SetAttribute("conaffinity", "0");
    shown->SetAttribute("rgba", kPlain);
  }
}

void replace_meshes(Xml& parent, const Names& missing) {
  for (Xml* c = parent.FirstChildElement("body"); c != nullptr; c = c->NextSiblingElement("body")) {
    replace_meshes(*c, missing);
  }
  bool any = false;
  remove_children(parent, [&](const Xml& element) {
    const bool goes = is(element, "geom") && missing.contains(attribute(element, "mesh"));
    any = any || goes;
    return goes;
  });
  if (any && is(parent, "body")) show_solids(parent);
}

[[noreturn]] void lacking(const Names& files, const std::string& task, const std::string& problem,
                          const std::string& next) {
  throw Error(ErrorCode::kNotFound, {.where = "task '" + task + "'",
                                     .problem = problem,
                                     .found = join_names({files.begin(), files.end()}) + " missing",
                                     .next = next});
}

}  // namespace

std::vector<std::string> resolve_visuals(Xml& root, const std::string& task, bool allow) {
  Xml* world = root.FirstChildElement("worldbody");
  Xml* assets = root.FirstChildElement("asset");
  if (world == nullptr || assets == nullptr) return {};
  drop_unused(*world, *assets);

  Names files, meshes, textures;  // missing: paths, and names of the assets that have them
  for (const Xml* a = assets->FirstChildElement(); a != nullptr; a = a->NextSiblingElement()) {
    const std::string file = attribute(*a, "file");
    std::error_code error;
    if (file.empty() || std::filesystem::is_regular_file(file, error)) continue;
    files.insert(file);
    (is(*a, "mesh") ? meshes : textures).insert(attribute(*a, "name"));
  }
  if (files.empty()) return {};
  if (!allow) {
    lacking(files, task, "needs files that the checkout lacks",
            "get them, or draw the collision shapes instead with --allow-missing-visuals");
  }
  Names solid;
  for_each(*world, [&](Xml& element) {
    const std::string mesh = attribute(element, "mesh");
    if (meshes.contains(mesh) && !is_visual(element)) {
      solid.insert(attribute(*find_named(*assets, "mesh", mesh), "file"));
    }
  });
  if (!solid.empty()) lacking(solid, task, "needs meshes that collide", "");

  replace_meshes(*world, meshes);
  for (Xml* m = assets->FirstChildElement("material"); m != nullptr;
       m = m->NextSiblingElement("material")) {
    if (!textures.contains(attribute(*m, "texture"))) continue;
    m->DeleteAttribute("texture");
    if (m->Attribute("rgba") == nullptr) m->SetAttribute("rgba", kPlain);
  }
  remove_children(*assets,
                  [&](const Xml& asset) { return files.contains(attribute(asset, "file")); });
  drop_unused(*world, *assets);
  return {files.begin(), files.end()};
}

}  // namespace libra::sim::libero
