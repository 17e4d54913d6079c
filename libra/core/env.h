// A world to act in: the simulator, a robot, or anything that answers an action with an
// observation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libra/core/embodiment.h"
#include "libra/core/observation.h"

namespace libra {

// A benchmark entry.
struct Task {
  std::string suite;
  std::string name;           // file stem of its BDDL file
  std::string instruction;    // what the policy is told
  int max_steps = 0;          // control steps after which the episode counts as failed
  std::string category = {};  // results are given by category, too; "" none
};

// What decides a benchmark's numbers besides the policy, as pairs of a word and what holds for it.
using Protocol = std::vector<std::pair<std::string, std::string>>;
// Before the name of a category: the protocol's word for what of it is left out, and why.
inline constexpr std::string_view kLeftOut = "left_out ";

struct Suite {
  std::string name;
  std::vector<Task> tasks;
  Protocol protocol = {};
};

// Names one initial state. The state is a pure function of these values.
struct EpisodeKey {
  std::string layout =
      "libero";       // libero: where the BDDL file puts things; shuffled: the seed decides
  uint64_t seed = 0;  // of the evaluation or of the data set
  uint64_t episode = 0;
  // Item to ask for instead of the task's own target ("" keeps the task's). Scene and state stay
  // the same; instruction and goal change.
  std::string target = {};
  // What is changed against the plain episode of the other values, such as "light", "noise.fog" or
  // "camera.orbit:3" (the environment knows the names; "" changes nothing). What the name leaves
  // open is drawn from suite, task, seed and episode, so the varied state is a pure function of the
  // key too, and everything the variation does not change is as in the plain episode.
  std::string variation = {};
};

// What an episode came to. Where the key's variation tests for memory, the old goal is what the
// task wanted, or what acting on the memory of it comes to, instead of what is asked for now.
enum class Goal { kNone, kAsked, kOld };

struct StepResult {
  bool success = false;  // the goal holds now; where nothing is asked for: the old one never did
  bool done = false;     // success, old goal or step limit
  Goal reached = Goal::kNone;
};

// Thread: an Env is used only by the thread that made it (rendering contexts are bound to threads).
class Env {
 public:
  virtual ~Env() = default;
  // Puts the settled initial state of `key` in place, step 0.
  virtual void reset(const EpisodeKey& key) = 0;
  virtual StepResult step(const Action& action) = 0;
  // Renders the cameras and reads proprio at the current state.
  virtual void observe(Observation& out) = 0;
  virtual const Task& task() const = 0;
  // The robot that acts in it.
  virtual const Embodiment& embodiment() const = 0;
  // The instruction of the current episode (differs from the task's when EpisodeKey::target is
  // set).
  virtual const std::string& instruction() const = 0;
  // Names of the items one could ask for in the current episode, in a fixed order.
  virtual std::vector<std::string> items() const = 0;
  // The item the current episode asks for.
  virtual const std::string& target() const = 0;
  // The first item that was lifted (3 cm above where it lay) in this episode; "" so far none.
  virtual const std::string& first_lifted() const = 0;
};

using EnvFactory = std::function<std::unique_ptr<Env>(const Task&)>;

}  // namespace libra
