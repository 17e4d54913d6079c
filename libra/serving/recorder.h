// What connections showed and were told, as a LeRobot data set: an episode each of theirs, so that
// what happened at work can be trained on. Recording never holds up an answer: frames go to a
// thread of their own, by way of files without a name, so that memory stays flat.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include "libra/core/observation.h"
#include "libra/data/episode_writer.h"
#include "libra/serving/log.h"
#include "libra/serving/metrics.h"

namespace libra::serving {

// An episode in the making; belongs to a connection.
struct Track;

class Recorder {
 public:
  // Adds to the data set in `root` or makes it. Throws Error as data::write_lerobot does. Metrics
  // and log must outlive this.
  Recorder(const std::string& root, const Embodiment& embodiment, Metrics& metrics, Log& log);
  // Finishes what was handed over, then makes the data set of all of it.
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // The observation of the next control step and the action that answered it. `track`: the
  // connection's, made here where there is none. An episode needs every control step: one with a
  // gap is left out, and the log says so.
  void add(std::shared_ptr<Track>& track, Observation observation, const std::string& instruction,
           std::span<const float> action, const std::string& peer);
  // The episode is over; null does nothing.
  void finish(std::shared_ptr<Track> track, bool success = false);
  // Thread: all of the above any, a track one at a time.

 private:
  void post(std::function<void()> job);
  void run();
  void write_frame(Track& track, Observation& observation, const std::vector<float>& action);
  void write_episode(Track& track, bool success);
  void fit(std::vector<Image>& images);

  Metrics& metrics_;
  Log& log_;
  std::unique_ptr<data::EpisodeWriter> writer_;
  int64_t next_number_ = 0;
  std::vector<std::pair<int, int>> sizes_;  // height, width of each camera in the data set

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace libra::serving
