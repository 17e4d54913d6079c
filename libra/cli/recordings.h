// Episodes as they lie in the folders of runs: a film and, beside it under the same name, a log of
// what was planned and done (runtime/episode_log.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libra/serving/inspector.h"

namespace libra::cli {

// The episodes of a run's folder (libra eval, libra inspect --out), or that of one file of them, in
// the order of their names, each to be read when it is looked at. Throws Error(kNotFound) when
// there is none, Error(kBadInput) for a log that is none.
std::vector<std::shared_ptr<serving::Viewpoint>> recorded_episodes(const std::string& run);

}  // namespace libra::cli
