// A thin owner of HDF5 handles: typed datasets and attributes, every shape and type checked, HDF5's
// own error printing silenced. Errors are libra::Error with the file and the object's path.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace libra::data {

// HDF5's library serves one thread at a time: whoever uses files from several threads holds this.
std::mutex& hdf5_mutex();

class Hdf5File {
 public:
  // Throws Error(kNotFound) when there is no such file, Error(kBadInput) when it is not HDF5.
  static Hdf5File open(const std::string& path);
  Hdf5File(Hdf5File&& other) noexcept;
  Hdf5File& operator=(Hdf5File&&) = delete;
  ~Hdf5File();

  const std::string& path() const { return path_; }
  bool exists(const std::string& object) const;
  std::vector<std::string> children(const std::string& group) const;  // sorted by name

  // Shape of a dataset; throws Error(kBadInput) when it is missing or not a dataset.
  std::vector<uint64_t> shape(const std::string& dataset) const;
  // Throws Error(kBadInput) unless its elements are bytes that this HDF5 can unpack; reads nothing.
  void require_bytes(const std::string& dataset) const;
  // Whether its elements are bytes (or h5py's bool).
  bool holds_bytes(const std::string& dataset) const;
  // Reads a whole dataset, converted to T (uint8_t from bytes only, float and double from any
  // numbers). Throws Error(kBadInput) unless its shape is `expected`; 0 in `expected` allows any
  // length.
  template <class T>
  std::vector<T> read(const std::string& dataset, const std::vector<uint64_t>& expected) const;

  // Throws Error(kBadInput) when it is missing or of another type.
  std::string text_attribute(const std::string& object, const std::string& name) const;
  int64_t int_attribute(const std::string& object, const std::string& name) const;
  bool has_attribute(const std::string& object, const std::string& name) const;

  int64_t id() const { return file_; }  // hid_t

 private:
  Hdf5File(std::string path, int64_t file);
  std::string path_;
  int64_t file_;
};

}  // namespace libra::data
