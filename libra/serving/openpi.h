// openpi's websocket protocol (docs/serving.md): metadata first, then an observation in, a chunk of
// actions out. An observation may say more of its episode under "libra/", and may ask for the
// planner's or the refiner's work alone, which is how libra's own client is a Policy.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "libra/serving/connection_view.h"
#include "libra/serving/dialogue.h"
#include "libra/serving/inference.h"
#include "libra/serving/recorder.h"

namespace libra::serving {

class Service;

// Names of what a client may say besides the observation.
struct OpenpiNames {
  static constexpr const char* kSeed = "libra/seed";        // of the episode, or of the call alone
  static constexpr const char* kEpisode = "libra/episode";  // its number
  static constexpr const char* kTask = "libra/task";        // its name
  static constexpr const char* kStep = "libra/step";        // control steps since it began
  static constexpr const char* kReset = "libra/reset";      // true: it begins here
  static constexpr const char* kCall = "libra/call";        // plan or refine: that network alone
};

class OpenpiDialogue final : public Dialogue {
 public:
  OpenpiDialogue(Service& service, const std::string& peer);
  ~OpenpiDialogue() override;
  std::string greeting() override;
  void receive(Bytes message, bool is_text, Answer answer) override;

 private:
  void ask(const WireMessage& message, std::unique_ptr<Work> work, Answer answer);
  Reply reply_to(const Work& work);
  Reply refuse(const std::exception_ptr& failure);

  Service& service_;
  std::string peer_;
  std::shared_ptr<Session> session_;
  std::shared_ptr<Track> track_;
  ConnectionView view_;
  std::chrono::steady_clock::time_point received_;
  double previous_ms_ = -1.0;
};

}  // namespace libra::serving
