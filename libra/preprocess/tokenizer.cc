#include "libra/preprocess/tokenizer.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unordered_map>

#include "libra/core/error.h"

namespace libra::preprocess {
namespace {

using nlohmann::json;

constexpr int kMaxTokenId = 1 << 22;
constexpr size_t kMaxFileBytes = 64 << 20;

[[noreturn]] void bad_file(const std::string& where, const std::string& problem,
                           const std::string& expected, const std::string& found = "") {
  throw Error(ErrorCode::kBadInput,
              {.where = where, .problem = problem, .expected = expected, .found = found});
}

std::string read_bytes(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    throw Error(ErrorCode::kNotFound, {.where = path,
                                       .problem = "cannot be read",
                                       .expected = "a tokenizer file",
                                       .next = "check the path"});
  }
  std::ostringstream text;
  text << stream.rdbuf();
  std::string bytes = std::move(text).str();
  if (bytes.size() > kMaxFileBytes) bad_file(path, "too large for a tokenizer file", "64 MiB");
  return bytes;
}

}  // namespace

struct Tokenizer::Impl {
  sentencepiece::SentencePieceProcessor model;
  std::string model_bytes;
  std::map<std::string, int32_t> added;            // token -> id, as the file has it
  std::map<std::string, int32_t> special;          // added and the control pieces: <s>, </s>, <unk>
  std::unordered_map<int32_t, std::string> names;  // of special tokens
  std::vector<std::string> by_length;              // special tokens, longest first
  std::array<bool, 256> starts{};                  // first bytes of special tokens
  int size = 0;

  void load_model(std::string_view bytes, const std::string& where) {
    model_bytes = bytes;
    if (!model.LoadFromSerializedProto(bytes).ok() || model.GetPieceSize() <= 0) {
      bad_file(where, "not a tokenizer", "a sentencepiece model",
               std::to_string(bytes.size()) + " bytes of something else");
    }
    size = model.GetPieceSize();
    for (const int id : {model.unk_id(), model.bos_id(), model.eos_id()}) {
      if (id < 0 || id >= size) bad_file(where, "a basic token is missing", "<unk>, <s> and </s>");
      add_special(model.IdToPiece(id), id);
    }
  }

  // Either {"<img>": 426, ...} or {"added_tokens_decoder": {"426": {"content": "<img>"}, ...},
  // ...}.
  void load_added(std::string_view text, const std::string& where) {
    if (text.empty()) return;
    const json object = json::parse(text, nullptr, false);
    if (!object.is_object()) bad_file(where, "not a list of added tokens", "a JSON object");
    const auto decoder = object.find("added_tokens_decoder");
    if (decoder == object.end()) {
      for (const auto& [token, id] : object.items()) add_token(token, id, where);
      return;
    }
    if (!decoder->is_object()) bad_file(where, "added_tokens_decoder", "a JSON object");
    for (const auto& [id, entry] : decoder->items()) {
      if (!entry.is_object() || !entry.contains("content") || !entry["content"].is_string()) {
        bad_file(where, "added token " + id, "an object with a text 'content'", entry.dump());
      }
      add_token(entry["content"].get<std::string>(), json::parse(id, nullptr, false), where);
    }
  }

  void add_token(const std::string& token, const json& id, const std::string& where) {
    if (token.empty() || !id.is_number_integer() || id < 0 || id > kMaxTokenId) {
      bad_file(where, "added token '" + token + "'", "a token with an id of 0 to 4194304",
               id.is_discarded() ? "no number" : id.dump());
    }
    const auto number = id.get<int32_t>();
    const auto taken = names.find(number);
    if (taken != names.end() && taken->second != token) {
      bad_file(where, "tokens '" + token + "' and '" + taken->second + "' share an id",
               "one token per id", std::to_string(number));
    }
    added[token] = number;
    add_special(token, number);
  }

  void add_special(const std::string& token, int32_t id) {
    special[token] = id;
    names[id] = token;
    starts[static_cast<unsigned char>(token[0])] = true;
    size = std::max(size, id + 1);
    by_length.clear();
    for (const auto& entry : special) by_length.push_back(entry.first);
    std::stable_sort(by_length.begin(), by_length.end(),
                     [](const auto& a, const auto& b) { return a.size() > b.size(); });
  }

  // The longest special token that stands at `at`, or nullptr.
  const std::string* special_at(std::string_view text, size_t at) const {
    if (!starts[static_cast<unsigned char>(text[at])]) return nullptr;
    for (const auto& token : by_length) {
      if (text.substr(at).starts_with(token)) return &token;
    }
    return nullptr;
  }

  void encode_stretch(std::string_view text, std::vector<int32_t>& out) const {
    if (text.empty()) return;
    std::vector<int> ids;
    const auto status = model.Encode(text, &ids);
    if (!status.ok()) throw Error(ErrorCode::kFailed, "tokenizer: " + status.ToString());
    out.insert(out.end(), ids.begin(), ids.end());
  }
};

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

Tokenizer::Tokenizer(const std::string& model_path, const std::string& added_tokens_path)
    : impl_(std::make_unique<Impl>()) {
  impl_->load_model(read_bytes(model_path), model_path);
  if (!added_tokens_path.empty()) {
    impl_->load_added(read_bytes(added_tokens_path), added_tokens_path);
  }
}

Tokenizer Tokenizer::from_bytes(std::string_view model, std::string_view added_tokens_json,
                                const std::string& where) {
  auto impl = std::make_unique<Impl>();
  impl->load_model(model, where);
  impl->load_added(added_tokens_json, where);
  return Tokenizer(std::move(impl));
}

std::vector<int32_t> Tokenizer::encode(std::string_view text, bool add_bos) const {
  std::vector<int32_t> ids;
  if (add_bos) ids.push_back(bos_id());
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const std::string* token = impl_->special_at(text, at);
    if (token == nullptr) {
      ++at;
      continue;
    }
    impl_->encode_stretch(text.substr(begin, at - begin), ids);
    ids.push_back(impl_->special.at(*token));
    begin = at += token->size();
  }
  impl_->encode_stretch(text.substr(begin), ids);
  return ids;
}

std::string Tokenizer::decode(std::span<const int32_t> ids) const {
  std::vector<int> plain;
  for (const int32_t id : ids) {
    if (impl_->names.count(id) == 0 && id >= 0 && id < impl_->model.GetPieceSize()) {
      plain.push_back(id);
    }
  }
  std::string text;
  const auto status = impl_->model.Decode(plain, &text);
  if (!status.ok()) throw Error(ErrorCode::kFailed, "tokenizer: " + status.ToString());
  return text;
}

int Tokenizer::vocab_size() const { return impl_->size; }
int Tokenizer::unk_id() const { return impl_->model.unk_id(); }
int Tokenizer::bos_id() const { return impl_->model.bos_id(); }
int Tokenizer::eos_id() const { return impl_->model.eos_id(); }
int Tokenizer::pad_id() const { return eos_id(); }

int32_t Tokenizer::special_id(std::string_view token) const {
  const auto found = impl_->special.find(std::string(token));
  if (found == impl_->special.end()) {
    throw Error(ErrorCode::kNotFound,
                {.where = "tokenizer",
                 .problem = "there is no special token '" + std::string(token) + "'",
                 .expected = "one of " + join_names(impl_->by_length)});
  }
  return found->second;
}

std::string Tokenizer::piece(int32_t id) const {
  const auto found = impl_->names.find(id);
  if (found != impl_->names.end()) return found->second;
  return id >= 0 && id < impl_->model.GetPieceSize() ? impl_->model.IdToPiece(id) : "";
}

const std::string& Tokenizer::model_bytes() const { return impl_->model_bytes; }
std::string Tokenizer::added_tokens_json() const { return json(impl_->added).dump(1) + "\n"; }

}  // namespace libra::preprocess
