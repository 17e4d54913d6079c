#include "libra/sim/libero/init_states.h"

#include <cmath>
#include <cstdint>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/sim/libero/number_array.h"
#include "libra/sim/libero/zip_archive.h"

namespace libra::sim::libero {
namespace {

constexpr size_t kMaxRows = 10'000, kMaxColumns = 100'000;

[[noreturn]] void bad_states(const std::string& where, const std::string& problem,
                             const std::string& found) {
  throw Error(ErrorCode::kBadInput,
              {.where = where,
               .problem = problem,
               .expected = "stored states: rows of numbers (time, qpos, qvel)",
               .found = found});
}

std::string shape_text(const NumberArray& array) {
  std::string text;
  for (const size_t side : array.shape) {
    text += (text.empty() ? "" : " x ") + std::to_string(side);
  }
  return text.empty() ? "a single number" : "an array of " + text;
}

// Rows of one array, or of all arrays of a list; one row alone is a state, too.
InitStates states_of(const std::vector<NumberArray>& arrays, const std::string& where) {
  InitStates states;
  for (const NumberArray& array : arrays) {
    if (array.shape.empty() || array.shape.size() > 2) {
      bad_states(where, "are not rows of numbers", shape_text(array));
    }
    const size_t rows = array.shape.size() == 2 ? array.shape[0] : 1;
    if (rows == 0) continue;
    if (states.rows > 0 && array.shape.back() != states.columns) {
      bad_states(where, "have rows of different width",
                 std::to_string(states.columns) + " and " + std::to_string(array.shape.back()));
    }
    states.rows += rows;
    states.columns = array.shape.back();
    states.values.insert(states.values.end(), array.values.begin(), array.values.end());
  }
  if (states.rows == 0 || states.columns == 0) bad_states(where, "are none", "no state");
  if (states.rows > kMaxRows || states.columns > kMaxColumns) {
    bad_states(where, "are too many",
               std::to_string(states.rows) + " x " + std::to_string(states.columns));
  }
  for (size_t i = 0; i < states.values.size(); ++i) {
    if (std::isfinite(states.values[i])) continue;
    bad_states(where, "are not all finite",
               "row " + std::to_string(i / states.columns) + ", column " +
                   std::to_string(i % states.columns));
  }
  return states;
}

}  // namespace

InitStates parse_init_states(std::string_view bytes, const std::string& where) {
  constexpr std::string_view kZip = "PK", kNpy = "\x93NUMPY", kPickle = "\x80";
  if (bytes.starts_with(kNpy)) return states_of({parse_npy(bytes, where)}, where);
  if (bytes.starts_with(kPickle)) return states_of(parse_pickled_arrays(bytes, where), where);
  if (!bytes.starts_with(kZip)) {
    bad_states(where, "are in no form that is known",
               bytes.empty() ? "an empty file" : std::to_string(bytes.size()) + " other bytes");
  }
  if (has_zip_entry(bytes, ".npy", where)) {
    return states_of({parse_npy(zip_entry(bytes, ".npy", where), where)}, where);
  }
  return states_of(parse_pickled_arrays(zip_entry(bytes, "data.pkl", where), where), where);
}

InitStates read_init_states(const std::string& path) {
  return parse_init_states(read_file(path, "LIBERO's stored initial states"), path);
}

}  // namespace libra::sim::libero
