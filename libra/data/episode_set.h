// The episodes that a run works on: what is known of each frame in memory, pictures through a
// FrameStore. Statistics, windows and labels read from here, whatever the data are stored in.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "libra/action/norm_stats.h"
#include "libra/data/demo.h"
#include "libra/data/episode_source.h"
#include "libra/data/frame_store.h"

namespace libra::data {

struct EpisodeSetOptions {
  std::string embodiment;  // name or file; "": what the data say
  std::string gripper;     // "01", "10": gripper commands as the data write them (check.h)
  bool skip_bad = false;   // go on without episodes that cannot be read, and count them
  uint64_t memory = uint64_t{4} << 30;  // for pictures
  std::string cache;                    // folder for pictures that do not fit
  int workers = 1;                      // that decode
  std::vector<int> sides = {128};       // of the pictures
  FitImage fit;                         // how they become that size
  std::string fit_name;                 // the same in a word
};

// Thread: constant after construction; images() from several threads.
class EpisodeSet {
 public:
  // Opens the sets, which must be of one robot, and reads all but pictures, with a progress bar.
  // Throws what open_source() and reading throw, Error(kInterrupted) once `stop` is set.
  static std::unique_ptr<EpisodeSet> open(const std::vector<std::string>& paths,
                                          const EpisodeSetOptions& options,
                                          const std::atomic<bool>* stop = nullptr);
  // Of demonstrations with their pictures, for tests.
  EpisodeSet(std::vector<Demo> demos, const Embodiment& embodiment);

  const Embodiment& embodiment() const { return embodiment_; }
  const std::vector<Demo>& demos() const { return demos_; }
  const Demo& demo(int index) const { return demos_[size_t(index)]; }
  int64_t frames() const;  // of all
  // Which of the data sets an episode is of, by their order.
  size_t set_of(int index) const { return origins_.empty() ? 0 : origins_[size_t(index)].source; }
  // Why episodes were left out, one entry each.
  const std::vector<std::string>& skipped() const { return skipped_; }
  // A frame's pictures of size number `which`, camera after camera; where it has none, those of the
  // last frame before it that has some.
  void images(int demo, int frame, size_t which, uint8_t* out) const;
  // The same, of the first size.
  std::vector<Image> pictures(int demo, int frame) const;
  // All pictures of an episode in order, at the size that the data have. Throws as the source does.
  void decode(int demo, const TakeFrame& take) const;

 private:
  EpisodeSet() = default;
  EpisodeSet(EpisodeSet&&) = delete;  // the store calls back
  Embodiment embodiment_;
  std::vector<Demo> demos_;
  std::vector<std::string> skipped_;
  std::vector<std::unique_ptr<EpisodeSource>> sources_;
  struct Origin {
    size_t source;
    int episode;
  };
  std::vector<Origin> origins_;  // of each demo
  int side_ = 1;                 // px of the first size
  std::unique_ptr<FrameStore> store_;
};

// Of all episodes, as numbers, for chunks of `horizon` actions.
action::NormStats statistics(const EpisodeSet& set, const Embodiment& embodiment, int horizon);

}  // namespace libra::data
