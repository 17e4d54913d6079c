// What the server counts and measures, in Prometheus's text form. Thread: any.
#pragma once

#include <memory>
#include <string>

namespace libra::serving {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void connection(const std::string& protocol, int change);  // +1 opened, -1 closed
  // An observation that was answered: from its last byte to the answer's first (s), the share of it
  // in which it waited for the networks, and their own.
  void answered(const std::string& protocol, double total_s, double wait_s, double infer_s);
  // `reason`: bad_input, failed, key, origin, limit, timeout, protocol.
  void refused(const std::string& protocol, const std::string& reason);
  void throttled();
  void call(bool planner, int batch, double seconds);  // of a network
  void recorded(int frames);

  // As a scraper reads it.
  std::string text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace libra::serving
