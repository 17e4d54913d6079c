// libra plan: what the planner would do for given camera images and an instruction, in plain words.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "libra/action/action.h"
#include "libra/cli/command.h"
#include "libra/cli/policy_flags.h"
#include "libra/core/core.h"
#include "libra/eval/image_file.h"
#include "libra/policy/load_policy.h"
#include "libra/preprocess/image.h"

namespace libra::cli {
namespace {

struct PlanFlags {
  std::string checkpoint, instruction;
  std::vector<std::string> images;
  std::vector<double> proprio;
  PolicyOptions policy;
};

// The given numbers, or the mean of the training data when none are given.
Proprio proprio_of(const PlanFlags& flags) {
  std::vector<double> values = flags.proprio;
  if (values.empty()) {
    const std::string path = flags.checkpoint + "/norm_stats.json";
    values = action::norm_stats_from_json(read_file(path), path).proprio.mean;
  }
  Proprio proprio{};
  std::copy_n(values.begin(), std::min(values.size(), proprio.size()), proprio.begin());
  return proprio;
}

// What the refiner makes of the first intent on the same observation.
ActionChunk first_chunk(Policy& policy, const Observation& observation, const Intent& intent,
                        const PlanFlags& flags) {
  const RefineRequest request{.observation = &observation,
                              .intent = &intent,
                              .instruction = flags.instruction,
                              .seed = flags.policy.seed};
  ActionChunk chunk;
  policy.refiner().refine({&request, 1}, {&chunk, 1});
  return chunk;
}

void print_actions(const ActionChunk& chunk) {
  std::printf("actions");
  for (const char* name : kActionNames) std::printf(" %9s", name);
  for (int i = 0; i < chunk.horizon; ++i) {
    std::printf("\nstep %2d", i);
    for (const float value : chunk.actions[size_t(i)]) std::printf(" %9.4f", double(value));
  }
  std::printf("\n");
}

nlohmann::ordered_json to_json(const Intent& intent, int64_t step, const std::string& words) {
  nlohmann::ordered_json json = {{"step", step}, {"words", words}, {"bins", intent.bins}};
  for (int i = 0; i < intent.horizon; ++i) {
    json["bin"].push_back(intent.bin[static_cast<size_t>(i)]);
    json["probability"].push_back(intent.probability[static_cast<size_t>(i)]);
  }
  return json;
}

void run_plan(const PlanFlags& flags, const Context& context) {
  if (flags.images.size() != camera_names().size()) {
    throw Error(ErrorCode::kBadInput, {.where = "--image",
                                       .problem = "wrong number of images",
                                       .expected = "one per camera: " + join_names(camera_names()),
                                       .found = std::to_string(flags.images.size())});
  }
  Observation observation;
  for (const std::string& path : flags.images) {
    observation.images.push_back(preprocess::center_square(eval::read_image(path)));
  }
  const auto policy = load_and_tell(flags.checkpoint, flags.policy);
  if (policy->planner() == nullptr) {
    throw Error(ErrorCode::kBadInput, {.where = flags.checkpoint,
                                       .problem = "variant " + policy->spec().variant +
                                                  " has no planner that says intents"});
  }
  observation.proprio = proprio_of(flags);
  const PlanRequest request{&observation, flags.instruction, 0};
  IntentPlan plan;
  policy->planner()->plan({&request, 1}, {&plan, 1});

  const ActionChunk chunk = first_chunk(*policy, observation, plan.intents[0], flags);
  const action::Binner binner = action::Binner::uniform(policy->spec().bins);
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (int m = 0; m < plan.expansion; ++m) {
    const Intent& intent = plan.intents[static_cast<size_t>(m)];
    const int64_t first = int64_t{m} * intent.horizon;
    const std::string words = action::describe(intent, binner);
    if (context.json) {
      json.push_back(to_json(intent, first, words));
      if (m == 0) {
        for (int i = 0; i < chunk.horizon; ++i)
          json.back()["actions"].push_back(chunk.actions[size_t(i)]);
      }
    } else {
      std::printf("steps %2lld to %2lld: %s\n", static_cast<long long>(first),
                  static_cast<long long>(first + intent.horizon - 1), words.c_str());
    }
  }
  if (context.json) {
    std::printf("%s\n", json.dump(2).c_str());
  } else {
    print_actions(chunk);
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
       "PNG, JPEG or PPM file; once per camera, in this order: " + join_names(camera_names()))
      ->required()
      ->allow_extra_args(false);
  c->add_option("--instruction", flags->instruction, "what the robot is told")->required();
  c->add_option(
       "--proprio", flags->proprio,
       "8 numbers: position 3 (m), axis-angle 3 (rad), fingers 2 (m); default: the mean of the "
       "training data")
      ->delimiter(',')
      ->expected(8);
  add_policy_flags(*c, flags->policy);
  c->callback([flags, &context] { run_plan(*flags, context); });
}

}  // namespace libra::cli
