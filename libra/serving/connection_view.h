// What a served connection shows to the inspector (internal to serving). Without an inspector it
// does nothing; while no page looks, next to nothing.
#pragma once

#include <memory>
#include <string>

#include "libra/serving/inference.h"
#include "libra/serving/inspector.h"

namespace libra::serving {

class Service;

// Thread: one call at a time.
class ConnectionView {
 public:
  // `name`: of the connection, for people.
  ConnectionView(const Service& service, const std::string& name);
  // An observation of an episode was answered, total_ms after it came.
  void answered(const Work& work, double total_ms);
  void ended(bool success);

 private:
  const Service& service_;
  std::shared_ptr<Viewpoint> view_;  // null without an inspector
  bool begun_ = false;
  int64_t step_ = 0;
};

}  // namespace libra::serving
