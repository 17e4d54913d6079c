// report.html: one file without outside references that shows an evaluation to a person.
#pragma once

#include <string>

#include "libra/eval/results.h"

namespace libra::eval {

struct ReportExtras {
  std::string title = "Libra evaluation";
  std::string configuration = {};    // resolved configuration of the run, as text
  std::string video_dir = "videos";  // relative to the report
};

// `outcome` gives the timelines and film strips.
std::string to_html(const Results& results, const RolloutOutcome& outcome,
                    const ReportExtras& extras);

}  // namespace libra::eval
