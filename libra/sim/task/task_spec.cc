#include "libra/sim/task/task_spec.h"

#include <algorithm>
#include <cctype>

#include "libra/core/error.h"

namespace libra::sim::task {

std::string next_to(std::string_view word, const std::vector<std::string>& known) {
  const std::string near = nearest_name(word, known);
  return "known are " + join_names(known) + (near.empty() ? "" : "; did you mean '" + near + "'?");
}

void require_layout(const TaskSpec& spec, std::string_view layout) {
  if (std::find(spec.layouts.begin(), spec.layouts.end(), layout) != spec.layouts.end()) return;
  throw Error(ErrorCode::kBadInput, {.where = "suite '" + spec.task.suite + "'",
                                     .problem = "has no layout '" + std::string(layout) + "'",
                                     .expected = join_names(spec.layouts),
                                     .next = next_to(layout, spec.layouts)});
}

const TaskSpec& SuiteSpec::find_task(std::string_view task_name) const {
  for (const auto& spec : tasks)
    if (spec.task.name == task_name) return spec;
  std::vector<std::string> known;
  for (const auto& spec : tasks) known.push_back(spec.task.name);
  throw Error(ErrorCode::kNotFound, {.where = "suite '" + name + "'",
                                     .problem = "there is no task '" + std::string(task_name) + "'",
                                     .next = next_to(task_name, known)});
}

Suite SuiteSpec::summary() const {
  Suite suite{name, {}};
  for (const auto& spec : tasks) suite.tasks.push_back(spec.task);
  return suite;
}

void add_tasks(SuiteSpec& suite, const std::vector<std::string>& stems,
               const std::function<TaskSpec(const std::string&)>& load) {
  for (const std::string& stem : stems) {
    try {
      suite.tasks.push_back(load(stem));
    } catch (const Error& error) {
      suite.unreadable.emplace_back(error.what());
      if (suite.unreadable.size() == stems.size()) throw;
    }
  }
}

std::string item_category(std::string_view name) {
  const size_t underscore = name.rfind('_');
  const bool numbered = underscore != std::string_view::npos && underscore + 1 < name.size() &&
                        std::all_of(name.begin() + static_cast<long>(underscore) + 1, name.end(),
                                    [](unsigned char c) { return std::isdigit(c) != 0; });
  return std::string(numbered ? name.substr(0, underscore) : name);
}

std::string item_phrase(std::string_view name) {
  std::string phrase = item_category(name);
  std::replace(phrase.begin(), phrase.end(), '_', ' ');
  return phrase;
}

const std::string& goal_target(const Problem& problem) {
  for (const auto& predicate : problem.goal) {
    if (predicate.args.size() == 2) return predicate.args[0];
  }
  return problem.goal.at(0).args.at(0);
}

std::vector<std::string> askable_items(const Problem& problem) {
  std::vector<std::string> items;
  for (const auto& object : problem.objects) {
    const bool receives =
        std::any_of(problem.goal.begin(), problem.goal.end(), [&](const Predicate& predicate) {
          if (predicate.args.size() < 2) return false;
          return problem.instance_of(predicate.args[1]) == object.name;
        });
    if (!receives) items.push_back(object.name);
  }
  return items;
}

const std::string& find_item(const Problem& problem, std::string_view item) {
  const auto items = askable_items(problem);
  for (const auto& object : problem.objects) {
    if ((object.name == item || object.category == item) &&
        std::find(items.begin(), items.end(), object.name) != items.end()) {
      return object.name;
    }
  }
  throw Error(ErrorCode::kNotFound,
              {.where = problem.file,
               .problem = "there is no item '" + std::string(item) + "' to ask for",
               .next = next_to(item, items)});
}

std::string asked_instruction(const TaskSpec& spec, std::string_view item) {
  const std::string target = item_phrase(goal_target(spec.problem));
  const std::string asked = item_phrase(find_item(spec.problem, item));
  std::string text = spec.task.instruction;
  const size_t at = text.find(target);
  if (at == std::string::npos) {
    throw Error(ErrorCode::kBadInput,
                {.where = "instruction '" + text + "'",
                 .problem = "does not name the goal's '" + target + "'",
                 .next = "another item can be asked for only where the instruction names one"});
  }
  return text.replace(at, target.size(), asked);
}

std::vector<Predicate> asked_goal(const Problem& problem, std::string_view item) {
  const std::string& asked = find_item(problem, item);
  const std::string& target = goal_target(problem);
  std::vector<Predicate> goal = problem.goal;
  for (auto& predicate : goal) {
    for (auto& arg : predicate.args) {
      if (arg == target) arg = asked;
    }
  }
  return goal;
}

}  // namespace libra::sim::task
