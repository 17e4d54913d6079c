// A data set as one page to look at: what it is, what is odd, how its numbers are spread and where
// the bins lie, and some of its episodes with pictures, clips and curves.
#pragma once

#include <string>
#include <vector>

#include "libra/action/norm_stats.h"
#include "libra/data/episode_set.h"

namespace libra::data {

struct ViewOptions {
  int episodes = 8;    // shown one by one, spread over the set
  int bins = 10;       // N of the lines in the histograms
  int horizon = 1;     // H of the chunks whose actions are counted
  int side = 160;      // px of the pictures
  FitImage fit;        // how they become that size
  std::string folder;  // where films are made for a moment
};

// `stats` are of chunks of options.horizon actions. `title` is text.
std::string view_page(const std::string& title, const EpisodeSet& set,
                      const action::NormStats& stats, const ViewOptions& options);

}  // namespace libra::data
