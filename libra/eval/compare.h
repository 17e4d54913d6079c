// Several evaluations beside each other: a table, and success over planner latency as a figure that
// stands alone.
#pragma once

#include <string>
#include <vector>

#include "libra/eval/results.h"

namespace libra::eval {

// What tells an evaluation from its neighbours: "overlapped M=2, roll_forward".
std::string schedule_label(const Results& results);

// One line per evaluation, in the order given: schedule, latencies, success with its 95 % interval,
// planner calls, held steps, plan age, chunk latency, time to success. Markdown.
std::string comparison_table(const std::vector<Results>& results);

// Success rate over planner latency (ms), one line per schedule_label, 95 % intervals as whiskers;
// a whole SVG document. "" unless at least two evaluations have constant, different latencies.
std::string latency_plot(const std::vector<Results>& results);

}  // namespace libra::eval
