// The one exception type of the library. An error says what was expected, what was found, where,
// and what to do next; cli turns its code into the process exit code.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace libra {

enum class ErrorCode {
  kBadInput,     // a file, flag or value the user gave is wrong; exit code 2
  kNotFound,     // a named thing (file, suite, task, tensor) does not exist; exit code 2
  kFailed,       // the work itself failed; exit code 1
  kInterrupted,  // stopped by the user (Ctrl-C); finished parts are kept; exit code 130
};

class Error : public std::runtime_error {
 public:
  struct Parts {
    std::string where = {};     // file, flag or object; may be empty
    std::string problem = {};   // one clause: what is wrong
    std::string expected = {};  // may be empty
    std::string found = {};     // may be empty
    std::string next = {};      // what to do now; may be empty
  };
  // The message is one line: "where: problem: expected E, found F; next".
  Error(ErrorCode code, const Parts& parts);
  // Shorthand for bad input without structure.
  Error(ErrorCode code, const std::string& message);

  ErrorCode code() const { return code_; }
  int exit_code() const;
  // What the message was made of; a message without structure is all problem.
  const Parts& parts() const { return *parts_; }

 private:
  ErrorCode code_;
  std::shared_ptr<const Parts> parts_;  // so that copies do not throw
};

// "bad_input", "not_found", "failed", "interrupted": for other languages and protocols.
const char* code_word(ErrorCode code);

// The entry of `known` nearest to `word` by edit distance, or "" when nothing is near.
std::string nearest_name(std::string_view word, const std::vector<std::string>& known);
// "a, b, c"
std::string join_names(const std::vector<std::string>& names, std::string_view separator = ", ");

}  // namespace libra
