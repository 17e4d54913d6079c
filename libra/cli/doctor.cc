// libra doctor: what this machine grants.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "libra/cli/command.h"
#include "libra/core/core.h"
#include "libra/eval/eval.h"
#include "libra/media/media.h"
#include "libra/policy/inspect.h"
#include "libra/sim/sim.h"

namespace libra::cli {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::string text(const char* format, double value) {
  char buffer[96];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}

// Makes the first suite's first scene, steps and renders it. False: something is broken.
bool check_simulator(nlohmann::ordered_json& report) {
  constexpr int kRounds = 20;
  try {
    const sim::task::SuiteSpec suite = sim::load_suite(sim::suite_names().at(0));
    sim::SimEnv env(suite.tasks.at(0));
    env.reset({});
    Clock::time_point start = Clock::now();
    for (int i = 0; i < kRounds; ++i) env.step({0, 0, 0, 0, 0, 0, -1});
    const double step_ms = milliseconds_since(start) / kRounds;
    report["physics"] = "works, " + text("%.2f ms a control step of 50 ms", step_ms);
    Observation observation;
    env.observe(observation);  // opens the display-less context
    start = Clock::now();
    for (int i = 0; i < kRounds; ++i) env.observe(observation);
    report["rendering"] =
        "EGL works, " + text("%.2f ms for both cameras at ", milliseconds_since(start) / kRounds) +
        std::to_string(env.config().image_size) + " px";
    report["renderer"] = env.render_device();
    return true;
  } catch (const std::exception& e) {
    report[report.contains("physics") ? "rendering" : "physics"] =
        std::string("does not work: ") + e.what();
    return false;
  }
}

// Encodes a few frames in a temporary folder. False: something is broken.
bool check_video(nlohmann::ordered_json& report) {
  const auto folder = std::filesystem::temp_directory_path();
  const std::string path =
      (folder /
       ("libra_doctor_" + std::to_string(Clock::now().time_since_epoch().count()) + ".mp4"))
          .string();
  try {
    media::VideoWriter writer(path);
    writer.add(Image(64, 64));
    report["video encoder"] =
        writer.encoder() + (writer.encoder() == "mpeg4" ? " (no H.264 encoder found)" : "");
    return true;
  } catch (const std::exception& e) {
    report["video encoder"] = std::string("does not work: ") + e.what();
    return false;
  }
}

// How OpenMP's threads wait; main's start decides it where the environment does not (start.cc).
std::string threads_text(int cores) {
  const char* policy = std::getenv("OMP_WAIT_POLICY");
  const char* spins = std::getenv("GOMP_SPINCOUNT");
  std::string text =
      "1 a network, " + std::to_string(std::min(cores, 2)) + " for training; waiting ";
  if (policy != nullptr) return text + "as OMP_WAIT_POLICY=" + policy + " says";
  return text +
         (spins != nullptr ? "spins " + std::string(spins) + " times, then sleeps" : "spins");
}

std::string limit_text(int resource) {
  rlimit limit{};
  if (getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) return "unknown";
  if (limit.rlim_cur == RLIM_INFINITY) return "unlimited";
  return std::to_string(limit.rlim_cur);
}

void run_doctor(const Context& context) {
  const eval::Machine machine = eval::this_machine();
  nlohmann::ordered_json report;
  report["cpu"] = machine.cpu;
  report["cores"] = machine.cores;
  report["instruction sets"] = machine.isa.empty() ? "none that matter" : join_names(machine.isa);
  report["memory"] =
      text("%.1f GB, ", machine.memory_gb) + text("%.1f GB available", machine.memory_free_gb);
  report["system"] = machine.system;
  report["LibTorch"] = policy::torch_summary();
  report["precision"] = policy::precision_summary();
  report["threads"] = threads_text(machine.cores);
  report["MuJoCo"] = sim::mujoco_version();
  const bool simulates = check_simulator(report), films = check_video(report);
  report["real-time priority"] = "up to " + limit_text(RLIMIT_RTPRIO);
  report["lockable memory"] = limit_text(RLIMIT_MEMLOCK) + " bytes";
  if (context.json) {
    std::printf("%s\n", report.dump(2).c_str());
  } else {
    for (const auto& [name, value] : report.items()) {
      const std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
      std::printf("%-20s %s\n", name.c_str(), shown.c_str());
    }
  }
  if (!simulates || !films) {
    throw Error(ErrorCode::kFailed, {.where = "libra doctor",
                                     .problem = "something above does not work",
                                     .next = "scripts/setup --packages installs what is missing"});
  }
}

}  // namespace

void add_doctor(CLI::App& app, Context& context) {
  CLI::App* c = app.add_subcommand(
      "doctor", "what this machine grants; exit code 1 when something is broken");
  c->callback([&context] { run_doctor(context); });
}

}  // namespace libra::cli
