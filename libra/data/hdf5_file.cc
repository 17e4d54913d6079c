#include "libra/data/hdf5_file.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <utility>

#include "libra/core/error.h"
#include "libra/data/hdf5_handle.h"

namespace libra::data {
namespace {

// Largest dataset that is read (elements): a hundred thousand scenes of 128 px have 5e9.
constexpr uint64_t kMaxElements = uint64_t{1} << 34;
// Deflate cannot pack tighter than this, so a damaged header cannot ask for more memory.
constexpr uint64_t kMaxCompression = 1040;

// The name of the filter that packs a dataset and that this HDF5 does not have; "" has all.
std::string missing_filter(hid_t set) {
  const Handle how(H5Dget_create_plist(set), H5Pclose);
  for (int i = 0; i < H5Pget_nfilters(how); ++i) {
    char name[64] = "";
    unsigned flags = 0, config = 0;
    size_t values = 0;
    const H5Z_filter_t id =
        H5Pget_filter2(how, unsigned(i), &flags, &values, nullptr, sizeof name, name, &config);
    if (id >= 0 && H5Zfilter_avail(id) <= 0) {
      return name[0] != '\0' ? std::string(name) : "filter " + std::to_string(id);
    }
  }
  return "";
}

void require_filters(const std::string& path, const std::string& dataset, hid_t set) {
  const std::string filter = missing_filter(set);
  if (filter.empty()) return;
  throw Error(ErrorCode::kBadInput,
              {.where = path + ":" + dataset,
               .problem = "is packed with the filter " + filter + ", which this HDF5 cannot unpack",
               .next = "repack it: h5repack -f GZIP=1 OLD NEW"});
}

// How long a file says that it is, by its superblock (HDF5 file format, III.A); 0: it does not.
uint64_t stored_size(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<unsigned char, 48> head{};
  file.read(reinterpret_cast<char*>(head.data()), head.size());
  constexpr std::array<unsigned char, 8> kSignature = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
  if (!file || !std::equal(kSignature.begin(), kSignature.end(), head.begin())) return 0;
  const bool old = head[8] < 2;
  if (head[old ? 13 : 9] != 8) return 0;  // bytes of an address
  uint64_t end = 0;
  for (int i = 7; i >= 0; --i) end = end << 8 | head[size_t((old ? 40 : 28) + i)];
  return end;
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

Hdf5File::Hdf5File(std::string path, int64_t file) : path_(std::move(path)), file_(file) {}

Hdf5File::Hdf5File(Hdf5File&& other) noexcept
    : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}

Hdf5File::~Hdf5File() {
  if (file_ >= 0) H5Fclose(file_);
}

std::mutex& hdf5_mutex() {
  static std::mutex mutex;
  return mutex;
}

Hdf5File Hdf5File::open(const std::string& path) {
  silence();
  if (!std::filesystem::is_regular_file(path)) {
    throw Error(ErrorCode::kNotFound, {.where = path, .problem = "no such file"});
  }
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file < 0) {
    const uint64_t should = stored_size(path), is = std::filesystem::file_size(path);
    throw Error(
        ErrorCode::kBadInput,
        {.where = path,
         .problem = "not a whole HDF5 file",
         .expected = should > is ? std::to_string(should) + " bytes" : "an HDF5 file",
         .found = std::to_string(is) + " bytes" + (should > is ? "" : " that HDF5 cannot open"),
         .next = should > is ? "copy or download it again" : ""});
  }
  return Hdf5File(path, file);
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

void Hdf5File::require_bytes(const std::string& dataset) const {
  const bool bytes = holds_bytes(dataset);
  const Handle set(H5Dopen2(file_, dataset.c_str(), H5P_DEFAULT), H5Dclose);
  const Handle type(H5Dget_type(set), H5Tclose);
  if (!bytes) {
    fail(path_, dataset, "wrong type", "bytes", type_text(H5Tget_class(type), H5Tget_size(type)));
  }
  require_filters(path_, dataset, set);
}

bool Hdf5File::holds_bytes(const std::string& dataset) const {
  shape(dataset);  // says what is missing
  const Handle set(H5Dopen2(file_, dataset.c_str(), H5P_DEFAULT), H5Dclose);
  const Handle type(H5Dget_type(set), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type);
  return (kind == H5T_INTEGER || kind == H5T_ENUM) && H5Tget_size(type) == 1;
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
  // h5py's bool is an enum of bytes.
  if (sizeof(T) == 1 ? (kind != H5T_INTEGER && kind != H5T_ENUM) || width != 1
                     : kind != H5T_INTEGER && kind != H5T_FLOAT) {
    fail(path_, dataset, "wrong type", sizeof(T) == 1 ? "bytes" : "numbers",
         type_text(kind, width));
  }
  if (count > 0 && count * width / kMaxCompression > H5Dget_storage_size(set)) {
    fail(path_, dataset, "is damaged", std::to_string(count * width) + " bytes",
         std::to_string(H5Dget_storage_size(set)) + " bytes in the file");
  }
  std::vector<T> values(count);
  const hid_t as = kind == H5T_ENUM ? hid_t(type) : native<T>();
  if (count > 0 && H5Dread(set, as, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) {
    require_filters(path_, dataset, set);
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
