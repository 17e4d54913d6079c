#include "libra/model/published.h"

#include <nlohmann/json.hpp>

#include "libra/core/error.h"

namespace libra::model {
namespace {

using nlohmann::json;

json parse(const std::string& text, const std::string& where) {
  json root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) {
    throw Error(ErrorCode::kBadInput, {.where = where, .problem = "not a JSON object"});
  }
  return root;
}

std::vector<std::string> keys_of(const json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

// The known, plain-valued keys of `root` into `config`.
template <class Config>
void read_known(const json& root, const std::string& where, Config& config) {
  const ConfigFields fields = list_fields(config);
  json known = json::object();
  for (const ConfigField& field : fields.fields()) {
    if (root.contains(field.path) && root[field.path].is_primitive() &&
        !root[field.path].is_null()) {
      known[field.path] = root[field.path];
    }
  }
  fields.read_json(known.dump(), where);
}

InternLm2Config internlm2(const json& root, const std::string& where) {
  InternLm2Config config;
  config.with_lm_head = true;
  config.rope_scaling_type = "none";
  json flat = root;
  // Where and under which name the scaling stands depends on the version of transformers that wrote
  // the file: rope_scaling with type, then with rope_type, since version 5 rope_parameters.
  for (const char* section : {"rope_scaling", "rope_parameters"}) {
    if (!root.contains(section) || !root[section].is_object()) continue;
    for (const auto& [theirs, ours] : {std::pair{"type", "rope_scaling_type"},
                                       {"rope_type", "rope_scaling_type"},
                                       {"factor", "rope_scaling_factor"},
                                       {"rope_theta", "rope_theta"}}) {
      if (root[section].contains(theirs)) flat[ours] = root[section][theirs];
    }
  }
  if (flat.value("rope_scaling_type", json()) == "default") flat["rope_scaling_type"] = "none";
  read_known(flat, where, config);
  return config;
}

}  // namespace

InternVitConfig read_intern_vit_config(const std::string& text, const std::string& where) {
  InternVitConfig config;
  read_known(parse(text, where), where, config);
  return config;
}

InternLm2Config read_internlm2_config(const std::string& text, const std::string& where) {
  return internlm2(parse(text, where), where);
}

InternVlConfig read_internvl_config(const std::string& text, const std::string& where) {
  const json root = parse(text, where);
  InternVlConfig config;
  for (const char* part : {"vision_config", "llm_config"}) {
    if (root.contains(part) && root[part].is_object()) continue;
    throw Error(ErrorCode::kBadInput, {.where = where,
                                       .problem = std::string("has no '") + part + "'",
                                       .expected = "the config.json of an InternVL2.5 model",
                                       .found = join_names(keys_of(root)).substr(0, 200)});
  }
  read_known(root, where, config);
  read_known(root["vision_config"], where, config.vision_config);
  config.llm_config = internlm2(root["llm_config"], where);
  return config;
}

SiglipVisionConfig read_siglip_config(const std::string& text, const std::string& where) {
  const json root = parse(text, where);
  SiglipVisionConfig config;
  const bool nested = root.contains("vision_config") && root["vision_config"].is_object();
  read_known(nested ? root["vision_config"] : root, where, config);
  return config;
}

BertConfig read_bert_config(const std::string& text, const std::string& where) {
  const json root = parse(text, where);
  for (const auto& [key, expected] : {std::pair("model_type", "bert"), {"hidden_act", "gelu"}}) {
    if (root.value(key, json(expected)) == expected) continue;
    throw Error(ErrorCode::kBadInput, {.where = where,
                                       .problem = std::string(key).append(" is another"),
                                       .expected = expected,
                                       .found = root[key].dump().substr(0, 80)});
  }
  BertConfig config;
  read_known(root, where, config);
  return config;
}

SentenceBertConfig read_sentence_bert_config(const std::string& text, const std::string& where) {
  SentenceBertConfig config;
  read_known(parse(text, where), where, config);
  return config;
}

std::string internvl_config_json(const InternVlConfig& config) {
  InternVlConfig plain = config;
  nlohmann::ordered_json out = nlohmann::ordered_json::parse(list_fields(plain).to_json());
  out["vision_config"].erase("stem");
  auto& llm = out["llm_config"];
  if (config.llm_config.rope_scaling_type != "none") {
    llm["rope_scaling"] = {{"type", llm["rope_scaling_type"]},
                           {"factor", llm["rope_scaling_factor"]}};
  }
  for (const char* ours : {"rope_scaling_type", "rope_scaling_factor", "with_lm_head"}) {
    llm.erase(ours);
  }
  return out.dump(2);
}

std::string siglip_config_json(const SiglipVisionConfig& config) {
  SiglipVisionConfig plain = config;
  nlohmann::ordered_json vision = nlohmann::ordered_json::parse(list_fields(plain).to_json());
  for (const char* ours : {"stem", "pooling_head"}) vision.erase(ours);
  return nlohmann::ordered_json{{"vision_config", std::move(vision)}}.dump(2);
}

}  // namespace libra::model
