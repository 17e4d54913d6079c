// LIBERO's stored initial states: a zip written by torch.save whose pickle is one float64 array of
// numpy. Nothing of the pickle is ever executed: the reader knows the one sequence of operations
// that such an array is pickled to, and refuses every other.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace libra::sim::libero {

// One row per initial state: [time, qpos, qvel].
struct InitStates {
  size_t rows = 0, columns = 0;
  std::vector<double> values;  // rows x columns, all finite

  std::span<const double> row(size_t index) const {
    return {values.data() + index * columns, columns};
  }
};

// A pickle (protocol 2) of a two-dimensional little-endian float64 array in row order. At most
// 10,000 rows and 100,000 columns. Throws Error(kBadInput) with the offset in the pickle at which
// something else than the next expected operation stands.
InitStates parse_pickled_array(std::string_view pickle, const std::string& where);
// The same inside its zip.
InitStates parse_init_states(std::string_view archive, const std::string& where);
// Throws Error(kNotFound) when there is no such file.
InitStates read_init_states(const std::string& path);

}  // namespace libra::sim::libero
