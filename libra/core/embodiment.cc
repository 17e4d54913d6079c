#include "libra/core/embodiment.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "libra/core/data_root.h"
#include "libra/core/error.h"

namespace libra {
namespace {

namespace fs = std::filesystem;

constexpr int kMostNumbers = 512;  // of a segment; more is a mistake

// How many numbers a kind has; 0: as many as the segment says.
int size_of(SegmentKind kind) {
  switch (kind) {
    case SegmentKind::kPosition:
    case SegmentKind::kAxisAngle:
      return 3;
    case SegmentKind::kQuaternion:
      return 4;
    case SegmentKind::kRotation6d:
      return 6;
    case SegmentKind::kJoint:
    case SegmentKind::kGripper:
    case SegmentKind::kOther:
      break;
  }
  return 0;
}

std::vector<std::string> names_of(const Segment& segment, int size) {
  if (int(segment.names.size()) == size) return segment.names;
  std::vector<std::string> names;
  for (int i = 0; i < size; ++i) {
    names.push_back(size == 1 ? segment.name : segment.name + "_" + std::to_string(i));
  }
  return names;
}

template <class Size>
std::vector<Span> spans(std::span<const Segment> segments, Size size) {
  std::vector<Span> out;
  size_t first = 0;
  for (const Segment& segment : segments) {
    out.push_back({first, static_cast<size_t>(size(segment))});
    first += out.back().size;
  }
  return out;
}

template <class Size>
int total(std::span<const Segment> segments, Size size) {
  int sum = 0;
  for (const Segment& segment : segments) sum += size(segment);
  return sum;
}

template <class Size>
std::vector<std::string> all_names(std::span<const Segment> segments, Size size) {
  std::vector<std::string> names;
  for (const Segment& segment : segments) {
    const auto own = names_of(segment, size(segment));
    names.insert(names.end(), own.begin(), own.end());
  }
  return names;
}

int raw(const Segment& segment) { return segment.size; }
int modelled(const Segment& segment) { return segment.model_size(); }

// The names of the files in configs/embodiments/.
std::vector<std::string> known_embodiments() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(data_root() + "/configs/embodiments", error)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// A line of a table: what, and how it stands on both sides.
void row(std::ostringstream& table, const std::string& what, const std::string& a,
         const std::string& b) {
  if (a == b) return;
  table << "\n  " << what
        << std::string(std::max<size_t>(1, 22 - std::min<size_t>(22, what.size())), ' ') << a
        << std::string(std::max<size_t>(2, 30 - std::min<size_t>(30, a.size())), ' ') << b;
}

std::string describe(const Segment& s, bool is_action) {
  std::ostringstream text;
  text << s.name << " " << word_of(s.kind) << " " << s.size;
  if (is_action) text << " " << word_of(s.command);
  return text.str();
}

void compare(std::ostringstream& table, const std::string& what, std::span<const Segment> a,
             std::span<const Segment> b, bool is_action) {
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    row(table, what + " " + std::to_string(i + 1),
        i < a.size() ? describe(a[i], is_action) : "nothing",
        i < b.size() ? describe(b[i], is_action) : "nothing");
  }
}

}  // namespace

void Segment::list(ConfigFields& f) {
  f.add("name", name, "of these numbers");
  f.add("kind", kind, "what they are");
  f.add("size", size, "how many there are", {1, kMostNumbers});
  f.add("unit", unit, "what one of them measures");
  f.add("names", names, "of each number; none: name_0, name_1, ...");
  f.add("open", open, "a gripper's number when it is open");
  f.add("closed", closed, "a gripper's number when it is closed");
  f.add("command", command, "of actions: be there, or move by so much");
  f.add("representation", representation,
        "of actions: what is learned: the numbers, or their difference from the state or from the "
        "action before");
  f.add("state", state, "of actions: the proprio segment that it moves");
  f.add("low", low, "of actions: least that the robot takes; low = high: no limit");
  f.add("high", high, "of actions: most that the robot takes");
}

void CameraSpec::list(ConfigFields& f) {
  f.add("name", name, "of the camera");
  f.add("height", height, "px, as the robot delivers it", {0, 8192});
  f.add("width", width, "px", {0, 8192});
  f.add("mount", mount, "where it sits");
  f.add("flip", flip, "how pictures lie in data and messages, against upright");
  f.add("optional", optional, "its picture may be missing");
}

void ArmDynamics::list(ConfigFields& f) {
  f.add("translation", translation, "m per unit of a relative position command");
  f.add("rotation", rotation, "rad per unit of a relative rotation command");
  f.add("stiffness", stiffness, "of the controller, kp (1/s^2)", {1e-6, 1e9});
  f.add("finger_speed", finger_speed, "m/s, of each finger's target");
  f.add("finger_lag", finger_lag, "s, of the finger behind its target", {1e-6, 1e9});
  f.add("finger_open", finger_open, "m, of an open finger");
}

void Embodiment::list(ConfigFields& f) {
  f.add("name", name, "of the robot");
  f.add("control_hz", control_hz, "actions a second", {0.01, 10000});
  f.list("cameras", cameras, "in the order of an observation's pictures");
  f.list("proprio", proprio, "the robot's state, segment by segment");
  f.list("action", action, "what it takes, segment by segment");
  f.section("arm", arm);
}

int Embodiment::proprio_dim() const { return total(proprio, raw); }
int Embodiment::action_dim() const { return total(action, raw); }
int Embodiment::model_dim() const { return total(action, modelled); }
std::vector<std::string> Embodiment::proprio_names() const { return all_names(proprio, raw); }
std::vector<std::string> Embodiment::action_names() const { return all_names(action, raw); }
std::vector<std::string> Embodiment::model_names() const { return all_names(action, modelled); }
std::vector<std::string> Embodiment::camera_names() const {
  std::vector<std::string> names;
  for (const CameraSpec& camera : cameras) names.push_back(camera.name);
  return names;
}

void Embodiment::validate(const std::string& where) const {
  const auto fail = [&](const std::string& problem, const std::string& expected = "",
                        const std::string& found = "") {
    throw Error(ErrorCode::kBadInput, {.where = where,
                                       .problem = "embodiment: " + problem,
                                       .expected = expected,
                                       .found = found});
  };
  if (name.empty()) fail("has no name");
  if (action.empty()) fail("has no action segments", "at least one [[action]]");
  if (proprio.empty()) fail("has no proprio segments", "at least one [[proprio]]");
  std::set<std::string> seen;
  for (const CameraSpec& camera : cameras) {
    if (camera.name.empty() || !seen.insert(camera.name).second) {
      fail("cameras", "a name of its own for each", "'" + camera.name + "'");
    }
  }
  for (const auto* list : {&proprio, &action}) {
    const std::string what = list == &proprio ? "proprio" : "action";
    seen.clear();
    for (const Segment& s : *list) {
      const std::string segment = what + " segment '" + s.name + "'";
      if (s.name.empty() || !seen.insert(s.name).second) {
        fail(what + " segments", "a name of its own for each", "'" + s.name + "'");
      }
      if (const int size = size_of(s.kind); size > 0 && s.size != size) {
        fail(segment + ": size of a " + word_of(s.kind), std::to_string(size),
             std::to_string(s.size));
      }
      if (!s.names.empty() && int(s.names.size()) != s.size) {
        fail(segment + ": names", std::to_string(s.size), std::to_string(s.names.size()));
      }
      if (s.kind == SegmentKind::kGripper && s.open == s.closed) {
        fail(segment + ": open and closed are the same number");
      }
      if (s.low > s.high) fail(segment + ": low is above high");
      if (list == &proprio) continue;
      if (s.representation != Representation::kAbsolute && s.command == Command::kRelative) {
        fail(segment + ": a relative command is a difference already",
             "representation = \"absolute\"");
      }
      const int state = find_segment(proprio, s.state);
      if (s.representation != Representation::kAbsolute || !s.state.empty()) {
        if (state < 0) {
          fail(segment + ": state", "one of the proprio segments", "'" + s.state + "'");
        }
        const Segment& moved = proprio[size_t(state)];
        if (s.representation != Representation::kAbsolute &&
            (moved.kind != s.kind || moved.size != s.size)) {
          fail(segment + ": its state '" + s.state + "'", "of the same kind and size");
        }
      }
    }
  }
}

std::vector<Span> spans_of(std::span<const Segment> segments) { return spans(segments, raw); }
std::vector<Span> model_spans_of(std::span<const Segment> segments) {
  return spans(segments, modelled);
}

int find_segment(std::span<const Segment> segments, const std::string& name) {
  for (size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].name == name) return int(i);
  }
  return -1;
}
int find_segment(std::span<const Segment> segments, SegmentKind kind) {
  for (size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].kind == kind) return int(i);
  }
  return -1;
}

Embodiment load_embodiment(const std::string& name_or_file) {
  const bool is_file = name_or_file.ends_with(".toml");
  const std::string path =
      find_data(is_file ? name_or_file : "configs/embodiments/" + name_or_file + ".toml");
  std::error_code error;
  if (!fs::exists(path, error)) {
    throw Error(ErrorCode::kNotFound,
                {.where = "embodiment " + name_or_file,
                 .problem = is_file ? "no such file" : "no such robot",
                 .expected = join_names(known_embodiments()) + " or a .toml file",
                 .next = "docs/embodiments.md shows how to write one"});
  }
  Embodiment embodiment;
  list_fields(embodiment).read_toml_file(path);
  embodiment.validate(path);
  return embodiment;
}

const Embodiment& libero_panda() {
  static const Embodiment embodiment = load_embodiment("libero_panda");
  return embodiment;
}

std::string differences(const Embodiment& a, const std::string& a_is, const Embodiment& b,
                        const std::string& b_is) {
  std::ostringstream table;
  for (size_t i = 0; i < std::max(a.cameras.size(), b.cameras.size()); ++i) {
    row(table, "camera " + std::to_string(i + 1),
        i < a.cameras.size() ? a.cameras[i].name : "nothing",
        i < b.cameras.size() ? b.cameras[i].name : "nothing");
  }
  compare(table, "proprio", a.proprio, b.proprio, false);
  compare(table, "action", a.action, b.action, true);
  const auto hz = [](double value) {
    std::ostringstream text;
    text << value << " Hz";
    return text.str();
  };
  row(table, "control rate", hz(a.control_hz), hz(b.control_hz));
  if (table.str().empty()) return "";
  std::ostringstream head;
  row(head, "", a_is + " (" + a.name + ")", b_is + " (" + b.name + ")");
  return head.str() + table.str();
}

void require_same(const Embodiment& a, const std::string& a_is, const Embodiment& b,
                  const std::string& b_is) {
  const std::string table = differences(a, a_is, b, b_is);
  if (table.empty()) return;
  throw Error(ErrorCode::kBadInput,
              {.where = a_is, .problem = "does not fit " + b_is + ":" + table});
}

}  // namespace libra
