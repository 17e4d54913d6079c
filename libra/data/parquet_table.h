// Tables to be written as Parquet: columns put together, joined with others of the same kind,
// saved. Errors are libra::Error with the file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libra/core/rows.h"

namespace libra::data {

// Thread: one at a time. All columns of a table have the same number of rows.
class ParquetTable {
 public:
  ParquetTable();
  // What such a file holds. Throws Error(kNotFound, kBadInput).
  explicit ParquetTable(const std::string& path);
  ~ParquetTable();
  ParquetTable(ParquetTable&&) noexcept;
  ParquetTable& operator=(ParquetTable&&) noexcept;

  int64_t rows() const;

  // Adds a column, or replaces the one of that name.
  void set(const std::string& column, const std::vector<int64_t>& values);
  void set(const std::string& column, const std::vector<double>& values);
  void set(const std::string& column, const std::vector<float>& values);
  void set(const std::string& column, const std::vector<std::string>& values);
  // Lists of their own length each.
  void set(const std::string& column, const std::vector<std::vector<std::string>>& lists);
  void set(const std::string& column, const std::vector<std::vector<double>>& lists);
  // A list a row, all of the same length, which the type says where `fixed`. Without rows: empty
  // lists, `count` of them.
  void set(const std::string& column, const Rows<float>& lists, bool fixed, size_t count);
  void set(const std::string& column, const Rows<double>& lists, bool fixed, size_t count);
  // Encoded pictures: structs of "bytes" and "path", as Hugging Face's Image.
  void set_pictures(const std::string& column, const std::vector<std::string>& encoded);
  // [[[r]], [[g]], [[b]]] a row: numbers that belong to a picture's channels.
  void set_channels(const std::string& column, const std::vector<std::vector<double>>& lists);

 private:
  friend class ParquetWriter;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A file of tables with the same columns, one after the other, each in row groups of its own.
class ParquetWriter {
 public:
  using Metadata = std::vector<std::pair<std::string, std::string>>;
  // Writes "<path>.part"; finish() puts it in place.
  explicit ParquetWriter(const std::string& path, Metadata metadata = {});
  ~ParquetWriter();  // without finish() what was written is removed
  ParquetWriter(const ParquetWriter&) = delete;
  ParquetWriter& operator=(const ParquetWriter&) = delete;
  // Both throw Error(kFailed) when the disk does not take it, append() also Error(kBadInput) for
  // other columns than before.
  void append(const ParquetTable& table);
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

void save(const ParquetTable& table, const std::string& path,
          ParquetWriter::Metadata metadata = {});

}  // namespace libra::data
