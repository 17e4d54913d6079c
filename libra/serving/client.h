// A policy that another machine runs, as a Policy like any other: libra's own server, with planner
// and refiner apart so that every schedule works and the answers are the same to the last bit, or
// any server of openpi's protocol, which gives chunks of actions alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libra/action/codec.h"
#include "libra/core/policy.h"
#include "libra/serving/limits.h"
#include "libra/serving/session.h"

namespace libra::serving {

struct ClientOptions {
  std::string url = "ws://127.0.0.1:8000";  // wss:// with TLS
  std::string key = {};                     // "" none
  std::string authority = {};  // PEM file of who signed the server's certificate; "" the system's
  double timeout_s = 60.0;     // for a connection and for an answer
  // What a server that is not libra's drives, by name or file; libra's says it.
  std::string embodiment = "libero_panda";
  // How it wants its pictures: openpi's LIBERO policies know them mirrored.
  Flip flip = Flip::kNone;
};

// Thread: one at a time.
class Client final : public Policy, public Planner, public Refiner {
 public:
  // Connects. Throws Error(kFailed) when nobody answers, Error(kBadInput) for a URL that is none or
  // a server that speaks something else.
  explicit Client(const ClientOptions& options);
  ~Client() override;

  const PolicySpec& spec() const override { return spec_; }
  Planner* planner() override { return spec_.expansion > 0 ? this : nullptr; }
  Refiner& refiner() override { return *this; }
  // Of a remote policy actions are known, not how they are normalised: the identity.
  const action::Codec& codec() const override { return *codec_; }

  // Throw Error(kFailed) with what the server said, or that it is gone. Observations go one by one.
  void plan(std::span<const PlanRequest> requests, std::span<IntentPlan> plans) override;
  void refine(std::span<const RefineRequest> requests, std::span<ActionChunk> chunks) override;

  // What a robot's program asks for: the next actions, T x D, as openpi's client does.
  struct Answer {
    Rows<float> actions;
    double infer_ms = 0.0;  // of the networks, as the server says
    double total_ms = 0.0;  // from the call to the answer
  };
  Answer infer(const Observation& observation, const std::string& instruction,
               const EpisodeMark& mark = {});

  bool is_libra() const { return is_libra_; }

 private:
  class Wire;
  std::string pack(const Observation& observation, const Proprio& proprio,
                   std::string_view instruction, size_t more,
                   const std::function<void(class Pack&)>& add) const;
  void greet();
  void probe();

  ClientOptions options_;
  Limits limits_;
  std::unique_ptr<Wire> wire_;
  bool is_libra_ = false;
  PolicySpec spec_;
  std::unique_ptr<action::Codec> codec_;
};

// Two connections, so that planner and refiner work at the same time, on a thread each.
class ClientPair final : public Policy {
 public:
  // Throws as Client does.
  explicit ClientPair(const ClientOptions& options) : planner_(options), refiner_(options) {}
  const PolicySpec& spec() const override { return refiner_.spec(); }
  Planner* planner() override { return planner_.planner(); }
  Refiner& refiner() override { return refiner_.refiner(); }
  const action::Codec& codec() const override { return refiner_.codec(); }

 private:
  Client planner_, refiner_;
};

}  // namespace libra::serving
