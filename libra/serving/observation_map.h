// From the names in a message to the observation that a policy's robot asks for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libra/core/embodiment.h"
#include "libra/core/observation.h"
#include "libra/serving/wire.h"

namespace libra::serving {

// Words of --flip: how pictures lie in messages. kAuto: as the embodiment says, but mirrored where
// vla-eval says that its benchmark is of LIBERO, whose pictures it turns by 180 degrees.
enum class MessageFlip { kAuto, kNone, kVertical, kHorizontal, kRotated };

class ObservationMap {
 public:
  // `assignments`: "agentview=observation/image", "state=robot/q", "prompt=task"; the left side is
  // a camera of the embodiment, a segment of its proprio, `state` (all of them) or `prompt`.
  // What is not assigned is looked for under the names that openpi, vla-eval and LeRobot use.
  // Throws Error(kBadInput) for an assignment that is none or names nothing of this robot.
  ObservationMap(const Embodiment& embodiment, const std::vector<std::string>& assignments);

  struct Mapped {
    Observation observation;  // step and time 0
    std::string instruction;
  };
  // Throws Error(kBadInput); of what is missing or does not fit with the whole table of what was
  // expected and found. `flip`: instead of the embodiment's.
  Mapped read(const WireMessage& message, const Limits& limits,
              std::optional<Flip> flip = std::nullopt) const;

  // A line for each thing that an observation must hold, and the names it may have.
  std::string table() const;
  const Embodiment& embodiment() const { return embodiment_; }

 private:
  struct Slot {
    std::string what;                // for people: "camera agentview"
    std::vector<std::string> names;  // the first that is there is taken
  };
  struct Found {
    const WireValue* value = nullptr;
    std::string name;
  };
  static Found find(const WireMessage& message, const Slot& slot);
  Image read_camera(size_t camera, const WireMessage& message, const Limits& limits) const;
  Proprio read_state(const WireMessage& message) const;
  std::string read_prompt(const WireMessage& message, const Limits& limits) const;
  [[noreturn]] void refuse(const WireMessage& message, const std::string& problem) const;

  Embodiment embodiment_;
  std::vector<Slot> cameras_;
  Slot state_;
  std::vector<Slot> segments_;  // instead of the whole state
  Slot prompt_;
};

}  // namespace libra::serving
