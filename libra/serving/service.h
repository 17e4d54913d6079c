// What is served, without sockets: the dialogues of the protocols, and what an HTTP request for one
// action comes to. Everything that connections share lives here: the policy's thread, the metrics,
// the recorder.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "libra/core/policy.h"
#include "libra/runtime/schedule_config.h"
#include "libra/serving/dialogue.h"
#include "libra/serving/inference.h"
#include "libra/serving/inspector.h"
#include "libra/serving/limits.h"
#include "libra/serving/log.h"
#include "libra/serving/metrics.h"
#include "libra/serving/observation_map.h"
#include "libra/serving/recorder.h"

namespace libra::serving {

struct ServiceOptions {
  ScheduleConfig schedule = {};
  InferenceOptions inference = {};
  Limits limits = {};
  uint64_t seed = 0;
  bool counted = false;               // Session
  std::vector<std::string> map = {};  // ObservationMap
  MessageFlip flip = MessageFlip::kAuto;
  std::string record = {};  // folder of the data set that connections are recorded into; "" none
  std::string checkpoint = {};     // for clients to read: name or folder
  Trace* trace = nullptr;          // must outlive the service
  Inspector* inspector = nullptr;  // that connections are shown to; must outlive the service
};

// Thread: any.
class Service {
 public:
  // The policy, the log and the trace must outlive the service, and the service its dialogues.
  // Throws Error(kBadInput) for a schedule or map that does not go with the policy.
  Service(Policy& policy, const ServiceOptions& options, Log& log);
  ~Service();

  // A connection's dialogue. `peer`: for the log.
  std::unique_ptr<Dialogue> openpi(const std::string& peer);
  std::unique_ptr<Dialogue> vla_eval(const std::string& peer);
  // One observation as JSON or form; calls back with JSON and whether it is an answer. `body` must
  // stay until then.
  void act(std::string_view body, const std::string& content_type,
           std::function<void(std::string json, bool ok)> answer);

  const PolicySpec& spec() const { return spec_; }
  const ServiceOptions& options() const { return options_; }
  const ObservationMap& map() const { return map_; }
  const action::Codec& codec() const { return codec_; }
  Metrics& metrics() { return metrics_; }
  Log& log() { return log_; }
  Inference& inference() { return *inference_; }
  Recorder* recorder() { return recorder_.get(); }
  // /config: schedule, limits and what an observation must hold, as JSON.
  std::string describe() const;

  std::shared_ptr<Session> new_session();
  // The flip of a connection's pictures; `benchmark`: what vla-eval says it runs.
  std::optional<Flip> flip_for(const std::string& benchmark) const;
  // One line for the client and one for the log; counts it.
  std::string failure_text(const std::string& protocol, const std::string& peer,
                           const std::exception_ptr& failure);

 private:
  PolicySpec spec_;
  ServiceOptions options_;
  Log& log_;
  Metrics metrics_;
  ObservationMap map_;
  const action::Codec& codec_;
  std::unique_ptr<Recorder> recorder_;
  std::atomic<uint64_t> sessions_{0};
  std::unique_ptr<Inference> inference_;
};

}  // namespace libra::serving
