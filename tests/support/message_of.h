// The message of the error that an action ends with.
#pragma once

#include <functional>
#include <string>

#include "libra/core/error.h"

namespace libra {

inline std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace libra
