#include "libra/core/file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "libra/core/error.h"

namespace libra {
namespace {

namespace fs = std::filesystem;

std::string parent_of(const std::string& path) {
  // "a/b/" is b in a.
  const fs::path clean = path.ends_with('/') ? fs::path(path).parent_path() : fs::path(path);
  const fs::path parent = clean.parent_path();
  return parent.empty() ? "." : parent.string();
}

uint64_t free_bytes(const std::string& folder) {
  struct statvfs disk {};
  fs::path at = folder.empty() ? fs::path(".") : fs::path(folder);
  while (statvfs(at.c_str(), &disk) != 0) {
    if (at == at.parent_path()) return UINT64_MAX;  // nothing to say
    at = at.parent_path().empty() ? fs::path(".") : at.parent_path();
  }
  return uint64_t{disk.f_bavail} * disk.f_frsize;
}

std::string megabytes(uint64_t bytes) {
  return std::to_string((bytes + 999'999) / 1'000'000) + " MB";
}

[[noreturn]] void fail(const std::string& path, const std::string& what, int reason) {
  const bool full = reason == ENOSPC || reason == EDQUOT;
  throw Error(ErrorCode::kFailed,
              {.where = path,
               .problem = what + ": " + std::strerror(reason),
               .found = full ? megabytes(free_bytes(parent_of(path))) + " free" : "",
               .next = full ? "make room and run the same command again; what was finished is kept"
                            : "is the folder there, and may you write to it?"});
}

// Bytes of the process reach the disk.
void sync_file(const std::string& path, int flags) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
  if (file < 0) fail(path, "cannot be opened", errno);
  const int reason = fsync(file) == 0 ? 0 : errno;
  close(file);
  // Some file systems cannot sync a folder; then there is nothing to wait for.
  if (reason != 0 && !(reason == EINVAL && flags == O_DIRECTORY)) {
    fail(path, "cannot be written", reason);
  }
}

void sync_tree(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return sync_file(path, 0);
  for (const auto& entry : fs::directory_iterator(path)) sync_tree(entry.path().string());
  sync_file(path, O_DIRECTORY);
}

void write_all(int file, const std::string& path, const char* bytes, size_t count) {
  while (count > 0) {
    const ssize_t written = ::write(file, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, "cannot be written", errno);
    bytes += written;
    count -= static_cast<size_t>(written);
  }
}

// The system call, since C libraries of before 2018 lack its wrapper.
bool exchange(const std::string& a, const std::string& b) {
  return syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0;
}

}  // namespace

std::string read_file(const std::string& path, const std::string& expected,
                      const std::string& next) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw Error(ErrorCode::kNotFound,
                {.where = path, .problem = "cannot be read", .expected = expected, .next = next});
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string file_hash(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::kNotFound, {.where = path, .problem = "cannot be read"});
  // FNV-1a, eight bytes at a time.
  uint64_t hash = 0xcbf29ce484222325u;
  std::vector<char> block(1 << 20);
  while (file.read(block.data(), std::streamsize(block.size())) || file.gcount() > 0) {
    const size_t count = size_t(file.gcount());
    std::fill(block.begin() + std::ptrdiff_t(count), block.end(), '\0');
    for (size_t i = 0; i < count; i += 8) {
      uint64_t word = 0;
      std::memcpy(&word, block.data() + i, 8);
      hash = (hash ^ word) * 0x100000001b3u;
      hash ^= hash >> 29;
    }
    hash ^= count;
  }
  char text[24];
  std::snprintf(text, sizeof text, "fnv64:%016llx", static_cast<unsigned long long>(hash));
  return text;
}

FileWriter::FileWriter(std::string path) : path_(std::move(path)), part_(path_ + ".part") {
  file_ = open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file_ < 0) fail(path_, "cannot be written", errno);
}

FileWriter::~FileWriter() {
  if (file_ < 0) return;
  close(file_);
  unlink(part_.c_str());
}

void FileWriter::write(const void* bytes, size_t count) {
  const auto* from = static_cast<const char*>(bytes);
  if (waiting_.size() + count > kBuffered) flush();
  if (count > kBuffered) {
    write_all(file_, path_, from, count);
  } else {
    waiting_.append(from, count);
  }
}

void FileWriter::flush() {
  write_all(file_, path_, waiting_.data(), waiting_.size());
  waiting_.clear();
}

void FileWriter::finish() {
  flush();
  if (fsync(file_) != 0) fail(path_, "cannot be written", errno);
  if (close(std::exchange(file_, -1)) != 0) fail(path_, "cannot be written", errno);
  if (rename(part_.c_str(), path_.c_str()) != 0) {
    const int reason = errno;
    unlink(part_.c_str());
    fail(path_, "cannot be written", reason);
  }
  sync_file(parent_of(path_), O_DIRECTORY);
}

void write_file(const std::string& path, std::string_view bytes) {
  FileWriter writer(path);
  writer.write(bytes.data(), bytes.size());
  writer.finish();
}

void replace_path(const std::string& fresh, const std::string& path) {
  sync_tree(fresh);
  std::error_code error;
  const bool anew = !fs::exists(path, error) || !fs::is_directory(path, error);
  if (anew) {
    if (rename(fresh.c_str(), path.c_str()) != 0) fail(path, "cannot be replaced", errno);
    sync_file(parent_of(path), O_DIRECTORY);
    return;
  }
  if (!exchange(fresh, path)) {
    // A file system without exchange: a kill between the two renames leaves the old one beside.
    if (errno != EINVAL && errno != ENOSYS) fail(path, "cannot be replaced", errno);
    const std::string old = path + ".old";
    fs::remove_all(old, error);
    if (rename(path.c_str(), old.c_str()) != 0 || rename(fresh.c_str(), path.c_str()) != 0) {
      fail(path, "cannot be replaced", errno);
    }
    sync_file(parent_of(path), O_DIRECTORY);
    fs::remove_all(old, error);
    return;
  }
  sync_file(parent_of(path), O_DIRECTORY);
  fs::remove_all(fresh, error);  // the old one, under the fresh one's name
}

LineJournal::LineJournal(std::string path) : path_(std::move(path)) {
  file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0) fail(path_, "cannot be written", errno);
  std::error_code error;
  if (!fs::is_regular_file(path_, error)) return;  // a pipe or a terminal has no lines to mend
  const std::string text = read_file(path_);
  const size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
  if (ftruncate(file_, static_cast<off_t>(whole)) != 0 || lseek(file_, 0, SEEK_END) < 0) {
    const int reason = errno;
    close(std::exchange(file_, -1));
    fail(path_, "cannot be written", reason);
  }
  sync_file(parent_of(path_), O_DIRECTORY);
}

LineJournal::~LineJournal() {
  if (file_ >= 0) close(file_);
}

void LineJournal::append(std::string_view line) {
  std::string text(line);
  text += '\n';
  write_all(file_, path_, text.data(), text.size());
  if (fdatasync(file_) != 0) fail(path_, "cannot be written", errno);
}

void require_space(const std::string& folder, uint64_t bytes, const std::string& what) {
  const uint64_t left = free_bytes(folder);
  if (left >= bytes) return;
  throw Error(ErrorCode::kFailed,
              {.where = folder,
               .problem = "not enough space for " + what,
               .expected = megabytes(bytes),
               .found = megabytes(left) + " free",
               .next = "make room and run the same command again; what was finished is kept"});
}

}  // namespace libra
