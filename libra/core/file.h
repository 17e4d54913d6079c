// Files and folders that survive: what a run leaves is complete under its name or not there, also
// after a kill, a power cut or a full disk. New content is written and synced beside the old and
// then takes its place in one step.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace libra {

// The bytes of a file. Throws Error(kNotFound) that says what was `expected` there and what to do
// `next`, where that helps.
std::string read_file(const std::string& path, const std::string& expected = "",
                      const std::string& next = "");

// Of a file's bytes, for telling files apart: "fnv64:" and 16 hex digits. Throws Error(kNotFound).
std::string file_hash(const std::string& path);

// Writes a file as a whole: `path` changes in finish() and not before. Throws Error(kFailed) that
// names the file, the system's reason and the free space. One thread.
class FileWriter {
 public:
  explicit FileWriter(std::string path);
  ~FileWriter();  // without finish() what was written is removed
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  void write(const void* bytes, size_t count);
  void finish();

 private:
  static constexpr size_t kBuffered = size_t{1} << 20;  // LibTorch writes a few bytes at a time
  void flush();

  std::string path_, part_, waiting_;
  int file_ = -1;
};
void write_file(const std::string& path, std::string_view bytes);

// Puts `fresh`, a file or folder that is complete, in the place of `path`: syncs it and all in it,
// exchanges both in one step, removes the old one. Both in the same folder. Throws Error(kFailed).
void replace_path(const std::string& fresh, const std::string& path);

// A text file that grows by whole lines, each on the disk when append() returns. A line that a kill
// cut short is dropped when the file is opened again. Throws Error(kFailed). One thread at a time.
class LineJournal {
 public:
  explicit LineJournal(std::string path);
  ~LineJournal();
  LineJournal(const LineJournal&) = delete;
  LineJournal& operator=(const LineJournal&) = delete;
  void append(std::string_view line);

 private:
  std::string path_;
  int file_ = -1;
};

// Throws Error(kFailed) unless the disk of `folder` has room for so many bytes of `what`. A folder
// that does not exist yet counts as its nearest parent.
void require_space(const std::string& folder, uint64_t bytes, const std::string& what);

}  // namespace libra
