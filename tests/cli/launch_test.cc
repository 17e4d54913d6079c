// Ranks as four launchers tell them, with the variables that each was seen to set.
#include "libra/cli/launch.h"

#include <gmock/gmock.h>

#include <map>

#include "libra/core/error.h"
#include "tests/support/message_of.h"

namespace libra::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Variables = std::map<std::string, std::string>;

Launch launch_of(const Variables& variables) {
  return Launch::from([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(Launch, WithoutALauncherThereIsOneProcess) {
  const Launch launch = launch_of({{"PATH", "/bin"}, {"RANK", "3"}});  // of somebody else
  EXPECT_EQ(launch.launcher, "");
  EXPECT_EQ(launch.rank, 0);
  EXPECT_EQ(launch.size, 1);
  EXPECT_TRUE(launch.one_machine);
}

const Variables kTorchrun = {{"RANK", "5"},
                             {"WORLD_SIZE", "8"},
                             {"LOCAL_RANK", "1"},
                             {"LOCAL_WORLD_SIZE", "4"},
                             {"MASTER_ADDR", "10.0.0.1"},
                             {"MASTER_PORT", "29500"},
                             {"TORCHELASTIC_USE_AGENT_STORE", "True"}};

TEST(Launch, TorchrunKeepsItsPortAndOursIsTheNext) {
  Variables variables = kTorchrun;
  Launch launch = launch_of(variables);
  EXPECT_EQ(launch.launcher, "torchrun");
  EXPECT_EQ(launch.rank, 5);
  EXPECT_EQ(launch.size, 8);
  EXPECT_EQ(launch.local_rank, 1);
  EXPECT_FALSE(launch.one_machine);
  EXPECT_EQ(launch.store, "tcp://10.0.0.1:29501");
  variables.erase("TORCHELASTIC_USE_AGENT_STORE");
  EXPECT_EQ(launch_of(variables).store, "tcp://10.0.0.1:29500");
}

TEST(Launch, OpenMpiOnOneMachineMeetsAtAFile) {
  const Variables variables = {{"OMPI_COMM_WORLD_RANK", "1"},
                               {"OMPI_COMM_WORLD_SIZE", "2"},
                               {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                               {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
                               {"TMPDIR", "/scratch"}};
  const Launch launch = launch_of(variables);
  EXPECT_EQ(launch.launcher, "OpenMPI");
  EXPECT_EQ(launch.rank, 1);
  EXPECT_EQ(launch.size, 2);
  EXPECT_EQ(launch.local_rank, 1);
  EXPECT_THAT(launch.store, StartsWith("file:///scratch/libra_ranks_"));
}

TEST(Launch, MpiOnSeveralMachinesNamesNoPlaceToMeet) {
  const Launch launch = launch_of(
      {{"PMI_RANK", "9"}, {"PMI_SIZE", "16"}, {"MPI_LOCALRANKID", "1"}, {"MPI_LOCALNRANKS", "8"}});
  EXPECT_EQ(launch.launcher, "MPICH");
  EXPECT_EQ(launch.rank, 9);
  EXPECT_EQ(launch.size, 16);
  EXPECT_EQ(launch.local_rank, 1);
  EXPECT_EQ(launch.store, "");
}

const Variables kSlurm = {{"SLURM_JOB_ID", "1234567"},
                          {"SLURM_STEP_ID", "0"},
                          {"SLURM_NTASKS", "8"},
                          {"SLURM_STEP_NUM_TASKS", "8"},
                          {"SLURM_STEP_TASKS_PER_NODE", "4(x2)"},
                          {"SLURM_PROCID", "6"},
                          {"SLURM_LOCALID", "2"},
                          {"SLURM_JOB_NODELIST", "gpu[07-08]"}};

TEST(Launch, SlurmMeetsAtTheFirstMachine) {
  const Launch launch = launch_of(kSlurm);
  EXPECT_EQ(launch.launcher, "Slurm");
  EXPECT_EQ(launch.rank, 6);
  EXPECT_EQ(launch.size, 8);
  EXPECT_EQ(launch.local_rank, 2);
  EXPECT_FALSE(launch.one_machine);
  EXPECT_EQ(launch.store, "tcp://gpu07:25670");
}

TEST(Launch, ABatchScriptOfSlurmIsOneProcess) {
  Variables variables = kSlurm;
  variables["SLURM_PROCID"] = "0";
  variables.erase("SLURM_STEP_NUM_TASKS");
  EXPECT_EQ(launch_of(variables).size, 1);
}

TEST(Launch, TheLauncherInsideAJobCounts) {
  Variables variables = kSlurm;
  variables.insert(kTorchrun.begin(), kTorchrun.end());
  EXPECT_EQ(launch_of(variables).launcher, "torchrun");
}

TEST(Launch, FirstHostOfSlurmsLists) {
  EXPECT_EQ(first_host("one"), "one");
  EXPECT_EQ(first_host("one,two"), "one");
  EXPECT_EQ(first_host("n[07-09,12]"), "n07");
  EXPECT_EQ(first_host("n[3,5]-ib,m2"), "n3-ib");
  EXPECT_EQ(first_host("a,n[1-2]"), "a");
  EXPECT_EQ(first_host(""), "");
  EXPECT_EQ(first_host("n["), "n");
}

TEST(Launch, NumbersThatCannotBeAreRefusedByName) {
  const auto with = [](const char* name, const char* value) {
    Variables variables = kTorchrun;
    variables[name] = value;
    return message_of([&] { launch_of(variables); });
  };
  EXPECT_THAT(with("RANK", "8"), HasSubstr("RANK"));
  EXPECT_THAT(with("RANK", "8"), HasSubstr("from 0 to 7"));
  EXPECT_THAT(with("RANK", ""), HasSubstr("RANK"));
  EXPECT_THAT(with("RANK", "-1"), HasSubstr("RANK"));
  EXPECT_THAT(with("WORLD_SIZE", "0"), HasSubstr("WORLD_SIZE"));
  EXPECT_THAT(with("WORLD_SIZE", "99999999999999999999"), HasSubstr("WORLD_SIZE"));
  EXPECT_THAT(with("LOCAL_RANK", "x"), HasSubstr("LOCAL_RANK"));
  EXPECT_THAT(with("MASTER_PORT", "http"), HasSubstr("MASTER_PORT"));
}

}  // namespace
}  // namespace libra::cli
