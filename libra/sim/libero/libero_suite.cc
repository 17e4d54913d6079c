#include "libra/sim/libero/libero_suite.h"

#include "libra/sim/libero/libero_source.h"

namespace libra::sim::libero {
namespace {

// Steps of the common protocol, after settling.
int step_limit(const std::string& suite) {
  if (suite == "libero_spatial") return 220;
  if (suite == "libero_object") return 280;
  if (suite == "libero_goal") return 300;
  if (suite == "libero_10") return 520;
  return 400;
}

}  // namespace

SuiteSpec load_suite(const Checkout& checkout, const std::string& name,
                     const ComposeOptions& options) {
  SuiteSpec suite;
  suite.name = name;
  suite.title = "LIBERO's own tasks, from the checkout";
  suite.max_steps = step_limit(name);
  for (const std::string& stem : checkout.tasks(name)) {
    TaskSpec spec;
    spec.task = {name, stem, instruction_from_file_name(stem), suite.max_steps};
    spec.problem = read_bddl(checkout.bddl_file(name, stem));
    spec.source = std::make_shared<LiberoSource>(checkout, spec.task, spec.problem, options);
    suite.tasks.push_back(std::move(spec));
  }
  return suite;
}

std::vector<std::string> replaced_visuals(const TaskSpec& spec) {
  return dynamic_cast<const LiberoSource&>(*spec.source).compose_model().replaced;
}

}  // namespace libra::sim::libero
