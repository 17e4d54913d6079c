#include "libra/collect/collector.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

#include "libra/core/error.h"
#include "libra/core/rng.h"
#include "libra/core/workers.h"

namespace libra::collect {
namespace {

// Added to the seed of a data set, so that no demonstration shares its initial state with an
// evaluation (seeds 0 to 999,999).
constexpr uint64_t kDataSeed = 1'000'000;

// What one says in this suite to ask for an item.
const std::string& instruction_naming(const sim::task::SuiteSpec& suite, const std::string& item) {
  for (const auto& spec : suite.tasks) {
    if (sim::task::item_category(sim::task::goal_target(spec.problem)) == item)
      return spec.task.instruction;
  }
  throw Error(ErrorCode::kNotFound,
              {.where = "suite " + suite.name, .problem = "no task asks for " + item});
}

}  // namespace

TaskReport collect_task(const sim::task::TaskSpec& spec, const CollectConfig& config,
                        data::EpisodeWriter& writer, int64_t first_number,
                        const std::atomic<bool>& stop, Progress& progress) {
  TaskReport report;
  report.task = spec.task.name;
  const std::set<int64_t> finished = writer.finished();
  std::vector<int> missing;
  for (int i = 0; i < config.demos; ++i) {
    if (finished.contains(first_number + i)) {
      ++report.kept;
      progress.advance(spec.task.name);
    } else {
      missing.push_back(i);
    }
  }
  std::mutex mutex;
  size_t next = 0;
  const auto work = [&](const std::atomic<bool>& failed) {
    Demonstrator demonstrator(
        spec, sim::SimConfig{.image_size = config.image_size, .mesh_cell = config.mesh_cell},
        config.demonstration, &stop);
    for (;;) {
      int index;
      {
        const std::lock_guard lock(mutex);
        if (stop || failed || next >= missing.size()) return;
        index = missing[next++];
      }
      data::Demo demo;
      int failures = 0;
      const auto& vary = config.variations;
      // A failed attempt is followed by another initial state, named by the attempt.
      while (failures < config.attempts &&
             !demonstrator.demonstrate(
                 {.layout = config.layout,
                  .seed = kDataSeed + config.seed,
                  .episode = uint64_t(index) + uint64_t(failures) * 100'000,
                  .variation = vary.empty() ? "" : vary[size_t(index) % vary.size()]},
                 demo)) {
        if (stop) return;
        ++failures;
      }
      const int frames = demo.frames;
      if (failures < config.attempts) writer.add(first_number + index, std::move(demo));
      const std::lock_guard lock(mutex);
      report.failures += failures;
      if (failures < config.attempts) {
        ++report.demos;
        report.frames += frames;
      }
      progress.advance(spec.task.name);
    }
  };
  run_workers(std::min(config.workers, static_cast<int>(missing.size())), work);
  return report;
}

std::vector<data::Scene> collect_scenes(const sim::task::SuiteSpec& suite, int count,
                                        const CollectConfig& config,
                                        const std::atomic<bool>& stop) {
  Progress progress("scenes", count);
  std::vector<data::Scene> scenes{size_t(count)};
  std::atomic<int> next{0}, made{0};
  run_workers(config.workers, [&](const std::atomic<bool>& failed) {
    sim::SimEnv env(suite.tasks[0], sim::SimConfig{.image_size = config.image_size});
    Observation observation;
    for (int index; !stop && !failed && (index = next++) < count;) {
      data::Scene& scene = scenes[size_t(index)];
      env.reset_random_scene(
          mix_seed({kDataSeed + config.seed, hash_name("scene"), uint64_t(index)}));
      env.observe(observation);
      scene.images = observation.images;
      scene.proprio = observation.proprio;
      scene.items = env.items();
      for (const auto& item : scene.items) {
        scene.instructions.push_back(instruction_naming(suite, item));
      }
      label_items(env, scene.items, scene.item_uv, nullptr);
      ++made;
      progress.advance();
    }
  });
  scenes.resize(size_t(made));
  return scenes;
}

}  // namespace libra::collect
