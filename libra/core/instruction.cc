#include "libra/core/instruction.h"

#include <algorithm>
#include <cctype>

namespace libra {

std::string instruction_from_file_name(std::string_view stem) {
  constexpr std::string_view kExtension = ".bddl";
  if (stem.ends_with(kExtension)) stem.remove_suffix(kExtension.size());
  if (!stem.empty() && std::isupper(static_cast<unsigned char>(stem[0]))) {
    const size_t scene = stem.find("SCENE");
    const size_t end = scene == std::string_view::npos ? scene : stem.find('_', scene);
    if (end != std::string_view::npos) stem.remove_prefix(end + 1);
  }
  std::string text(stem);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

}  // namespace libra
