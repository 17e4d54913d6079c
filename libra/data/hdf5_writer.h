// A thin owner of an HDF5 file that is being written.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libra/data/hdf5_file.h"

namespace libra::data {

enum class H5Type { kU8, kF32, kF64, kI64 };

class Hdf5Writer {
 public:
  // Files of up to kInMemory are made in memory and written by close(), because HDF5 crashes where
  // a disk takes a part of them; larger ones grow on the disk.
  static constexpr uint64_t kInMemory = 512u << 20;
  static Hdf5Writer create(const std::string& path, uint64_t expected_bytes = 0);
  Hdf5Writer(Hdf5Writer&& other) noexcept;
  Hdf5Writer& operator=(Hdf5Writer&&) = delete;
  ~Hdf5Writer();
  // Everything is on its way to the disk; throws Error(kFailed) when that did not work.
  void close();

  void make_group(const std::string& group);
  // `bytes` holds the elements of `shape` in C order. gzip 1 to 9: packed, in chunks of a few rows.
  void write(const std::string& dataset, H5Type type, const std::vector<uint64_t>& shape,
             const void* bytes, int gzip = 0);
  // The group with all that is in it, from another file, packed as it is there.
  void copy_group(const Hdf5File& from, const std::string& group, const std::string& as);
  void write_attribute(const std::string& object, const std::string& name, const std::string& text);
  void write_attribute(const std::string& object, const std::string& name, int64_t value);
  void write_attribute(const std::string& object, const std::string& name,
                       const std::vector<double>& values);

  struct Image;

 private:
  Hdf5Writer(std::string path, int64_t file, std::unique_ptr<Image> image);
  void copy_attributes(const Hdf5File& from, const std::string& object, const std::string& as);
  std::string path_;
  int64_t file_;                  // hid_t
  std::unique_ptr<Image> image_;  // of a file that is made in memory
};

}  // namespace libra::data
