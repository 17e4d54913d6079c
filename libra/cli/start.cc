// What must be settled before any other code of the program or its libraries runs. Compiled for
// every x86-64, because the start-up code of the rest already uses AVX2.
#include <unistd.h>

#include <cstring>

namespace {

// A sentence instead of an illegal instruction.
void require_avx2() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) return;
  static const char message[] =
      "libra: this processor has no AVX2, which Libra needs: use a machine of the last ten years\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, message, sizeof message - 1);
  _exit(1);
#endif
}

// OpenMP's threads wait for each other in a loop that burns their core, which a busy neighbour or
// the policy's other network needs (docs/runtime.md, threads). libgomp reads how long from the
// environment when it is loaded, so a process that was not told starts itself again with an answer.
void wait_briefly(int argc, char** argv, char** environment) {
  static char spin_count[] = "GOMP_SPINCOUNT=1000";
  constexpr int kMost = 4096;
  static char* fresh[kMost + 2];
  int count = 0;
  for (; environment[count] != nullptr; ++count) {
    static const char* const settled[] = {"GOMP_SPINCOUNT=", "OMP_WAIT_POLICY="};
    for (const char* name : settled) {
      if (std::strncmp(environment[count], name, std::strlen(name)) == 0) return;
    }
    if (count == kMost) return;
    fresh[count] = environment[count];
  }
  fresh[count] = spin_count;
  if (argc > 0) execve("/proc/self/exe", argv, fresh);  // where that fails, as it is will do
}

void start(int argc, char** argv, char** environment) {
  require_avx2();
  wait_briefly(argc, argv, environment);
}

using Start = void (*)(int, char**, char**);
__attribute__((section(".preinit_array"), used)) const Start g_start = start;

}  // namespace
