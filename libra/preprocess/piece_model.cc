#include "libra/preprocess/piece_model.h"

#include <dlfcn.h>

#include "libra/core/error.h"

namespace libra::preprocess {

std::unique_ptr<PieceModel> make_piece_model() {
#if defined(__has_feature)  // clang's way to tell
#define LIBRA_ADDRESS_SANITIZER __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define LIBRA_ADDRESS_SANITIZER 1
#else
#define LIBRA_ADDRESS_SANITIZER 0
#endif
#if LIBRA_ADDRESS_SANITIZER
  constexpr int kFlags = RTLD_NOW | RTLD_LOCAL;  // AddressSanitizer does not work with DEEPBIND
#else
  constexpr int kFlags = RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND;
#endif
  // Beside the program, wherever it was moved to; else where it was built.
  void* module = dlopen("libra_sentencepiece.so", kFlags);
  if (module == nullptr) module = dlopen(LIBRA_SENTENCEPIECE_MODULE, kFlags);
  auto* make = module ? reinterpret_cast<PieceModel* (*)()>(dlsym(module, "libra_make_piece_model"))
                      : nullptr;
  if (make == nullptr) {
    const char* reason = dlerror();
    throw Error(ErrorCode::kFailed, {.where = LIBRA_SENTENCEPIECE_MODULE,
                                     .problem = "the tokenizer's module cannot be loaded",
                                     .found = reason ? reason : "",
                                     .next = "build the target libra_sentencepiece"});
  }
  return std::unique_ptr<PieceModel>(make());
}

}  // namespace libra::preprocess
