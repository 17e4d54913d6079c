// A progress bar on stderr. When stderr is no terminal it prints a plain line now and then instead.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace libra {

// Thread: safe to call from several workers.
class Progress {
 public:
  // total: number of units; label stands in front of the bar.
  Progress(std::string label, int64_t total);
  ~Progress();
  // Sets the count of finished units and the note behind the bar.
  void update(int64_t done, const std::string& note = "");
  void advance(const std::string& note = "");
  // A line of its own above the bar.
  void say(const std::string& line);
  void finish();

 private:
  void set(int64_t done, const std::string& note);  // with mutex_ held
  void draw(bool last);

  std::mutex mutex_;
  std::string label_, note_;
  int64_t total_, done_ = 0;
  int64_t first_done_ = -1;  // where counting began, so that a resumed run shows an honest rate
  bool terminal_, finished_ = false;
  std::chrono::steady_clock::time_point start_, last_draw_;
};

}  // namespace libra
