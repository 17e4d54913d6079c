// The drawings of the report: SVG and HTML fragments (internal to eval). Colours are CSS classes
// and variables of the page, so that light and dark schemes both work.
#pragma once

#include <string>
#include <vector>

#include "libra/eval/results.h"

namespace libra::eval {

// A bar from 0 to the rate with a whisker over the 95 % interval.
std::string rate_bar(int successes, int episodes);
// One row per task, one mark per episode at the step where it ended.
std::string steps_figure(const SuiteResult& suite, int suite_index,
                         const std::vector<EpisodeRecord>& episodes);
// Median and 99th percentile of planner, refiner and chunk against the time a chunk takes to play
// (ms).
std::string latency_figure(const Results& results, double chunk_ms);
// What moves the end effector and the grippers over time: the planned bins as bands and cells, the
// executed action as a line.
std::string timeline_figure(const EpisodeRecord& record, const Embodiment& embodiment);
// Frames as one inlined JPEG with their steps below.
std::string strip_figure(const Strip& strip);

}  // namespace libra::eval
