#include "libra/api/named_arrays.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "libra/core/error.h"

namespace libra::api {
namespace {

std::string describe(const NamedArray& array) {
  std::string text;
  switch (array.dtype) {
    case Dtype::kUint8:
      text = "uint8";
      break;
    case Dtype::kFloat32:
      text = "float32";
      break;
    case Dtype::kFloat64:
      text = "float64";
      break;
    case Dtype::kOther:
      text = array.dtype_name.empty() ? "another type" : array.dtype_name;
      break;
  }
  text += " [";
  for (size_t i = 0; i < array.shape.size(); ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(array.shape[i]);
  }
  return text + "]";
}

std::string describe(const Embodiment& robot) {
  std::vector<std::string> parts;
  for (const CameraSpec& camera : robot.cameras) {
    parts.push_back(camera.name + " uint8 [height, width, 3]" +
                    (camera.optional ? " or nothing" : ""));
  }
  parts.push_back(std::string(kProprio) + " float [" + std::to_string(robot.proprio_dim()) +
                  "]: " + join_names(robot.proprio_names(), " "));
  return join_names(parts);
}

std::vector<int64_t> strides_of(const NamedArray& array) {
  if (!array.strides.empty()) return array.strides;
  std::vector<int64_t> strides(array.shape.size(), 1);
  for (size_t i = strides.size(); i-- > 1;) strides[i - 1] = strides[i] * array.shape[i];
  return strides;
}

// What is wrong with a picture; "" nothing.
std::string fault_of_picture(const NamedArray& array) {
  const auto& shape = array.shape;
  const bool is_picture = array.dtype == Dtype::kUint8 && shape.size() == 3 && shape[2] == 3;
  if (!is_picture) {
    const bool first = shape.size() == 3 && (shape[0] == 3 || shape[0] == 1);
    const bool batch = shape.size() == 4;
    return std::string(array.name) + " is " + describe(array) +
           (first   ? " (channels come last)"
            : batch ? " (one picture, not a batch)"
                    : "");
  }
  if (shape[0] < 1 || shape[1] < 1 || shape[0] > kMaxSide || shape[1] > kMaxSide) {
    return std::string(array.name) + " is " + describe(array) + " (sides of 1 to " +
           std::to_string(kMaxSide) + " px)";
  }
  return "";
}

Image picture_of(const NamedArray& array) {
  Image image(static_cast<int>(array.shape[0]), static_cast<int>(array.shape[1]));
  const auto strides = strides_of(array);
  const auto* data = static_cast<const uint8_t*>(array.data);
  const bool whole_rows = strides[2] == 1 && strides[1] == 3;
  for (int y = 0; y < image.height; ++y) {
    uint8_t* out = image.row(y);
    const uint8_t* in = data + y * strides[0];
    if (whole_rows) {
      std::memcpy(out, in, static_cast<size_t>(image.width) * 3);
      continue;
    }
    for (int x = 0; x < image.width; ++x) {
      for (int c = 0; c < 3; ++c) *out++ = in[x * strides[1] + c * strides[2]];
    }
  }
  return image;
}

// Reads the state; what is wrong with it, or "".
std::string read_proprio(const NamedArray& array, const Embodiment& robot, Proprio& out) {
  const bool is_float = array.dtype == Dtype::kFloat32 || array.dtype == Dtype::kFloat64;
  if (!is_float || array.shape.size() != 1 || array.shape[0] != robot.proprio_dim()) {
    return std::string(array.name) + " is " + describe(array);
  }
  const int64_t stride = strides_of(array)[0];
  std::string fault;
  out.resize(static_cast<size_t>(array.shape[0]));
  const auto names = robot.proprio_names();
  for (size_t i = 0; i < out.size(); ++i) {
    const auto at = static_cast<int64_t>(i) * stride;
    out[i] = array.dtype == Dtype::kFloat32
                 ? static_cast<double>(static_cast<const float*>(array.data)[at])
                 : static_cast<const double*>(array.data)[at];
    if (std::isfinite(out[i])) continue;
    fault += (fault.empty() ? std::string(array.name) + " holds " : ", ") + std::to_string(out[i]) +
             " at " + names[i];
  }
  return fault;
}

}  // namespace

Observation observation_of(std::span<const NamedArray> arrays, const Embodiment& robot,
                           int64_t step) {
  std::vector<std::string> faults;
  const auto find = [&](std::string_view name) -> const NamedArray* {
    const NamedArray* found = nullptr;
    for (const NamedArray& array : arrays) {
      if (array.name != name) continue;
      if (found != nullptr) faults.push_back(std::string(name) + " is there twice");
      found = &array;
    }
    return found;
  };
  const auto take = [&](const NamedArray& array, std::string fault) {
    if (fault.empty() && array.data == nullptr) fault = std::string(array.name) + " has no data";
    if (!fault.empty()) faults.push_back(fault);
    return fault.empty();
  };

  Observation observation;
  observation.step = step;
  for (const CameraSpec& camera : robot.cameras) {
    Image& image = observation.images.emplace_back();
    const NamedArray* array = find(camera.name);
    if (array == nullptr) {
      if (!camera.optional) faults.push_back(camera.name + " is missing");
    } else if (take(*array, fault_of_picture(*array))) {
      image = picture_of(*array);
    }
  }
  if (const NamedArray* array = find(kProprio); array == nullptr) {
    faults.push_back(std::string(kProprio) + " is missing");
  } else if (array->data == nullptr) {
    take(*array, "");
  } else {
    take(*array, read_proprio(*array, robot, observation.proprio));
  }
  std::vector<std::string> known = robot.camera_names();
  known.emplace_back(kProprio);
  for (const NamedArray& array : arrays) {
    const std::string name(array.name);
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string near = nearest_name(name, known);
    faults.push_back(name + " is not the robot's" +
                     (near.empty() ? "" : " (did you mean " + near + "?)"));
  }
  if (!faults.empty()) {
    throw Error(ErrorCode::kBadInput,
                {.where = "observation",
                 .problem = "does not fit the robot " + robot.name,
                 .expected = describe(robot),
                 .found = join_names(faults),
                 .next = "give every picture and the state under these names"});
  }
  return observation;
}

}  // namespace libra::api
