#include "libra/cli/launch.h"

#include <unistd.h>

#include <charconv>
#include <cstring>

#include "libra/core/error.h"

namespace libra::cli {
namespace {

// Names that one launcher gives its numbers.
struct Family {
  const char* launcher;
  const char *rank, *size, *local_rank, *local_size;
};

// In this order: mpirun and torchrun inside a Slurm job see Slurm's variables too. A step of Slurm
// (srun), not a job: in a batch script the job's own say rank 0 of all tasks, though nobody else
// was started.
constexpr Family kFamilies[] = {
    {"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
    {"OpenMPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
     "OMPI_COMM_WORLD_LOCAL_SIZE"},
    {"MPICH", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"},
    {"Slurm", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE"},
};

constexpr int kMostRanks = 1 << 16;

// Throws unless the variable is a number in first .. last.
int number(const Launch::Environment& variable, const char* name, int first, int last) {
  const char* text = variable(name);
  int value = 0;
  const char* end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value < first || value > last) {
    throw Error(
        ErrorCode::kBadInput,
        {.where = std::string("the environment variable ") + name,
         .problem = "does not fit what the launcher says",
         .expected = "a number from " + std::to_string(first) + " to " + std::to_string(last),
         .found = std::string("\"") + text + "\"",
         .next = "start all ranks with one launcher, or unset it to train with one process"});
  }
  return value;
}

// Where rank 0 listens; empty where only one machine, or nothing, is known.
std::string address(const Launch::Environment& variable, const Launch& launch) {
  const char* host = variable("MASTER_ADDR");
  if (host && variable("MASTER_PORT")) {
    int port = number(variable, "MASTER_PORT", 1, 65534);
    // torchrun's own store, of another version perhaps, listens there.
    const char* agent = variable("TORCHELASTIC_USE_AGENT_STORE");
    if (agent && std::strcmp(agent, "True") == 0) ++port;
    return std::string("tcp://") + host + ":" + std::to_string(port);
  }
  if (launch.launcher == "Slurm") {
    const char* nodes = variable("SLURM_STEP_NODELIST");
    if (!nodes) nodes = variable("SLURM_JOB_NODELIST");
    if (!nodes || !variable("SLURM_JOB_ID")) return "";
    // Jobs and steps that share a machine get ports of their own.
    const int job = number(variable, "SLURM_JOB_ID", 0, 2147483647);
    const int step = variable("SLURM_STEP_ID") ? std::atoi(variable("SLURM_STEP_ID")) : 0;
    const int port = 20000 + (job % 1000) * 10 + step % 10;
    return "tcp://" + first_host(nodes) + ":" + std::to_string(port);
  }
  // mpirun, or what it has started here, is the parent of all ranks of this machine.
  if (launch.one_machine) {
    const char* temporary = variable("TMPDIR");
    return std::string("file://") + (temporary ? temporary : "/tmp") + "/libra_ranks_" +
           std::to_string(getuid()) + "_" + std::to_string(getppid());
  }
  return "";
}

}  // namespace

std::string first_host(const std::string& list) {
  const size_t comma = list.find(','), open = list.find('[');
  if (open == std::string::npos || comma < open) return list.substr(0, comma);
  const size_t close = list.find(']', open);
  if (close == std::string::npos) return list.substr(0, open);
  const std::string inside = list.substr(open + 1, close - open - 1);
  const size_t end = list.find(',', close);
  const std::string suffix =
      list.substr(close + 1, end == std::string::npos ? end : end - close - 1);
  return list.substr(0, open) + inside.substr(0, inside.find_first_of("-,")) + suffix;
}

Launch Launch::from(const Environment& variable) {
  Launch launch;
  for (const Family& family : kFamilies) {
    if (!variable(family.rank) || !variable(family.size)) continue;
    launch.launcher = family.launcher;
    launch.size = number(variable, family.size, 1, kMostRanks);
    launch.rank = number(variable, family.rank, 0, launch.size - 1);
    launch.local_rank = variable(family.local_rank)
                            ? number(variable, family.local_rank, 0, launch.size - 1)
                            : launch.rank;
    // Slurm writes "4(x2)" where machines have as many each.
    const char* local = variable(family.local_size);
    launch.one_machine = local && std::to_string(launch.size) == local;
    if (launch.size > 1) launch.store = address(variable, launch);
    break;
  }
  return launch;
}

}  // namespace libra::cli
