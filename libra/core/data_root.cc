#include "libra/core/data_root.h"

#include <dlfcn.h>

#include <filesystem>
#include <vector>

namespace libra {
namespace fs = std::filesystem;

namespace {

// An installed program or library lies in PREFIX/bin or PREFIX/lib, its data in PREFIX/share/libra.
std::string installed_root() {
  std::error_code error;
  std::vector<fs::path> candidates = {fs::read_symlink("/proc/self/exe", error)};
  Dl_info here;
  if (dladdr(reinterpret_cast<const void*>(&installed_root), &here) != 0 && here.dli_fname) {
    candidates.push_back(fs::weakly_canonical(here.dli_fname, error));  // liblibra.so
  }
  for (const fs::path& code : candidates) {
    const fs::path shared = code.parent_path().parent_path() / "share" / "libra";
    if (fs::is_directory(shared / "assets", error)) return shared.string();
  }
  return LIBRA_SOURCE_DIR;
}

std::string& root() {
  static std::string folder = installed_root();
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
