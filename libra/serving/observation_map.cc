#include "libra/serving/observation_map.h"

#include <algorithm>
#include <cmath>

#include "libra/core/error.h"
#include "libra/data/demo.h"

namespace libra::serving {
namespace {

// Names under which clients send the first camera, and the one on the hand.
const std::vector<std::string> kFirstCamera = {
    "observation/image", "observation/exterior_image_1_left", "images/agentview", "image",
    "full_image",        "observation.images.image"};
const std::vector<std::string> kHandCamera = {
    "observation/wrist_image",        "observation/wrist_image_left", "images/wrist", "wrist_image",
    "observation.images.wrist_image", "observation.images.image2"};

std::string either(const std::vector<std::string>& names) { return join_names(names, " | "); }

bool read_numbers(const WireValue& value, std::vector<double>& out) {
  if (const auto* list = std::get_if<std::vector<double>>(&value)) {
    out.insert(out.end(), list->begin(), list->end());
    return true;
  }
  if (const auto* array = std::get_if<WireArray>(&value)) {
    if (array->count() > 4096) return false;
    for (size_t i = 0; i < array->count(); ++i) out.push_back(array->at(i));
    return true;
  }
  if (const auto* d = std::get_if<double>(&value)) return out.push_back(*d), true;
  if (const auto* u = std::get_if<uint64_t>(&value)) return out.push_back(double(*u)), true;
  if (const auto* i = std::get_if<int64_t>(&value)) return out.push_back(double(*i)), true;
  return false;
}

}  // namespace

ObservationMap::ObservationMap(const Embodiment& embodiment,
                               const std::vector<std::string>& assignments)
    : embodiment_(embodiment),
      state_{"state", {"observation/state", "state", "states", "observation.state", "proprio"}},
      prompt_{"prompt", {"prompt", "task_description", "instruction", "task"}} {
  for (size_t c = 0; c < embodiment.cameras.size(); ++c) {
    const std::string& name = embodiment.cameras[c].name;
    Slot slot{"camera " + name,
              {"observation/images/" + name, "images/" + name, "observation/" + name, name,
               "observation.images." + name}};
    const bool on_hand =
        name.find("hand") != std::string::npos || name.find("wrist") != std::string::npos;
    const auto& usual = c == 0 ? kFirstCamera : kHandCamera;
    // With two cameras it is clear which of them a client's "wrist image" is.
    const bool takes = c == 0 || (on_hand && embodiment.cameras.size() == 2);
    for (const std::string& other : takes ? usual : std::vector<std::string>()) {
      if (std::find(slot.names.begin(), slot.names.end(), other) == slot.names.end()) {
        slot.names.push_back(other);
      }
    }
    cameras_.push_back(std::move(slot));
  }
  for (const Segment& segment : embodiment.proprio) {
    segments_.push_back({"state " + segment.name,
                         {"observation/" + segment.name, "state/" + segment.name, segment.name}});
  }
  for (const std::string& assignment : assignments) {
    const size_t equals = assignment.find('=');
    const std::string left = assignment.substr(0, equals);
    std::vector<std::string> known = embodiment.camera_names();
    Slot* slot = nullptr;
    for (size_t c = 0; c < cameras_.size(); ++c) {
      if (left == embodiment.cameras[c].name) slot = &cameras_[c];
    }
    for (size_t s = 0; s < segments_.size(); ++s) {
      known.push_back(embodiment.proprio[s].name);
      if (left == embodiment.proprio[s].name) slot = &segments_[s];
    }
    known.insert(known.end(), {"state", "prompt"});
    if (left == "state") slot = &state_;
    if (left == "prompt") slot = &prompt_;
    if (slot == nullptr || equals == std::string::npos || equals + 1 == assignment.size()) {
      const std::string near = nearest_name(left, known);
      throw Error(ErrorCode::kBadInput,
                  {.where = "--map " + assignment,
                   .problem = "names nothing that an observation of " + embodiment.name + " holds",
                   .expected = "NAME=name in the message, with NAME one of " + join_names(known),
                   .next = near.empty() ? "" : "did you mean '" + near + "'?"});
    }
    slot->names = {assignment.substr(equals + 1)};
  }
}

ObservationMap::Found ObservationMap::find(const WireMessage& message, const Slot& slot) {
  for (const std::string& name : slot.names) {
    if (const WireValue* value = message.find(name)) return {value, name};
  }
  return {};
}

std::string ObservationMap::table() const {
  std::string text;
  for (size_t c = 0; c < cameras_.size(); ++c) {
    text += "  " + cameras_[c].what + (embodiment_.cameras[c].optional ? " (may be missing)" : "") +
            ": uint8 (height, width, 3), PNG or JPEG, as " + either(cameras_[c].names) + "\n";
  }
  text += "  state: " + std::to_string(embodiment_.proprio_dim()) + " numbers (" +
          join_names(embodiment_.proprio_names()) + "), as " + either(state_.names) +
          ", or in parts:\n";
  for (size_t s = 0; s < segments_.size(); ++s) {
    const Segment& segment = embodiment_.proprio[s];
    text += "    " + segment.name + ": " + std::to_string(segment.size) + " numbers" +
            (segment.unit.empty() ? "" : " (" + segment.unit + ")") + ", as " +
            either(segments_[s].names) + "\n";
  }
  return text + "  prompt: the instruction, as " + either(prompt_.names) + "\n";
}

void ObservationMap::refuse(const WireMessage& message, const std::string& problem) const {
  std::string found;
  int listed = 0;
  for (const auto& [name, value] : message.values) {
    if (name.starts_with("libra/")) continue;
    if (++listed > 40) break;
    found += "  " + printable(name) + ": " + describe(value) + "\n";
  }
  throw Error(ErrorCode::kBadInput,
              {.where = "observation",
               .problem = problem + "\nexpected of " + embodiment_.name + ":\n" + table() +
                          "found:\n" + (found.empty() ? "  nothing\n" : found) +
                          "other names are given to libra serve as --map NAME=name"});
}

Image ObservationMap::read_camera(size_t camera, const WireMessage& message,
                                  const Limits& limits) const {
  const Found found = find(message, cameras_[camera]);
  const std::string& what = cameras_[camera].what;
  if (found.value == nullptr || std::holds_alternative<WireNothing>(*found.value)) {
    if (embodiment_.cameras[camera].optional) return {};
    refuse(message, "there is no image of " + what);
  }
  if (const auto* picture = std::get_if<WireImage>(found.value)) {
    return decode_picture(picture->bytes, limits, what);
  }
  if (const auto* array = std::get_if<WireArray>(found.value)) {
    return picture_of(*array, limits, what);
  }
  if (const auto* text = std::get_if<std::string>(found.value)) {
    std::string_view code = *text;
    if (code.starts_with("data:")) code.remove_prefix(std::min(code.find(',') + 1, code.size()));
    return decode_picture(decode_base64(code, what), limits, what);
  }
  refuse(message, what + " is no image: " + describe(*found.value));
}

Proprio ObservationMap::read_state(const WireMessage& message) const {
  Proprio state;
  if (const Found whole = find(message, state_); whole.value != nullptr) {
    if (!read_numbers(*whole.value, state)) refuse(message, "the state is no list of numbers");
  } else {
    for (size_t s = 0; s < segments_.size(); ++s) {
      const Found part = find(message, segments_[s]);
      if (part.value == nullptr) {
        refuse(message, s == 0 ? "there is no state" : "there is no " + segments_[s].what);
      }
      const size_t before = state.size();
      const auto size = static_cast<size_t>(embodiment_.proprio[s].size);
      if (!read_numbers(*part.value, state) || state.size() - before != size) {
        refuse(message, segments_[s].what + " is not " + std::to_string(size) + " numbers");
      }
    }
  }
  if (state.size() != static_cast<size_t>(embodiment_.proprio_dim())) {
    refuse(message, "the state has " + std::to_string(state.size()) + " numbers, expected " +
                        std::to_string(embodiment_.proprio_dim()));
  }
  for (size_t i = 0; i < state.size(); ++i) {
    if (std::isfinite(state[i])) continue;
    throw Error(ErrorCode::kBadInput,
                {.where = "observation",
                 .problem = "the state's number " + std::to_string(i) + " (" +
                            embodiment_.proprio_names()[i] + ") is not finite"});
  }
  return state;
}

std::string ObservationMap::read_prompt(const WireMessage& message, const Limits& limits) const {
  const Found found = find(message, prompt_);
  if (found.value == nullptr) refuse(message, "there is no instruction");
  const auto* text = std::get_if<std::string>(found.value);
  if (text == nullptr || !valid_utf8(*text)) refuse(message, "the instruction is no text");
  if (text->size() > static_cast<size_t>(limits.text_bytes)) {
    throw Error(ErrorCode::kBadInput,
                {.where = "observation",
                 .problem = "the instruction is too long",
                 .expected = "at most " + std::to_string(limits.text_bytes) + " bytes",
                 .found = std::to_string(text->size())});
  }
  return *text;
}

ObservationMap::Mapped ObservationMap::read(const WireMessage& message, const Limits& limits,
                                            std::optional<Flip> flip) const {
  Mapped out;
  for (size_t c = 0; c < cameras_.size(); ++c) {
    out.observation.images.push_back(read_camera(c, message, limits));
    if (out.observation.images.back().rgb.empty()) continue;  // a camera that is missing
    data::flip(flip.value_or(embodiment_.cameras[c].flip), out.observation.images.back());
  }
  out.observation.proprio = read_state(message);
  out.instruction = read_prompt(message, limits);
  return out;
}

}  // namespace libra::serving
