#include "libra/eval/wordings.h"

#include <algorithm>
#include <sstream>

#include "libra/core/error.h"
#include "libra/core/rng.h"

namespace libra::eval {
namespace {

constexpr size_t kLongest = 1000;  // bytes of a wording

// The three columns of a line; throws where there are others.
std::vector<std::string> columns_of(const std::string& line, const std::string& where) {
  std::vector<std::string> columns;
  std::istringstream in(line);
  for (std::string column; std::getline(in, column, '\t');) columns.push_back(column);
  if (columns.size() != 3) {
    throw Error(ErrorCode::kBadInput,
                {.where = where,
                 .problem = "has " + std::to_string(columns.size()) + " columns between tabs",
                 .expected = "suite, task, wording"});
  }
  return columns;
}

void check_wording(const std::string& wording, const std::string& where) {
  const bool plain = std::none_of(wording.begin(), wording.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (plain && wording.size() <= kLongest && wording.find_first_not_of(' ') != std::string::npos) {
    return;
  }
  throw Error(ErrorCode::kBadInput, {.where = where,
                                     .problem = "no wording that a policy could be told",
                                     .expected = "a sentence of at most 1000 bytes"});
}

}  // namespace

Wordings::Wordings(const std::string& text, const std::string& where,
                   const std::vector<Suite>& known)
    : hash_(hash_name(text)) {
  std::istringstream in(text);
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    const std::string here = where + ":" + std::to_string(number);
    const std::vector<std::string> columns = columns_of(line, here);
    check_wording(columns[2], here);
    const auto suite = std::find_if(known.begin(), known.end(),
                                    [&](const Suite& s) { return s.name == columns[0]; });
    const bool found =
        suite != known.end() && std::any_of(suite->tasks.begin(), suite->tasks.end(),
                                            [&](const Task& t) { return t.name == columns[1]; });
    const std::string name = columns[0] + "/" + columns[1];
    if (found) {
      of_[name].push_back(columns[2]);
    } else {
      std::string told = here;
      told += ": no task " + name + " among what is evaluated; the rest goes on";
      skipped_.push_back(std::move(told));
    }
  }
  if (of_.empty()) {
    throw Error(
        ErrorCode::kBadInput,
        {.where = where,
         .problem = skipped_.empty() ? "has no wordings" : "has wordings for none of these tasks",
         .expected = "lines of suite, task and wording, between tabs",
         .next = "libra suites lists the tasks' names"});
  }
}

const std::string& Wordings::at(const Task& task, uint64_t episode) const {
  const auto found = of_.find(name_of(task));
  return found == of_.end() ? task.instruction : found->second[episode % found->second.size()];
}

}  // namespace libra::eval
