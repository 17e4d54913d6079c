#include "convert.h"

#include <nanobind/stl/string.h>

#include <cmath>

#include "libra/core/data_root.h"
#include "libra/core/error.h"

namespace libra::python {
namespace {

// The classes of errors are written in Python (libra/errors.py), where they are documented.
void raise(const Error& error) {
  const Error::Parts& parts = error.parts();
  const nb::object made = nb::module_::import_("libra.errors")
                              .attr("make")(code_word(error.code()), error.what(), parts.where,
                                            parts.problem, parts.expected, parts.found, parts.next);
  PyErr_SetObject(made.type().ptr(), made.ptr());
}

void translate(const std::exception_ptr& thrown, void*) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    raise(error);
  }
}

api::Dtype dtype_of(const nb::dlpack::dtype& type) {
  if (type.lanes != 1) return api::Dtype::kOther;
  const auto code = static_cast<nb::dlpack::dtype_code>(type.code);
  if (code == nb::dlpack::dtype_code::UInt && type.bits == 8) return api::Dtype::kUint8;
  if (code == nb::dlpack::dtype_code::Float && type.bits == 32) return api::Dtype::kFloat32;
  if (code == nb::dlpack::dtype_code::Float && type.bits == 64) return api::Dtype::kFloat64;
  return api::Dtype::kOther;
}

std::string name_of(const nb::dlpack::dtype& type) {
  const std::string bits = std::to_string(int(type.bits));
  switch (static_cast<nb::dlpack::dtype_code>(type.code)) {
    case nb::dlpack::dtype_code::Int:
      return "int" + bits;
    case nb::dlpack::dtype_code::UInt:
      return "uint" + bits;
    case nb::dlpack::dtype_code::Float:
      return "float" + bits;
    case nb::dlpack::dtype_code::Bool:
      return "bool";
    default:
      return "another type of " + bits + " bits";
  }
}

using AnyArray = nb::ndarray<nb::ro, nb::device::cpu>;

// Anything that is an array of the CPU, or that numpy makes one of.
AnyArray any_array(const nb::handle& value, const std::string& name) {
  AnyArray array;
  if (nb::try_cast(value, array)) return array;
  const nb::object made = nb::module_::import_("numpy").attr("asarray")(value);
  if (nb::try_cast(made, array)) return array;
  throw Error(ErrorCode::kBadInput,
              {.where = name,
               .problem = "is no array of numbers on the CPU",
               .found = nb::cast<std::string>(nb::str(value.type().attr("__name__"))),
               .next = "give a numpy array; .cpu() brings a tensor from a GPU"});
}

api::NamedArray view(const std::string& name, const AnyArray& array) {
  api::NamedArray out{.name = name, .data = array.data(), .dtype = dtype_of(array.dtype())};
  if (out.dtype == api::Dtype::kOther) out.dtype_name = name_of(array.dtype());
  for (size_t i = 0; i < array.ndim(); ++i) {
    out.shape.push_back(static_cast<int64_t>(array.shape(i)));
    out.strides.push_back(array.stride(i));
  }
  return out;
}

}  // namespace

void set_up_module() {
  nb::register_exception_translator(translate);
  const auto root = nb::cast<std::string>(nb::module_::import_("libra._root").attr("folder"));
  if (!root.empty()) set_data_root(root);
}

nb::dict give_observation(Observation&& observation, const Embodiment& robot) {
  nb::dict out;
  for (size_t c = 0; c < observation.images.size(); ++c) {
    Image& image = observation.images[c];
    out[robot.cameras[c].name.c_str()] =
        give<Picture>(std::move(image.rgb), {size_t(image.height), size_t(image.width), 3});
  }
  const size_t count = observation.proprio.size();
  out[api::kProprio.data()] = give<DoubleVector>(std::move(observation.proprio), {count});
  return out;
}

Observation take_observation(const nb::dict& arrays, const Embodiment& robot, int64_t step) {
  std::deque<std::string> names;  // whose places do not change
  std::deque<AnyArray> kept;
  std::vector<api::NamedArray> views;
  for (const auto& [key, value] : arrays) {
    const std::string name = nb::cast<std::string>(nb::str(key));
    if (name == "instruction" || value.is_none()) continue;
    names.push_back(name);
    kept.push_back(any_array(value, "observation " + name));
    views.push_back(view(names.back(), kept.back()));
  }
  return api::observation_of(views, robot, step);
}

Action take_action(const nb::object& given, const Embodiment& robot) {
  const AnyArray array = any_array(given, "action");
  const api::NamedArray seen = view("action", array);
  const auto dims = size_t(robot.action_dim());
  const bool is_float = seen.dtype == api::Dtype::kFloat32 || seen.dtype == api::Dtype::kFloat64;
  if (!is_float || seen.shape.size() != 1 || size_t(seen.shape[0]) != dims) {
    std::string shape;
    for (const int64_t side : seen.shape)
      shape += (shape.empty() ? "" : ", ") + std::to_string(side);
    throw Error(ErrorCode::kBadInput, {.where = "action",
                                       .problem = "does not fit the robot " + robot.name,
                                       .expected = "float32 or float64 [" + std::to_string(dims) +
                                                   "]: " + join_names(robot.action_names(), " "),
                                       .found = name_of(array.dtype()) + " [" + shape + "]"});
  }
  Action action(dims);
  for (size_t i = 0; i < dims; ++i) {
    const auto at = int64_t(i) * seen.strides[0];
    action[i] = seen.dtype == api::Dtype::kFloat32
                    ? static_cast<const float*>(seen.data)[at]
                    : static_cast<float>(static_cast<const double*>(seen.data)[at]);
    if (std::isfinite(action[i])) continue;
    throw Error(ErrorCode::kBadInput, {.where = "action " + robot.action_names()[i],
                                       .problem = "is not a finite number",
                                       .found = std::to_string(action[i])});
  }
  return action;
}

nb::dict embodiment_dict(const Embodiment& robot) {
  Embodiment copy = robot;  // fields are bound to something that may change
  const std::string json = list_fields(copy).to_json();
  return nb::cast<nb::dict>(nb::module_::import_("json").attr("loads")(json));
}

}  // namespace libra::python
