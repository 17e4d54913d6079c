#include "libra/core/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace libra {
namespace {

std::string clock_text(double seconds) {
  char text[32];
  const auto s = static_cast<int>(std::lround(seconds));
  if (s >= 3600) {
    std::snprintf(text, sizeof text, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
  } else {
    std::snprintf(text, sizeof text, "%d:%02d", s / 60, s % 60);
  }
  return text;
}

}  // namespace

Progress::Progress(std::string label, int64_t total)
    : label_(std::move(label)),
      total_(total),
      terminal_(isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()),
      last_draw_(start_) {}

Progress::~Progress() { finish(); }

void Progress::update(int64_t done, const std::string& note) {
  const std::lock_guard lock(mutex_);
  set(done, note);
}

void Progress::advance(const std::string& note) {
  const std::lock_guard lock(mutex_);
  set(done_ + 1, note);
}

void Progress::say(const std::string& line) {
  const std::lock_guard lock(mutex_);
  std::fprintf(stderr, "%s%s: %s\n", terminal_ ? "\r\033[K" : "", label_.c_str(), line.c_str());
  if (terminal_ && !finished_) draw(false);
}

void Progress::set(int64_t done, const std::string& note) {
  if (first_done_ < 0) first_done_ = std::max<int64_t>(0, done - 1);
  done_ = done;
  note_ = note;
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - last_draw_;
  if (since.count() >= (terminal_ ? 0.2 : 15.0)) draw(false);
}

void Progress::finish() {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  finished_ = true;
  draw(true);
}

void Progress::draw(bool last) {
  last_draw_ = std::chrono::steady_clock::now();
  const double elapsed = std::chrono::duration<double>(last_draw_ - start_).count();
  const double share = total_ > 0 ? std::min(1.0, double(done_) / double(total_)) : 1.0;
  const int64_t counted = done_ - std::max<int64_t>(0, first_done_);
  const double left = counted > 0 ? elapsed * double(total_ - done_) / double(counted) : 0.0;
  std::string line = label_ + " ";
  if (terminal_) {
    const int width = 24, full = static_cast<int>(share * width);
    line += "[" + std::string(full, '#') + std::string(width - full, '.') + "] ";
  }
  line += std::to_string(done_) + "/" + std::to_string(total_) + "  " + clock_text(elapsed);
  if (!last && counted > 0) line += " (" + clock_text(left) + " left)";
  if (!note_.empty()) line += "  " + note_;
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s%s", line.c_str(), last ? "\n" : "");
  } else {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  std::fflush(stderr);
}

}  // namespace libra
