// Which precision this processor multiplies fastest.
#pragma once

namespace libra::nn {

// Whether products of bf16 matrices take clearly less time here than f32 ones, so that bf16 is
// worth its digits. Measured at the first call (some 20 ms on one thread), because instruction sets
// do not tell: of the processors with AVX512_BF16 some multiply bf16 twice as fast as f32, others
// half as fast. Thread-safe.
bool bf16_is_faster();

// Of all threads: whether a GPU may multiply f32 matrices, and convolve, in TF32, with 10 bits of
// mantissa instead of 23. LibTorch's own default convolves in it.
void allow_tf32(bool allow);

}  // namespace libra::nn
