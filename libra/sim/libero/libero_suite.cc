#include "libra/sim/libero/libero_suite.h"

#include "libra/core/error.h"
#include "libra/sim/libero/libero_source.h"

namespace libra::sim::libero {
namespace {

struct Family {
  const char* word;  // of the suite's name
  int max_steps;     // of the common protocol, after settling
  size_t tasks;      // of LIBERO's own suite libero_<word>
};
constexpr int kOtherLimit = 400;
constexpr Family kFamilies[] = {
    {"spatial", 220, 10}, {"object", 280, 10}, {"goal", 300, 10}, {"10", 520, 10}, {"90", 400, 90}};

// "libero_object_swap" and "safelibero_object" are of the family "object"; nullptr: of none.
const Family* family_of(const std::string& suite) {
  const std::string name = "_" + suite + "_";
  for (const Family& family : kFamilies) {
    if (name.find("_" + std::string(family.word) + "_") != std::string::npos) return &family;
  }
  return nullptr;
}

// Whether these are tasks that LIBERO published. LIBERO-plus keeps the names of the suites and adds
// thousands of files, whose names are no sentences.
bool is_published(const std::string& suite, size_t tasks) {
  const Family* family = family_of(suite);
  return family != nullptr && suite == "libero_" + std::string(family->word) &&
         tasks <= family->tasks;
}

}  // namespace

int step_limit(const std::string& suite) {
  const Family* family = family_of(suite);
  return family != nullptr ? family->max_steps : kOtherLimit;
}

task::SuiteSpec load_suite(const Checkout& checkout, const std::string& name,
                           const ComposeOptions& options) {
  task::SuiteSpec suite;
  suite.name = name;
  suite.title = "LIBERO's own tasks, from the checkout";
  suite.layouts = {"libero", kRegions};
  suite.max_steps = step_limit(name);
  const std::vector<std::string> stems = checkout.tasks(name);
  const bool published = is_published(name, stems.size());
  if (!published) {
    suite.title = "tasks in LIBERO's scenes, from the checkout";
    suite.instructions = "the task file's :language";
  }
  task::add_tasks(suite, stems, [&](const std::string& stem) {
    task::TaskSpec spec;
    spec.problem = task::read_bddl(checkout.bddl_file(name, stem));
    require_models(spec.problem, checkout);
    const std::string words = published ? instruction_from_file_name(stem) : spec.problem.language;
    if (words.empty()) {
      throw Error(ErrorCode::kBadInput, {.where = checkout.bddl_file(name, stem),
                                         .problem = "says no instruction",
                                         .expected = "(:language ...)"});
    }
    spec.task = {name, stem, words, suite.max_steps};
    spec.layouts = suite.layouts;
    spec.source = std::make_shared<LiberoSource>(checkout, spec.task, spec.problem,
                                                 checkout.init_file(name, stem), options);
    return spec;
  });
  return suite;
}

std::vector<std::string> replaced_visuals(const task::TaskSpec& spec) {
  return dynamic_cast<const LiberoSource&>(*spec.source).compose_model().replaced;
}

}  // namespace libra::sim::libero
