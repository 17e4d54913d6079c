// A thin owner of a Parquet file: typed columns, every type and length checked. Errors are
// libra::Error with the file and the column.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libra/core/rows.h"

namespace libra::data {

class ParquetFile {
 public:
  // Throws Error(kNotFound) when there is no such file, Error(kBadInput) when it is not Parquet, is
  // cut or damaged.
  explicit ParquetFile(const std::string& path);
  ~ParquetFile();
  ParquetFile(ParquetFile&&) noexcept;

  const std::string& path() const;
  int64_t rows() const;
  bool has(const std::string& column) const;

  // Whole columns. Throw Error(kBadInput) when the column is missing or of another kind, or a value
  // is missing. Numbers of any type are converted.
  std::vector<int64_t> integers(const std::string& column) const;
  // Those of rows first .. first + count - 1 alone.
  std::vector<int64_t> integers(const std::string& column, int64_t first, int64_t count) const;
  std::vector<double> numbers(const std::string& column) const;
  std::vector<std::string> texts(const std::string& column) const;
  std::vector<std::vector<std::string>> text_lists(const std::string& column) const;
  // Lists of numbers, all of the same length.
  Rows<double> number_rows(const std::string& column) const;
  // Those of rows first .. first + count - 1 alone.
  Rows<double> number_rows(const std::string& column, int64_t first, int64_t count) const;
  // Encoded pictures, rows first .. first + count - 1: a column of bytes, or of structs with a
  // member "bytes". An empty entry where a row has none.
  std::vector<std::string> pictures(const std::string& column, int64_t first, int64_t count) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace libra::data
