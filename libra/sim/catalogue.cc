#include "libra/sim/catalogue.h"

#include <array>
#include <cstdio>

#include "libra/core/error.h"
#include "libra/sim/tableware.h"

namespace libra::sim {
namespace {

// Sizes and masses: LIBERO's collision models, turned as LIBERO's fixed yaw turns them. Cans are
// turned so that their narrower side (66 mm) is the one between the fingers.
constexpr std::array<Grocery, 10> kGroceries{{
    {"alphabet_soup", {.0355, .0330, .0418}, .0259},
    {"cream_cheese", {.04145, .0213, .0097}, .0062},
    {"salad_dressing", {.02185, .0320, .0737}, .0218},
    {"bbq_sauce", {.01675, .0249, .0571}, .0122},
    {"ketchup", {.0217, .03225, .0743}, .0232},
    {"tomato_sauce", {.0351, .03325, .0414}, .0266},
    {"butter", {.03875, .0198, .0090}, .0053},
    {"milk", {.02745, .02705, .0714}, .0317},
    {"chocolate_pudding", {.04175, .02475, .01495}, .0102},
    {"orange_juice", {.0273, .02685, .0722}, .0317},
}};
constexpr double kBasketMass = 0.1361;

struct Color {
  double r, g, b;
};
constexpr Color kWhite{.93, .93, .90}, kTin{.70, .71, .73}, kRed{.78, .07, .08};

std::string format_geom(const char* type, double x, double y, double z, double a, double b,
                        double c, Color color, const char* more) {
  std::array<char, 320> text;
  std::snprintf(text.data(), text.size(),
                "<geom class=\"look\" type=\"%s\" pos=\"%.5g %.5g %.5g\" size=\"%.5g %.5g %.5g\" "
                "rgba=\"%.3g %.3g %.3g 1\" %s/>\n",
                type, x, y, z, a, b, c, color.r, color.g, color.b, more);
  return text.data();
}
std::string box(double x, double y, double z, double a, double b, double c, Color color,
                const char* more = "") {
  return format_geom("box", x, y, z, a, b, c, color, more);
}
std::string can(double x, double y, double z, double radius, double half, Color color,
                const char* more = "") {
  return format_geom("cylinder", x, y, z, radius, half, 0, color, more);
}
std::string ellipsoid(double x, double y, double z, double a, double b, double c, Color color) {
  return format_geom("ellipsoid", x, y, z, a, b, c, color, "");
}
std::string solid(const char* type, double z, double a, double b, double c) {
  std::array<char, 200> text;
  std::snprintf(text.data(), text.size(),
                "<geom class=\"solid\" type=\"%s\" pos=\"0 0 %.5g\" size=\"%.5g %.5g %.5g\"/>\n",
                type, z, a, b, c);
  return text.data();
}

// A tin with a paper label in two bands and bare rims.
std::string tin_look(const Grocery& g, Color upper, Color lower, Color medal, Color lid) {
  const double r = (g.half[0] + g.half[1]) / 2, h = g.half[2];
  return can(0, 0, 0, r - .0012, h, kTin) + can(0, 0, h - .001, r - .004, .0012, lid) +
         can(0, 0, .42 * h, r, .48 * h, upper) + can(0, 0, -.50 * h, r, .42 * h, lower) +
         can(0, 0, -.05 * h, r + .0004, .06 * h, medal);
}

// A flat bottle: body, shoulder, cap, and a label that stands proud on the broad and narrow sides.
std::string bottle_look(const Grocery& g, Color body, Color label, Color stripe, Color cap) {
  const double x = g.half[0], y = g.half[1], h = g.half[2];
  return box(0, 0, -.010, x, y, h - .010, body) + ellipsoid(0, 0, h - .021, x, y, .008, body) +
         can(0, 0, h - .0085, .0135, .0085, cap) +
         box(0, 0, -.018, x + .0005, y + .0005, .032, label) +
         box(0, 0, -.018, x + .0009, y + .0009, .010, stripe);
}

// A gable-top carton: two sloping roofs and a ridge.
std::string gable_look(const Grocery& g, Color body, Color band, Color roof) {
  const double x = g.half[0], y = g.half[1], h = g.half[2];
  return box(0, 0, -.0125, x, y, h - .0125, body) +
         box(0, 0, -.030, x + .0005, y + .0005, .020, band) +
         box(-.0125, 0, h - .0165, .0165, y, .0012, roof, "euler=\"0 -.60 0\"") +
         box(.0125, 0, h - .0165, .0165, y, .0012, roof, "euler=\"0 .60 0\"") +
         box(0, 0, h - .0050, .0015, y, .0050, kWhite);
}

// A flat-top carton with a screw cap and a round fruit on its label.
std::string juice_look(const Grocery& g) {
  const Color orange{.96, .50, .04}, leaf{.10, .50, .14};
  const double x = g.half[0], y = g.half[1], h = g.half[2];
  return box(0, 0, -.006, x, y, h - .006, orange) +
         box(0, 0, -.002, x + .0005, y + .0005, .022, kWhite) +
         ellipsoid(0, 0, 0, x + .003, .017, .016, orange) +
         box(0, 0, h - .022, x + .0006, y + .0006, .006, leaf) +
         can(0, 0, h - .006, .013, .006, leaf);
}

std::string bbq_look(const Grocery& g) {
  const Color sauce{.20, .06, .03}, label{.93, .74, .12}, black{.07, .06, .06};
  const double x = g.half[0], y = g.half[1], h = g.half[2];
  return box(0, 0, -.010, x, y, h - .010, sauce) + ellipsoid(0, 0, h - .021, x, y, .008, sauce) +
         can(0, 0, h - .0085, .0115, .0085, black) +
         box(0, 0, -.012, x + .0005, y + .0005, .020, label) +
         box(0, 0, -.012, x + .0009, y + .0009, .005, sauce);
}

// A flat pack: body, a band across, a patch on the top.
std::string pack_look(const Grocery& g, Color body, Color band, double band_half, Color patch) {
  const double x = g.half[0], y = g.half[1], h = g.half[2];
  return box(0, 0, 0, x, y, h, body) + box(0, 0, 0, band_half, y + .0005, h + .0005, band) +
         box(0, 0, 0, band_half * .6, y * .5, h + .0010, patch);
}

std::string butter_look(const Grocery& g) {
  const Color yellow{.98, .83, .22}, blue{.12, .25, .66};
  const double x = g.half[0], y = g.half[1], h = g.half[2];
  return box(0, 0, 0, x, y, h, yellow) + box(-.030, 0, 0, .006, y + .0005, h + .0005, blue) +
         box(.030, 0, 0, .006, y + .0005, h + .0005, blue) +
         box(0, 0, 0, .015, .008, h + .0008, kWhite);
}

std::string look(const Grocery& g) {
  const std::string_view c = g.category;
  if (c == "alphabet_soup") return tin_look(g, kRed, kWhite, {.92, .75, .20}, kTin);
  if (c == "tomato_sauce")
    return tin_look(g, {.06, .34, .12}, {.06, .34, .12}, kRed, {.85, .15, .08});
  if (c == "salad_dressing")
    return bottle_look(g, {.78, .85, .50}, kWhite, {.16, .56, .20}, {.14, .50, .18});
  if (c == "ketchup") return bottle_look(g, kRed, {.60, .03, .05}, {.97, .93, .85}, kWhite);
  if (c == "bbq_sauce") return bbq_look(g);
  if (c == "milk") return gable_look(g, kWhite, {.12, .38, .80}, {.18, .45, .86});
  if (c == "orange_juice") return juice_look(g);
  if (c == "butter") return butter_look(g);
  if (c == "cream_cheese") return pack_look(g, {.80, .84, .90}, {.10, .22, .55}, .018, kWhite);
  return pack_look(g, {.30, .15, .07}, {.55, .10, .38}, .022, {.95, .86, .66});  // pudding
}

std::string collision(const Grocery& g) {
  const double x = g.half[0], y = g.half[1], h = g.half[2];
  const std::string_view c = g.category;
  if (c == "alphabet_soup" || c == "tomato_sauce") {
    // The cylinder stands and rolls; the flat pair of faces inside it is what the pads hold.
    return solid("cylinder", 0, y, h, 0) + solid("box", 0, .6 * y, y + .0003, h - .003);
  }
  if (c == "salad_dressing" || c == "ketchup" || c == "bbq_sauce")
    return solid("box", -.009, x, y, h - .009) + solid("box", h - .009, .012, .012, .009);
  if (c == "milk")
    return solid("box", -.0125, x, y, h - .0125) + solid("box", h - .0125, .010, y, .0125);
  return solid("box", 0, x, y, h);
}

std::string inertial(const std::array<double, 3>& half, double z, double mass) {
  const auto [x, y, h] = half;
  std::array<char, 200> text;
  std::snprintf(text.data(), text.size(),
                "<inertial pos=\"0 0 %.6g\" mass=\"%.6g\" diaginertia=\"%.6g %.6g %.6g\"/>\n", z,
                mass, mass * (y * y + h * h) / 3, mass * (x * x + h * h) / 3,
                mass * (x * x + y * y) / 3);
  return text.data();
}

std::string basket_mjcf(std::string_view instance) {
  const auto [x, y, h] = kBasketHalf;
  constexpr double kWall = .003, kFloor = .0012;  // half thicknesses; only the floor plate stands
  const Color wicker{.62, .42, .22}, dark{.47, .30, .14};
  std::string out = inertial(kBasketHalf, .8 * h, kBasketMass);
  const auto plate = [&](double px, double py, double pz, double a, double b, double c) {
    std::array<char, 200> text;
    std::snprintf(
        text.data(), text.size(),
        "<geom class=\"solid\" type=\"box\" pos=\"%.5g %.5g %.5g\" size=\"%.5g %.5g %.5g\"/>\n", px,
        py, pz, a, b, c);
    out += text.data() + box(px, py, pz, a, b, c, wicker);
  };
  plate(0, 0, kFloor, x, y, kFloor);
  for (const double side : {-1.0, 1.0}) {
    plate(side * (x - kWall), 0, h + kFloor, kWall, y, h - kFloor);
    plate(0, side * (y - kWall), h + kFloor, x, kWall, h - kFloor);
    // Rim and a woven belt, looks only.
    for (const double z : {2 * h - .006, h * 1.05}) {
      const double grow = z > 1.5 * h ? .002 : .001, tall = z > 1.5 * h ? .006 : .012;
      out += box(side * (x - kWall), 0, z, kWall + grow, y + grow, tall, dark);
      out += box(0, side * (y - kWall), z, x + grow, kWall + grow, tall, dark);
    }
  }
  out += "<site name=\"" + std::string(instance) +
         "_contain_region\" type=\"box\" pos=\"0 0 .0719\" size=\".0611 .0611 .0695\"/>\n";
  return out;
}

}  // namespace

std::span<const Grocery> groceries() { return kGroceries; }

const Grocery* find_grocery(std::string_view category) {
  for (const Grocery& g : kGroceries)
    if (g.category == category) return &g;
  return nullptr;
}

const Grocery& grocery(std::string_view category) {
  if (const Grocery* g = find_grocery(category)) return *g;
  std::vector<std::string> known;
  for (const Grocery& g : kGroceries) known.emplace_back(g.category);
  throw Error(ErrorCode::kNotFound,
              {.where = "scene",
               .problem = "there is no body for this category of object",
               .expected = "basket, " + join_names(known) + ", " + tableware_names(),
               .found = std::string(category)});
}

ObjectModel object_model(std::string_view category) {
  if (category == "basket") return {category, {0, 0, kBasketHalf[2]}, kBasketHalf, kBasketMass};
  if (const ObjectModel* model = find_tableware(category)) return *model;
  const Grocery& g = grocery(category);
  return {g.category, {0, 0, 0}, g.half, g.mass, 2 * g.half[1]};
}

std::string body_mjcf(std::string_view instance, std::string_view category) {
  std::string content;
  if (category == "basket") {
    content = basket_mjcf(instance);
  } else if (find_tableware(category) != nullptr) {
    content = tableware_mjcf(category);
  } else {
    const Grocery& g = grocery(category);
    content = inertial(g.half, 0, g.mass) + collision(g) + look(g);
  }
  return "<body name=\"" + std::string(instance) + "\">\n<joint type=\"free\" name=\"" +
         std::string(instance) + "_joint\" damping=\".0005\"/>\n" + content + "</body>\n";
}

}  // namespace libra::sim
