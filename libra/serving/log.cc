#include "libra/serving/log.h"

#include <chrono>
#include <cstdio>
#include <ctime>

#include "libra/serving/wire.h"

namespace libra::serving {
namespace {

std::string time_now() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  const size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::snprintf(text + length, sizeof text - length, ".%03dZ", static_cast<int>(ms));
  return text;
}

}  // namespace

void Log::line(const std::string& event, const nlohmann::json& fields) {
  if (form_ == Form::kSilent) return;
  std::string text;
  if (form_ == Form::kJson) {
    nlohmann::ordered_json all = {{"time", time_now()}, {"event", event}};
    for (const auto& [key, value] : fields.items()) all[key] = value;
    text = all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  } else {
    text = "serve: " + event;
    for (const auto& [key, value] : fields.items()) {
      text += (text.back() == event.back() && text.size() == event.size() + 7 ? ": " : ", ") + key +
              " " +
              (value.is_string()
                   ? printable(value.get_ref<const std::string&>(), 400)
                   : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    }
  }
  const std::lock_guard lock(mutex_);
  std::fprintf(stderr, "%s\n", text.c_str());
}

}  // namespace libra::serving
