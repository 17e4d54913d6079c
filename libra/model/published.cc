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
  if (root.contains("rope_scaling") && root["rope_scaling"].is_object()) {
    const json& scaling = root["rope_scaling"];
    if (scaling.contains("type")) flat["rope_scaling_type"] = scaling["type"];
    if (scaling.contains("factor")) flat["rope_scaling_factor"] = scaling["factor"];
  }
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
  read_known(root, where, config);
  if (root.contains("vision_config"))
    read_known(root["vision_config"], where, config.vision_config);
  if (root.contains("llm_config")) config.llm_config = internlm2(root["llm_config"], where);
  return config;
}

SiglipVisionConfig read_siglip_config(const std::string& text, const std::string& where) {
  const json root = parse(text, where);
  SiglipVisionConfig config;
  const bool nested = root.contains("vision_config") && root["vision_config"].is_object();
  read_known(nested ? root["vision_config"] : root, where, config);
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
