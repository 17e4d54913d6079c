// Other wordings of what tasks ask for: how a policy does when people say it their way.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libra/core/env.h"

namespace libra::eval {

class Wordings {
 public:
  Wordings() = default;
  // Of a table with a line for each wording: suite, task (name), wording, between tabs; empty lines
  // and those that begin with # are none. `known`: the suites with all their tasks. What is asked
  // for of tasks that are in none of them is left out, and told in skipped(). Throws
  // Error(kBadInput) that names `where` and the line for a line that is none, a wording that is
  // empty, has control characters or is longer than 1,000 bytes, and for a table without any line.
  Wordings(const std::string& text, const std::string& where, const std::vector<Suite>& known);

  bool empty() const { return of_.empty(); }
  uint64_t hash() const { return hash_; }  // hash_name() of the table
  bool has(const Task& task) const { return of_.count(name_of(task)) > 0; }
  // What an episode asks for: a task's wordings in turns, or its own instruction.
  const std::string& at(const Task& task, uint64_t episode) const;
  // One line for each task that nobody knows.
  const std::vector<std::string>& skipped() const { return skipped_; }

 private:
  static std::string name_of(const Task& task) { return task.suite + "/" + task.name; }
  std::map<std::string, std::vector<std::string>> of_;  // by suite/task
  std::vector<std::string> skipped_;
  uint64_t hash_ = 0;
};

}  // namespace libra::eval
