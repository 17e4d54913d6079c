#include "libra/data/parquet_table.h"

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>

#include <filesystem>

#include "libra/core/error.h"
#include "libra/core/file.h"

namespace libra::data {
namespace {

// What can only fail for want of memory.
void must(const arrow::Status& status) {
  if (!status.ok()) throw Error(ErrorCode::kFailed, "Arrow: " + status.message());
}
template <class T>
T must(arrow::Result<T> result) {
  must(result.status());
  return std::move(result).ValueOrDie();
}

template <class Builder, class Values>
std::shared_ptr<arrow::Array> array_of(const Values& values) {
  Builder builder;
  for (const auto& value : values) must(builder.Append(value));
  return must(builder.Finish());
}

std::shared_ptr<arrow::Array> fixed_lists(const std::shared_ptr<arrow::Array>& items, size_t size) {
  return must(arrow::FixedSizeListArray::FromArrays(items, static_cast<int32_t>(size)));
}

// offsets: where each list begins, and where the last one ends.
std::shared_ptr<arrow::Array> lists(const std::shared_ptr<arrow::Array>& items,
                                    const std::vector<int32_t>& offsets) {
  return must(arrow::ListArray::FromArrays(*array_of<arrow::Int32Builder>(offsets), *items));
}

template <class Builder, class List>
std::shared_ptr<arrow::Array> ragged(const std::vector<List>& rows) {
  Builder builder;
  std::vector<int32_t> offsets = {0};
  for (const List& row : rows) {
    for (const auto& value : row) must(builder.Append(value));
    offsets.push_back(offsets.back() + static_cast<int32_t>(row.size()));
  }
  return lists(must(builder.Finish()), offsets);
}

template <class Builder, class T>
std::shared_ptr<arrow::Array> even(const Rows<T>& rows, bool fixed, size_t count) {
  const auto items = array_of<Builder>(rows.values());
  const size_t width = count > 0 ? rows.values().size() / count : 0;
  if (fixed) return fixed_lists(items, width);
  std::vector<int32_t> offsets;
  for (size_t i = 0; i <= count; ++i) offsets.push_back(static_cast<int32_t>(i * width));
  return lists(items, offsets);
}

}  // namespace

struct ParquetTable::Impl {
  std::shared_ptr<arrow::Table> table;

  void set(const std::string& column, const std::shared_ptr<arrow::Array>& values) {
    const auto field = arrow::field(column, values->type());
    const auto chunks = std::make_shared<arrow::ChunkedArray>(values);
    if (table == nullptr) {
      table = arrow::Table::Make(arrow::schema({field}), {chunks});
      return;
    }
    const int index = table->schema()->GetFieldIndex(column);
    table = must(index < 0 ? table->AddColumn(table->num_columns(), field, chunks)
                           : table->SetColumn(index, field, chunks));
  }
};

ParquetTable::ParquetTable() : impl_(std::make_unique<Impl>()) {}
ParquetTable::~ParquetTable() = default;
ParquetTable::ParquetTable(ParquetTable&&) noexcept = default;
ParquetTable& ParquetTable::operator=(ParquetTable&&) noexcept = default;

ParquetTable::ParquetTable(const std::string& path) : ParquetTable() {
  if (!std::filesystem::exists(path)) {
    throw Error(ErrorCode::kNotFound, {.where = path, .problem = "no such file"});
  }
  const auto check = [&](const arrow::Status& status) {
    if (status.ok()) return;
    throw Error(ErrorCode::kBadInput,
                {.where = path, .problem = "is damaged", .found = status.message().substr(0, 160)});
  };
  try {
    auto file = arrow::io::ReadableFile::Open(path);
    check(file.status());
    parquet::arrow::FileReaderBuilder builder;
    check(builder.Open(*file));
    std::unique_ptr<parquet::arrow::FileReader> reader;
    check(builder.Build(&reader));
    auto table = reader->ReadTable();
    check(table.status());
    impl_->table = *table;
  } catch (const parquet::ParquetException& error) {
    check(arrow::Status::IOError(error.what()));
  }
}

int64_t ParquetTable::rows() const {
  return impl_->table == nullptr ? 0 : impl_->table->num_rows();
}

void ParquetTable::set(const std::string& column, const std::vector<int64_t>& values) {
  impl_->set(column, array_of<arrow::Int64Builder>(values));
}
void ParquetTable::set(const std::string& column, const std::vector<double>& values) {
  impl_->set(column, array_of<arrow::DoubleBuilder>(values));
}
void ParquetTable::set(const std::string& column, const std::vector<float>& values) {
  impl_->set(column, array_of<arrow::FloatBuilder>(values));
}
void ParquetTable::set(const std::string& column, const std::vector<std::string>& values) {
  impl_->set(column, array_of<arrow::StringBuilder>(values));
}
void ParquetTable::set(const std::string& column,
                       const std::vector<std::vector<std::string>>& rows) {
  impl_->set(column, ragged<arrow::StringBuilder>(rows));
}
void ParquetTable::set(const std::string& column, const std::vector<std::vector<double>>& rows) {
  impl_->set(column, ragged<arrow::DoubleBuilder>(rows));
}
void ParquetTable::set(const std::string& column, const Rows<float>& rows, bool fixed,
                       size_t count) {
  impl_->set(column, even<arrow::FloatBuilder>(rows, fixed, count));
}
void ParquetTable::set(const std::string& column, const Rows<double>& rows, bool fixed,
                       size_t count) {
  impl_->set(column, even<arrow::DoubleBuilder>(rows, fixed, count));
}

void ParquetTable::set_pictures(const std::string& column,
                                const std::vector<std::string>& encoded) {
  const std::vector<std::string> paths(encoded.size());
  impl_->set(column, must(arrow::StructArray::Make(
                         arrow::ArrayVector{array_of<arrow::BinaryBuilder>(encoded),
                                            array_of<arrow::StringBuilder>(paths)},
                         std::vector<std::string>{"bytes", "path"})));
}

void ParquetTable::set_channels(const std::string& column,
                                const std::vector<std::vector<double>>& rows) {
  arrow::DoubleBuilder builder;
  std::vector<int32_t> each, channels = {0};
  for (const auto& row : rows) {
    for (const double value : row) must(builder.Append(value));
    channels.push_back(channels.back() + static_cast<int32_t>(row.size()));
  }
  for (int32_t i = 0; i <= channels.back(); ++i) each.push_back(i);
  impl_->set(column, lists(lists(lists(must(builder.Finish()), each), each), channels));
}

struct ParquetWriter::Impl {
  std::string path, part;
  Metadata metadata;
  std::shared_ptr<arrow::io::FileOutputStream> file;
  std::unique_ptr<parquet::arrow::FileWriter> writer;
  bool finished = false;

  void check(const arrow::Status& status) const {
    if (status.ok()) return;
    throw Error(
        ErrorCode::kFailed,
        {.where = path, .problem = "cannot be written", .found = status.message().substr(0, 160)});
  }
};

ParquetWriter::ParquetWriter(const std::string& path, Metadata metadata)
    : impl_(std::make_unique<Impl>()) {
  impl_->path = path;
  impl_->part = path + ".part";
  impl_->metadata = std::move(metadata);
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code ignored;
  if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
}

ParquetWriter::~ParquetWriter() {
  if (impl_->finished || impl_->file == nullptr) return;
  if (impl_->writer != nullptr) static_cast<void>(impl_->writer->Close());
  static_cast<void>(impl_->file->Close());
  std::error_code ignored;
  std::filesystem::remove(impl_->part, ignored);
}

void ParquetWriter::append(const ParquetTable& table) {
  Impl& s = *impl_;
  auto rows = table.impl_->table;
  if (s.writer == nullptr) {
    auto file = arrow::io::FileOutputStream::Open(s.part);
    s.check(file.status());
    s.file = *file;
    const auto properties =
        parquet::WriterProperties::Builder().compression(parquet::Compression::SNAPPY)->build();
    // The reader gets back the very types, lists of a fixed length too.
    const auto types = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    auto schema = rows->schema()->RemoveMetadata();
    if (!s.metadata.empty()) {
      std::vector<std::string> keys, values;
      for (const auto& [key, value] : s.metadata) {
        keys.push_back(key);
        values.push_back(value);
      }
      schema = schema->WithMetadata(arrow::key_value_metadata(keys, values));
    }
    auto writer = parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(), s.file,
                                                   properties, types);
    s.check(writer.status());
    s.writer = std::move(*writer);
  }
  if (!rows->schema()->Equals(*s.writer->schema(), /*check_metadata=*/false)) {
    throw Error(ErrorCode::kBadInput, {.where = s.path,
                                       .problem = "a part has other columns than the first",
                                       .expected = s.writer->schema()->ToString(),
                                       .found = rows->schema()->ToString()});
  }
  s.check(s.writer->WriteTable(*rows, std::max<int64_t>(1, rows->num_rows())));
}

void ParquetWriter::finish() {
  Impl& s = *impl_;
  if (s.finished || s.writer == nullptr) return;
  s.check(s.writer->Close());
  s.check(s.file->Close());
  replace_path(s.part, s.path);
  s.finished = true;
}

void save(const ParquetTable& table, const std::string& path, ParquetWriter::Metadata metadata) {
  ParquetWriter writer(path, std::move(metadata));
  writer.append(table);
  writer.finish();
}

}  // namespace libra::data
