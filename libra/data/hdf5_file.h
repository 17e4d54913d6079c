// A thin owner of HDF5 handles: typed datasets and attributes, every shape and type checked, HDF5's
// own error printing silenced. Errors are libra::Error with the file and the object's path.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace libra::data {

enum class H5Type { kU8, kF32, kF64, kI64 };

class Hdf5File {
 public:
  // Throws Error(kNotFound) when there is no such file, Error(kBadInput) when it is not HDF5.
  static Hdf5File open(const std::string& path);
  // Files of up to kInMemory are made in memory and written by close(), because HDF5 crashes where
  // a disk takes a part of them; larger ones grow on the disk.
  static constexpr uint64_t kInMemory = 512u << 20;
  static Hdf5File create(const std::string& path, uint64_t expected_bytes = 0);
  Hdf5File(Hdf5File&& other) noexcept;
  Hdf5File& operator=(Hdf5File&&) = delete;
  ~Hdf5File();
  // Everything is on its way to the disk; throws Error(kFailed) when that did not work.
  void close();

  const std::string& path() const { return path_; }
  bool exists(const std::string& object) const;
  std::vector<std::string> children(const std::string& group) const;  // sorted by name

  void make_group(const std::string& group);
  // `bytes` holds the elements of `shape` in C order. gzip 1 to 9: packed, in chunks of a few rows.
  void write(const std::string& dataset, H5Type type, const std::vector<uint64_t>& shape,
             const void* bytes, int gzip = 0);

  // The group with all that is in it, from another file, packed as it is there.
  void copy_group(const Hdf5File& from, const std::string& group, const std::string& as);

  // Shape of a dataset; throws Error(kBadInput) when it is missing or not a dataset.
  std::vector<uint64_t> shape(const std::string& dataset) const;
  // Reads a whole dataset, converted to T (uint8_t from bytes only, float and double from any
  // numbers). Throws Error(kBadInput) unless its shape is `expected`; 0 in `expected` allows any
  // length.
  template <class T>
  std::vector<T> read(const std::string& dataset, const std::vector<uint64_t>& expected) const;

  void write_attribute(const std::string& object, const std::string& name, const std::string& text);
  void write_attribute(const std::string& object, const std::string& name, int64_t value);
  void write_attribute(const std::string& object, const std::string& name,
                       const std::vector<double>& values);
  // Throws Error(kBadInput) when it is missing or of another type.
  std::string text_attribute(const std::string& object, const std::string& name) const;
  int64_t int_attribute(const std::string& object, const std::string& name) const;
  bool has_attribute(const std::string& object, const std::string& name) const;

  struct Image;

 private:
  Hdf5File(std::string path, int64_t file, std::unique_ptr<Image> image);
  void copy_attributes(const Hdf5File& from, const std::string& object, const std::string& as);
  std::string path_;
  int64_t file_;                  // hid_t
  std::unique_ptr<Image> image_;  // of a file that is made in memory
};

}  // namespace libra::data
