#include "libra/data/hdf5_writer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "libra/core/file.h"
#include "libra/data/hdf5_handle.h"

namespace libra::data {
namespace {

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

}  // namespace

// Keeps the bytes of a file in memory when HDF5 closes it. (H5Fget_file_image of HDF5 1.10 gives
// them with a wrong checksum.)
struct Hdf5Writer::Image {
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
    static_cast<Hdf5Writer::Image*>(to)->size = size;
    return std::realloc(old, size);
  };
  callbacks.image_free = [](void* bytes, Op op, void* to) -> herr_t {
    if (op == H5FD_FILE_IMAGE_OP_FILE_CLOSE) {
      static_cast<Hdf5Writer::Image*>(to)->bytes = bytes;
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

Hdf5Writer::Hdf5Writer(std::string path, int64_t file, std::unique_ptr<Image> image)
    : path_(std::move(path)), file_(file), image_(std::move(image)) {}

Hdf5Writer::Hdf5Writer(Hdf5Writer&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      image_(std::move(other.image_)) {}

Hdf5Writer Hdf5Writer::create(const std::string& path, uint64_t expected_bytes) {
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
  return Hdf5Writer(path, file, std::move(image));
}

Hdf5Writer::~Hdf5Writer() {
  if (file_ >= 0) H5Fclose(file_);
}

void Hdf5Writer::close() {
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

void Hdf5Writer::make_group(const std::string& group) {
  const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  const Handle timeless(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
  H5Pset_obj_track_times(timeless, false);
  const Handle handle(H5Gcreate2(file_, group.c_str(), links, timeless, H5P_DEFAULT), H5Gclose);
  if (handle < 0) fail(path_, group, "cannot be created");
}

void Hdf5Writer::write(const std::string& dataset, H5Type type, const std::vector<uint64_t>& shape,
                       const void* bytes, int gzip) {
  const std::vector<hsize_t> dims(shape.begin(), shape.end());
  const Handle space(H5Screate_simple(int(dims.size()), dims.data(), nullptr), H5Sclose);
  const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  const Handle layout(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(layout, false);  // or the same data, a second later, were other bytes
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
void Hdf5Writer::copy_attributes(const Hdf5File& from, const std::string& object,
                                 const std::string& as) {
  const Handle theirs(H5Oopen(from.id(), object.c_str(), H5P_DEFAULT), H5Oclose);
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

void Hdf5Writer::copy_group(const Hdf5File& from, const std::string& group, const std::string& as) {
  make_group(as);
  copy_attributes(from, group, as);
  for (const std::string& child : from.children(group)) {
    if (H5Ocopy(from.id(), (group + "/" + child).c_str(), file_, (as + "/" + child).c_str(),
                H5P_DEFAULT, H5P_DEFAULT) < 0) {
      throw Error(ErrorCode::kFailed, {.where = path_ + ":" + as + "/" + child,
                                       .problem = "cannot be copied from " + from.path(),
                                       .next = "is the disk full?"});
    }
  }
}

void Hdf5Writer::write_attribute(const std::string& object, const std::string& name,
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

void Hdf5Writer::write_attribute(const std::string& object, const std::string& name,
                                 int64_t value) {
  const Handle owner(H5Oopen(file_, object.c_str(), H5P_DEFAULT), H5Oclose);
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle attribute(
      H5Acreate2(owner, name.c_str(), H5T_NATIVE_INT64, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  if (attribute < 0 || H5Awrite(attribute, H5T_NATIVE_INT64, &value) < 0) {
    fail(path_, object, "cannot write attribute " + name);
  }
}

void Hdf5Writer::write_attribute(const std::string& object, const std::string& name,
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

}  // namespace libra::data
