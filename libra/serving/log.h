// What the server says while it runs: a line each, as text or JSON. Thread: any.
#pragma once

#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

namespace libra::serving {

class Log {
 public:
  enum class Form { kText, kJson, kSilent };
  explicit Log(Form form) : form_(form) {}
  // To stderr. `fields`: an object; its texts may be foreign.
  void line(const std::string& event, const nlohmann::json& fields = nlohmann::json::object());

 private:
  Form form_;
  std::mutex mutex_;
};

}  // namespace libra::serving
