// Reader of safetensors files for tests that run without LibTorch. It checks every size it reads.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace libra::test {

struct LiteTensor {
  std::string dtype;  // "F32", "F64", "I64", "U8"
  std::vector<int64_t> shape;
  std::string bytes;

  // The values; throws when T has another size or kind than the file's type.
  template <class T>
  std::vector<T> as() const {
    const char* expected = std::is_same_v<T, float>     ? "F32"
                           : std::is_same_v<T, double>  ? "F64"
                           : std::is_same_v<T, int64_t> ? "I64"
                           : std::is_same_v<T, uint8_t> ? "U8"
                                                        : "?";
    if (dtype != expected) throw std::runtime_error("tensor is " + dtype + ", not " + expected);
    std::vector<T> values(bytes.size() / sizeof(T));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
};

inline std::map<std::string, LiteTensor> read_safetensors(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(stream), {}};
  uint64_t header_size = 0;
  if (file.size() < 8) throw std::runtime_error(path + ": too short");
  std::memcpy(&header_size, file.data(), 8);
  if (header_size > file.size() - 8) throw std::runtime_error(path + ": header is cut off");
  const auto header = nlohmann::json::parse(file.substr(8, header_size));
  const std::string data = file.substr(8 + header_size);
  const std::map<std::string, uint64_t> sizes = {{"F32", 4}, {"F64", 8}, {"I64", 8}, {"U8", 1}};
  std::map<std::string, LiteTensor> tensors;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    LiteTensor tensor{entry.at("dtype"), entry.at("shape"), {}};
    const uint64_t begin = entry.at("data_offsets").at(0), end = entry.at("data_offsets").at(1);
    uint64_t expected = sizes.at(tensor.dtype);
    for (const int64_t side : tensor.shape) expected *= static_cast<uint64_t>(side);
    if (begin > end || end > data.size() || end - begin != expected) {
      throw std::runtime_error(path + ": tensor " + name + " has wrong offsets");
    }
    tensor.bytes = data.substr(begin, end - begin);
    tensors.emplace(name, std::move(tensor));
  }
  return tensors;
}

}  // namespace libra::test
