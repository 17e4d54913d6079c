// LIBERO's stored initial states, in every form that they are met in: the zip of torch.save with a
// pickled array, a plain pickle, NumPy's .npy and .npz; f64 or f32, one array, one row or a list.
// Nothing of a pickle is ever executed (number_array.h).
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

// 1 to 10,000 rows of 1 to 100,000 columns; the form is told by the first bytes. Throws
// Error(kBadInput) with what was found.
InitStates parse_init_states(std::string_view bytes, const std::string& where);
// Throws Error(kNotFound) when there is no such file.
InitStates read_init_states(const std::string& path);

}  // namespace libra::sim::libero
