#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "libra/cli/command.h"
#include "libra/sim/suite.h"

namespace libra::cli {
namespace {

nlohmann::json to_json(const sim::SuiteSpec& suite) {
  nlohmann::json tasks = nlohmann::json::array();
  for (const sim::TaskSpec& spec : suite.tasks) {
    tasks.push_back({{"name", spec.task.name},
                     {"instruction", spec.task.instruction},
                     {"max_steps", spec.task.max_steps}});
  }
  return {{"name", suite.name},
          {"title", suite.title},
          {"max_steps", suite.max_steps},
          {"control_hz", suite.control_hz},
          {"tasks", tasks}};
}

void print(const sim::SuiteSpec& suite) {
  std::printf("%s: %s\n  %zu tasks, at most %d steps at %g Hz, layouts libero and shuffled\n",
              suite.name.c_str(), suite.title.c_str(), suite.tasks.size(), suite.max_steps,
              suite.control_hz);
  for (size_t i = 0; i < suite.tasks.size(); ++i) {
    const Task& task = suite.tasks[i].task;
    std::printf("  %2zu  %s\n      \"%s\"\n", i, task.name.c_str(), task.instruction.c_str());
  }
}

void list_suites(const std::string& only, const Context& context) {
  nlohmann::json list = nlohmann::json::array();
  for (const std::string& name :
       only.empty() ? sim::suite_names() : std::vector<std::string>{only}) {
    const sim::SuiteSpec suite = sim::load_suite(name);
    if (context.json) {
      list.push_back(to_json(suite));
    } else {
      print(suite);
    }
  }
  if (context.json) std::printf("%s\n", list.dump(2).c_str());
}

}  // namespace

void add_suites(CLI::App& app, Context& context) {
  auto only = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("suites", "list suites, tasks, instructions and step limits");
  command->add_option("suite", *only, "only this suite");
  command->callback([only, &context] { list_suites(*only, context); });
}

}  // namespace libra::cli
