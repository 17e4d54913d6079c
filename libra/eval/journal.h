// The record of an evaluation under way: one line of JSON for every episode, on the disk as its
// group ends. An evaluation that was interrupted reads it and plays what is missing; shards of one
// evaluation are joined by theirs.
#pragma once

#include <string>
#include <vector>

#include "libra/core/file.h"
#include "libra/eval/rollout.h"

namespace libra::eval {

// What a journal holds. Chunks, actions and film strips are not kept.
struct JournalContent {
  std::string settings;  // of the evaluation, as given to the journal that wrote it; "" no journal
  std::vector<EpisodeRecord> episodes;
};
// Episodes of tasks that `request` does not have are left out. Throws Error(kBadInput) that names
// the line for a file that is no journal.
JournalContent read_journal(const std::string& path, const RolloutRequest& request);

// Thread: one call at a time.
class EpisodeJournal {
 public:
  // Goes on with the file, or begins it with `settings` (JSON).
  EpisodeJournal(const std::string& path, const std::string& settings);
  void add(const RolloutRequest& request, const std::vector<EpisodeRecord>& group);

 private:
  LineJournal lines_;
};

}  // namespace libra::eval
