// The published config.json files (Hugging Face) and our configs.
#pragma once

#include <string>

#include "libra/model/backbones/tower_configs.h"

namespace libra::model {

// `text` is the JSON, `where` names it in errors. Keys that we do not know are other people's
// business and skipped; missing keys keep our defaults. Throws Error(kBadInput) for anything
// malformed.
InternVitConfig read_intern_vit_config(const std::string& text, const std::string& where);
InternLm2Config read_internlm2_config(const std::string& text, const std::string& where);
InternVlConfig read_internvl_config(const std::string& text, const std::string& where);
// Takes a vision_config, or a whole SigLIP config that holds one.
SiglipVisionConfig read_siglip_config(const std::string& text, const std::string& where);
BertConfig read_bert_config(const std::string& text, const std::string& where);
SentenceBertConfig read_sentence_bert_config(const std::string& text, const std::string& where);

// The same the other way: config.json texts in the published form.
std::string internvl_config_json(const InternVlConfig& config);
std::string siglip_config_json(const SiglipVisionConfig& config);

}  // namespace libra::model
