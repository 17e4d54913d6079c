#include "libra/data/hdf5_file.h"

#include <hdf5.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "libra/core/error.h"
#include "libra/core/file.h"

namespace libra::data {
namespace {

// Largest dataset that is read (elements): a hundred thousand scenes of 128 px have 5e9.
constexpr uint64_t kMaxElements = uint64_t{1} << 34;
// Deflate cannot pack tighter than this, so a damaged header cannot ask for more memory.
constexpr uint64_t kMaxCompression = 1040;

class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

// HDF5 prints to stderr by default; the setting is per thread and costs nothing. And at the end of
// the program it would write what it could not write before, which crashes it when the disk is
// full.
void silence() {
  static const bool once = H5dont_atexit() >= 0;
  (void)once;
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

[[noreturn]] void fail(const std::string& path, const std::string& object,
                       const std::string& problem, const std::string& expected = "",
                       const std::string& found = "") {
  throw Error(ErrorCode::kBadInput, {.where = path + ":" + object,
                                     .problem = problem,
                                     .expected = expected,
                                     .found = found,
                                     .next = "make the file again with `libra collect`"});
}

std::string shape_text(const std::vector<uint64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (i ? ", " : "") + (shape[i] ? std::to_string(shape[i]) : std::string("any"));
  }
  return text + "]";
}

std::string type_text(H5T_class_t kind, size_t width) {
  const std::string bits = std::to_string(8 * width) + "-bit ";
  switch (kind) {
    case H5T_INTEGER:
      return bits + "integers";
    case H5T_FLOAT:
      return bits + "floats";
    case H5T_STRING:
      return "texts";
    default:
      return "something else";
  }
}

hid_t memory_type(H5Type type) {
  switch (type) {
    case H5Type::kU8:
      return H5T_NATIVE_UINT8;
    case H5Type::kF32:
      return H5T_NATIVE_FLOAT;
    case H5Type::kF64:
      return H5T_NATIVE_DOUBLE;
    case H5Type::kI64:
      return H5T_NATIVE_INT64;
  }
  return -1;
}

template <class T>
hid_t native();
template <>
hid_t native<uint8_t>() {
  return H5T_NATIVE_UINT8;
}
template <>
hid_t native<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
hid_t native<double>() {
  return H5T_NATIVE_DOUBLE;
}

herr_t collect_name(hid_t, const char* name, const H5L_info_t*, void* list) {
  static_cast<std::vector<std::string>*>(list)->push_back(name);
  return 0;
}

}  // namespace

// Keeps the bytes of a file in memory when HDF5 closes it. (H5Fget_file_image of HDF5 1.10 gives
// them with a wrong checksum.)
struct Hdf5File::Image {
  void* bytes = nullptr;
  size_t size = 0;
  ~Image() { std::free(bytes); }
  // Without what HDF5 has allocated behind the end: the superblock (versions 2 and 3) says at byte
  // 28 where that is.
  size_t used() const {
    constexpr size_t kSuperblock = 48, kVersion = 8, kEnd = 28;
    uint64_t end = 0;
    if (size < kSuperblock) return size;
    const auto* begin = static_cast<const unsigned char*>(bytes);
    for (size_t i = 0; i < 8; ++i) end |= uint64_t{begin[kEnd + i]} << (8 * i);
    const bool known = begin[kVersion] == 2 || begin[kVersion] == 3;
    return known && end >= kSuperblock && end <= size ? size_t(end) : size;
  }
};

static H5FD_file_image_callbacks_t image_callbacks(void* image) {
  using Op = H5FD_file_image_op_t;
  H5FD_file_image_callbacks_t callbacks{};
  callbacks.image_malloc = [](size_t size, Op, void*) { return std::malloc(size); };
  callbacks.image_memcpy = [](void* to, const void* from, size_t size, Op, void*) {
    return std::memcpy(to, from, size);
  };
  callbacks.image_realloc = [](void* old, size_t size, Op, void* to) {
    static_cast<Hdf5File::Image*>(to)->size = size;
    return std::realloc(old, size);
  };
  callbacks.image_free = [](void* bytes, Op op, void* to) -> herr_t {
    if (op == H5FD_FILE_IMAGE_OP_FILE_CLOSE) {
      static_cast<Hdf5File::Image*>(to)->bytes = bytes;
    } else {
      std::free(bytes);
    }
    return 0;
  };
  callbacks.udata_copy = [](void* to) { return to; };
  callbacks.udata_free = [](void*) -> herr_t { return 0; };
  callbacks.udata = image;
  return callbacks;
}

Hdf5File::Hdf5File(std::string path, int64_t file, std::unique_ptr<Image> image)
    : path_(std::move(path)), file_(file), image_(std::move(image)) {}

Hdf5File::Hdf5File(Hdf5File&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      image_(std::move(other.image_)) {}

Hdf5File Hdf5File::open(const std::string& path) {
  silence();
  if (!std::filesystem::is_regular_file(path)) {
    throw Error(ErrorCode::kNotFound, {.where = path, .problem = "no such file"});
  }
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file < 0) {
    throw Error(ErrorCode::kBadInput, {.where = path,
                                       .problem = "not a whole HDF5 file",
                                       .expected = "an HDF5 file",
                                       .found = std::to_string(std::filesystem::file_size(path)) +
                                                " bytes that HDF5 cannot open"});
  }
  return Hdf5File(path, file, nullptr);
}

Hdf5File Hdf5File::create(const std::string& path, uint64_t expected_bytes) {
  silence();
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  // Older formats allow no attribute above 64 KB, and a demonstration carries its model as one.
  H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_LATEST);
  std::unique_ptr<Image> image;
  if (expected_bytes <= kInMemory) {
    image = std::make_unique<Image>();
    H5FD_file_image_callbacks_t callbacks = image_callbacks(image.get());
    H5Pset_fapl_core(access, size_t{1} << 16, /*backing_store=*/0);
    H5Pset_file_image_callbacks(access, &callbacks);
  }
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
  if (file < 0) throw Error(ErrorCode::kFailed, {.where = path, .problem = "cannot be created"});
  return Hdf5File(path, file, std::move(image));
}

Hdf5File::~Hdf5File() {
  if (file_ >= 0) H5Fclose(file_);
}

void Hdf5File::close() {
  const hid_t file = std::exchange(file_, -1);
  if (image_ && file >= 0) {
    if (H5Fclose(file) < 0 || image_->bytes == nullptr) {
      throw Error(ErrorCode::kFailed, {.where = path_, .problem = "cannot be made in memory"});
    }
    FileWriter writer(path_);
    writer.write(image_->bytes, image_->used());
    writer.finish();
    image_.reset();
    return;
  }
  if (file >= 0 && H5Fclose(file) < 0) {
    throw Error(ErrorCode::kFailed,
                {.where = path_, .problem = "cannot be written", .next = "is the disk full?"});
  }
}

bool Hdf5File::exists(const std::string& object) const {
  // H5Lexists needs every parent to exist, so the path is walked.
  for (size_t slash = object.find('/', 1); slash != std::string::npos;
       slash = object.find('/', slash + 1)) {
    if (H5Lexists(file_, object.substr(0, slash).c_str(), H5P_DEFAULT) <= 0) return false;
  }
  return H5Lexists(file_, object.c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> Hdf5File::children(const std::string& group) const {
  const Handle handle(exists(group) ? H5Gopen2(file_, group.c_str(), H5P_DEFAULT) : -1, H5Gclose);
  if (handle < 0) fail(path_, group, "missing group");
  std::vector<std::string> names;
  H5Literate(handle, H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, collect_name, &names);
  std::sort(names.begin(), names.end());
  return names;
}

void Hdf5File::make_group(const std::string& group) {
  const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  const Handle handle(H5Gcreate2(file_, group.c_str(), links, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
  if (handle < 0) fail(path_, group, "cannot be created");
}

void Hdf5File::write(const std::string& dataset, H5Type type, const std::vector<uint64_t>& shape,
                     const void* bytes, int gzip) {
  const std::vector<hsize_t> dims(shape.begin(), shape.end());
  const Handle space(H5Screate_simple(int(dims.size()), dims.data(), nullptr), H5Sclose);
  const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  const Handle layout(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  if (gzip > 0 && !dims.empty() && dims[0] > 0) {
    std::vector<hsize_t> chunk = dims;
    chunk[0] = std::min<hsize_t>(dims[0], 8);
    H5Pset_chunk(layout, int(chunk.size()), chunk.data());
    H5Pset_deflate(layout, unsigned(gzip));
  }
  const Handle set(
      H5Dcreate2(file_, dataset.c_str(), memory_type(type), space, links, layout, H5P_DEFAULT),
      H5Dclose);
  if (set < 0 || H5Dwrite(set, memory_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) < 0) {
    throw Error(ErrorCode::kFailed, {.where = path_ + ":" + dataset,
                                     .problem = "cannot be written",
                                     .next = "is the disk full?"});
  }
}

// Attributes one by one: HDF5 1.10 crashes where H5Ocopy meets more than eight with texts among
// them.
void Hdf5File::copy_attributes(const Hdf5File& from, const std::string& object,
                               const std::string& as) {
  const Handle theirs(H5Oopen(from.file_, object.c_str(), H5P_DEFAULT), H5Oclose);
  const Handle ours(H5Oopen(file_, as.c_str(), H5P_DEFAULT), H5Oclose);
  const int count = H5Aget_num_attrs(theirs);
  for (int i = 0; i < count; ++i) {
    const Handle attribute(H5Aopen_by_idx(theirs, ".", H5_INDEX_NAME, H5_ITER_INC, hsize_t(i),
                                          H5P_DEFAULT, H5P_DEFAULT),
                           H5Aclose);
    std::string name(size_t(std::max<ssize_t>(0, H5Aget_name(attribute, 0, nullptr))) + 1, '\0');
    H5Aget_name(attribute, name.size(), name.data());
    name.pop_back();
    const Handle type(H5Aget_type(attribute), H5Tclose);
    if (H5Tis_variable_str(type) > 0) {
      write_attribute(as, name, from.text_attribute(object, name));
      continue;
    }
    const Handle space(H5Aget_space(attribute), H5Sclose);
    std::vector<char> bytes(H5Tget_size(type) * size_t(H5Sget_simple_extent_npoints(space)));
    const Handle copy(H5Acreate2(ours, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT),
                      H5Aclose);
    if (H5Aread(attribute, type, bytes.data()) < 0 || copy < 0 ||
        H5Awrite(copy, type, bytes.data()) < 0) {
      fail(path_, as, "cannot write attribute " + name);
    }
  }
}

void Hdf5File::copy_group(const Hdf5File& from, const std::string& group, const std::string& as) {
  make_group(as);
  copy_attributes(from, group, as);
  for (const std::string& child : from.children(group)) {
    if (H5Ocopy(from.file_, (group + "/" + child).c_str(), file_, (as + "/" + child).c_str(),
                H5P_DEFAULT, H5P_DEFAULT) < 0) {
      throw Error(ErrorCode::kFailed, {.where = path_ + ":" + as + "/" + child,
                                       .problem = "cannot be copied from " + from.path_,
                                       .next = "is the disk full?"});
    }
  }
}

std::vector<uint64_t> Hdf5File::shape(const std::string& dataset) const {
  const Handle set(exists(dataset) ? H5Dopen2(file_, dataset.c_str(), H5P_DEFAULT) : -1, H5Dclose);
  if (set < 0) fail(path_, dataset, "missing dataset");
  const Handle space(H5Dget_space(set), H5Sclose);
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 0 || rank > 8) fail(path_, dataset, "unreadable shape");
  std::vector<hsize_t> dims(size_t(std::max(rank, 1)));
  H5Sget_simple_extent_dims(space, dims.data(), nullptr);
  return {dims.begin(), dims.begin() + rank};
}

template <class T>
std::vector<T> Hdf5File::read(const std::string& dataset,
                              const std::vector<uint64_t>& expected) const {
  const std::vector<uint64_t> found = shape(dataset);
  bool matches = found.size() == expected.size();
  uint64_t count = 1;
  for (size_t i = 0; matches && i < found.size(); ++i) {
    matches = expected[i] == 0 || expected[i] == found[i];
    if (found[i] != 0 && count > kMaxElements / found[i]) fail(path_, dataset, "is too large");
    count *= found[i];
  }
  if (!matches) fail(path_, dataset, "wrong shape", shape_text(expected), shape_text(found));
  const Handle set(H5Dopen2(file_, dataset.c_str(), H5P_DEFAULT), H5Dclose);
  const Handle type(H5Dget_type(set), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type);
  const size_t width = H5Tget_size(type);
  if (sizeof(T) == 1 ? kind != H5T_INTEGER || width != 1
                     : kind != H5T_INTEGER && kind != H5T_FLOAT) {
    fail(path_, dataset, "wrong type", sizeof(T) == 1 ? "bytes" : "numbers",
         type_text(kind, width));
  }
  if (count > 0 && count * width / kMaxCompression > H5Dget_storage_size(set)) {
    fail(path_, dataset, "is damaged", std::to_string(count * width) + " bytes",
         std::to_string(H5Dget_storage_size(set)) + " bytes in the file");
  }
  std::vector<T> values(count);
  if (count > 0 && H5Dread(set, native<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) {
    fail(path_, dataset, "cannot be read: the file is damaged");
  }
  return values;
}
template std::vector<uint8_t> Hdf5File::read<uint8_t>(const std::string&,
                                                      const std::vector<uint64_t>&) const;
template std::vector<float> Hdf5File::read<float>(const std::string&,
                                                  const std::vector<uint64_t>&) const;
template std::vector<double> Hdf5File::read<double>(const std::string&,
                                                    const std::vector<uint64_t>&) const;

void Hdf5File::write_attribute(const std::string& object, const std::string& name,
                               const std::string& text) {
  const Handle owner(H5Oopen(file_, object.c_str(), H5P_DEFAULT), H5Oclose);
  // Variable length, as h5py writes str.
  const Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle attribute(H5Acreate2(owner, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT),
                         H5Aclose);
  const char* bytes = text.c_str();
  if (attribute < 0 || H5Awrite(attribute, type, &bytes) < 0)
    fail(path_, object, "cannot write attribute " + name);
}

void Hdf5File::write_attribute(const std::string& object, const std::string& name, int64_t value) {
  const Handle owner(H5Oopen(file_, object.c_str(), H5P_DEFAULT), H5Oclose);
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle attribute(
      H5Acreate2(owner, name.c_str(), H5T_NATIVE_INT64, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  if (attribute < 0 || H5Awrite(attribute, H5T_NATIVE_INT64, &value) < 0) {
    fail(path_, object, "cannot write attribute " + name);
  }
}

void Hdf5File::write_attribute(const std::string& object, const std::string& name,
                               const std::vector<double>& values) {
  const Handle owner(H5Oopen(file_, object.c_str(), H5P_DEFAULT), H5Oclose);
  const hsize_t count = values.size();
  const Handle space(H5Screate_simple(1, &count, nullptr), H5Sclose);
  const Handle attribute(
      H5Acreate2(owner, name.c_str(), H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT),
      H5Aclose);
  if (attribute < 0 || H5Awrite(attribute, H5T_NATIVE_DOUBLE, values.data()) < 0) {
    fail(path_, object, "cannot write attribute " + name);
  }
}

bool Hdf5File::has_attribute(const std::string& object, const std::string& name) const {
  return exists(object) && H5Aexists_by_name(file_, object.c_str(), name.c_str(), H5P_DEFAULT) > 0;
}

std::string Hdf5File::text_attribute(const std::string& object, const std::string& name) const {
  if (!has_attribute(object, name)) fail(path_, object, "missing attribute '" + name + "'");
  const Handle attribute(
      H5Aopen_by_name(file_, object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  const Handle type(H5Aget_type(attribute), H5Tclose);
  const Handle space(H5Aget_space(attribute), H5Sclose);
  if (H5Tget_class(type) != H5T_STRING || H5Sget_simple_extent_npoints(space) != 1) {
    fail(path_, object, "attribute '" + name + "' has the wrong type", "one text",
         "something else");
  }
  if (H5Tis_variable_str(type) > 0) {
    char* bytes = nullptr;
    if (H5Aread(attribute, type, &bytes) < 0)
      fail(path_, object, "attribute '" + name + "' is damaged");
    std::string text = bytes ? bytes : "";
    H5free_memory(bytes);
    return text;
  }
  std::string text(H5Tget_size(type), '\0');
  if (H5Aread(attribute, type, text.data()) < 0)
    fail(path_, object, "attribute '" + name + "' is damaged");
  text.resize(std::min(text.find('\0'), text.size()));
  return text;
}

int64_t Hdf5File::int_attribute(const std::string& object, const std::string& name) const {
  if (!has_attribute(object, name)) fail(path_, object, "missing attribute '" + name + "'");
  const Handle attribute(
      H5Aopen_by_name(file_, object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  const Handle type(H5Aget_type(attribute), H5Tclose);
  const Handle space(H5Aget_space(attribute), H5Sclose);
  int64_t value = 0;
  if (H5Tget_class(type) != H5T_INTEGER || H5Sget_simple_extent_npoints(space) != 1 ||
      H5Aread(attribute, H5T_NATIVE_INT64, &value) < 0) {
    fail(path_, object, "attribute '" + name + "' has the wrong type", "one whole number",
         "something else");
  }
  return value;
}

}  // namespace libra::data
