// A run of training from beginning to end: data and settings in, a run folder out. What `libra
// train` does, and libra.train() in Python.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "libra/data/episode_set.h"
#include "libra/training/step/run_config.h"
#include "libra/training/watch.h"

namespace libra::training {

// Fields are the flags of `libra train`, and errors name them so.
struct RunRequest {
  std::string config;                    // TOML file
  std::string config_json;               // the same settings as JSON, where there is no file
  std::vector<std::string> assignments;  // field=value, over the file's
  std::string out;
  std::string command;  // as it was typed; of a run that goes on, as it was begun
  std::string tokenizer = "assets/tokenizer";
  std::string init;  // checkpoint that the run starts from
  std::string device = "cpu";
  std::vector<std::string> data, scenes;
  std::vector<double> weights;  // how often each of the data sets is drawn; none: by their size
  bool resume = false;          // go on with the run in `out`, whose settings hold
  bool change = false;          // with resume: settings may differ
  // Several processes that train together; each is told its place by its launcher.
  std::string launcher;     // who started it; empty: it is alone
  int rank = 0, size = 1;   // of all of them
  int local_rank = 0;       // of those on this machine
  bool one_machine = true;  // all of them are here
  std::string store;        // where they meet: tcp://HOST:PORT or file://PATH
  std::string interface;    // network interface between ranks on CPUs
  int rank_timeout = 1800;  // s that one waits for another
  bool zero = false;        // ZeRO-2
  std::string version;      // of the program: must be the same for all
  MakeEvaluate evaluate;    // plays what train.watch.eval_every asks for; none: it is refused
  // Robot, gripper, memory, cache and workers; size and fit of pictures are the model's.
  data::EpisodeSetOptions episodes;
};

// The whole configuration. Fills what a resumed run leaves open in the request. Throws
// Error(kBadInput, kNotFound).
RunConfig settle(RunRequest& request);

// Trains and returns the folder of the checkpoint. Throws Error(kInterrupted) once `stop` is set;
// what was learnt is kept then, and `resume` goes on.
std::string train(RunRequest request, const std::atomic<bool>& stop);

}  // namespace libra::training
