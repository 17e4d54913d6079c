#include "libra/model/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "libra/core/error.h"

namespace libra::model {
namespace {

constexpr std::array<torch::ScalarType, 10> kScalarTypes = {
    torch::kFloat64,  torch::kInt64, torch::kFloat32, torch::kInt32, torch::kFloat16,
    torch::kBFloat16, torch::kInt16, torch::kInt8,    torch::kUInt8, torch::kBool};

StoredDtype stored_dtype(torch::ScalarType type, const std::string& name) {
  const auto at = std::find(kScalarTypes.begin(), kScalarTypes.end(), type);
  if (at == kScalarTypes.end()) {
    throw Error(ErrorCode::kBadInput,
                {.where = name, .problem = "dtype cannot be stored", .found = c10::toString(type)});
  }
  return StoredDtype(at - kScalarTypes.begin());
}

[[noreturn]] void fail_io(const std::string& path, const std::string& problem) {
  throw Error(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kFailed,
              {.where = path, .problem = problem, .found = std::strerror(errno)});
}

}  // namespace

// The bytes of a file, read-only.
class SafetensorsFile::Mapping {
 public:
  explicit Mapping(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) fail_io(path, "cannot be opened");
    struct stat facts {};
    const bool known = ::fstat(file, &facts) == 0 && S_ISREG(facts.st_mode);
    size_ = known ? size_t(facts.st_size) : 0;
    if (size_ > 0) data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
    ::close(file);
    if (!known) throw Error(ErrorCode::kBadInput, {.where = path, .problem = "not a regular file"});
    if (data_ == MAP_FAILED) fail_io(path, "cannot be mapped");
  }
  ~Mapping() {
    if (size_ > 0) ::munmap(data_, size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(data_), size_}; }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

SafetensorsFile::SafetensorsFile(const std::string& path)
    : path_(path),
      mapping_(std::make_shared<Mapping>(path)),
      header_(parse_safetensors(mapping_->bytes(), path)) {}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> out;
  for (const auto& [name, tensor] : header_.tensors) out.push_back(name);
  return out;
}

torch::Tensor SafetensorsFile::tensor(const std::string& name) const {
  const auto found = header_.tensors.find(name);
  if (found == header_.tensors.end()) {
    throw Error(ErrorCode::kNotFound, {.where = path_,
                                       .problem = "has no such tensor",
                                       .expected = name,
                                       .found = nearest_name(name, names())});
  }
  const StoredTensor& stored = found->second;
  const auto type = kScalarTypes[size_t(stored.dtype)];
  const auto options = torch::TensorOptions().dtype(type);
  if (stored.begin == stored.end) return torch::empty(stored.shape, options);
  const std::byte* data = mapping_->bytes().data() + header_.data_offset + stored.begin;
  if (reinterpret_cast<uintptr_t>(data) % dtype_size(stored.dtype) != 0) {
    // Kernels expect alignment, which the format does not promise.
    torch::Tensor copy = torch::empty(stored.shape, options);
    std::memcpy(copy.data_ptr(), data, stored.end - stored.begin);
    return copy;
  }
  const auto keep = mapping_;
  return torch::from_blob(
      const_cast<std::byte*>(data), stored.shape, [keep](void*) {}, options);
}

void write_safetensors(const std::string& path,
                       const std::vector<std::pair<std::string, torch::Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  struct Item {
    std::string name;
    torch::Tensor tensor;
    StoredDtype dtype;
  };
  std::vector<Item> items;
  for (const auto& [name, tensor] : tensors) {
    items.push_back({name, tensor.detach().to(torch::kCPU).contiguous(),
                     stored_dtype(tensor.scalar_type(), name)});
  }
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return std::pair(a.dtype, a.name) < std::pair(b.dtype, b.name);
  });
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const Item& item : items) {
    if (header.contains(item.name)) {
      throw Error(ErrorCode::kBadInput,
                  {.where = path, .problem = "name given twice", .found = item.name});
    }
    header[item.name] = {{"dtype", dtype_name(item.dtype)},
                         {"shape", item.tensor.sizes().vec()},
                         {"data_offsets", {offset, offset + item.tensor.nbytes()}}};
    offset += item.tensor.nbytes();
  }
  std::string text = header.empty() ? "{}" : header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');

  const std::string temporary = path + ".part";
  std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
  if (!out) fail_io(temporary, "cannot be written");
  for (int i = 0; i < 8; ++i) out.put(char((uint64_t(text.size()) >> (8 * i)) & 0xff));
  out.write(text.data(), std::streamsize(text.size()));
  for (const Item& item : items) {
    out.write(static_cast<const char*>(item.tensor.data_ptr()),
              std::streamsize(item.tensor.nbytes()));
  }
  out.close();
  if (!out) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw Error(ErrorCode::kFailed,
                {.where = temporary, .problem = "writing failed", .next = "is the disk full?"});
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error)
    throw Error(ErrorCode::kFailed,
                {.where = path, .problem = "cannot be replaced", .found = error.message()});
}

}  // namespace libra::model
