#include "libra/eval/machine.h"

#include <sched.h>
#include <sys/utsname.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace libra::eval {
namespace {

// Value of "key : value" or "key=value" in a file of such lines; "" when absent.
std::string value_in(const char* path, const std::string& key, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, key.size(), key) != 0) continue;
    const size_t at = line.find(separator);
    if (at == std::string::npos) continue;
    size_t begin = line.find_first_not_of(" \t\"", at + 1);
    if (begin == std::string::npos) return "";
    const size_t end = line.find_last_not_of(" \t\"");
    return line.substr(begin, end - begin + 1);
  }
  return "";
}

double gigabytes(const std::string& kilobytes) {
  return std::strtod(kilobytes.c_str(), nullptr) / (1024.0 * 1024.0);
}

}  // namespace

Machine this_machine() {
  Machine m;
  m.cpu = value_in("/proc/cpuinfo", "model name", ':');
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) m.cores = CPU_COUNT(&allowed);
  m.memory_gb = gigabytes(value_in("/proc/meminfo", "MemTotal", ':'));
  m.memory_free_gb = gigabytes(value_in("/proc/meminfo", "MemAvailable", ':'));
  std::istringstream flags(value_in("/proc/cpuinfo", "flags", ':'));
  for (std::string flag; flags >> flag;) {
    for (const char* known : {"avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile",
                              "amx_bf16", "amx_int8"}) {
      if (flag == known) m.isa.push_back(flag);
    }
  }
  utsname name{};
  if (uname(&name) == 0) m.system = std::string(name.sysname) + " " + name.release;
  const std::string distribution = value_in("/etc/os-release", "PRETTY_NAME", '=');
  if (!distribution.empty()) m.system = distribution + ", " + m.system;
  return m;
}

std::string Machine::summary() const {
  char memory[32];
  std::snprintf(memory, sizeof memory, "%.0f GB", memory_gb);
  return (cpu.empty() ? "unknown CPU" : cpu) + ", " + std::to_string(cores) +
         (cores == 1 ? " core, " : " cores, ") + memory + ", " + system;
}

}  // namespace libra::eval
