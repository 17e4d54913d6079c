// Where the robot will be when actions that are committed now have been executed: proprio rolled
// forward to the moment of execution (after VLASH). Relative end-effector commands are answered as
// LIBERO's controller does (OSC_POSE: a critically damped spring towards a goal that each action
// sets anew from where the arm is), so each axis has a closed form; a robot that is told places is
// taken to be where it was told last.
#pragma once

#include <cstddef>
#include <span>

#include "libra/core/embodiment.h"
#include "libra/core/observation.h"
#include "libra/core/rows.h"

namespace libra {

// The actions executed last, as many as tell the arm's velocity. Nothing allocates after
// construction.
class RecentActions {
 public:
  explicit RecentActions(size_t dims) : actions_(kKept, dims) {}
  void clear() { count_ = 0; }
  void push(std::span<const float> action) {
    actions_.set(next_, action);
    next_ = (next_ + 1) % kKept;
    count_ = count_ < kKept ? count_ + 1 : kKept;
  }
  size_t size() const { return count_; }
  // 0: the oldest.
  std::span<const float> operator[](size_t i) const {
    return actions_[(next_ + kKept - count_ + i) % kKept];
  }

 private:
  static constexpr size_t kKept = 10;
  Rows<float> actions_;
  size_t next_ = 0, count_ = 0;
};

// Thread: constant after construction.
class RollForward {
 public:
  // control_hz: of the loop, where it is not the embodiment's.
  RollForward(const Embodiment& embodiment, double control_hz);

  // `past`: the actions executed last; they tell the velocity. `committed`: those to be executed
  // from `now` on, its first `count` rows. Contacts are not known: fingers that should be moving
  // and by `past` should have long arrived are taken to hold something. `out` is made as long as
  // `now`; nothing else allocates.
  void operator()(std::span<const double> now, const RecentActions& past,
                  const Rows<float>& committed, size_t count, Proprio& out) const;

 private:
  struct Moved {  // an action segment and the proprio segment that it moves
    SegmentKind kind;
    Command command;
    Span action, state;
    double open;
  };
  void move_arm(const Moved& m, const RecentActions& past, const Rows<float>& committed,
                size_t count, Proprio& out) const;
  void move_fingers(const Moved& m, const RecentActions& past, const Rows<float>& committed,
                    size_t count, std::span<const double> now, Proprio& out) const;

  ArmDynamics arm_;
  double dt_;
  std::vector<Moved> moved_;
};

}  // namespace libra
