// What an image of LIBERO's scenes costs: each task's cameras at poses of the scripted expert's
// way, with everything drawn (as MuJoCo does), without what cannot be seen, and with vertices
// merged in cells, in turns; medians in ms of processor time and of the clock. Counts the values
// that differ between the first two: none may; and says how near the third comes to them. Usage:
// render_bench [SUITE ...] [--tasks N] [--poses N] [--size PX] [--cell-um MICROMETRES]
#include <mujoco/mujoco.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "libra/core/data_root.h"
#include "libra/core/error.h"
#include "libra/sim/engine/renderer.h"
#include "libra/sim/engine/scene.h"
#include "libra/sim/libero/libero.h"
#include "libra/sim/sim.h"

namespace {

using namespace libra;
using namespace libra::sim;

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<long>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double process_ms() { return 1000.0 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
double clock_ms() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct Times {
  std::vector<double> work, clock;
};

int different(const Image& a, const Image& b) {
  int count = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i) count += a.rgb[i] != b.rgb[i];
  return count;
}

void measure(const task::TaskSpec& task, int poses, int size, double cell) {
  SimEnv env(task);
  env.reset({.layout = "regions", .seed = 7, .episode = 0, .target = ""});
  auto* model = const_cast<mjModel*>(env.model());
  auto* data = const_cast<mjData*>(env.data());
  const auto all = engine::Renderer::for_model(model, {.unseen = true}),
             seen = engine::Renderer::for_model(model),
             coarse = engine::Renderer::for_model(model, {.cell = cell});
  expert::Expert expert;
  expert.reset(env);
  std::vector<Times> full(2), lean(2), few(2);
  int pixels = 0;
  double squares = 0, values = 0;
  for (int pose = 0; pose < poses; ++pose) {
    for (int i = 0; i < 10; ++i) env.step(expert.act(env));
    env.scene().show_burners();
    for (size_t c = 0; c < 2; ++c) {
      const int id = env.scene().camera(env.embodiment().cameras[c].name);
      Image a, b, d;
      const auto draw = [&](engine::Renderer& renderer, Image& out, Times& times) {
        const double work = process_ms(), start = clock_ms();
        renderer.render(model, data, env.scene().appearance(), id, size, size, out);
        if (pose == 0) return;  // the first opens things
        times.work.push_back(process_ms() - work);
        times.clock.push_back(clock_ms() - start);
      };
      draw(*all, a, full[c]);
      draw(*seen, b, lean[c]);
      draw(*coarse, d, few[c]);
      pixels += different(a, b);
      for (size_t i = 0; i < a.rgb.size(); ++i)
        squares += std::pow(int(a.rgb[i]) - int(d.rgb[i]), 2);
      values += double(a.rgb.size());
    }
  }
  std::printf("%-44.44s", task.task.name.c_str());
  for (size_t c = 0; c < 2; ++c) {
    std::printf("  %6.1f %6.1f %6.1f (%6.1f %6.1f %6.1f)", median(full[c].work),
                median(lean[c].work), median(few[c].work), median(full[c].clock),
                median(lean[c].clock), median(few[c].clock));
  }
  std::printf("  %6d  %5.1f\n", pixels,
              10 * std::log10(255 * 255 * values / std::max(1.0, squares)));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) try {
  std::vector<std::string> suites;
  int tasks = 10, poses = 8, size = 128;
  double cell = .003;
  for (int i = 1; i < argc; ++i) {
    const auto number = [&] { return i + 1 < argc ? std::atoi(argv[++i]) : 0; };
    if (std::strcmp(argv[i], "--tasks") == 0) {
      tasks = number();
    } else if (std::strcmp(argv[i], "--poses") == 0) {
      poses = number();
    } else if (std::strcmp(argv[i], "--size") == 0) {
      size = number();
    } else if (std::strcmp(argv[i], "--cell-um") == 0) {
      cell = 1e-6 * number();
    } else {
      suites.emplace_back(argv[i]);
    }
  }
  if (suites.empty()) suites = {"libero_spatial", "libero_object", "libero_goal", "libero_10"};
  const auto checkout = libero::Checkout::find_in(data_root() + "/third_party/site");
  if (!checkout) {
    throw Error(ErrorCode::kNotFound, "LIBERO is not here: scripts/setup --libero brings it");
  }
  std::printf("%d px; ms of processor time (of the clock): everything, seen parts, %.1f mm cells\n",
              size, 1000 * cell);
  std::printf("%-44s  %-43s  %-43s  differ  dB of cells\n", "task", "agentview", "eye_in_hand");
  for (const std::string& suite : suites) {
    const auto list = libero::load_suite(*checkout, suite).tasks;
    for (size_t t = 0; t < list.size() && t < static_cast<size_t>(tasks); ++t)
      measure(list[t], poses, size, cell);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "render_bench: %s\n", error.what());
  return 2;
}
