#include "libra/sim/fixtures.h"

#include <array>
#include <cstdio>
#include <vector>

#include "libra/core/error.h"
#include "libra/sim/mjcf.h"

namespace libra::sim {
namespace {

// What a generator writes into: names are prefixed with the instance.
struct Name {
  std::string_view instance;
  std::string operator()(std::string_view part) const {
    return std::string(instance) + "_" + std::string(part);
  }
};

std::string slide_or_hinge(const std::string& name, const char* attributes) {
  return "<joint name=\"" + name + "\" limited=\"true\" " + attributes + "/>\n";
}

std::string moving_body(const std::string& name, const Vec3& at, const std::string& content) {
  std::array<char, 80> pos;
  std::snprintf(pos.data(), pos.size(), "%.6g %.6g %.6g", at[0], at[1], at[2]);
  return "<body name=\"" + name + "\" pos=\"" + pos.data() + "\">\n" + content + "</body>\n";
}

struct CabinetColors {
  Color shell, front, handle;
};

// One drawer: floor, walls, a front that overlaps the housing, and a bar on two posts.
std::string drawer(const Name& name, const char* level, double z, double region_z, double handle_z,
                   const CabinetColors& c) {
  const std::string joint = name(std::string(level) + "_level");
  std::string out = inertial({.0033, .01, z}, {.107, .08, .032}, 3);
  out += slide_or_hinge(joint, "type=\"slide\" axis=\"0 1 0\" range=\"-.16 .01\" damping=\"50\"");
  out += site(name(std::string(level) + "_region"), {.00328, .01128, region_z},
              {.02993, .07561, .10224}, {.70711, 0, .70711, 0});
  out += part({.at = {.0035, .0105, z - .0284}, .half = {.1070, .0810, .0040}}, c.shell);
  out += part({.at = {.0035, .0908, z}, .half = {.1060, .0036, .0316}}, c.shell);
  for (const double side : {-1.0, 1.0})
    out += part({.at = {.0035 + side * .1054, .0110, z}, .half = {.0025, .0815, .0316}}, c.shell);
  out += part({.at = {.0035, -.0714, z}, .half = {.1093, .0066, .0330}}, c.front);
  out += part({.at = {-.0028, -.1016, handle_z}, .half = {.0445, .0077, .0082}}, c.handle);
  for (const double x : {-.0356, .0292})
    out += part({.at = {x, -.0835, handle_z}, .half = {.0051, .0106, .0055}}, c.handle);
  return moving_body(name(std::string("cabinet_") + level), {0, 0, 0}, out);
}

std::string cabinet(const Name& name, const CabinetColors& c) {
  std::string out = site(name("top_side"), {.00354, .01567, .22152}, {.12534, .09438, .00147});
  for (const double side : {-1.0, 1.0})
    out +=
        part({.at = {.0035 + side * .1156, .0163, .1110}, .half = {.0052, .0954, .1110}}, c.shell);
  out += part({.at = {.0035, .0163, .0045}, .half = {.1104, .0896, .0045}}, c.shell);
  out += part({.at = {.0035, .1095, .1110}, .half = {.1190, .0023, .1090}}, c.shell);
  out += part({.at = {.0039, .0158, .2210}, .half = {.1273, .0954, .0020}}, c.shell);
  for (const double z : {.0793, .1494})
    out += part({.at = {.0039, .0187, z}, .half = {.1104, .0896, .0009}}, c.shell);
  out += drawer(name, "top", .1836, .18563, .1839, c);
  out += drawer(name, "middle", .1139, .11690, .1104, c);
  return out + drawer(name, "bottom", .0452, .04701, .0411, c);
}

std::string wooden_cabinet(const Name& name) {
  return cabinet(name, {{.50, .30, .15}, {.62, .40, .21}, {.25, .16, .10}});
}
std::string white_cabinet(const Name& name) {
  return cabinet(name, {{.84, .84, .82}, {.92, .92, .90}, {.45, .46, .48}});
}

std::string flat_stove(const Name& name) {
  const Color steel{.55, .56, .58}, black{.10, .10, .11}, red{.78, .12, .08}, cream{.88, .87, .84};
  std::string out = part({.at = {.0965, 0, -.0020}, .half = {.1485, .0950, .0030}}, steel);
  out += part({.at = {.15, 0, .0125}, .half = {.0950, .0950, .0130}}, black);
  out +=
      look({.type = "cylinder", .at = {.15, 0, .0256}, .half = {.0800, .0003, 0}}, {.2, .2, .21});
  out +=
      look({.type = "cylinder", .at = {.15, 0, .0259}, .half = {.0300, .0003, 0}}, {.3, .3, .31});
  out += look({.type = "cylinder", .at = {.15, 0, .0258}, .half = {.0625, .0005, 0}},
              {.9, .05, .05}, "name=\"" + name("burner") + "\"");
  out += "<body name=\"" + name("burner_part") + "\" pos=\".15 0 0\">\n" +
         site(name("cook_region"), {}, {.075, .075, .0025}) + "</body>\n";
  // A disc with a bar to hold; the bar points along the stove when it is off.
  std::string knob = inertial({0, 0, .02}, {.04, .02, .02}, .1);
  knob += slide_or_hinge(name("button"),
                         "type=\"hinge\" axis=\"0 0 1\" range=\"-.005 2.1\" damping=\"1\"");
  knob += disc(.0480, .0015, .0128, {}, cream);
  knob += part({.at = {0, .0057, .0314}, .half = {.0122, .0463, .0186}}, black);
  knob += look({.at = {0, .0440, .0502}, .half = {.0030, .0080, .0004}}, red);
  return out + "<body name=\"" + name("knob") + "\" quat=\".70710678 0 0 .70710678\">\n" + knob +
         "</body>\n";
}

std::string microwave(const Name& name) {
  const Color shell{.70, .71, .73}, inside{.86, .85, .80}, panel{.14, .14, .15},
      glass{.16, .18, .20}, handle{.80, .81, .83}, light{.30, .85, .45};
  std::string out = site(name("top_side"), {0, .01, .20}, {.12, .0835, .005});
  out += site(name("heating_region"), {0, .01, .096}, {.12, .0835, .08});
  out += part({.at = {-.158, .0115, .0935}, .half = {.0145, .09955, .0935}}, shell);
  out += part({.at = {.118, .0115, .0935}, .half = {.0545, .09955, .0935}}, shell);
  out += part({.at = {-.0405, .0955, .0935}, .half = {.1035, .0150, .0935}}, inside);
  out += part({.at = {-.0400, -.0035, .1775}, .half = {.1035, .0845, .0095}}, shell);
  out += part({.at = {-.0400, -.0040, .0120}, .half = {.1035, .0840, .0120}}, inside);
  out += part({.at = {.1300, -.0985, .0935}, .half = {.0425, .0120, .0935}}, panel);
  out += look({.at = {.13, -.111, .150}, .half = {.028, .0006, .012}}, light);
  for (const double z : {.045, .075, .105})
    for (const double x : {.112, .130, .148})
      out += look({.at = {x, -.111, z}, .half = {.006, .0006, .009}}, shell);
  for (const double x : {-.15, .15})  // feet, down to the table
    for (const double y : {-.08, .08})
      out += look({.type = "cylinder", .at = {x, y, -.010}, .half = {.012, .010, 0}}, panel);
  std::string door = inertial({.1295, -.02, 0}, {.1295, .012, .0925}, .26);
  door += slide_or_hinge(name("microjoint"),
                         "type=\"hinge\" axis=\"0 0 1\" range=\"-2.094 0\" damping=\".5\"");
  door += part({.at = {.1295, -.013, 0}, .half = {.1295, .0120, .0925}}, shell);
  door += look({.at = {.115, -.0254, 0}, .half = {.085, .0006, .062}}, glass);
  door += look({.at = {.115, -.0006, 0}, .half = {.085, .0006, .062}}, glass);
  door += part({.type = "capsule", .at = {.2375, -.054, 0}, .half = {.010, .065, 0}}, handle);
  for (const double z : {-.065, .065})
    door += part({.type = "capsule",
                  .at = {.2375, -.0375, z},
                  .half = {.010, .015, 0},
                  .quat = turn('x', 1.5707963268)},
                 handle);
  return out + moving_body(name("door"), {-.1725, -.088, .096}, door);
}

std::string wine_rack(const Name& name) {
  const Color wood{.60, .40, .22}, dark{.42, .26, .14};
  constexpr double kSlope = .5235988;  // of the two shelves, up towards +y (rad)
  std::string out = site(name("top_region"), {0, -.08003, .21745}, {.10087, .02200, .00251},
                         {.8549119, -.5187733, 0, 0});
  const Quat tilt = turn('x', kSlope);
  for (const Vec3 at : {Vec3{0, -.0061, .2512}, Vec3{0, -.0427, .1273}})
    out += part({.at = at, .half = {.1344, .0789, .0045}, .quat = tilt}, wood);
  for (const Vec3 at : {Vec3{0, -.0748, .2207}, Vec3{0, -.1091, .0974}})
    out += part({.at = at, .half = {.1322, .0015, .0087}, .quat = tilt}, dark);
  out += part({.at = {0, 0, .0066}, .half = {.0665, .0930, .0045}}, wood);
  for (const double y : {-.0660, .0660})
    out += part({.at = {0, y, -.0040}, .half = {.0900, .0300, .0160}}, dark);
  return out + part({.at = {0, -.0040, .1220}, .half = {.0120, .0091, .1050}}, dark);
}

std::string desk_caddy(const Name& name) {
  const Color grey{.44, .47, .52}, inner{.36, .39, .44};
  std::string out;
  out += site(name("right_contain_region"), {.00631, -.14339, .06558}, {.06196, .06216, .06046});
  out += site(name("left_contain_region"), {.00631, .14551, .06558}, {.06196, .06216, .06046});
  out += site(name("back_contain_region"), {.03364, -.00064, .08558}, {.02775, .06216, .06046});
  out += site(name("front_contain_region"), {-.03102, -.00064, .04054}, {.02775, .06216, .03595});
  const auto wall = [&](Vec3 at, Vec3 half, Color color) {
    out += part({.at = at, .half = half}, color);
  };
  wall({0, 0, .0069}, {.0755, .2169, .0069}, grey);
  for (const double y : {-.0680, -.2094}) wall({0, y, .0850}, {.0706, .0062, .0824}, grey);
  for (const double y : {.0706, .2086}) {
    wall({0, y, .0560}, {.0706, .0036, .0480}, grey);
    wall({.0345, y, .1180}, {.0340, .0036, .0340}, grey);
  }
  wall({.0668, 0, .0868}, {.0040, .2098, .0815}, grey);
  wall({-.0016, 0, .0552}, {.0040, .0668, .0434}, inner);
  wall({-.0669, 0, .0395}, {.0040, .2098, .0346}, grey);
  wall({-.0669, -.1398, .0877}, {.0040, .0766, .0796}, grey);
  // The floor of the back compartment stands high enough for a resting book to be inside.
  wall({.0326, 0, .0170}, {.0302, .0640, .0040}, inner);
  return out;
}

struct Entry {
  std::string_view category;
  double height;  // of the origin above the support
  std::string (*geoms)(const Name&);
  std::vector<std::string_view> moving;  // parts that must not touch the rest
};

const std::vector<Entry>& entries() {
  static const std::vector<std::string_view> kDrawers = {"cabinet_top", "cabinet_middle",
                                                         "cabinet_bottom"};
  static const std::vector<Entry> kEntries = {
      {"wooden_cabinet", .005, wooden_cabinet, kDrawers},
      {"white_cabinet", .005, white_cabinet, kDrawers},
      {"flat_stove", .005, flat_stove, {"knob"}},
      {"microwave", .020, microwave, {"door"}},
      {"wine_rack", .020, wine_rack, {}},
      {"desk_caddy", 0, desk_caddy, {}},
  };
  return kEntries;
}

const Entry& entry(std::string_view category) {
  std::vector<std::string> known;
  for (const Entry& e : entries()) {
    if (e.category == category) return e;
    known.emplace_back(e.category);
  }
  throw Error(ErrorCode::kNotFound, {.where = "scene",
                                     .problem = "there is no body for this category of fixture",
                                     .expected = join_names(known),
                                     .found = std::string(category)});
}

}  // namespace

bool is_support(std::string_view category) {
  return category == "floor" || category == "table" || category.ends_with("_table");
}

double fixture_height(std::string_view category) { return entry(category).height; }

std::string fixture_mjcf(std::string_view instance, std::string_view category) {
  return "<body name=\"" + std::string(instance) + "\">\n" + entry(category).geoms(Name{instance}) +
         "</body>\n";
}

std::string fixture_excludes(std::string_view instance, std::string_view category) {
  const Name name{instance};
  std::string out;
  const auto& moving = entry(category).moving;
  for (size_t i = 0; i < moving.size(); ++i) {
    const std::string part = name(moving[i]);
    out += "<exclude body1=\"" + std::string(instance) + "\" body2=\"" + part + "\"/>\n";
    for (size_t j = 0; j < i; ++j)
      out += "<exclude body1=\"" + name(moving[j]) + "\" body2=\"" + part + "\"/>\n";
  }
  return out;
}

}  // namespace libra::sim
