// What reading and writing HDF5 have in common (internal to data; source files only).
#pragma once

#include <hdf5.h>

#include <string>

#include "libra/core/error.h"

namespace libra::data {

// Closes what HDF5 opened.
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
inline void silence() {
  static const bool once = H5dont_atexit() >= 0;
  (void)once;
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

[[noreturn]] inline void fail(const std::string& path, const std::string& object,
                              const std::string& problem, const std::string& expected = "",
                              const std::string& found = "") {
  throw Error(ErrorCode::kBadInput, {.where = path + ":" + object,
                                     .problem = problem,
                                     .expected = expected,
                                     .found = found,
                                     .next = "docs/data_formats.md lists what such a file holds"});
}

}  // namespace libra::data
