// Hostile TOML and JSON configurations must end in libra::Error or in values within their bounds.
#include <cstdlib>

#include "libra/core/config.h"
#include "libra/core/error.h"

namespace {

struct Inner {
  int side = 3;
  std::string kind = "a";
  std::vector<int> sizes;
  void list(libra::ConfigFields& f) {
    f.add("side", side, "", {1, 64});
    f.add("kind", kind, "", {"a", "b"});
    f.add("sizes", sizes, "");
  }
};

struct Outer {
  bool on = false;
  double rate = 0.5;
  Inner inner;
  void list(libra::ConfigFields& f) {
    f.add("on", on, "");
    f.add("rate", rate, "", {0, 1});
    f.section("inner", inner);
  }
};

void expect_bounds(const Outer& value) {
  if (!(value.rate >= 0 && value.rate <= 1) || value.inner.side < 1 || value.inner.side > 64 ||
      (value.inner.kind != "a" && value.inner.kind != "b")) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (int form = 0; form < 3; ++form) {
    Outer value;
    const libra::ConfigFields fields = libra::list_fields(value);
    try {
      if (form == 0) fields.read_toml(text, "fuzz");
      if (form == 1) fields.read_json(text, "fuzz");
      if (form == 2) fields.set(text);
      expect_bounds(value);
    } catch (const libra::Error&) {
    }
  }
  return 0;
}
