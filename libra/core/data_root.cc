#include "libra/core/data_root.h"

#include <filesystem>

namespace libra {
namespace fs = std::filesystem;

namespace {

std::string root_of_this_program() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    const fs::path shared = program.parent_path().parent_path() / "share" / "libra";
    if (fs::is_directory(shared / "assets", error)) return shared.string();
  }
  return LIBRA_SOURCE_DIR;
}

std::string& root() {
  static std::string folder = root_of_this_program();
  return folder;
}

}  // namespace

std::string data_root() { return root(); }

void set_data_root(const std::string& folder) { root() = folder; }

std::string find_data(const std::string& path) {
  std::error_code error;
  if (path.empty() || fs::exists(path, error)) return path;
  const fs::path ours = fs::path(data_root()) / path;  // an absolute path stays itself
  return fs::exists(ours, error) ? ours.string() : path;
}

}  // namespace libra
