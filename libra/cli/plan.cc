// libra plan: what the planner would do for given camera images and an instruction, in plain words.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "libra/action/norm_stats.h"
#include "libra/api/inference.h"
#include "libra/cli/command.h"
#include "libra/cli/policy_flags.h"
#include "libra/core/core.h"
#include "libra/media/image_file.h"
#include "libra/policy/load_policy.h"

namespace libra::cli {
namespace {

struct PlanFlags {
  std::string checkpoint, instruction;
  std::vector<std::string> images;
  std::vector<double> proprio;
  PolicyOptions policy;
};

// The given numbers, or the mean of the training data when none are given.
Proprio proprio_of(const PlanFlags& flags, const Embodiment& embodiment) {
  if (flags.proprio.empty()) {
    const std::string path = find_data(flags.checkpoint) + "/norm_stats.json";
    return action::norm_stats_from_json(read_file(path), path).proprio.mean;
  }
  if (flags.proprio.size() != static_cast<size_t>(embodiment.proprio_dim())) {
    throw Error(ErrorCode::kBadInput, {.where = "--proprio",
                                       .problem = "wrong number of values",
                                       .expected = std::to_string(embodiment.proprio_dim()) + ": " +
                                                   join_names(embodiment.proprio_names()),
                                       .found = std::to_string(flags.proprio.size())});
  }
  return flags.proprio;
}

void print_actions(const ActionChunk& chunk, const Embodiment& embodiment) {
  std::printf("actions");
  const auto names = embodiment.action_names();
  for (const auto& name : names) std::printf(" %9s", name.c_str());
  for (int i = 0; i < chunk.horizon; ++i) {
    std::printf("\nstep %2d", i);
    for (size_t d = 0; d < names.size(); ++d) {
      const int width = std::max<int>(9, int(names[d].size()));
      std::printf(" %*.4f", width, double(chunk.actions[size_t(i)][d]));
    }
  }
  std::printf("\n");
}

nlohmann::ordered_json to_json(const Intent& intent, int64_t step, const std::string& words) {
  nlohmann::ordered_json json = {{"step", step}, {"words", words}, {"bins", intent.bins}};
  for (int i = 0; i < intent.horizon; ++i) {
    const auto bin = intent.bin[static_cast<size_t>(i)];
    const auto probability = intent.probability[static_cast<size_t>(i)];
    json["bin"].push_back(std::vector<int>(bin.begin(), bin.end()));
    json["probability"].push_back(std::vector<float>(probability.begin(), probability.end()));
  }
  return json;
}

void run_plan(const PlanFlags& flags, const Context& context) {
  const auto policy = load_and_tell(flags.checkpoint, flags.policy);
  const Embodiment& embodiment = policy->spec().embodiment;
  if (flags.images.size() != embodiment.cameras.size()) {
    throw Error(ErrorCode::kBadInput,
                {.where = "--image",
                 .problem = "wrong number of images",
                 .expected = "one per camera: " + join_names(embodiment.camera_names()),
                 .found = std::to_string(flags.images.size())});
  }
  Observation observation;
  for (const std::string& path : flags.images) {
    observation.images.push_back(media::read_image(path));
  }
  if (policy->planner() == nullptr) {
    throw Error(ErrorCode::kBadInput, {.where = flags.checkpoint,
                                       .problem = "variant " + policy->spec().variant +
                                                  " has no planner that says intents"});
  }
  observation.proprio = proprio_of(flags, embodiment);
  const auto [plan, chunk] = api::infer(*policy, observation, flags.instruction, flags.policy.seed);
  const std::vector<std::string> all_words = api::words_of(plan, *policy);
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (int m = 0; m < plan.expansion; ++m) {
    const Intent& intent = plan.intents[static_cast<size_t>(m)];
    const int64_t first = int64_t{m} * intent.horizon;
    const std::string& words = all_words[static_cast<size_t>(m)];
    if (context.json) {
      json.push_back(to_json(intent, first, words));
      if (m == 0) {
        json.back()["action_names"] = embodiment.action_names();
        for (int i = 0; i < chunk.horizon; ++i) {
          const auto action = chunk.actions[size_t(i)];
          json.back()["actions"].push_back(std::vector<float>(action.begin(), action.end()));
        }
      }
    } else {
      std::printf("steps %2lld to %2lld: %s\n", static_cast<long long>(first),
                  static_cast<long long>(first + intent.horizon - 1), words.c_str());
    }
  }
  if (context.json) {
    std::printf("%s\n", json.dump(2).c_str());
  } else {
    print_actions(chunk, embodiment);
  }
}

}  // namespace

void add_plan(CLI::App& app, Context& context) {
  auto flags = std::make_shared<PlanFlags>();
  CLI::App* c =
      app.add_subcommand("plan", "intents for given images, in plain words, and the first actions");
  c->add_option("--checkpoint", flags->checkpoint, "checkpoint folder")->required();
  c->add_option(
       "--image", flags->images,
       "PNG, JPEG or PPM file; once per camera, in the order of the checkpoint's robot (LIBERO: " +
           join_names(libero_panda().camera_names()) + ")")
      ->required()
      ->allow_extra_args(false);
  c->add_option("--instruction", flags->instruction, "what the robot is told")->required();
  c->add_option("--proprio", flags->proprio,
                "the robot's state, numbers separated by commas (LIBERO: position 3 (m), "
                "axis-angle 3 (rad), "
                "fingers 2 (m)); default: the mean of the training data")
      ->delimiter(',');
  add_policy_flags(*c, flags->policy);
  c->callback([flags, &context] { run_plan(*flags, context); });
}

}  // namespace libra::cli
