// What is kept to look at of an episode: a film of all frames, and small pictures of those at which
// something was asked (internal to eval).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libra/core/error.h"
#include "libra/eval/rollout.h"
#include "libra/media/video.h"

namespace libra::eval {

// A film that cannot be written says nothing about the policy, so it fails no episode: it ends the
// evaluation, which goes on from its journal.
class FilmError : public Error {
 public:
  explicit FilmError(const Error& error)
      : Error(ErrorCode::kFailed,
              Parts{.problem = error.what(),
                    .next = "free some space or use --videos 0; the same command goes on"}) {}
};

// Thread: one at a time. What cannot be written throws FilmError.
class EpisodeFilm {
 public:
  // Forgets what is there.
  void clear();
  void open(const std::string& path, double hz);
  bool is_open() const { return writer_ != nullptr; }
  void add(const std::vector<Image>& cameras);
  void note(int64_t step, const std::vector<Image>& cameras);
  // `log`: of what was planned and done, for libra inspect, beside the film.
  void finish(const std::string& log);
  void drop_film() { writer_.reset(); }  // what was noted stays
  // At most `count` of the noted pictures, spread evenly.
  Strip strip(size_t count);

 private:
  std::unique_ptr<media::VideoWriter> writer_;
  std::string log_path_;
  std::vector<int64_t> steps_;
  std::vector<Image> pictures_;
};

// `count` indices spread evenly over [0, size), first and last included; fewer when size is
// smaller.
std::vector<size_t> spread(size_t size, size_t count);

}  // namespace libra::eval
