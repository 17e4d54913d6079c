// Episodes for a browser to look at: what a served connection, a simulated world or a recording
// shows of itself, and the dialogue with the page (assets/inspector/). The page asks for what it
// has not seen yet; nothing waits for it. docs/serving.md says what is on the page.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libra/core/observation.h"
#include "libra/runtime/episode_log.h"
#include "libra/serving/dialogue.h"
#include "libra/serving/limits.h"
#include "libra/serving/metrics.h"

namespace libra::serving {

class Server;

// What the page may ask of an episode, in its words. Throws Error for what cannot be done.
struct PageCommand {
  std::string verb;  // pause, go, step, reset, instruction
  std::string text;  // of an instruction
};
using CommandHandler = std::function<void(const PageCommand&)>;

// Where one episode after another can be watched. Thread: any.
class Viewpoint {
 public:
  // `picture_bytes`: of the pictures that are kept; the newest is always.
  Viewpoint(std::string name, size_t picture_bytes)
      : name_(std::move(name)), most_(picture_bytes) {}

  // Another episode: what is kept of the one before goes.
  void begin(EpisodeLog log);
  // Adds to the log: change(log).
  template <class Change>
  void change(Change&& change) {
    const std::lock_guard lock(mutex_);
    change(log_);
  }
  // What the cameras see at a step; for recordings as JPEG.
  void show(int64_t step, std::vector<Image> pictures);
  void show(int64_t step, std::vector<std::vector<uint8_t>> jpegs);
  // running, paused, ended: a word for the page.
  void state(const std::string& word);

  // What can be asked of it; without a handler nothing. Before it is added to an inspector.
  void on_command(CommandHandler handler) { handler_ = std::move(handler); }
  // Instructions that the scene has an answer to. Before it is added.
  void suggest(std::vector<std::string> instructions) { suggestions_ = std::move(instructions); }
  // Fills it when it is looked at first. Before it is added.
  void on_look(std::function<void(Viewpoint&)> fill) { fill_ = std::move(fill); }

 private:
  friend class Inspector;
  friend class InspectorDialogue;
  struct Frame {
    int64_t step = 0;
    size_t bytes = 0;
    std::vector<Image> pictures;
    std::vector<std::vector<uint8_t>> jpegs;  // made when they are asked for
    std::once_flag made;
  };
  void keep(std::shared_ptr<Frame> frame);
  std::shared_ptr<Frame> frame_at(int64_t step) const;  // the last one up to it; -1: the newest

  const std::string name_;
  const size_t most_;
  uint64_t id_ = 0;
  CommandHandler handler_;
  std::vector<std::string> suggestions_;
  std::function<void(Viewpoint&)> fill_;
  std::once_flag filled_;

  std::mutex mutex_;  // guards what follows
  EpisodeLog log_;
  uint64_t episode_ = 0;  // counts up with begin()
  std::string state_ = "running";
  std::deque<std::shared_ptr<Frame>> frames_;
  size_t bytes_ = 0;
};

// Thread: any.
class Inspector {
 public:
  // `control`: whether pages may give commands.
  explicit Inspector(bool control) : control_(control) {}

  // Keeps no hold of it: it goes from the page when its owner lets go of it.
  void add(const std::shared_ptr<Viewpoint>& viewpoint);
  // Whether a page asked for something within the last seconds. What is shown only to pages need
  // not be made without one.
  bool watched() const;
  bool control() const { return control_; }

  // A page's connection. The inspector and the metrics must outlive it.
  std::unique_ptr<Dialogue> dialogue(const Limits& limits, Metrics& metrics);

 private:
  friend class InspectorDialogue;
  std::shared_ptr<Viewpoint> find(uint64_t id) const;
  std::vector<std::shared_ptr<Viewpoint>> all() const;

  const bool control_;
  std::atomic<int64_t> asked_ns_{INT64_MIN / 2};
  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<Viewpoint>> viewpoints_;
  uint64_t next_id_ = 1;
};

// The page at /inspect (with `front` at / too) and its feed. Throws Error(kNotFound) when the
// page's files are not there. The inspector must outlive the server.
void add_inspector(Server& server, Inspector& inspector, bool front = false);

}  // namespace libra::serving
