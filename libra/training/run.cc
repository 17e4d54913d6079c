#include "libra/training/run.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "libra/core/data_root.h"
#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/core/memory.h"
#include "libra/data/check.h"
#include "libra/data/scene_set.h"
#include "libra/model/checkpoint.h"
#include "libra/nn/precision.h"
#include "libra/training/distributed/distributed.h"
#include "libra/training/step/weights.h"
#include "libra/training/trainer.h"

namespace libra::training {
namespace {

// Settings that decide nothing about what is learnt from the steps that were taken.
const std::vector<std::string> kFree = {"train.steps",
                                        "train.threads",
                                        "train.log_every",
                                        "train.validate_every",
                                        "train.checkpoint_every",
                                        "train.offload",
                                        "train.skip_nan",
                                        "train.watch.replay_every",
                                        "train.watch.eval_every",
                                        "train.watch.eval_workers"};

constexpr const char* kRunFile = "/run.json";  // data, scenes and init of a run

// What a run was started with, besides its configuration.
nlohmann::json run_inputs(const RunRequest& request) {
  return {{"command", request.command},
          {"data", request.data},
          {"embodiment", request.episodes.embodiment},
          {"gripper", request.episodes.gripper},
          {"skip_bad", request.episodes.skip_bad},
          {"weights", request.weights},
          {"scenes", request.scenes},
          {"init", request.init}};
}

// The configuration that the request names, or holds.
void read_config(const RunRequest& request, const ConfigFields& fields) {
  if (request.config.empty()) {
    fields.read_json(request.config_json, "config");
  } else {
    fields.read_toml_file(find_data(request.config));
  }
}

void check(const RunRequest& request) {
  if (request.data.empty() || request.out.empty()) {
    throw Error(ErrorCode::kBadInput, {.where = "libra train",
                                       .problem = "--data and --out are needed",
                                       .next = "make data with `libra collect`"});
  }
  if (!request.resume && std::filesystem::exists(request.out + "/resume")) {
    throw Error(ErrorCode::kBadInput,
                {.where = "--out " + request.out,
                 .problem = "holds a run already",
                 .next = "continue it with --resume, or name another folder"});
  }
  if (!request.weights.empty() && request.weights.size() != request.data.size()) {
    throw Error(ErrorCode::kBadInput, {.where = "--weights",
                                       .problem = "is not a number for each of --data",
                                       .expected = std::to_string(request.data.size()),
                                       .found = std::to_string(request.weights.size())});
  }
}

// The configuration and data of the run in --out, where request do not say otherwise; refuses what
// would make it another run, unless --change.
void resume_settings(RunRequest& request, RunConfig& run) {
  const std::string config = request.out + "/config.toml", inputs = request.out + kRunFile;
  RunConfig stored;
  const ConfigFields fields = list_fields(stored);
  fields.read_toml(read_file(config, "a run of libra train", "start one without --resume"), config);
  const nlohmann::json before =
      nlohmann::json::parse(read_file(inputs, "a run of libra train"), nullptr, false);
  if (!before.is_object()) {
    throw Error(ErrorCode::kBadInput,
                {.where = inputs, .problem = "is not what libra train wrote"});
  }
  std::vector<std::string> changed;
  // --config and --set may be repeated; they must say the same, but for what is free.
  const bool has_config = !request.config.empty() || !request.config_json.empty();
  if (has_config || !request.assignments.empty()) {
    RunConfig asked = stored;
    const ConfigFields wanted = list_fields(asked);
    if (has_config) {
      asked = RunConfig();
      read_config(request, wanted);
    }
    for (const auto& assignment : request.assignments) wanted.set(assignment);
    asked.model.embodiment = stored.model.embodiment;  // the data's, which are the same
    if (asked.train.optim.schedule_steps == 0) {
      asked.train.optim.schedule_steps = stored.train.optim.schedule_steps;
    }
    for (const std::string& path : wanted.differences(fields)) {
      const bool free = std::find(kFree.begin(), kFree.end(), path) != kFree.end();
      if (!free) changed.push_back(path);
    }
    run = asked;
  } else {
    run = stored;
  }
  const auto list = [&](const char* key) {
    return before.contains(key) && before[key].is_array()
               ? before[key].get<std::vector<std::string>>()
               : std::vector<std::string>();
  };
  if (request.data.empty()) request.data = list("data");
  const auto weights = before.contains("weights") && before["weights"].is_array()
                           ? before["weights"].get<std::vector<double>>()
                           : std::vector<double>();
  if (request.weights.empty()) request.weights = weights;
  if (request.weights != weights) changed.push_back("--weights");
  if (request.scenes.empty()) request.scenes = list("scenes");
  const auto keep = [&](const char* key, std::string& value) {
    if (value.empty() && before.contains(key) && before[key].is_string()) {
      value = before[key].get<std::string>();
    }
  };
  keep("embodiment", request.episodes.embodiment);
  keep("gripper", request.episodes.gripper);
  request.episodes.skip_bad |= before.contains("skip_bad") && before["skip_bad"] == true;
  keep("init", request.init);
  request.command.clear();
  keep("command", request.command);
  if (request.data != list("data")) changed.push_back("--data");
  if (request.scenes != list("scenes")) changed.push_back("--scenes");
  if (changed.empty() || request.change) return;
  throw Error(ErrorCode::kBadInput,
              {.where = "--resume " + request.out,
               .problem = "would go on as another run: " + join_names(changed) + " differ",
               .next = "leave them out to go on as before, or say --change"});
}

// The other processes of this run, all of which are there when it returns.
TrainRanks join_ranks(const RunRequest& request, torch::Device device) {
  if (request.size > 1 && request.store.empty()) {
    throw Error(ErrorCode::kBadInput,
                {.where = "libra train",
                 .problem = request.launcher + " started " + std::to_string(request.size) +
                            " ranks on several machines, and does not say where they meet",
                 .expected = "--store",
                 .next = "name a port of rank 0's machine, tcp://HOST:29500, or a new file in a "
                         "folder that all machines share, file:///shared/run1"});
  }
  TrainRanks ranks;
  ranks.exchange.zero = request.zero;
  ranks.line = Communicator::join({.rank = request.rank,
                                   .size = request.size,
                                   .store = request.store,
                                   .timeout = std::chrono::seconds(request.rank_timeout),
                                   .interface = request.interface},
                                  device);
  if (request.rank == 0 && request.size > 1) {
    std::fprintf(stderr, "train: %d ranks, started by %s%s\n", request.size,
                 request.launcher.c_str(), request.zero ? ", ZeRO-2" : "");
  }
  return ranks;
}

// What must be the same for every rank: settings, data and what the run starts from.
Facts facts_of(const RunRequest& request, const ConfigFields& fields, const data::EpisodeSet& demos,
               const policy::ModelBundle& bundle) {
  Facts facts;
  const auto settings = nlohmann::json::parse(fields.to_json()).flatten();
  for (const auto& [path, value] : settings.items()) {
    std::string name = path.substr(1);
    std::replace(name.begin(), name.end(), '/', '.');
    if (name != "train.threads") facts.emplace_back(name, value.dump());
  }
  int64_t frames = 0;
  for (const data::Demo& demo : demos.demos()) frames += demo.frames;
  facts.emplace_back("episodes in --data", std::to_string(demos.demos().size()));
  facts.emplace_back("frames in --data", std::to_string(frames));
  facts.emplace_back("statistics of the data",
                     std::to_string(hash_name(action::to_json(bundle.transforms->stats()))));
  facts.emplace_back("--scenes", std::to_string(request.scenes.size()) + " files");
  facts.emplace_back("--resume", request.resume ? "given" : "not given");
  facts.emplace_back("--zero", request.zero ? "given" : "not given");
  facts.emplace_back("the program's version", request.version);
  return facts;
}

void tell(const char* what, const std::vector<std::string>& names) {
  if (!names.empty()) std::fprintf(stderr, "train: %s\n", model::counted(names, what).c_str());
}

// Says what a checkpoint's normalisation would cut off the data.
void tell_outgrown(const action::NormStats& before, const action::NormStats& data,
                   const Embodiment& robot) {
  std::vector<std::string> names;
  const auto list = [&](const char* what, const action::ColumnStats& was,
                        const action::ColumnStats& is, const std::vector<std::string>& called) {
    if (was.size() != is.size()) return;
    for (const size_t i : action::outgrown(was, is)) {
      names.push_back(std::string(what) + " " +
                      (called.size() == is.size() ? called[i] : std::to_string(i)));
    }
  };
  list("action", before.action, data.action, robot.action_names());
  list("proprio", before.proprio, data.proprio, robot.proprio_names());
  if (names.empty()) return;
  std::fprintf(stderr,
               "train: the data go beyond what --init normalises by: %s; --set "
               "train.renormalise=true takes the data's own statistics\n",
               join_names(names).c_str());
}

// New networks for the data, or those of the checkpoint that the run starts from: of the same
// model, or of another robot's, of which every tensor that fits is kept.
policy::ModelBundle start_bundle(const RunRequest& request, RunConfig& run,
                                 const data::EpisodeSet& demos) {
  // When a run goes on, the weights that learn come with resume/; those that stay, from where they
  // came.
  const bool keeps = keeps_weights(run.train);
  if (request.resume && !keeps) return policy::load_bundle(request.out + "/checkpoint");
  const action::NormStats stats = request.resume
                                      ? policy::read_bundle_stats(request.out + "/checkpoint")
                                      : norm_stats(demos, run.model.embodiment, run.model.action);
  if (request.init.empty())
    return policy::make_bundle(run.model, stats, find_data(request.tokenizer));
  model::LibraVlaConfig stored = policy::read_bundle_config(find_data(request.init));
  const bool same = list_fields(stored).to_json() == list_fields(run.model).to_json();
  // Weights that stay are views of the file until then; what learns is widened afterwards.
  if (same) {
    policy::ModelBundle bundle = policy::load_bundle(
        request.init, {.precision = keeps ? Precision::kBf16 : Precision::kF32});
    // Imported weights have not met any data yet.
    if (request.resume || run.train.renormalise || bundle.transforms->stats().samples == 0) {
      bundle.transforms = bundle.transforms->with_stats(stats);
    } else if (request.rank == 0) {
      tell_outgrown(bundle.transforms->stats(), stats, run.model.embodiment);
    }
    return bundle;
  }
  policy::AdoptedWeights adopted;
  policy::ModelBundle bundle = policy::adopt_bundle(request.init, run.model, stats, adopted);
  if (request.rank > 0) return bundle;
  std::fprintf(stderr, "train: --init %s is another model; %lld of its tensors are kept\n",
               request.init.c_str(), static_cast<long long>(adopted.kept));
  tell("tensors drawn anew", adopted.fresh);
  tell("tensors of the file left out", adopted.left);
  return bundle;
}

// The episodes, with pictures of the sizes that the model looks at. Their robot becomes the
// model's.
std::unique_ptr<data::EpisodeSet> open_episodes(const RunRequest& request, RunConfig& run,
                                                const std::atomic<bool>* stop) {
  data::EpisodeSetOptions options = request.episodes;
  if (options.cache.empty()) options.cache = request.out + "/pictures";
  options.sides = {run.model.image_size};
  if (run.model.refiner_has_vision() && run.model.refiner_image_size != run.model.image_size) {
    options.sides.push_back(run.model.refiner_image_size);
  }
  options.fit = [resize = run.model.resize](const Image& image, int side, Image& out) {
    policy::fit_image(image, resize, side, out);
  };
  options.fit_name = word_of(run.model.resize);
  auto episodes = data::EpisodeSet::open(request.data, options, stop);
  const auto findings = data::check(episodes->demos(), episodes->embodiment(), episodes->skipped());
  if (!findings.empty() && request.rank == 0) {
    std::fprintf(stderr, "train: of the data:\n%s", data::to_table(findings).c_str());
  }
  for (const data::Finding& finding : findings) {
    if (!finding.refuses) continue;
    throw Error(ErrorCode::kBadInput, {.where = request.data[0],
                                       .problem = finding.what + ": " + finding.example,
                                       .next = finding.cure});
  }
  if (request.resume) {
    require_same(run.model.embodiment, "the model", episodes->embodiment(), "the data");
  }
  run.model.embodiment = episodes->embodiment();
  return episodes;
}

// What plays the episodes that the configuration asks for; none where it asks for none.
Evaluate make_evaluate(const RunRequest& request, const RunConfig& run) {
  if (run.train.watch.eval_every == 0) return {};
  if (!request.evaluate) {
    throw Error(ErrorCode::kBadInput,
                {.where = "train.watch.eval_every",
                 .problem = "there is nothing here that plays episodes",
                 .next = "use `libra train`, or give libra.train() evaluate="});
  }
  return request.rank == 0 ? request.evaluate(run, request.device) : Evaluate();
}

// What each rank does, once it knows the others.
std::string train_with(RunRequest request, RunConfig run, torch::Device device,
                       const TrainRanks& ranks, const std::atomic<bool>& stop) {
  const ConfigFields fields = list_fields(run);
  const auto episodes = open_episodes(request, run, &stop);
  const data::EpisodeSet& demos = *episodes;
  std::unique_ptr<data::SceneSet> scenes;
  if (!request.scenes.empty()) {
    scenes = std::make_unique<data::SceneSet>(data::SceneSet::load(request.scenes));
  }
  if (run.train.grounding.steps > 0 && !scenes) {
    throw Error(ErrorCode::kBadInput,
                {.where = "libra train",
                 .problem = "train.grounding.steps needs --scenes",
                 .next = "make scenes with `libra collect --scenes`, or set it to 0"});
  }

  keep_freed_memory();
  nn::allow_tf32(run.train.tf32);
  torch::manual_seed(run.train.seed);
  policy::ModelBundle bundle = start_bundle(request, run, demos);
  prepare_weights(bundle, run.train);
  const TrainingMemory memory = training_memory(bundle, run.train, request.size, request.zero);
  if (device.is_cpu()) {
    // Ranks of one machine have its memory together.
    const double share = available_memory() / (request.one_machine ? request.size : 1);
    require_memory(memory, share, run.train);
  }
  policy::move_to(bundle, device);
  const Batcher batcher(demos, scenes.get(), bundle, run.train, request.weights);
  require_agreement(*ranks.line, facts_of(request, fields, demos, bundle));
  Trainer trainer(run.train, bundle, batcher, request.out, ranks, make_evaluate(request, run));
  if (request.rank == 0) {
    write_file(request.out + "/config.toml", fields.to_toml());
    write_file(request.out + kRunFile, run_inputs(request).dump(2) + "\n");
  }
  if (request.resume) {
    trainer.resume();
  } else if (request.rank == 0) {
    // Of a run that ended before it kept anything.
    std::filesystem::remove(request.out + "/log.jsonl");
  }
  const bool finished = trainer.run(stop);
  ranks.line->barrier();  // nobody goes while another still needs it
  if (!finished) {
    throw Error(ErrorCode::kInterrupted,
                {.where = request.out,
                 .problem = "stopped; checkpoint/ and resume/ are written",
                 .next = "libra train --resume --out " + request.out + " goes on from there"});
  }
  return request.out + "/checkpoint";
}

}  // namespace

RunConfig settle(RunRequest& request) {
  RunConfig run;
  const ConfigFields fields = list_fields(run);
  if (request.resume) {
    if (request.out.empty())
      throw Error(ErrorCode::kBadInput, "libra train --resume: --out is needed");
    resume_settings(request, run);
  } else {
    if (request.config.empty() && request.config_json.empty()) {
      throw Error(ErrorCode::kBadInput, {.where = "libra train",
                                         .problem = "--config is needed",
                                         .next = "for example configs/libra_tiny.toml"});
    }
    read_config(request, fields);
    for (const auto& assignment : request.assignments) fields.set(assignment);
  }
  // The end of the schedule is the run's as it was begun, also when more steps are asked for later.
  if (run.train.optim.schedule_steps == 0) run.train.optim.schedule_steps = run.train.steps;
  run.model.validate(request.config.empty() ? "config" : request.config);
  return run;
}

std::string train(RunRequest request, const std::atomic<bool>& stop) {
  const RunConfig run = settle(request);
  check(request);
  if (request.size > 1 && request.device == "cuda") {
    request.device += ":" + std::to_string(request.local_rank);
  }
  const torch::Device device = policy::find_device(request.device);
  const TrainRanks ranks = join_ranks(request, device);
  try {
    return train_with(request, run, device, ranks, stop);
  } catch (const std::exception& e) {
    ranks.line->leave(e.what());
    throw;
  }
}

}  // namespace libra::training
