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
#include <nlohmann/json.hpp>

#include "libra/core/error.h"
#include "libra/core/file.h"

namespace libra::model {
namespace {

constexpr std::array<torch::ScalarType, 15> kScalarTypes = {
    torch::kFloat64, torch::kInt64,   torch::kUInt64,   torch::kFloat32,       torch::kInt32,
    torch::kUInt32,  torch::kFloat16, torch::kBFloat16, torch::kInt16,         torch::kUInt16,
    torch::kInt8,    torch::kUInt8,   torch::kBool,     torch::kFloat8_e4m3fn, torch::kFloat8_e5m2};

[[noreturn]] void fail_io(const std::string& path, const std::string& problem) {
  throw Error(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kFailed,
              {.where = path, .problem = problem, .found = std::strerror(errno)});
}

}  // namespace

StoredDtype stored_dtype(torch::ScalarType type, const std::string& name) {
  const auto at = std::find(kScalarTypes.begin(), kScalarTypes.end(), type);
  if (at == kScalarTypes.end()) {
    throw Error(ErrorCode::kBadInput,
                {.where = name, .problem = "dtype cannot be stored", .found = c10::toString(type)});
  }
  return StoredDtype(at - kScalarTypes.begin());
}

torch::ScalarType scalar_type(StoredDtype dtype) { return kScalarTypes[size_t(dtype)]; }

bool holds_weights(torch::ScalarType type) {
  return c10::isFloatingType(type) && !c10::isFloat8Type(type);
}

// The bytes of a file; written to, they become this process's own.
class SafetensorsFile::Mapping {
 public:
  explicit Mapping(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) fail_io(path, "cannot be opened");
    struct stat facts {};
    const bool known = ::fstat(file, &facts) == 0 && S_ISREG(facts.st_mode);
    size_ = known ? size_t(facts.st_size) : 0;
    if (size_ > 0)
      data_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file, 0);
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
  // Gives back the memory of the pages that lie wholly in [begin, begin + size).
  static void release(const std::byte* begin, size_t size) {
    static const auto page = uintptr_t(::sysconf(_SC_PAGESIZE));
    const uintptr_t first = (reinterpret_cast<uintptr_t>(begin) + page - 1) / page * page;
    const uintptr_t last = (reinterpret_cast<uintptr_t>(begin) + size) / page * page;
    if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
  }

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
  const auto options = torch::TensorOptions().dtype(scalar_type(stored.dtype));
  if (stored.begin == stored.end) return torch::empty(stored.shape, options);
  const std::byte* data = mapping_->bytes().data() + header_.data_offset + stored.begin;
  const size_t size = stored.end - stored.begin;
  if (reinterpret_cast<uintptr_t>(data) % dtype_size(stored.dtype) != 0) {
    // Kernels expect alignment, which the format does not promise.
    torch::Tensor copy = torch::empty(stored.shape, options);
    std::memcpy(copy.data_ptr(), data, size);
    Mapping::release(data, size);
    return copy;
  }
  const auto keep = mapping_;
  return torch::from_blob(
      const_cast<std::byte*>(data), stored.shape,
      [keep, size](void* begin) { Mapping::release(static_cast<std::byte*>(begin), size); },
      options);
}

int64_t PendingTensor::bytes() const {
  return c10::multiply_integers(shape) * int64_t(c10::elementSize(dtype));
}

PendingTensor pending(const std::string& name, const torch::Tensor& tensor) {
  return {name, tensor.scalar_type(), tensor.sizes().vec(), [tensor] { return tensor.detach(); }};
}

void write_safetensors(const std::string& path,
                       const std::vector<std::pair<std::string, torch::Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<PendingTensor> items;
  for (const auto& [name, tensor] : tensors) items.push_back(pending(name, tensor));
  write_safetensors(path, std::move(items), metadata);
}

void write_safetensors(const std::string& path, std::vector<PendingTensor> tensors,
                       const std::map<std::string, std::string>& metadata,
                       const std::function<void(const PendingTensor&)>& progress) {
  const auto order = [](const PendingTensor& t) { return stored_dtype(t.dtype, t.name); };
  std::stable_sort(tensors.begin(), tensors.end(),
                   [&](const auto& a, const auto& b) { return order(a) < order(b); });
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const PendingTensor& item : tensors) {
    if (header.contains(item.name)) {
      throw Error(ErrorCode::kBadInput,
                  {.where = path, .problem = "name given twice", .found = item.name});
    }
    const uint64_t end = offset + uint64_t(item.bytes());
    header[item.name] = {{"dtype", dtype_name(stored_dtype(item.dtype, item.name))},
                         {"shape", item.shape},
                         {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.empty() ? "{}" : header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');

  require_space(std::filesystem::path(path).parent_path().string(), text.size() + offset,
                std::filesystem::path(path).filename().string());
  FileWriter out(path);
  std::array<char, 8> length;
  for (size_t i = 0; i < length.size(); ++i)
    length[i] = char((uint64_t(text.size()) >> (8 * i)) & 0xff);
  out.write(length.data(), length.size());
  out.write(text.data(), text.size());
  for (const PendingTensor& item : tensors) {
    const torch::Tensor tensor = item.make().to(torch::kCPU, item.dtype).contiguous();
    TORCH_CHECK(tensor.sizes() == item.shape, item.name, " was made in another shape");
    out.write(tensor.data_ptr(), tensor.nbytes());
    if (progress) progress(item);
  }
  out.finish();
}

}  // namespace libra::model
