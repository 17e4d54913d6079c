// Arrays of numbers as NumPy stores them: in its own .npy form, and in pickles.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace libra::sim::libero {

struct NumberArray {
  std::vector<size_t> shape;
  std::vector<double> values;  // in row order
};

// The arrays of a pickle that is one array or a list or tuple of arrays, of f32 or f64,
// little-endian; protocols 2 to 5, of NumPy 1 and 2. Nothing is ever executed: of the functions
// that a pickle may name, the few that make an array are understood as data, and every other is
// refused by name. At most 100 million numbers. Throws Error(kBadInput) with the offset.
std::vector<NumberArray> parse_pickled_arrays(std::string_view pickle, const std::string& where);

// A .npy file, versions 1 to 3, with the same types. Throws Error(kBadInput).
NumberArray parse_npy(std::string_view bytes, const std::string& where);

}  // namespace libra::sim::libero
