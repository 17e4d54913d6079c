// A folder with the shape of a checkout of LIBERO-Plus beside the tiny checkout, whose task it
// varies.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/sim/libero/tiny_checkout.h"

namespace libra::sim::libero {

class TinyPlus {
 public:
  explicit TinyPlus(const TinyCheckout& tiny) : tiny_(tiny) {
    write_task("do_it", kTinyTask);
    tiny.write(kPackage + "init_files/libero_goal/do_it.pruned_init",
               init_archive(tiny_state(-0.15), 1, kTinyWidth));
    list({});
  }
  std::string root() const { return tiny_.libero() + "/../LIBERO-plus"; }
  Checkout open() const { return tiny_.open().with_plus(root()); }

  // Pairs of name and category.
  void list(const std::vector<std::pair<std::string, std::string>>& variants) const {
    std::string json;
    for (const auto& [name, category] : variants) {
      json += (json.empty() ? "" : ",\n") + std::string("{\"id\": 1, \"name\": \"") + name +
              "\", \"category\": \"" + category + "\", \"difficulty_level\": null}";
    }
    tiny_.write(kPackage + "benchmark/task_classification.json",
                "{\"libero_goal\": [" + json + "]}");
  }
  void write_task(const std::string& stem, const std::string& text) const {
    tiny_.write(kPackage + "bddl_files/libero_goal/" + stem + ".bddl", text);
  }
  // The single state of a variant with places of its own.
  void write_state(const std::string& variant, const std::vector<double>& state) const {
    tiny_.write(kPackage + "init_files/libero_newobj/libero_goal/" + variant + ".pruned_init",
                init_archive(state, 1, kTinyWidth));
  }

 private:
  inline static const std::string kPackage = "LIBERO-plus/libero/libero/";
  const TinyCheckout& tiny_;
};

// kTinyTask with another sentence.
inline std::string tiny_task_saying(const std::string& words) {
  std::string text = kTinyTask;
  return text.replace(text.find("do it"), 5, words);
}

}  // namespace libra::sim::libero
