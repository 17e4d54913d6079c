#include "libra/training/distributed/span_log.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace libra::training {

std::string SpanLog::chrome_json(int rank) const {
  using nlohmann::json;
  std::vector<std::string> lanes;
  json events = json::array();
  events.push_back({{"ph", "M"},
                    {"pid", rank},
                    {"name", "process_name"},
                    {"args", {{"name", "rank " + std::to_string(rank)}}}});
  for (const Span& span : spans()) {
    auto lane = std::find(lanes.begin(), lanes.end(), span.lane);
    if (lane == lanes.end()) {
      lane = lanes.insert(lanes.end(), span.lane);
      events.push_back({{"ph", "M"},
                        {"pid", rank},
                        {"tid", lanes.size()},
                        {"name", "thread_name"},
                        {"args", {{"name", span.lane}}}});
    }
    events.push_back({{"ph", "X"},
                      {"pid", rank},
                      {"tid", lane - lanes.begin() + 1},
                      {"name", span.name},
                      {"ts", double(span.begin_ns) / 1e3},
                      {"dur", double(span.end_ns - span.begin_ns) / 1e3}});
  }
  return json{{"displayTimeUnit", "ms"}, {"traceEvents", events}}.dump(1) + "\n";
}

}  // namespace libra::training
