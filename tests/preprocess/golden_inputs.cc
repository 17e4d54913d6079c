#include "tests/preprocess/golden_inputs.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "libra/action/bins.h"
#include "libra/preprocess/image.h"
#include "libra/preprocess/prompt.h"
#include "libra/preprocess/tokenizer.h"
#include "tests/support/safetensors_lite.h"

namespace libra::preprocess {
namespace {

using nlohmann::json;
using Tensors = std::map<std::string, test::LiteTensor>;

constexpr double kExact = 0.5;
constexpr double kPixelLimit = 1e-6;

json read_json(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return json::parse(stream);
}

template <class A, class B>
double largest_difference(const std::vector<A>& found, const std::vector<B>& expected) {
  if (found.size() != expected.size()) return std::numeric_limits<double>::infinity();
  double worst = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    worst = std::max(worst, std::abs(double(found[i]) - double(expected[i])));
  }
  return worst;
}

double unless_equal(bool equal) { return equal ? 0.0 : 1.0; }

Image image_of(const test::LiteTensor& tensor) {
  Image image(static_cast<int>(tensor.shape.at(0)), static_cast<int>(tensor.shape.at(1)));
  image.rgb = tensor.as<uint8_t>();
  return image;
}

// "a.out.b16.resized" -> "a": the source that a result was made of.
std::string source_of(const std::string& name) { return name.substr(0, name.find(".out.")); }

class ImageCheck {
 public:
  ImageCheck(const std::string& folder, std::string group, const GoldenSink& sink)
      : set_(test::read_safetensors(folder + "/io.safetensors")),
        group_(std::move(group)),
        sink_(sink) {}

  void run() {
    for (const auto& [name, tensor] : set_) {
      if (name.ends_with(".resized_u8_hwc")) resized(name, tensor);
      if (name.ends_with(".pixel_values")) pixels(name, tensor, kImageNet);
      if (name.ends_with(".pixel_values_hf")) pixels(name, tensor, kSigLip);
      if (name.ends_with(".pixel_values_every_16th")) sampled_pixels(name, tensor);
      if (name.ends_with(".out.tiles_u8_nhwc")) tiles(name, tensor);
      if (name == "byte_table.imagenet") byte_table(name, tensor, kImageNet);
      if (name == "byte_table.siglip_hf") byte_table(name, tensor, kSigLip);
    }
  }

 private:
  void resized(const std::string& name, const test::LiteTensor& tensor) {
    const Image source = image_of(set_.at(source_of(name) + ".in.image_u8_hwc"));
    const Image expected = image_of(tensor);
    sink_(group_ + " resize", name,
          largest_difference(resize_bicubic(source, expected.height, expected.width).rgb,
                             expected.rgb),
          kExact);
  }

  Image resized_beside(const std::string& name) const {
    return image_of(set_.at(name.substr(0, name.rfind('.')) + ".resized_u8_hwc"));
  }

  void pixels(const std::string& name, const test::LiteTensor& tensor, const Normalisation& norm) {
    sink_(group_ + " pixels", name,
          largest_difference(normalise(resized_beside(name), norm), tensor.as<float>()),
          kPixelLimit);
  }

  void sampled_pixels(const std::string& name, const test::LiteTensor& tensor) {
    const Image image = resized_beside(name);
    const auto all =
        normalise(image, name.find("imagenet") != std::string::npos ? kImageNet : kSigLip);
    std::vector<float> sampled;
    for (size_t c = 0; c < 3; ++c) {
      for (int y = 0; y < image.height; y += 16) {
        for (int x = 0; x < image.width; x += 16) {
          sampled.push_back(
              all[(c * size_t(image.height) + size_t(y)) * size_t(image.width) + size_t(x)]);
        }
      }
    }
    sink_(group_ + " pixels", name, largest_difference(sampled, tensor.as<float>()), kPixelLimit);
  }

  void tiles(const std::string& name, const test::LiteTensor& tensor) {
    const Image image = image_of(set_.at(source_of(name) + ".in.image_u8_hwc"));
    const int side = static_cast<int>(tensor.shape.at(1));
    const auto made = make_tiles(image, choose_tiling(image.height, image.width, 6, side), side);
    std::vector<uint8_t> joined;
    for (const auto& tile : made) joined.insert(joined.end(), tile.rgb.begin(), tile.rgb.end());
    sink_(group_ + " tiles", name, largest_difference(joined, tensor.as<uint8_t>()), kExact);
    auto ends = normalise(made.front(), kImageNet);
    const auto last = normalise(made.back(), kImageNet);
    ends.insert(ends.end(), last.begin(), last.end());
    const std::string values = source_of(name) + ".out.pixel_values_first_and_last";
    sink_(group_ + " pixels", values, largest_difference(ends, set_.at(values).as<float>()),
          kPixelLimit);
  }

  void byte_table(const std::string& name, const test::LiteTensor& tensor,
                  const Normalisation& norm) {
    Image ramp(1, 256);
    for (size_t i = 0; i < ramp.rgb.size(); ++i) ramp.rgb[i] = static_cast<uint8_t>(i / 3);
    sink_(group_ + " pixels", name, largest_difference(normalise(ramp, norm), tensor.as<float>()),
          kPixelLimit);
  }

  Tensors set_;
  std::string group_;
  const GoldenSink& sink_;
};

void check_tilings(const json& table, const GoldenSink& sink) {
  for (const auto& c : table.at("cases")) {
    const Tiling tiling =
        choose_tiling(c.at("height"), c.at("width"), c.at("max_num"), table.at("image_size"));
    const bool equal = tiling.cols == c.at("cols") && tiling.rows == c.at("rows") &&
                       tiling.thumbnail == c.at("thumbnail_added") &&
                       tiling.count() == c.at("total_images");
    sink("image_preprocess tilings",
         c.at("width").dump() + "x" + c.at("height").dump() + " max " + c.at("max_num").dump(),
         unless_equal(equal), kExact);
  }
}

// Code points of a UTF-8 text.
size_t characters(const std::string& text) {
  size_t count = 0;
  for (const char c : text) count += (c & 0xc0) != 0x80;
  return count;
}

void check_prompts(const json& table, const GoldenSink& sink) {
  for (const auto& c : table.at("cases")) {
    if (c.at("template") != "internvl2_5") continue;
    std::vector<Turn> turns;
    for (const auto& turn : c.at("history")) turns.push_back({turn.at(0), turn.at(1)});
    turns.push_back({c.at("question"), ""});
    std::vector<int> tokens;
    for (const int tiles : c.at("num_patches_list")) {
      tokens.push_back(tiles * c.at("num_image_token").get<int>());
    }
    const std::string prompt = chat_prompt(turns, tokens);
    bool equal = characters(prompt) == c.at("prompt_length_chars").get<size_t>();
    if (!c.at("prompt").is_null()) equal = equal && prompt == c.at("prompt").get<std::string>();
    // Without images the same text with its marks left alone.
    if (tokens.empty()) equal = equal && prompt == c.at("prompt_before_image").get<std::string>();
    sink("prompts", c.at("question"), unless_equal(equal), kExact);
  }
}

void check_tokens(const Tokenizer& tokenizer, const json& table, const GoldenSink& sink) {
  const std::string group = "tokenizer";
  sink(group, "vocab_size", std::abs(tokenizer.vocab_size() - table.at("len_tokenizer").get<int>()),
       kExact);
  sink(group, "bos_id", std::abs(tokenizer.bos_id() - table.at("bos_id").get<int>()), kExact);
  sink(group, "pad_id", std::abs(tokenizer.pad_id() - table.at("eos_id").get<int>()), kExact);
  for (const auto& c : table.at("cases")) {
    const auto text = c.at("text").get<std::string>();
    const auto ids = c.at("input_ids").get<std::vector<int32_t>>();
    sink(group, text, largest_difference(tokenizer.encode(text), ids), kExact);
    sink(group, text + " (no special)",
         largest_difference(tokenizer.encode(text, false),
                            c.at("input_ids_no_special").get<std::vector<int32_t>>()),
         kExact);
    bool equal = tokenizer.decode(ids) == c.at("decoded_skip_special").get<std::string>();
    for (size_t i = 0; i < ids.size(); ++i) {
      equal = equal && tokenizer.piece(ids[i]) == c.at("tokens").at(i).get<std::string>();
    }
    sink(group, text + " (decoded)", unless_equal(equal), kExact);
  }
}

// The reference tokenises each turn of a training conversation on its own, bos before the first.
void check_conversations(const Tokenizer& tokenizer, const json& table, const GoldenSink& sink) {
  const std::map<std::string, std::string> roles = {
      {"system", "system"}, {"human", "user"}, {"gpt", "assistant"}};
  std::string opening = chat_prompt({}, {});
  opening.resize(opening.size() - std::string("<|im_start|>assistant\n").size());
  for (const auto& c : table.at("cases")) {
    const auto images = c.at("num_image_token_list").get<std::vector<int>>();
    std::vector<std::string> turns;
    if (c.at("conversations").at(0).at("from") != "system") turns.push_back(opening);
    size_t image = 0;
    for (const auto& message : c.at("conversations")) {
      auto text = message.at("value").get<std::string>();
      for (size_t at; (at = text.find("<image>")) != std::string::npos;) {
        text.replace(at, 7, image_placeholder(images.at(image++)));
      }
      turns.push_back("<|im_start|>" + roles.at(message.at("from")) + "\n" + text + "<|im_end|>\n");
    }
    std::vector<int32_t> ids;
    for (const auto& turn : turns) {
      const auto part = tokenizer.encode(turn, ids.empty());
      ids.insert(ids.end(), part.begin(), part.end());
    }
    ids.resize(c.at("model_max_length").get<size_t>(), tokenizer.pad_id());
    sink("tokenizer conversations", c.at("conversations").at(0).at("value"),
         largest_difference(ids, c.at("input_ids").get<std::vector<int32_t>>()), kExact);
  }
}

}  // namespace

void check_images(const std::string& dir, const GoldenSink& sink) {
  for (const std::string name : {"image_preprocess", "image_preprocess_full"}) {
    if (std::filesystem::exists(dir + "/" + name)) ImageCheck(dir + "/" + name, name, sink).run();
  }
  check_tilings(read_json(dir + "/image_preprocess/tiles.json"), sink);
}

void check_texts(const std::string& dir, const GoldenSink& sink) {
  const std::string folder = dir + "/tokenizer_tiny/";
  const Tokenizer tokenizer(folder + "tokenizer.model", folder + "tokenizer_config.json");
  check_tokens(tokenizer, read_json(folder + "cases.json"), sink);
  check_conversations(tokenizer, read_json(folder + "train_format.json"), sink);
  check_prompts(read_json(dir + "/image_preprocess/prompts.json"), sink);
}

void check_bins(const std::string& dir, const GoldenSink& sink) {
  const Tensors set = test::read_safetensors(dir + "/discretise/io.safetensors");
  for (const auto& [name, tensor] : set) {
    const size_t dot = name.find(".in.a_f32");
    if (dot == std::string::npos) continue;
    const int bins = std::stoi(name.substr(1, dot));
    std::vector<int> found;
    for (const float value : tensor.as<float>()) found.push_back(action::uniform_bin(value, bins));
    sink("discretise", name,
         largest_difference(found, set.at(name.substr(0, dot) + ".out.bin_f32").as<int64_t>()),
         kExact);
  }
}

}  // namespace libra::preprocess
