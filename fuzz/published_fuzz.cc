// Hostile config.json files of published models must end in libra::Error or in a configuration.
#include "libra/core/error.h"
#include "libra/model/published.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    libra::model::read_internvl_config(text, "fuzz");
  } catch (const libra::Error&) {
  }
  try {
    libra::model::read_siglip_config(text, "fuzz");
  } catch (const libra::Error&) {
  }
  try {
    libra::model::read_bert_config(text, "fuzz");
    libra::model::read_sentence_bert_config(text, "fuzz");
  } catch (const libra::Error&) {
  }
  return 0;
}
