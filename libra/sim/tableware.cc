#include "libra/sim/tableware.h"

#include <vector>

#include "libra/core/error.h"
#include "libra/sim/mjcf.h"

namespace libra::sim {
namespace {

constexpr Color kBlack{.11, .11, .12}, kPorcelain{.93, .92, .88}, kYellow{.95, .78, .15},
    kSteel{.62, .63, .66}, kDark{.16, .15, .15};

std::string black_bowl() {
  return feet(.0265, 0, {}) + disc(.0265, kFootRise, .006, {}, kBlack) +
         ring({.r0 = .0255, .z0 = .0025, .r1 = .0430, .z1 = .0150, .thickness = .003}, kBlack) +
         ring({.r0 = .0425, .z0 = .0140, .r1 = .0530, .z1 = .0500, .thickness = .003}, kBlack);
}

std::string plate() {
  const Color rim{.80, .30, .26};
  std::string out = feet(.034, 0, {}) + disc(.034, kFootRise, .0050, {}, kPorcelain);
  out += ring({.r0 = .033, .z0 = .0022, .r1 = .0675, .z1 = .0130, .thickness = .004}, kPorcelain);
  // A coloured band on the rim, looks only.
  out += look({.type = "cylinder", .at = {0, 0, .0052}, .half = {.012, .0002, 0}}, rim);
  return out;
}

std::string ramekin() {
  return feet(.036, 0, {}) + disc(.035, kFootRise, .0073, {}, kPorcelain) +
         ring({.r0 = .0385, .z0 = .0020, .r1 = .0440, .z1 = .0433, .thickness = .0052},
              {.86, .70, .52});
}

std::string cookies() {
  const Color box{.18, .42, .70}, band{.93, .86, .62}, cookie{.62, .38, .16};
  return part({.at = {0, 0, .01005}, .half = {.0418, .0307, .01005}}, box) +
         look({.at = {0, 0, .01005}, .half = {.0200, .0310, .01035}}, band) +
         look({.type = "cylinder", .at = {0, 0, .0203}, .half = {.0150, .0004, 0}}, cookie);
}

std::string wine_bottle() {
  const Color glass{.08, .20, .10}, label{.90, .86, .74}, cap{.55, .08, .12};
  // Flats all around: it stands, lies on a side without rolling, and fingers find a face.
  std::string out = feet(.0190, 0, {});
  for (const double angle : {0.0, 0.7853981634}) {
    for (const double quarter : {0.0, 1.5707963268}) {
      out += solid(
          {.at = {0, 0, .0369}, .half = {.0198, .0082, .0361}, .quat = turn('z', angle + quarter)});
    }
  }
  out += solid({.at = {0, 0, .0811}, .half = {.0115, .0115, .0085}});
  out += solid({.at = {0, 0, .1240}, .half = {.0072, .0072, .0348}});
  out += look({.type = "cylinder", .at = {0, 0, .0365}, .half = {.0205, .0365, 0}}, glass);
  out += look({.type = "ellipsoid", .at = {0, 0, .073}, .half = {.0205, .0205, .018}}, glass);
  out += look({.type = "cylinder", .at = {0, 0, .115}, .half = {.0075, .0330, 0}}, glass);
  out += look({.type = "cylinder", .at = {0, 0, .148}, .half = {.0082, .0108, 0}}, cap);
  return out + look({.type = "cylinder", .at = {0, 0, .038}, .half = {.0209, .0180, 0}}, label);
}

std::string moka_pot() {
  std::string out = feet(.0330, -.0662, {});
  for (const Vec3 half :
       {Vec3{.0395, .0145, .0660}, Vec3{.0340, .0235, .0660}, Vec3{.0250, .0320, .0660}})
    out += solid({.at = {0, 0, .0008}, .half = half});
  out += look({.type = "cylinder", .at = {0, 0, -.034}, .half = {.0390, .0325, 0}}, kSteel);
  out += look({.type = "cylinder", .at = {0, 0, .001}, .half = {.0330, .006, 0}}, kDark);
  out += look({.type = "cylinder", .at = {0, 0, .035}, .half = {.0370, .0300, 0}}, kSteel);
  out += look({.type = "ellipsoid", .at = {0, 0, .0640}, .half = {.0350, .0350, .009}}, kSteel);
  out += part({.at = {0, .0359, .0426}, .half = {.0140, .0058, .0200}}, kSteel);
  out += part({.at = {0, .0491, .0480}, .half = {.0080, .0072, .0120}}, kSteel);
  out += part({.at = {0, 0, .0743}, .half = {.0060, .0060, .0114}}, kDark);  // the lid's knob
  out += part({.at = {0, -.0520, .0603}, .half = {.0066, .0205, .0070}}, kDark);
  out += part({.at = {0, -.0780, .0420}, .half = {.0066, .0075, .0260}}, kDark);
  return out;
}

struct Mug {
  double axis, inner_handle;  // y of the body's axis; +1 or -1, the side of the handle
  double radius, foot, thickness, height, waist;
  Color body, band;
};

std::string mug(const Mug& m) {
  const std::array<double, 2> axis{0, m.axis};
  std::string out = feet(m.foot, 0, axis) + disc(m.foot, kFootRise, .0075, axis, m.body);
  out += ring({.r0 = m.foot,
               .z0 = .002,
               .r1 = m.radius,
               .z1 = m.waist,
               .thickness = m.thickness,
               .count = 14,
               .axis = axis},
              m.body);
  const double middle = m.waist + .6 * (m.height - m.waist);
  out += ring({.r0 = m.radius,
               .z0 = m.waist,
               .r1 = m.radius,
               .z1 = middle,
               .thickness = m.thickness,
               .count = 14,
               .axis = axis},
              m.band);
  out += ring({.r0 = m.radius,
               .z0 = middle,
               .r1 = m.radius,
               .z1 = m.height,
               .thickness = m.thickness,
               .count = 14,
               .axis = axis},
              m.body);
  const double side = m.inner_handle, wall = m.axis + side * m.radius;
  for (const double z : {.027, .0800})
    out += part({.at = {0, wall + side * .012, z}, .half = {.0085, .0140, .0045}}, m.body);
  return out + part({.at = {0, wall + side * .0215, .0535}, .half = {.0085, .0045, .0310}}, m.body);
}

constexpr Mug kWhiteYellow{.0182, -1, .0466, .0365, .0075, .1040, .0200, kPorcelain, kYellow};
constexpr Mug kWhite{-.0155, 1, .0440, .0270, .0048, .1146, .0430, kPorcelain, kPorcelain};
constexpr Mug kRed{.0155, -1, .0445, .0300, .0065, .1320, .0200, {.76, .10, .09}, {.76, .10, .09}};

std::string frypan() {
  const Color iron{.20, .20, .22};
  return feet(.080, 0, {}) + disc(.080, kFootRise, .008, {}, iron) +
         ring({.r0 = .078, .z0 = .003, .r1 = .101, .z1 = .0420, .thickness = .006}, iron) +
         part({.at = {0, .115, .030}, .half = {.011, .022, .006}, .quat = turn('x', .35)}, iron) +
         part({.at = {0, .1926, .0441}, .half = {.0127, .0640, .0070}, .quat = turn('x', .12)},
              kDark);
}

std::string book() {
  const Color cover{.10, .10, .12}, pages{.90, .87, .78}, title{.80, .66, .25};
  const Vec3 at{-.0005, -.0121, .0672};
  std::string feet;
  for (const double x : {-.011, .011})
    for (const double y : {-.050, .050})
      feet += solid({.type = "sphere", .at = {at[0] + x, at[1] + y, .002}, .half = {.002, 0, 0}});
  return feet +
         solid({.at = {at[0], at[1], at[2] + kFootRise / 2},
                .half = {.0143, .0552, .0672 - kFootRise / 2}}) +
         look({.at = at, .half = {.0143, .0552, .0672}}, cover) +
         look({.at = {at[0], at[1] - .002, at[2]}, .half = {.0110, .0548, .0676}}, pages) +
         look({.at = {at[0], at[1] + .010, at[2] + .02}, .half = {.0147, .0250, .0120}}, title);
}

struct Entry {
  ObjectModel model;
  std::string (*geoms)();
};

// Box about the body origin at the start, with LIBERO's fixed yaw taken in; mass.
const std::vector<Entry>& entries() {
  static const std::vector<Entry> kEntries = {
      {{"akita_black_bowl", {0, 0, .02525}, {.0535, .0535, .02525}, .0056, .0056, .0068},
       black_bowl},
      {{"plate", {0, 0, .0083}, {.0685, .0685, .0083}, .0115}, plate},
      {{"glazed_rim_porcelain_ramekin", {0, 0, .02165}, {.0443, .0443, .02165}, .0097, .0070},
       ramekin},
      {{"cookies", {0, 0, .01005}, {.0418, .0307, .01005}, .0096, .0614}, cookies},
      {{"wine_bottle", {0, 0, .0794}, {.0205, .0205, .0794}, .0154, .0144, .0396}, wine_bottle},
      {{"moka_pot", {0, -.0146, .0097}, {.0395, .0709, .0760}, .0682, .0120}, moka_pot},
      {{"white_yellow_mug",
        {0, -.0017, .0520},
        {.0466, .0665, .0520},
        .0309,
        kWhiteYellow.thickness,
        .0170},
       [] { return mug(kWhiteYellow); }},
      {{"porcelain_mug", {0, -.0025, .0573}, {.0440, .0570, .0573}, .0165, kWhite.thickness},
       [] { return mug(kWhite); }},
      {{"red_coffee_mug", {0, 0, .0660}, {.0445, .0600, .0660}, .0294, kRed.thickness},
       [] { return mug(kRed); }},
      {{"chefmate_8_frypan", {0, .0780, .0275}, {.1020, .1790, .0275}, .0503}, frypan},
      {{"black_book", {-.0005, -.0121, .0672}, {.0143, .0552, .0672}, .0426, .0286}, book},
  };
  return kEntries;
}

const Entry* find_entry(std::string_view category) {
  for (const Entry& entry : entries())
    if (entry.model.category == category) return &entry;
  return nullptr;
}

}  // namespace

const ObjectModel* find_tableware(std::string_view category) {
  const Entry* entry = find_entry(category);
  return entry != nullptr ? &entry->model : nullptr;
}

std::string tableware_names() {
  std::vector<std::string> names;
  for (const Entry& entry : entries()) names.emplace_back(entry.model.category);
  return join_names(names);
}

std::string tableware_mjcf(std::string_view category) {
  const Entry& entry = *find_entry(category);
  return inertial(entry.model.center, entry.model.half, entry.model.mass) + entry.geoms();
}

}  // namespace libra::sim
