#include "libra/core/error.h"

#include <algorithm>
#include <numeric>

namespace libra {
namespace {

std::string compose(const Error::Parts& p) {
  std::string text;
  if (!p.where.empty()) text += p.where + ": ";
  text += p.problem;
  if (!p.expected.empty()) text += ": expected " + p.expected;
  if (!p.found.empty()) text += (p.expected.empty() ? ": found " : ", found ") + p.found;
  if (!p.next.empty()) text += "; " + p.next;
  return text;
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row.back();
}

}  // namespace

Error::Error(ErrorCode code, const Parts& parts)
    : std::runtime_error(compose(parts)),
      code_(code),
      parts_(std::make_shared<const Parts>(parts)) {}

Error::Error(ErrorCode code, const std::string& message) : Error(code, Parts{.problem = message}) {}

const char* code_word(ErrorCode code) {
  switch (code) {
    case ErrorCode::kBadInput:
      return "bad_input";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kInterrupted:
      return "interrupted";
    case ErrorCode::kFailed:
      break;
  }
  return "failed";
}

int Error::exit_code() const {
  if (code_ == ErrorCode::kInterrupted) return 130;
  return code_ == ErrorCode::kBadInput || code_ == ErrorCode::kNotFound ? 2 : 1;
}

std::string nearest_name(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  size_t best_distance = std::max<size_t>(2, word.size() / 2) + 1;
  for (const auto& name : known) {
    const size_t distance = edit_distance(word, name);
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

std::string join_names(const std::vector<std::string>& names, std::string_view separator) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += separator;
    text += names[i];
  }
  return text;
}

}  // namespace libra
