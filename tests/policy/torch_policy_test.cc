#include "libra/policy/torch_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "libra/core/error.h"
#include "tests/policy/random_observation.h"
#include "tests/support/message_of.h"
#include "tests/support/toy_spec.h"

namespace libra::policy {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// trained: no weight is 0. A new diffusion transformer's output layer is, and hears nothing.
std::string saved_checkpoint(const std::string& variant, bool trained = false) {
  model::LibraVlaConfig config;
  list_fields(config).read_toml_file(LIBRA_SOURCE_DIR "/tests/training/small_model.toml");
  config.variant = parse_word<model::Variant>(variant, "variant");
  torch::manual_seed(2);
  const auto bundle = make_bundle(config, action::NormStats::identity(config.embodiment),
                                  LIBRA_SOURCE_DIR "/assets/tokenizer");
  if (trained) {
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& p : bundle.refiner->parameters()) p.add_(0.1 * torch::randn_like(p));
  }
  const auto dir = (std::filesystem::temp_directory_path() /
                    ("libra_policy_test_" + variant + (trained ? "_trained" : "")))
                       .string();
  save_bundle(bundle, dir);
  return dir;
}

// Prompts of different length in one batch, so that padding is met too.
const std::vector<std::string> kInstructions = {
    "pick up the milk and place it in the basket",
    "pick up the chocolate pudding and place it in the basket", "pick up the butter"};

// With its second camera optional and black in the second of two samples: whatever would be seen
// there, neither network attends to it.
TEST(TorchPolicy, AMissingCameraIsNotAttendedTo) {
  const torch::NoGradGuard no_grad;
  for (const auto& [variant, word] : Words<model::Variant>::list) {
    SCOPED_TRACE(word);
    model::LibraVlaConfig config;
    list_fields(config).read_toml_file(LIBRA_SOURCE_DIR "/tests/training/small_model.toml");
    config.variant = variant;
    config.action.bins = 6;
    config.embodiment.cameras[1].optional = true;
    torch::manual_seed(2);
    auto bundle = make_bundle(config, action::NormStats::identity(config.embodiment),
                              LIBRA_SOURCE_DIR "/assets/tokenizer");
    for (torch::Tensor& p : bundle.refiner->parameters()) p.add_(0.1 * torch::randn_like(p));
    const int64_t side = config.image_size;
    torch::Tensor bytes = torch::randint(1, 255, {2, 2, side, side, 3}).to(torch::kUInt8);
    bytes[1][1].zero_();
    const std::vector<Proprio> proprio(2, Proprio(8));
    model::PlannerInput input =
        bundle.transforms->planner_input(bytes, {kInstructions[0], kInstructions[2]}, proprio);
    model::RefinerInput refined;
    refined.pixel_values = bundle.transforms->refiner_pixels(bytes);
    refined.proprio = bundle.transforms->proprio(proprio);
    refined.missing = bundle.transforms->missing(bytes);
    // The planner's hidden row of a query, and the refiner's noise.
    const auto outputs = [&] {
      const model::PlannerOutput plan = bundle.planner->forward(input);
      if (!config.has_refiner()) {
        return std::pair(plan.keyframe, bundle.planner->decode(input, 1).flatten(1));
      }
      refined.planner = plan.tokens;
      const auto context = bundle.refiner->encode(refined);
      torch::Tensor intent;
      if (config.has_intents()) {
        intent =
            bundle.refiner->embed_intent(torch::ones({2, config.action.horizon, 7}, torch::kInt64));
      }
      return std::pair(plan.keyframe, bundle.refiner->forward(
                                          torch::zeros({2, config.action.horizon, 7}),
                                          torch::full({2}, 50, torch::kInt64), intent, context));
    };
    const auto before = outputs();
    for (torch::Tensor* pixels : {&input.pixel_values, &refined.pixel_values}) {
      *pixels = pixels->clone();
      pixels->select(1, 1).copy_(torch::randn_like(pixels->select(1, 1)));
    }
    const auto after = outputs();
    const auto change = [](const torch::Tensor& a, const torch::Tensor& b, int64_t sample) {
      return (a[sample] - b[sample]).abs().max().item<double>();
    };
    for (const auto& [a, b] :
         {std::pair(before.first, after.first), std::pair(before.second, after.second)}) {
      EXPECT_GT(change(a, b, 0), 1e-4) << "a camera that is there is attended to";
      EXPECT_LT(change(a, b, 1), 1e-6);
    }
    bytes.fill_(9);
    EXPECT_FALSE(bundle.transforms->missing(bytes).defined());
  }
}

TEST(TorchPolicy, ABatchGivesWhatOneByOneGives) {
  const auto policy = load_policy(saved_checkpoint("full"));
  std::vector<Observation> observations;
  for (uint64_t s = 0; s < 3; ++s) observations.push_back(random_observation(s));
  std::vector<PlanRequest> requests;
  for (size_t i = 0; i < 3; ++i) requests.push_back({&observations[i], kInstructions[i], 7});
  std::vector<IntentPlan> plans(3);
  policy->planner()->plan(requests, plans);
  std::vector<RefineRequest> refines;
  for (size_t i = 0; i < 3; ++i) {
    refines.push_back({&observations[i], &plans[i].intents[1], kInstructions[i], 100 + i});
  }
  std::vector<ActionChunk> chunks(3);
  policy->refiner().refine(refines, chunks);
  for (size_t i = 0; i < 3; ++i) {
    IntentPlan plan;
    policy->planner()->plan({&requests[i], 1}, {&plan, 1});
    EXPECT_EQ(plan.obs_step, int64_t(i));
    EXPECT_EQ(plan.epoch, 7u);
    for (int m = 0; m < plan.expansion; ++m) {
      for (int t = 0; t < plan.intents[0].horizon; ++t) {
        for (int d = 0; d < 7; ++d) {
          EXPECT_NEAR(plan.intents[size_t(m)].probability[size_t(t)][size_t(d)],
                      plans[i].intents[size_t(m)].probability[size_t(t)][size_t(d)], 1e-4);
        }
      }
    }
    ActionChunk chunk;
    policy->refiner().refine({&refines[i], 1}, {&chunk, 1});
    for (int t = 0; t < chunk.horizon; ++t) {
      for (int d = 0; d < 7; ++d) {
        EXPECT_NEAR(chunk.actions[size_t(t)][size_t(d)], chunks[i].actions[size_t(t)][size_t(d)],
                    1e-4);
        EXPECT_LE(std::abs(chunk.actions[size_t(t)][size_t(d)]), 1.0f);
      }
    }
  }
}

TEST(TorchPolicy, TheSeedDecidesTheNoise) {
  const auto policy = load_policy(saved_checkpoint("base"));
  EXPECT_EQ(policy->planner(), nullptr);
  const Observation observation = random_observation(4);
  std::array<ActionChunk, 3> chunk;
  const std::array<uint64_t, 3> seed = {5, 5, 6};
  for (size_t i = 0; i < 3; ++i) {
    const RefineRequest request{&observation, nullptr, kInstructions[0], seed[i]};
    policy->refiner().refine({&request, 1}, {&chunk[i], 1});
  }
  EXPECT_EQ(chunk[0].actions, chunk[1].actions);
  EXPECT_NE(chunk[0].actions, chunk[2].actions);
}

// Variant two_branch: a bin's centre and what the refiner draws, half each. With a planner that is
// certain of the last bin everywhere the average is what the refiner says alone plus that centre.
TEST(TorchPolicy, TwoBranchesAreAveraged) {
  const std::string dir = saved_checkpoint("two_branch", true);
  auto bundle = load_bundle(dir);
  {
    const torch::NoGradGuard no_grad;
    for (auto& entry : bundle.planner->named_parameters()) {
      if (!entry.key().starts_with("bins.")) continue;
      entry.value().zero_();
      if (entry.key() == "bins.bias") {
        entry.value().view({7, -1}).select(1, bundle.config.action.bins - 1).fill_(10.0);
      }
    }
  }
  const Observation observation = random_observation(4);
  const RefineRequest request{&observation, nullptr, kInstructions[0], 5};
  ActionChunk chunk;
  TorchPolicy(bundle, {}).refiner().refine({&request, 1}, {&chunk, 1});
  const double centre = 1.0 - 1.0 / bundle.config.action.bins;
  bool inside = false;  // the refiner does not merely saturate
  for (int t = 0; t < chunk.horizon; ++t) {
    for (const float action : chunk.actions[size_t(t)]) {
      EXPECT_GE(action, (centre - 1.0) / 2 - 1e-5);
      EXPECT_LE(action, (centre + 1.0) / 2 + 1e-5);
      inside |= action > (centre - 0.99) / 2 && action < (centre + 0.99) / 2;
    }
  }
  EXPECT_TRUE(inside);
}

// What the autoregressive planner decodes token by token from its cache is what it would say of
// those tokens if it were told them all at once, as in training; prompts of several lengths.
TEST(TorchPolicy, TokensAreDecodedAsTheyAreTrained) {
  const torch::NoGradGuard no_grad;
  auto bundle = load_bundle(saved_checkpoint("autoregressive"));
  const auto& config = bundle.config;
  std::vector<Observation> observations;
  std::vector<const Observation*> seen;
  std::vector<Proprio> proprio;
  for (uint64_t s = 0; s < 3; ++s) observations.push_back(random_observation(s));
  for (const Observation& observation : observations) {
    seen.push_back(&observation);
    proprio.push_back(observation.proprio);
  }
  model::PlannerInput input = bundle.transforms->planner_input(
      bundle.transforms->bytes(seen, config.image_size), kInstructions, proprio);
  ASSERT_TRUE(input.attention_mask.defined()) << "some prompts are padded";
  for (torch::Tensor& p : bundle.planner->parameters()) p.add_(0.3 * torch::randn_like(p));
  const torch::Tensor decoded = bundle.planner->decode(input, config.queries());
  input.told = decoded.argmax(-1);
  EXPECT_GT(std::get<0>(at::_unique(input.told)).numel(), 3) << "not always the same token";
  const torch::Tensor told = bundle.planner->forward(input).logits;
  EXPECT_LT((told - decoded).abs().max().item<double>(), 1e-3 * told.abs().max().item<double>());
  // A token depends on those before it alone.
  input.told = input.told.clone();
  input.told.select(1, 4) = (input.told.select(1, 4) + 1) % config.action.bins;
  const torch::Tensor changed = bundle.planner->forward(input).logits;
  const torch::Tensor difference = (changed - told).abs().amax({0, 3}).flatten();  // of each token
  const int64_t first = 4 * config.embodiment.model_dim();
  EXPECT_EQ(difference.slice(0, 0, first + 1).max().item<double>(), 0.0);
  EXPECT_GT(difference.slice(0, first + 1).min().item<double>(), 0.0);

  // The policy decodes the first chunk of them.
  TorchPolicy policy(bundle, {});
  EXPECT_EQ(policy.planner(), nullptr);
  std::vector<RefineRequest> requests;
  for (size_t i = 0; i < 3; ++i) requests.push_back({&observations[i], nullptr, kInstructions[i]});
  std::vector<ActionChunk> chunks(3);
  policy.refine(requests, chunks);
  for (int64_t b = 0; b < 3; ++b) {
    for (int64_t t = 0; t < config.action.horizon; ++t) {
      for (int64_t d = 0; d < 7; ++d) {
        EXPECT_NEAR(
            chunks[size_t(b)].actions[size_t(t)][size_t(d)],
            action::uniform_centre(decoded[b][t][d].argmax().item<int>(), config.action.bins),
            1e-5);
      }
    }
  }
}

TEST(TorchPolicy, DrawnIntentsDependOnTheirOwnRequestAlone) {
  const auto policy = load_policy(saved_checkpoint("full"), {.sample_intents = true});
  const Observation observation = random_observation(4);
  std::vector<PlanRequest> requests(3, {&observation, kInstructions[0], 0});
  for (uint64_t i = 0; i < 3; ++i) requests[i].seed = 40 + i;
  std::vector<IntentPlan> plans(3);
  policy->planner()->plan(requests, plans);
  EXPECT_NE(plans[0].intents[0].bin, plans[1].intents[0].bin);
  for (const size_t i : {size_t{1}, size_t{2}}) {
    IntentPlan alone;
    policy->planner()->plan({&requests[i], 1}, {&alone, 1});
    EXPECT_EQ(alone.intents[0].bin, plans[i].intents[0].bin);
    EXPECT_EQ(alone.intents[1].bin, plans[i].intents[1].bin);
  }
}

TEST(TorchPolicy, RefusesWhatItCannotAnswer) {
  const auto policy = load_policy(saved_checkpoint("full"));
  Observation observation = random_observation(4);
  const auto plan = [&](const std::string& instruction) {
    return message_of([&] {
      const PlanRequest request{&observation, instruction, 0};
      IntentPlan answer;
      policy->planner()->plan({&request, 1}, {&answer, 1});
    });
  };
  EXPECT_EQ(plan(kInstructions[0]), "no error");
  EXPECT_THAT(plan(""), HasSubstr("instruction: empty"));
  EXPECT_THAT(plan("  \n"), HasSubstr("instruction: empty"));
  EXPECT_THAT(plan("pick up </s> the milk"), HasSubstr("reserved text '</s>'"));
  std::string endless;
  for (int i = 0; i < 10'000; ++i) endless += "milk ";
  EXPECT_THAT(plan(endless), HasSubstr("longer than the model's text"));
  observation.proprio[3] = std::nanf("");
  EXPECT_THAT(plan(kInstructions[0]), HasSubstr("proprio value 3"));
  EXPECT_THAT(message_of([&] {
                Intent intent;
                intent.horizon = policy->spec().horizon;
                intent.bins = policy->spec().bins;
                const RefineRequest request{&observation, &intent, kInstructions[0], 1};
                ActionChunk chunk;
                policy->refiner().refine({&request, 1}, {&chunk, 1});
              }),
              HasSubstr("proprio value 3"));
}

TEST(TorchPolicy, WeightsThatAreNoNumbersAreNamed) {
  const std::string dir = saved_checkpoint("full");
  auto bundle = load_bundle(dir);
  {
    const torch::NoGradGuard no_grad;
    bundle.planner->named_parameters()["queries"][0][0] = std::nan("");
    bundle.refiner->named_parameters()["join.bias"][1] = INFINITY;
  }
  save_bundle(bundle, dir);
  EXPECT_THAT(
      message_of([&] { load_policy(dir); }),
      AllOf(HasSubstr("2 tensors"), HasSubstr("planner.queries"), HasSubstr("refiner.join.bias")));
}

TEST(TorchPolicy, TellsOfTensorsNobodyAskedForAndOfMissingTraining) {
  const std::string dir = saved_checkpoint("full");
  auto weights = bundle_weights(load_bundle(dir));
  for (const char* name : {"planner.scaled_fp8", "stranger"}) {
    weights.push_back(model::pending(name, torch::zeros({0})));
  }
  save_bundle(load_bundle(dir), weights, dir);
  const auto policy = load_policy(dir);
  EXPECT_THAT(policy->spec().notes,
              ElementsAre(HasSubstr("never been trained"),
                          AllOf(HasSubstr("2 tensors"), HasSubstr("planner.scaled_fp8"),
                                HasSubstr("stranger"))));
  EXPECT_THAT(load_policy(LIBRA_SOURCE_DIR "/checkpoints/libra_tiny_object")->spec().notes,
              IsEmpty());
}

// Real-time chunking by inpainting: what is frozen comes out as it was promised, what is not still
// depends on it, and a promise of weight 0 is none.
TEST(TorchPolicy, KeepsPromisedActionsAndDrawsTheRestTowardsThem) {
  const auto policy = load_policy(saved_checkpoint("full", true));
  const Observation observation = random_observation(3);
  IntentPlan plan;
  const PlanRequest asked{&observation, kInstructions[0], 0};
  policy->planner()->plan({&asked, 1}, {&plan, 1});
  const auto refine = [&](const ActionPrior* prior) {
    RefineRequest request{&observation, &plan.intents[0], kInstructions[0], 5};
    request.prior = prior;
    ActionChunk chunk;
    policy->refiner().refine({&request, 1}, {&chunk, 1});
    return chunk;
  };
  const ActionChunk free = refine(nullptr);
  ActionPrior prior;
  prior.count = 2;
  prior.actions = rows_of({Action(7, 0.25f), Action(7, -0.5f)});
  prior.weight.assign(2, 0.0f);
  EXPECT_EQ(refine(&prior).actions, free.actions);  // weights are 0
  prior.weight[0] = 1.0f;
  prior.weight[1] = 0.5f;
  const ActionChunk bound = refine(&prior);
  double nearer = 0;
  for (size_t d = 0; d < 7; ++d) {
    EXPECT_NEAR(bound.actions[0][d], 0.25f, 1e-6);
    nearer += std::abs(free.actions[1][d] + 0.5f) - std::abs(bound.actions[1][d] + 0.5f);
  }
  EXPECT_GT(nearer, 0);
  EXPECT_NE(values_of(bound.actions[2]), values_of(free.actions[2]));
}

TEST(TorchPolicy, ProprioOfTheRequestReplacesTheObservations) {
  const auto policy = load_policy(saved_checkpoint("full", true));
  Observation observation = random_observation(3);
  const Intent blank(policy->spec().horizon, kToyDims, policy->spec().bins);
  const auto refine = [&](const Observation& o, const Proprio* proprio) {
    RefineRequest request{&o, &blank, kInstructions[0], 5};
    request.proprio = proprio;
    ActionChunk chunk;
    policy->refiner().refine({&request, 1}, {&chunk, 1});
    return chunk.actions;
  };
  Observation moved = observation;
  for (double& x : moved.proprio) x += 0.3;
  EXPECT_EQ(refine(observation, &moved.proprio), refine(moved, nullptr));
  EXPECT_NE(refine(observation, nullptr), refine(moved, nullptr));
}

// The largest probability of a distribution bounds its entropy on both sides: least when as few
// bins as possible share it all, most when the others share the rest evenly.
TEST(TorchPolicy, TellsHowUndecidedThePlannerIs) {
  const auto policy = load_policy(saved_checkpoint("full"));
  const Observation observation = random_observation(3);
  IntentPlan plan;
  const PlanRequest asked{&observation, kInstructions[0], 0};
  policy->planner()->plan({&asked, 1}, {&plan, 1});
  const double bins = policy->spec().bins;
  for (int i = 0; i < plan.horizon(); ++i) {
    double least = 0, most = 0;  // of any distribution whose largest probability is p
    for (size_t d = 0; d < 7; ++d) {
      const double p = plan.intents[0].probability[size_t(i)][d], rest = 1 - p;
      const double whole = std::floor(1 / p), last = 1 - whole * p;
      least += -whole * p * std::log(p) - (last > 1e-9 ? last * std::log(last) : 0.0);
      most += -p * std::log(p) - (rest > 0 ? rest * std::log(rest / (bins - 1)) : 0.0);
    }
    const double scale = 7 * std::log(bins);
    EXPECT_GE(plan.intents[0].entropy[size_t(i)], least / scale - 1e-4);
    EXPECT_LE(plan.intents[0].entropy[size_t(i)], most / scale + 1e-4);
  }
}

TEST(TorchPolicy, WrongNumberOfImagesAndForeignFoldersAreSaid) {
  const auto policy = load_policy(saved_checkpoint("full"));
  Observation observation = random_observation(1);
  observation.images.pop_back();
  IntentPlan plan;
  const PlanRequest request{&observation, kInstructions[0], 0};
  EXPECT_THROW(policy->planner()->plan({&request, 1}, {&plan, 1}), Error);
  EXPECT_THROW(load_policy(LIBRA_SOURCE_DIR), Error);
}

}  // namespace
}  // namespace libra::policy
