// Many demonstrations, by several workers, each kept as soon as it is finished.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "libra/collect/demonstrator.h"
#include "libra/core/progress.h"
#include "libra/data/episode_writer.h"
#include "libra/data/scene_set.h"
#include "libra/sim/sim.h"

namespace libra::collect {

struct CollectConfig {
  std::string layout;                   // of the initial states
  std::vector<std::string> variations;  // in turns; none: as the task is
  int demos = 50;                       // a task
  int workers = 2;
  int image_size = 128;  // px
  double mesh_cell = 0;  // m, as SimConfig has it
  int attempts = 5;      // with other initial states, before a demonstration is given up
  uint64_t seed = 0;     // of the data set
  DemonstrationConfig demonstration;
};

struct TaskReport {
  std::string task;
  int demos = 0, failures = 0;  // made and failed by this call
  int kept = 0;                 // there already
  int64_t frames = 0;
};

// What is missing of a task's demonstrations. In `writer` they have the numbers first_number + 0,
// 1, ... Joins nothing.
TaskReport collect_task(const sim::task::TaskSpec& spec, const CollectConfig& config,
                        data::EpisodeWriter& writer, int64_t first_number,
                        const std::atomic<bool>& stop, Progress& progress);

// Random still scenes with every item's name and place; fewer once `stop` is set.
std::vector<data::Scene> collect_scenes(const sim::task::SuiteSpec& suite, int count,
                                        const CollectConfig& config, const std::atomic<bool>& stop);

}  // namespace libra::collect
