#include "libra/sim/libero/compose.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <utility>

#include "libra/core/embodiment.h"
#include "libra/core/error.h"
#include "libra/sim/bodies/arena.h"
#include "libra/sim/bodies/catalogue.h"
#include "libra/sim/bodies/panda.h"
#include "libra/sim/libero/arena.h"
#include "libra/sim/libero/visuals.h"

namespace libra::sim::libero {
namespace {

namespace fs = std::filesystem;

template <size_t N>
void set(double* target, const std::array<double, N>& values) {
  std::copy(values.begin(), values.end(), target);
}

// A file that a model names, wherever that model will be compiled.
void make_absolute(mjString* file, const fs::path& folder) {
  const std::string name = mjs_getString(file);
  if (name.empty()) return;
  mjs_setString(file, fs::absolute(folder / name).lexically_normal().c_str());
}

mjsGeom& need_geom(mjSpec& spec, const std::string& name, const std::string& where) {
  return *mjs_asGeom(&bodies::need_element(spec, mjOBJ_GEOM, name, where));
}

// Size, place and friction of the table and of its legs.
void size_table(mjSpec& spec, const ArenaFiles& files, const bodies::Arena& arena,
                const std::string& where) {
  const auto& [full, friction] = *files.table;
  const std::array<double, 3> half{full[0] / 2, full[1] / 2, full[2] / 2};
  const std::array<double, 3> center{arena.origin[0], arena.origin[1], arena.origin[2] - half[2]};
  set(bodies::need_body(spec, "table", where).pos, center);
  mjsGeom& solid = need_geom(spec, "table_collision", where);
  set(solid.size, half);
  set(solid.friction, friction);
  set(need_geom(spec, "table_visual", where).size, half);
  const std::array<double, 3> top{0, 0, half[2]};
  set(mjs_asSite(&bodies::need_element(spec, mjOBJ_SITE, "table_top", where))->pos, top);
  const double length = (arena.origin[2] - half[2]) / 2, inset = 0.1;
  for (int leg = 0; leg < 4; ++leg) {
    const double x = leg == 0 || leg == 3 ? half[0] - inset : inset - half[0];
    const double y = leg < 2 ? half[1] - inset : inset - half[1];
    mjsGeom& geom = need_geom(spec, "table_leg" + std::to_string(leg + 1) + "_visual", where);
    set(geom.pos, std::array<double, 3>{x, y, -length});
    set(geom.size, std::array<double, 2>{0.025, length});
  }
}

// The zones that the BDDL file draws on the arena, as sites; predicates find them by name.
void draw_zones(mjSpec& spec, const ArenaFiles& files, const task::Problem& problem,
                const std::string& where) {
  constexpr double kHalfHeight = 0.007;
  mjsBody& body = bodies::need_body(spec, std::string(files.zone_body), where);
  for (const task::Region& region : problem.regions) {
    if (region.target != files.workspace || region.ranges.empty()) continue;
    const task::Rectangle& r = region.ranges.front();
    mjsSite* site = mjs_addSite(&body, nullptr);
    mjs_setName(site->element, region.key.c_str());
    site->type = mjGEOM_BOX;
    set(site->pos, std::array<double, 3>{(r.x0 + r.x1) / 2 + files.zone[0],
                                         (r.y0 + r.y1) / 2 + files.zone[1], files.zone[2]});
    // MuJoCo wants sizes above zero; a zone may be a point.
    set(site->size, std::array<double, 3>{std::max((r.x1 - r.x0) / 2, 1e-9),
                                          std::max((r.y1 - r.y0) / 2, 1e-9), kHalfHeight});
    std::copy(region.rgba.begin(), region.rgba.end(), site->rgba);
  }
}

// A texture of the arena in the style that the problem class asks for: another file of the same
// folder.
void set_style(mjSpec& spec, const std::string& texture, std::string_view file,
               const std::string& where) {
  mjString* name = mjs_asTexture(&bodies::need_element(spec, mjOBJ_TEXTURE, texture, where))->file;
  mjs_setString(name, (fs::path(mjs_getString(name)).parent_path() / file).c_str());
}

// The arm's joints with the damping, friction and armature that robosuite gives them.
void set_arm_joints(mjSpec& robot, const std::string& where) {
  int joint = 0;
  bodies::for_each_in(*mjs_findBody(&robot, "world"), mjOBJ_JOINT, [&](mjsElement* element) {
    mjsJoint* j = mjs_asJoint(element);
    j->damping = joint < 5 ? 0.1 : 0.01;
    if (j->frictionloss == 0) j->frictionloss = 0.1;
    if (j->armature == 0) j->armature = 5.0 / (joint + 1);
    ++joint;
  });
  if (joint == bodies::kArmJoints) return;
  throw Error(ErrorCode::kBadInput, {.where = where,
                                     .problem = "is not the Panda that LIBERO uses",
                                     .expected = "7 joints",
                                     .found = std::to_string(joint)});
}

std::string model_of(const task::Problem& problem, const task::Instance& instance,
                     const Checkout& checkout) {
  return checkout.object_model(instance.category, problem.file + ":" +
                                                      std::to_string(instance.at.line) + ":" +
                                                      std::to_string(instance.at.column));
}

// One task's world, from the arena's file on.
class World {
 public:
  World(const task::Problem& problem, const Checkout& checkout, const std::string& task)
      : problem_(problem),
        checkout_(checkout),
        task_(task),
        files_(arena_files(problem.name)),
        arena_(bodies::find_arena(problem.name)),
        base_(bodies::load_spec(need(checkout.robot_asset("base.xml")))),
        composer_(open_arena()) {}

  ComposedModel run(const ComposeOptions& options) {
    add_robot();
    for (const task::Instance& object : problem_.objects) add_object(object, false);
    for (const task::Instance& fixture : problem_.fixtures) {
      if (!bodies::is_support(fixture.category)) add_object(fixture, true);
    }
    auto replaced = resolve_visuals(composer_.scene(), task_, options.allow_missing_visuals);
    return {std::move(composer_), std::move(replaced)};
  }

 private:
  // A file of the checkouts; when it is missing, the task that needs it is named.
  std::string need(const std::string& path) const {
    std::error_code error;
    if (fs::exists(path, error)) return path;
    throw Error(ErrorCode::kNotFound,
                {.where = path, .problem = "is missing", .next = "task '" + task_ + "' needs it"});
  }
  // All files are read as base.xml says: angles in radians, mass from group 0.
  bodies::SpecPtr open(const std::string& path) const {
    bodies::SpecPtr spec = bodies::load_spec(need(path));
    const fs::path folder = fs::path(path).parent_path();
    bodies::for_each(*spec, mjOBJ_MESH,
                     [&](mjsElement* e) { make_absolute(mjs_asMesh(e)->file, folder); });
    bodies::for_each(*spec, mjOBJ_TEXTURE,
                     [&](mjsElement* e) { make_absolute(mjs_asTexture(e)->file, folder); });
    // Some files of LIBERO describe the same picture twice.
    for (const mjtObj type : {mjOBJ_TEXTURE, mjOBJ_MATERIAL, mjOBJ_MESH}) {
      std::set<std::string> names;
      bodies::for_each(*spec, type, [&](mjsElement* e) {
        const std::string name = bodies::name_of(e);
        if (!name.empty() && !names.insert(name).second) mjs_delete(spec.get(), e);
      });
    }
    spec->compiler.degree = base_->compiler.degree;
    std::copy_n(base_->compiler.inertiagrouprange, 2, spec->compiler.inertiagrouprange);
    return spec;
  }

  // The arena with base.xml's physics. robosuite reserves memory for 5000 constraints, 1.2 GB; the
  // busiest scene needs a fifth of what is reserved here. No light casts a shadow, so there is no
  // shadow map either.
  bodies::SpecPtr open_arena() const {
    const std::string path = checkout_.asset("scenes/" + std::string(files_.scene));
    bodies::SpecPtr arena = open(path);
    mjs_setString(arena->modelname, mjs_getString(base_->modelname));
    arena->option = base_->option;
    arena->visual = base_->visual;
    arena->visual.quality.shadowsize = 0;
    arena->nconmax = 800;
    arena->njmax = 2500;
    if (files_.table) size_table(*arena, files_, arena_, path);
    set_style(*arena, "texplane", files_.floor, path);
    set_style(*arena, "tex-wall", files_.wall, path);
    mjsCamera& camera =
        *mjs_asCamera(&bodies::need_element(*arena, mjOBJ_CAMERA, "agentview", path));
    set(camera.pos, arena_.camera);
    set(camera.quat, arena_.camera_quat);
    draw_zones(*arena, files_, problem_, path);
    return arena;
  }

  void add_robot() {
    const std::string path = checkout_.robot_asset("robots/panda/robot.xml");
    bodies::SpecPtr robot = open(path);
    set_arm_joints(*robot, path);
    mjsBody& root = bodies::need_body(*robot, "base", path);
    mjsBody& placed = composer_.attach(composer_.world(), std::move(robot), root, "robot0_");
    set(placed.pos, arena_.robot);
    mjsElement& wrist =
        bodies::need_element(composer_.scene(), mjOBJ_CAMERA, "robot0_eye_in_hand", path);
    mjs_setName(&wrist, libero_panda().cameras[1].name.c_str());
    if (files_.pedestal) {
      const std::string file = checkout_.robot_asset("mounts/rethink_mount.xml");
      bodies::SpecPtr mount = open(file);
      mjsBody& stand = bodies::need_body(*mount, "base", file);
      mjsBody& below = composer_.attach(placed, std::move(mount), stand, "mount0_");
      set(below.pos, std::array<double, 3>{0, 0, 0.01});  // its top is 1 cm below its origin
    }
    const std::string file = checkout_.robot_asset("grippers/panda_gripper.xml");
    bodies::SpecPtr gripper = open(file);
    mjsBody& fingers = bodies::need_body(*gripper, "right_gripper", file);
    composer_.attach(bodies::need_body(composer_.scene(), "robot0_right_hand", path),
                     std::move(gripper), fingers, "gripper0_");
  }

  void add_object(const task::Instance& instance, bool fixture) {
    constexpr double kFreeJointDamping = 0.0005;
    const std::string path = model_of(problem_, instance, checkout_);
    bodies::SpecPtr part = open(path);
    mjsBody& root = bodies::need_body(*part, "object", path);
    double bottom = 0;
    if (fixture) {
      bottom = mjs_asSite(&bodies::need_element(*part, mjOBJ_SITE, "bottom_site", path))->pos[2];
    }
    mjsBody& body = composer_.attach(composer_.world(), std::move(part), root, instance.name + "_");
    composer_.rename(body, instance.name);
    if (fixture) {
      set(body.pos, std::array<double, 3>{0, 0, files_.fixture_base - bottom});
      return;
    }
    mjsJoint* joint = mjs_addJoint(&body, nullptr);
    mjs_setName(joint->element, (instance.name + "_joint0").c_str());
    joint->type = mjJNT_FREE;
    joint->damping = kFreeJointDamping;
  }

  const task::Problem& problem_;
  const Checkout& checkout_;
  std::string task_;
  const ArenaFiles& files_;
  const bodies::Arena& arena_;
  bodies::SpecPtr base_;
  bodies::Composer composer_;
};

}  // namespace

ComposedModel compose(const task::Problem& problem, const Checkout& checkout,
                      const std::string& task, const ComposeOptions& options) {
  return World(problem, checkout, task).run(options);
}

NominalSizes nominal_sizes(const task::Problem& problem, const Checkout& checkout) {
  NominalSizes sizes;
  const auto add = [&](const task::Instance& instance) {
    const std::string path = model_of(problem, instance, checkout);
    const bodies::SpecPtr part = bodies::load_spec(path);
    const auto site = [&](const char* name, int axis) {
      return mjs_asSite(&bodies::need_element(*part, mjOBJ_SITE, name, path))->pos[axis];
    };
    sizes[instance.name] = {site("horizontal_radius_site", 0), site("top_site", 2),
                            site("bottom_site", 2)};
  };
  for (const task::Instance& object : problem.objects) add(object);
  for (const task::Instance& fixture : problem.fixtures) {
    if (!bodies::is_support(fixture.category)) add(fixture);
  }
  return sizes;
}

void require_models(const task::Problem& problem, const Checkout& checkout) {
  bodies::find_arena(problem.name);
  for (const task::Instance& object : problem.objects) model_of(problem, object, checkout);
  for (const task::Instance& fixture : problem.fixtures) {
    if (!bodies::is_support(fixture.category)) model_of(problem, fixture, checkout);
  }
}

}  // namespace libra::sim::libero
