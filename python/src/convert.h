// Between Python and the nouns of core; shared by both extension modules.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <deque>
#include <string>
#include <vector>

#include "libra/api/named_arrays.h"
#include "libra/core/embodiment.h"
#include "libra/core/observation.h"

namespace libra::python {

namespace nb = nanobind;

using Picture = nb::ndarray<nb::numpy, uint8_t, nb::shape<-1, -1, 3>>;
using Film = nb::ndarray<nb::numpy, uint8_t, nb::shape<-1, -1, -1, 3>>;
using FloatVector = nb::ndarray<nb::numpy, float, nb::ndim<1>>;
using FloatMatrix = nb::ndarray<nb::numpy, float, nb::ndim<2>>;
using DoubleVector = nb::ndarray<nb::numpy, double, nb::ndim<1>>;
using DoubleMatrix = nb::ndarray<nb::numpy, double, nb::ndim<2>>;

// libra::Error becomes libra.Error with its fields, KeyboardInterrupt stays Python's. For the
// initialisation of each module, which also finds Libra's own files.
void set_up_module();

// The memory of a vector as an array that owns it: nothing is copied.
template <class Array, class T>
Array give(std::vector<T>&& values, std::initializer_list<size_t> shape) {
  auto* kept = new std::vector<T>(std::move(values));
  const nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return Array(kept->data(), shape, owner);
}

// The pictures and the state of an observation as a dictionary of arrays that own them.
nb::dict give_observation(Observation&& observation, const Embodiment& robot);

// Of a dictionary as give_observation() makes it, or of anything with arrays in it: numpy, torch
// tensors of the CPU, lists of numbers. "instruction" is passed over. Copies the numbers, so that
// the caller may let go of the GIL.
Observation take_observation(const nb::dict& arrays, const Embodiment& robot, int64_t step = 0);

// An action, float [action_dim]. Throws Error(kBadInput) for another size and for numbers that are
// not finite.
Action take_action(const nb::object& array, const Embodiment& robot);

// All that is known of a robot, as its TOML file has it.
nb::dict embodiment_dict(const Embodiment& robot);

}  // namespace libra::python
