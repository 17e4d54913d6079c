#include "libra/runtime/trace.h"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "libra/action/describe.h"
#include "libra/runtime/guard.h"

namespace libra {
namespace {

constexpr std::array<const char*, kTraceLanes> kLaneNames = {"control", "planner", "refiner"};

const char* name_of(TraceKind kind) {
  switch (kind) {
    case TraceKind::kPlan:
      return "plan";
    case TraceKind::kRefine:
      return "refine";
    case TraceKind::kTick:
      return "tick";
    case TraceKind::kReset:
      return "reset";
    case TraceKind::kHold:
      return "hold";
    case TraceKind::kStop:
      return "stop";
    case TraceKind::kOverrun:
      return "overrun";
    case TraceKind::kFault:
      return "fault";
    case TraceKind::kIntervened:
      break;
  }
  return "guard";
}

template <class... Args>
void add(std::string& text, const char* format, Args... args) {
  char line[400];
  std::snprintf(line, sizeof line, format, args...);
  text += line;
}

// What an unusual event says on the timeline; "" for usual ones.
std::string remark(const TraceEvent& event) {
  switch (event.kind) {
    case TraceKind::kReset:
      return "reset";
    case TraceKind::kStop:
      return "told to stop";
    case TraceKind::kOverrun:
      return "missed " + std::to_string(event.value) + " deadlines";
    case TraceKind::kFault:
    case TraceKind::kIntervened:
      return std::string("guard: ") + name_of(static_cast<GuardKind>(event.value));
    default:
      return "";
  }
}

}  // namespace

Trace::Trace(size_t events, size_t intents)
    : intent_slots_(intents), intents_(std::make_unique<Ring<IntentRecord>>(intents)) {
  for (auto& lane : lanes_) lane = std::make_unique<Ring<TraceEvent>>(events);
}

void Trace::make_room(const PolicySpec& policy, const action::Binner& binner) {
  collect();
  embodiment_ = policy.embodiment;
  binner_ = binner;
  IntentRecord slot;
  slot.intent = sized_job(policy).intent;
  intents_ = std::make_unique<Ring<IntentRecord>>(intent_slots_, slot);
}

void Trace::record(const Job& job, int64_t time_ns) {
  intents_->push_by([&](IntentRecord& slot) {
    slot.time_ns = time_ns;
    slot.first_step = job.chunk_first;
    slot.plan_obs_step = job.plan_obs_step;
    slot.state = job.intent_state;
    slot.has_intent = job.has_intent;
    slot.intent = job.intent;
  });
}

void Trace::collect() {
  TraceEvent event;
  for (size_t lane = 0; lane < kTraceLanes; ++lane) {
    while (lanes_[lane]->pop(event)) events_[lane].push_back(event);
  }
  IntentRecord intent;
  while (intents_->pop(intent)) timeline_.push_back(intent);
}

void Trace::clear() {
  for (auto& lane : events_) lane.clear();
  timeline_.clear();
}

uint64_t Trace::lost() const {
  uint64_t lost = intents_->lost();
  for (const auto& lane : lanes_) lost += lane->lost();
  return lost;
}

int64_t Trace::origin_ns() const {
  int64_t origin = std::numeric_limits<int64_t>::max();
  for (const auto& lane : events_) {
    for (const TraceEvent& event : lane) origin = std::min(origin, event.begin_ns);
  }
  for (const IntentRecord& record : timeline_) origin = std::min(origin, record.time_ns);
  return origin == std::numeric_limits<int64_t>::max() ? 0 : origin;
}

std::string Trace::chrome_json() const {
  const int64_t origin = origin_ns();
  std::string json = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
  for (size_t lane = 0; lane < kTraceLanes; ++lane) {
    add(json,
        "{\"ph\":\"M\",\"pid\":1,\"tid\":%zu,\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}},"
        "\n",
        lane + 1, kLaneNames[lane]);
    for (const TraceEvent& e : events_[lane]) {
      const double begin_us = double(e.begin_ns - origin) / 1e3;
      if (e.end_ns > e.begin_ns) {
        add(json,
            "{\"ph\":\"X\",\"pid\":1,\"tid\":%zu,\"ts\":%.3f,\"dur\":%.3f,\"name\":\"%s\","
            "\"args\":{\"step\":%lld,\"observation\":%lld}},\n",
            lane + 1, begin_us, double(e.end_ns - e.begin_ns) / 1e3, name_of(e.kind),
            static_cast<long long>(e.step), static_cast<long long>(e.value));
      } else {
        const char* name = e.kind == TraceKind::kIntervened || e.kind == TraceKind::kFault
                               ? name_of(static_cast<GuardKind>(e.value))
                               : name_of(e.kind);
        add(json,
            "{\"ph\":\"i\",\"s\":\"t\",\"pid\":1,\"tid\":%zu,\"ts\":%.3f,\"name\":\"%s\","
            "\"args\":{\"step\":%lld,\"value\":%lld}},\n",
            lane + 1, begin_us, name, static_cast<long long>(e.step),
            static_cast<long long>(e.value));
      }
    }
  }
  for (const IntentRecord& r : timeline_) {
    add(json,
        "{\"ph\":\"C\",\"pid\":1,\"tid\":1,\"ts\":%.3f,\"name\":\"plan age\",\"args\":{\"steps\":"
        "%lld}},\n",
        double(r.time_ns - origin) / 1e3,
        static_cast<long long>(std::max<int64_t>(0, r.first_step - r.plan_obs_step)));
  }
  // The format allows no comma after the last event.
  json += "{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"libra\"}}\n]}\n";
  return json;
}

std::string Trace::timeline() const {
  const int64_t origin = origin_ns();
  struct Line {
    int64_t time_ns;
    std::string text;
  };
  std::vector<Line> lines;
  for (const IntentRecord& r : timeline_) {
    char head[80];
    std::snprintf(head, sizeof head, "%5lld  %8.3f s  %4lld  %-9s  ",
                  static_cast<long long>(r.first_step), double(r.time_ns - origin) / 1e9,
                  static_cast<long long>(std::max<int64_t>(0, r.first_step - r.plan_obs_step)),
                  libra::name_of(r.state));
    std::string words = "(no intents)";
    if (r.has_intent) {
      words = action::describe(r.intent, binner_, embodiment_);
    }
    lines.push_back({r.time_ns, head + words});
  }
  for (size_t lane = 0; lane < kTraceLanes; ++lane) {
    for (const TraceEvent& e : events_[lane]) {
      const std::string what = remark(e);
      if (what.empty()) continue;
      char head[80];
      std::snprintf(head, sizeof head, "%5lld  %8.3f s     !  %-9s  ",
                    static_cast<long long>(e.step), double(e.begin_ns - origin) / 1e9,
                    kLaneNames[lane]);
      lines.push_back({e.begin_ns, head + what});
    }
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.time_ns < b.time_ns; });
  std::string text = " step        time   age  plan       intent\n";
  for (const Line& line : lines) text += line.text + "\n";
  if (lost() > 0) text += std::to_string(lost()) + " records did not fit and are missing\n";
  return text;
}

}  // namespace libra
