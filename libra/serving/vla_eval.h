// vla-eval's protocol, version 1 (docs/serving.md): the client speaks first, an episode has a start
// and an end, and every observation gets one action, out of the chunk that is being executed.
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

class VlaEvalDialogue final : public Dialogue {
 public:
  VlaEvalDialogue(Service& service, const std::string& peer);
  ~VlaEvalDialogue() override;
  void receive(Bytes message, bool is_text, Answer answer) override;

 private:
  void observe(const WireMessage& payload, uint64_t seq, Answer answer);
  void take(std::unique_ptr<Work> work, uint64_t seq, const Answer& answer);
  void start_episode(const WireMessage& payload);
  void end_episode(bool success);
  Reply hello(const WireMessage& payload, uint64_t seq);
  Reply next_action(uint64_t seq);
  Reply refuse(const std::exception_ptr& failure, uint64_t seq);

  Service& service_;
  std::string peer_, benchmark_;
  std::shared_ptr<Session> session_;
  std::shared_ptr<Track> track_;
  ConnectionView view_;
  EpisodeMark mark_;
  int64_t step_ = 0;   // of the observation that comes next
  ActionChunk chunk_;  // in execution, from chunk_step_ on
  int64_t chunk_step_ = 0;
  std::chrono::steady_clock::time_point received_;
};

}  // namespace libra::serving
