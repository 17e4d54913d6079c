// Own suites' environment for a client in another language, over stdin and stdout: what the tests
// with the real openpi-client drive. As libra eval makes it, key for key.
//   env_pipe SUITE IMAGE_SIZE
//   in:  "reset TASK SEED EPISODE\n"           TASK: number from 0
//        "step\n" and one float32 an action's number
//   out: a line of JSON, and after a reset or step the pictures' bytes and the state's float64s
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "libra/eval/rollout.h"
#include "libra/sim/sim.h"

namespace {

void show(libra::sim::SimEnv& env, const libra::StepResult& result) {
  libra::Observation observation;
  env.observe(observation);
  nlohmann::json line = {{"instruction", env.instruction()},
                         {"task", env.task().name},
                         {"max_steps", env.task().max_steps},
                         {"success", result.success},
                         {"done", result.done},
                         {"images", nlohmann::json::array()},
                         {"state", observation.proprio.size()}};
  for (const libra::Image& image : observation.images) {
    line["images"].push_back({image.height, image.width, 3});
  }
  std::cout << line.dump() << "\n";
  for (const libra::Image& image : observation.images) {
    std::cout.write(reinterpret_cast<const char*>(image.rgb.data()),
                    std::streamsize(image.rgb.size()));
  }
  std::cout.write(reinterpret_cast<const char*>(observation.proprio.data()),
                  std::streamsize(observation.proprio.size() * sizeof(double)));
  std::cout.flush();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  setenv("LP_NUM_THREADS", "0", 0);
  const libra::sim::task::SuiteSpec& suite = libra::sim::load_suite(argv[1]);
  libra::sim::SimConfig config;
  config.image_size = std::stoi(argv[2]);
  std::unique_ptr<libra::sim::SimEnv> env;
  size_t made_of = SIZE_MAX;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word == "reset") {
      size_t task = 0;
      uint64_t seed = 0, episode = 0;
      words >> task >> seed >> episode;
      if (made_of != task) env = std::make_unique<libra::sim::SimEnv>(suite.tasks.at(task), config);
      made_of = task;
      env->reset(
          {.layout = "libero", .seed = libra::eval::evaluation_seed(seed), .episode = episode});
      show(*env, {});
    } else if (word == "step" && env != nullptr) {
      libra::Action action(size_t(env->embodiment().action_dim()));
      std::cin.read(reinterpret_cast<char*>(action.data()),
                    std::streamsize(action.size() * sizeof(float)));
      show(*env, env->step(action));
    } else {
      return 2;
    }
  }
  return 0;
}
