#include "libra/sim/libero/compose.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "libra/core/error.h"
#include "libra/core/observation.h"
#include "libra/sim/arena.h"
#include "libra/sim/fixtures.h"
#include "libra/sim/libero/arena.h"
#include "libra/sim/libero/model_file.h"
#include "libra/sim/libero/visuals.h"

namespace libra::sim::libero {
namespace {

constexpr const char* kFreeJointDamping = "0.0005";
constexpr int kArmJoints = 7;

template <size_t N>
std::string text_of(const std::array<double, N>& values) {
  return libero::text_of(std::vector<double>(values.begin(), values.end()));
}

// Size, place and friction of the table and of its legs.
void size_table(Xml& world, const ArenaFiles& files, const Arena& arena, const std::string& where) {
  const auto& [full, friction] = *files.table;
  const std::array<double, 3> half{full[0] / 2, full[1] / 2, full[2] / 2};
  Xml& body = need_named(world, "body", "table", where);
  const std::array<double, 3> center{arena.origin[0], arena.origin[1], arena.origin[2] - half[2]};
  body.SetAttribute("pos", text_of(center).c_str());
  Xml& solid = need_named(body, "geom", "table_collision", where);
  solid.SetAttribute("size", text_of(half).c_str());
  solid.SetAttribute("friction", text_of(friction).c_str());
  need_named(body, "geom", "table_visual", where).SetAttribute("size", text_of(half).c_str());
  const std::array<double, 3> top{0, 0, half[2]};
  need_named(body, "site", "table_top", where).SetAttribute("pos", text_of(top).c_str());
  const double length = (arena.origin[2] - half[2]) / 2, inset = 0.1;
  for (int leg = 0; leg < 4; ++leg) {
    const double x = leg == 0 || leg == 3 ? half[0] - inset : inset - half[0];
    const double y = leg < 2 ? half[1] - inset : inset - half[1];
    Xml& geom = need_named(body, "geom", "table_leg" + std::to_string(leg + 1) + "_visual", where);
    geom.SetAttribute("pos", text_of(std::array<double, 3>{x, y, -length}).c_str());
    geom.SetAttribute("size", text_of(std::array<double, 2>{0.025, length}).c_str());
  }
}

// The zones that the BDDL file draws on the arena, as sites; predicates find them by name.
void draw_zones(Xml& world, const ArenaFiles& files, const Problem& problem,
                const std::string& where) {
  constexpr double kHalfHeight = 0.007;
  Xml& body = need_named(world, "body", files.zone_body, where);
  for (const Region& region : problem.regions) {
    if (region.target != files.workspace || region.ranges.empty()) continue;
    const Rectangle& r = region.ranges.front();
    Xml* site = body.InsertNewChildElement("site");
    site->SetAttribute("name", region.key.c_str());
    site->SetAttribute("type", "box");
    const std::array<double, 3> center{(r.x0 + r.x1) / 2 + files.zone[0],
                                       (r.y0 + r.y1) / 2 + files.zone[1], files.zone[2]};
    // MuJoCo wants sizes above zero; a zone may be a point.
    const std::array<double, 3> half{std::max((r.x1 - r.x0) / 2, 1e-9),
                                     std::max((r.y1 - r.y0) / 2, 1e-9), kHalfHeight};
    site->SetAttribute("pos", text_of(center).c_str());
    site->SetAttribute("size", text_of(half).c_str());
    site->SetAttribute("rgba", text_of(region.rgba).c_str());
  }
}

// A texture of the arena in the style that the problem class asks for: another file of the same
// folder.
void set_style(Xml* assets, const std::string& texture, std::string_view file,
               const std::string& where) {
  namespace fs = std::filesystem;
  if (assets == nullptr) return;
  Xml& element = need_named(*assets, "texture", texture, where);
  element.SetAttribute("file", (fs::path(attribute(element, "file")).parent_path() / file).c_str());
}

std::string model_of(const Problem& problem, const Instance& instance, const Checkout& checkout) {
  return checkout.object_model(instance.category, problem.file + ":" +
                                                      std::to_string(instance.at.line) + ":" +
                                                      std::to_string(instance.at.column));
}

class Composer {
 public:
  Composer(const Problem& problem, const Checkout& checkout, const std::string& task)
      : problem_(problem),
        checkout_(checkout),
        task_(task),
        files_(arena_files(problem.name)),
        arena_(find_arena(problem.name)),
        base_(open(checkout.robot_asset("base.xml"))) {}

  ComposedModel run(const ComposeOptions& options) {
    for (const char* name : {"asset", "worldbody", "actuator", "sensor"}) section(base_, name);
    limit_contacts();
    add_arena();
    add_robot();
    for (const Instance& object : problem_.objects) add_object(object, false);
    for (const Instance& fixture : problem_.fixtures) {
      if (!is_support(fixture.category)) add_object(fixture, true);
    }
    ComposedModel model;
    model.replaced = resolve_visuals(base_.root(), task_, options.allow_missing_visuals);
    tinyxml2::XMLPrinter printer(nullptr, true);
    base_.root().Accept(&printer);
    model.xml = printer.CStr();
    return model;
  }

 private:
  // A file of the checkouts; when it is missing, the task that needs it is named.
  MjcfFile open(const std::string& path) const {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
      throw Error(
          ErrorCode::kNotFound,
          {.where = path, .problem = "is missing", .next = "task '" + task_ + "' needs it"});
    }
    return MjcfFile(path);
  }
  static Xml& section(MjcfFile& file, const char* name) {
    if (Xml* found = file.section(name)) return *found;
    return *file.root().InsertNewChildElement(name);
  }
  Xml& world() { return section(base_, "worldbody"); }

  // robosuite reserves memory for 5000 constraints, 1.2 GB; the busiest scene needs a fifth of what
  // is reserved here. No light casts a shadow, so there is no shadow map either.
  void limit_contacts() {
    Xml& size = section(base_, "size");
    size.SetAttribute("nconmax", 800);
    size.SetAttribute("njmax", 2500);
    section(base_, "visual").InsertNewChildElement("quality")->SetAttribute("shadowsize", 0);
  }

  void merge(MjcfFile& from, Xml& bodies) {
    append_children(bodies, from.section("worldbody"));
    merge_assets(section(base_, "asset"), from.section("asset"));
    append_children(section(base_, "actuator"), from.section("actuator"));
    append_children(section(base_, "sensor"), from.section("sensor"));
  }

  void add_arena() {
    MjcfFile arena = open(checkout_.asset("scenes/" + std::string(files_.scene)));
    Xml& arena_world = section(arena, "worldbody");
    if (files_.table) size_table(arena_world, files_, arena_, arena.path());
    set_style(arena.section("asset"), "texplane", files_.floor, arena.path());
    set_style(arena.section("asset"), "tex-wall", files_.wall, arena.path());
    Xml& camera = need_named(arena_world, "camera", "agentview", arena.path());
    camera.SetAttribute("pos", text_of(arena_.camera).c_str());
    camera.SetAttribute("quat", text_of(arena_.camera_quat).c_str());
    draw_zones(arena_world, files_, problem_, arena.path());
    merge(arena, world());
  }

  // The arm's joints with the damping, friction and armature that robosuite gives them.
  void set_arm_joints(MjcfFile& robot) const {
    int joint = 0;
    for_each(section(robot, "worldbody"), [&](Xml& element) {
      if (std::string(element.Name()) != "joint") return;
      element.SetAttribute("damping", joint < 5 ? "0.1" : "0.01");
      if (element.Attribute("frictionloss") == nullptr) element.SetAttribute("frictionloss", "0.1");
      if (element.Attribute("armature") == nullptr) {
        element.SetAttribute("armature", libero::text_of({5.0 / (joint + 1)}).c_str());
      }
      ++joint;
    });
    if (joint == kArmJoints) return;
    throw Error(ErrorCode::kBadInput, {.where = robot.path(),
                                       .problem = "is not the Panda that LIBERO uses",
                                       .expected = "7 joints",
                                       .found = std::to_string(joint)});
  }

  void add_robot() {
    MjcfFile robot = open(checkout_.robot_asset("robots/panda/robot.xml"));
    set_arm_joints(robot);
    robot.add_prefix("robot0_");
    Xml& robot_world = section(robot, "worldbody");
    need_named(robot_world, "camera", "robot0_eye_in_hand", robot.path())
        .SetAttribute("name", camera_names()[1].c_str());
    Xml& base = need_named(robot_world, "body", "robot0_base", robot.path());
    base.SetAttribute("pos", text_of(arena_.robot).c_str());
    merge(robot, world());
    Xml& placed = need_named(world(), "body", "robot0_base", robot.path());
    if (files_.pedestal) {
      MjcfFile mount = open(checkout_.robot_asset("mounts/rethink_mount.xml"));
      mount.add_prefix("mount0_");
      // Its top is 1 cm below its origin.
      need_named(section(mount, "worldbody"), "body", "mount0_base", mount.path())
          .SetAttribute("pos", "0 0 0.01");
      merge(mount, placed);
    }
    MjcfFile gripper = open(checkout_.robot_asset("grippers/panda_gripper.xml"));
    gripper.add_prefix("gripper0_");
    merge(gripper, need_named(placed, "body", "robot0_right_hand", robot.path()));
  }

  void add_object(const Instance& instance, bool fixture) {
    MjcfFile file = open(model_of(problem_, instance, checkout_));
    file.add_prefix(instance.name + "_");
    Xml& object_world = section(file, "worldbody");
    Xml& body = need_named(object_world, "body", instance.name + "_object", file.path());
    body.SetAttribute("name", instance.name.c_str());
    if (fixture) {
      const Xml& site =
          need_named(object_world, "site", instance.name + "_bottom_site", file.path());
      const double bottom = numbers(site, "pos", 3, file.path())[2];
      const std::array<double, 3> place{0, 0, files_.fixture_base - bottom};
      body.SetAttribute("pos", text_of(place).c_str());
    } else {
      Xml* joint = body.InsertNewChildElement("joint");
      joint->SetAttribute("name", (instance.name + "_joint0").c_str());
      joint->SetAttribute("type", "free");
      joint->SetAttribute("damping", kFreeJointDamping);
    }
    world().InsertEndChild(body.DeepClone(world().GetDocument()));
    merge_assets(section(base_, "asset"), file.section("asset"));
  }

  const Problem& problem_;
  const Checkout& checkout_;
  std::string task_;
  const ArenaFiles& files_;
  const Arena& arena_;
  MjcfFile base_;
};

}  // namespace

ComposedModel compose(const Problem& problem, const Checkout& checkout, const std::string& task,
                      const ComposeOptions& options) {
  return Composer(problem, checkout, task).run(options);
}

void require_models(const Problem& problem, const Checkout& checkout) {
  find_arena(problem.name);
  for (const Instance& object : problem.objects) model_of(problem, object, checkout);
  for (const Instance& fixture : problem.fixtures) {
    if (!is_support(fixture.category)) model_of(problem, fixture, checkout);
  }
}

}  // namespace libra::sim::libero
