#include "libra/sim/bodies/catalogue.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>

#include "libra/core/data_root.h"
#include "libra/core/error.h"
#include "libra/sim/bodies/spec.h"

namespace libra::sim::bodies {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 10> kGroceries{
    "alphabet_soup", "cream_cheese", "salad_dressing", "bbq_sauce",         "ketchup",
    "tomato_sauce",  "butter",       "milk",           "chocolate_pudding", "orange_juice"};

std::string bodies() { return data_root() + "/assets/bodies"; }

// What a file says of its body: a movable thing, or a fixture.
struct Body {
  std::optional<ObjectModel> object;
  std::optional<double> height;  // of a fixture
};

std::optional<std::vector<double>> numbers_of(mjSpec& spec, const char* name) {
  mjsElement* found = mjs_findElement(&spec, mjOBJ_NUMERIC, name);
  if (found == nullptr) return std::nullopt;
  int count = 0;
  const double* data = mjs_getDouble(mjs_asNumeric(found)->data, &count);
  return std::vector<double>(data, data + count);
}

Body read_body(const std::string& category) {
  const std::string path = body_file(category);
  const SpecPtr spec = load_spec(path);
  const auto need = [&](const char* name, size_t count) {
    const auto found = numbers_of(*spec, name);
    if (found && found->size() == count) return *found;
    throw Error(ErrorCode::kBadInput,
                {.where = path,
                 .problem = std::string("has no <numeric name=\"") + name + "\">",
                 .expected = std::to_string(count) + " numbers"});
  };
  const mjsBody& root = need_body(*spec, "object", path);
  Body body;
  if (numbers_of(*spec, "height")) {
    body.height = need("height", 1)[0];
    return body;
  }
  const auto center = need("center", 3), half = need("half", 3);
  ObjectModel model{category, {}, {}, root.mass};
  std::copy_n(center.begin(), 3, model.center.begin());
  std::copy_n(half.begin(), 3, model.half.begin());
  if (numbers_of(*spec, "grip")) model.grip = need("grip", 1)[0];
  if (numbers_of(*spec, "held")) model.held = need("held", 1)[0];
  body.object = model;
  return body;
}

// Files are read once.
const Body& body(const std::string& category) {
  static std::mutex mutex;
  static std::map<std::string, Body> known;
  const std::lock_guard lock(mutex);
  const auto found = known.find(category);
  return (found != known.end() ? found : known.emplace(category, read_body(category)).first)
      ->second;
}

[[noreturn]] void unknown(const std::string& category, bool fixture) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(bodies(), error)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".xml" || name == "common") continue;
    if (body(name).height.has_value() == fixture) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  throw Error(ErrorCode::kNotFound,
              {.where = "scene",
               .problem = std::string("there is no body for this category of ") +
                          (fixture ? "fixture" : "object"),
               .expected = join_names(names),
               .found = category});
}

// nullptr when there is no such body.
const Body* find_body(const std::string& category) {
  std::error_code error;
  const bool word =
      !category.empty() && category != "common" &&
      category.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
  return word && fs::exists(body_file(category), error) ? &body(category) : nullptr;
}

}  // namespace

std::string body_file(const std::string& category) { return bodies() + "/" + category + ".xml"; }

std::string arena_file(std::string_view problem) {
  return data_root() + "/assets/arenas/" + std::string(problem) + ".xml";
}

const ObjectModel* find_object_model(const std::string& category) {
  const Body* found = find_body(category);
  return found != nullptr && found->object ? &*found->object : nullptr;
}

const ObjectModel& object_model(const std::string& category) {
  const Body* found = find_body(category);
  if (found == nullptr || !found->object) unknown(category, false);
  return *found->object;
}

double fixture_height(const std::string& category) {
  const Body* found = find_body(category);
  if (found == nullptr || !found->height) unknown(category, true);
  return *found->height;
}

std::span<const std::string_view> groceries() { return kGroceries; }

bool is_grocery(std::string_view category) {
  return std::find(kGroceries.begin(), kGroceries.end(), category) != kGroceries.end();
}

bool is_support(std::string_view category) {
  return category == "floor" || category == "table" || category.ends_with("_table");
}

}  // namespace libra::sim::bodies
