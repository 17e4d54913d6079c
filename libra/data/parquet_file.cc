#include "libra/data/parquet_file.h"

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>

#include <filesystem>
#include <mutex>

#include "libra/core/error.h"

namespace libra::data {

struct ParquetFile::Impl {
  std::string path;
  std::unique_ptr<parquet::arrow::FileReader> reader;
  std::shared_ptr<arrow::Schema> schema;
  std::mutex mutex;  // a reader serves one thread at a time

  [[noreturn]] void fail(const std::string& column, const std::string& problem,
                         const std::string& expected = "", const std::string& found = "") const {
    throw Error(ErrorCode::kBadInput, {.where = path + (column.empty() ? "" : ":" + column),
                                       .problem = problem,
                                       .expected = expected,
                                       .found = found});
  }
  void check(const arrow::Status& status, const std::string& column) const {
    if (!status.ok()) fail(column, "is damaged (" + status.message().substr(0, 160) + ")");
  }
  template <class T>
  T take(arrow::Result<T> result, const std::string& column) const {
    check(result.status(), column);
    return std::move(result).ValueOrDie();
  }

  // The column in one piece.
  std::shared_ptr<arrow::Array> read(const std::string& column) {
    const int index = schema->GetFieldIndex(column);
    if (index < 0) fail(column, "there is no such column");
    const std::lock_guard lock(mutex);
    std::shared_ptr<arrow::ChunkedArray> chunks;
    check(reader->ReadColumn(index, &chunks), column);
    if (chunks->num_chunks() == 1) return chunks->chunk(0);
    if (chunks->num_chunks() == 0) {
      return take(arrow::MakeArrayOfNull(chunks->type(), 0), column);
    }
    return take(arrow::Concatenate(chunks->chunks()), column);
  }
  // Some rows of it; only the row groups that hold them are read.
  std::shared_ptr<arrow::Array> read(const std::string& column, int64_t first, int64_t count) {
    const int index = schema->GetFieldIndex(column);
    if (index < 0) fail(column, "there is no such column");
    const std::lock_guard lock(mutex);
    const auto metadata = reader->parquet_reader()->metadata();
    arrow::ArrayVector pieces;
    int64_t begin = 0, found = 0;
    for (int g = 0; g < metadata->num_row_groups(); ++g) {
      const int64_t rows = metadata->RowGroup(g)->num_rows();
      const int64_t from = std::max(first, begin), to = std::min(first + count, begin + rows);
      begin += rows;
      if (from >= to) continue;
      std::shared_ptr<arrow::ChunkedArray> chunks;
      check(reader->RowGroup(g)->Column(index)->Read(&chunks), column);
      const auto slice = chunks->Slice(from - (begin - rows), to - from);
      pieces.insert(pieces.end(), slice->chunks().begin(), slice->chunks().end());
      found += to - from;
    }
    if (found != count) {
      fail(column, "has too few rows", std::to_string(first + count), std::to_string(begin));
    }
    return take(arrow::Concatenate(pieces), column);
  }
  std::vector<int64_t> integers(const std::shared_ptr<arrow::Array>& array,
                                const std::string& column) const {
    require_whole(*array, column);
    const auto values = cast<arrow::Int64Array>(array, arrow::int64(), column);
    return {values->raw_values(), values->raw_values() + values->length()};
  }
  // Lists of numbers as rows.
  Rows<double> lists(const std::shared_ptr<arrow::Array>& array, const std::string& column) const {
    require_whole(*array, column);
    const auto values =
        cast<arrow::LargeListArray>(array, arrow::large_list(arrow::float64()), column);
    const auto items = std::static_pointer_cast<arrow::DoubleArray>(values->values());
    if (items->null_count() > 0) fail(column, "has numbers without a value");
    Rows<double> rows;
    for (int64_t i = 0; i < values->length(); ++i) {
      const int64_t from = values->value_offset(i), length = values->value_length(i);
      if (i > 0 && static_cast<size_t>(length) != rows.width()) {
        fail(column, "row " + std::to_string(i) + " has another length",
             std::to_string(rows.width()), std::to_string(length));
      }
      rows.push_back({items->raw_values() + from, static_cast<size_t>(length)});
    }
    return rows;
  }
  void require_whole(const arrow::Array& array, const std::string& column) const {
    if (array.null_count() > 0) fail(column, "has rows without a value");
  }
  template <class Array>
  std::shared_ptr<Array> cast(const std::shared_ptr<arrow::Array>& array,
                              const std::shared_ptr<arrow::DataType>& type,
                              const std::string& column) const {
    const auto cast = arrow::compute::Cast(*array, type, arrow::compute::CastOptions::Unsafe());
    if (!cast.ok()) {
      fail(column, "is of the wrong type", type->ToString(), array->type()->ToString());
    }
    return std::static_pointer_cast<Array>(*cast);
  }
};

ParquetFile::ParquetFile(const std::string& path) : impl_(std::make_unique<Impl>()) {
  impl_->path = path;
  if (!std::filesystem::exists(path)) {
    throw Error(ErrorCode::kNotFound, {.where = path, .problem = "no such file"});
  }
  try {
    const auto file = impl_->take(arrow::io::ReadableFile::Open(path), "");
    parquet::arrow::FileReaderBuilder builder;
    impl_->check(builder.Open(file), "");
    impl_->check(builder.Build(&impl_->reader), "");
    impl_->check(impl_->reader->GetSchema(&impl_->schema), "");
  } catch (const parquet::ParquetException& error) {
    impl_->fail("", std::string("is not a whole Parquet file (") + error.what() + ")");
  }
}
ParquetFile::~ParquetFile() = default;
ParquetFile::ParquetFile(ParquetFile&&) noexcept = default;

const std::string& ParquetFile::path() const { return impl_->path; }
int64_t ParquetFile::rows() const {
  return impl_->reader->parquet_reader()->metadata()->num_rows();
}
bool ParquetFile::has(const std::string& column) const {
  return impl_->schema->GetFieldIndex(column) >= 0;
}

std::vector<int64_t> ParquetFile::integers(const std::string& column) const {
  return impl_->integers(impl_->read(column), column);
}

std::vector<int64_t> ParquetFile::integers(const std::string& column, int64_t first,
                                           int64_t count) const {
  return impl_->integers(impl_->read(column, first, count), column);
}

std::vector<double> ParquetFile::numbers(const std::string& column) const {
  auto array = impl_->read(column);
  impl_->require_whole(*array, column);
  if (array->type_id() == arrow::Type::BOOL) {
    array = impl_->cast<arrow::Array>(array, arrow::int64(), column);
  }
  const auto values = impl_->cast<arrow::DoubleArray>(array, arrow::float64(), column);
  return {values->raw_values(), values->raw_values() + values->length()};
}

std::vector<std::string> ParquetFile::texts(const std::string& column) const {
  const auto array = impl_->read(column);
  impl_->require_whole(*array, column);
  const auto values = impl_->cast<arrow::LargeStringArray>(array, arrow::large_utf8(), column);
  std::vector<std::string> texts;
  for (int64_t i = 0; i < values->length(); ++i) texts.emplace_back(values->GetView(i));
  return texts;
}

std::vector<std::vector<std::string>> ParquetFile::text_lists(const std::string& column) const {
  const auto array = impl_->read(column);
  impl_->require_whole(*array, column);
  const auto values =
      impl_->cast<arrow::LargeListArray>(array, arrow::large_list(arrow::large_utf8()), column);
  const auto items = std::static_pointer_cast<arrow::LargeStringArray>(values->values());
  std::vector<std::vector<std::string>> lists;
  for (int64_t i = 0; i < values->length(); ++i) {
    lists.emplace_back();
    for (int64_t k = values->value_offset(i); k < values->value_offset(i + 1); ++k) {
      lists.back().emplace_back(items->GetView(k));
    }
  }
  return lists;
}

Rows<double> ParquetFile::number_rows(const std::string& column) const {
  const auto array = impl_->read(column);
  impl_->require_whole(*array, column);
  if (array->type()->num_fields() == 0) {  // one number a row
    Rows<double> rows;
    for (const double value : numbers(column)) rows.push_back(std::span(&value, 1));
    return rows;
  }
  return impl_->lists(array, column);
}

Rows<double> ParquetFile::number_rows(const std::string& column, int64_t first,
                                      int64_t count) const {
  return impl_->lists(impl_->read(column, first, count), column);
}

std::vector<std::string> ParquetFile::pictures(const std::string& column, int64_t first,
                                               int64_t count) const {
  auto rows = impl_->read(column, first, count);
  if (rows->type_id() == arrow::Type::STRUCT) {
    rows = std::static_pointer_cast<arrow::StructArray>(rows)->GetFieldByName("bytes");
    if (rows == nullptr) impl_->fail(column, "is no column of pictures", "a member 'bytes'");
  }
  const auto bytes = impl_->cast<arrow::LargeBinaryArray>(rows, arrow::large_binary(), column);
  std::vector<std::string> out;
  for (int64_t i = 0; i < bytes->length(); ++i) {
    out.emplace_back(bytes->IsNull(i) ? std::string_view() : bytes->GetView(i));
  }
  return out;
}

}  // namespace libra::data
