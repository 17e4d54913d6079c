// One number that tells bytes apart (FNV-1a).
#pragma once

#include <cstddef>
#include <cstdint>

namespace libra {

inline constexpr uint64_t kHashOfNothing = 0xcbf29ce484222325ull;
// `so_far`: of the bytes before them.
inline uint64_t hash_bytes(const void* bytes, size_t count, uint64_t so_far = kHashOfNothing) {
  const auto* byte = static_cast<const uint8_t*>(bytes);
  for (size_t i = 0; i < count; ++i) so_far = (so_far ^ byte[i]) * 0x100000001b3ull;
  return so_far;
}

}  // namespace libra
