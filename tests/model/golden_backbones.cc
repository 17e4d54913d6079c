#include <torch/nn/functional/loss.h>

#include <filesystem>
#include <set>

#include "libra/model/backbones/internvl.h"
#include "libra/model/backbones/siglip.h"
#include "libra/model/checkpoint.h"
#include "libra/model/published.h"
#include "libra/model/safetensors.h"
#include "tests/model/golden_report.h"

namespace libra::model {
namespace {

namespace fs = std::filesystem;

// The text of `name` before `mark`, for every tensor that has it: the names of a file's cases.
std::set<std::string> cases(const GoldenFile& file, const std::string& mark) {
  std::set<std::string> out;
  for (const auto& name : file.names()) {
    const size_t at = name.find(mark);
    if (at != std::string::npos) out.insert(name.substr(0, at));
  }
  return out;
}

std::vector<std::string> subfolders(const std::string& dir) {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(dir)) {
    if (entry.is_directory()) out.push_back(entry.path().filename().string());
  }
  return out;
}

void compare_gradients(const std::string& group, const GoldenFile& file,
                       const torch::nn::Module& module, GoldenReport& report) {
  for (const auto& p : module.named_parameters()) {
    const std::string name = "grad." + p.key();
    const torch::Tensor expected = file.tensor(name);
    if (p.key().find("k_proj.bias") != std::string::npos) {
      report.compare_absolute(group, name, p.value().grad(), expected, 1e-4);  // zero in theory
    } else {
      report.compare(group, name, p.value().grad(), expected, kGradientLimit);
    }
  }
}

void compare_hidden(const std::string& group, const GoldenFile& io, const std::string& prefix,
                    const std::vector<torch::Tensor>& hidden, const torch::Tensor& mask,
                    GoldenReport& report) {
  for (size_t i = 0; i < hidden.size(); ++i) {
    const std::string name = prefix + "out.hidden_states." + std::to_string(i);
    if (mask.defined()) {  // padding rows have no meaning
      report.compare(group, name, hidden[i] * mask, io.tensor(name) * mask, report.forward_limit());
    } else {
      report.compare(group, name, hidden[i], io.tensor(name), report.forward_limit());
    }
  }
}

torch::Tensor shifted_loss(const torch::Tensor& logits, const torch::Tensor& labels) {
  return torch::nn::functional::cross_entropy(
      logits.slice(1, 0, -1).flatten(0, 1), labels.slice(1, 1).flatten(),
      torch::nn::functional::CrossEntropyFuncOptions().ignore_index(-100));
}

class LanguageCheck {
 public:
  LanguageCheck(const std::string& dir, GoldenReport& report, std::string group)
      : dir_(dir), group_(std::move(group)), report_(report), io_(dir + "/io.safetensors", report) {
    report_.enter(dir);
  }

  void run() {
    for (const std::string name :
         {"plain", "rightpad", "leftpad", "leftpad_pos", "embeds", "long"}) {
      full_pass(name);
    }
    short_after_long();
    decode("cache");
    decode("cache_cross");
    if (report_.with_gradients() && fs::exists(dir_ + "/grads.safetensors")) gradients();
  }

 private:
  InternLm2 fresh() const {
    InternLm2 model(read_internlm2_config(read_file(dir_ + "/config.json"), dir_));
    load_into(*model, dir_ + "/model.safetensors");
    report_.cast(*model);
    return model;
  }
  void compare(const std::string& name, const torch::Tensor& actual) {
    report_.compare(group_, name, actual, io_.tensor(name), report_.forward_limit());
  }

  void full_pass(const std::string& name) {
    const torch::NoGradGuard no_grad;
    const auto input = [&](const std::string& field) {
      const std::string full = name + ".in." + field;
      return io_.contains(full) ? io_.tensor(full) : torch::Tensor();
    };
    InternLm2 model = fresh();
    const torch::Tensor mask = input("attention_mask");
    const auto out = model->forward({.input_ids = input("input_ids"),
                                     .inputs_embeds = input("inputs_embeds"),
                                     .attention_mask = mask,
                                     .position_ids = input("position_ids"),
                                     .output_hidden_states = true,
                                     .output_logits = true});
    const torch::Tensor rows = mask.defined() ? mask.unsqueeze(-1) : torch::Tensor();
    compare_hidden(group_, io_, name + ".", out.hidden_states, rows, report_);
    const torch::Tensor expected = io_.tensor(name + ".out.logits");
    report_.compare(group_, name + ".out.logits", rows.defined() ? out.logits * rows : out.logits,
                    rows.defined() ? expected * rows : expected, report_.forward_limit());
    if (input("labels").defined()) {
      compare(name + ".out.loss", shifted_loss(out.logits, input("labels")).reshape({1}));
    }
  }

  void short_after_long() {
    InternLm2 model = fresh();
    const torch::NoGradGuard no_grad;
    model->forward({.input_ids = io_.tensor("long.in.input_ids")});
    const auto after =
        model->forward({.input_ids = io_.tensor("plain.in.input_ids"), .output_logits = true});
    compare("short_after_long.out.logits", after.logits);
  }

  // Prefill, then one token at a time.
  void decode(const std::string& name) {
    const torch::NoGradGuard no_grad;
    InternLm2 model = fresh();
    const torch::Tensor ids = io_.tensor(name + ".in.input_ids");
    const int64_t prefill = io_.tensor(name + ".in.prefill_len").item<int64_t>();
    KvCache cache;
    const auto first = model->forward(
        {.input_ids = ids.slice(1, 0, prefill), .cache = &cache, .output_logits = true});
    compare(name + ".out.prefill_logits", first.logits);
    std::vector<torch::Tensor> steps;
    for (int64_t i = prefill; i < ids.size(1); ++i) {
      steps.push_back(
          model
              ->forward(
                  {.input_ids = ids.slice(1, i, i + 1), .cache = &cache, .output_logits = true})
              .logits);
    }
    compare(name + ".out.step_logits", torch::cat(steps, 1));
    compare(name + ".out.last_key_layer0", cache.keys[0]);
  }

  void gradients() {
    const GoldenFile grads(dir_ + "/grads.safetensors", report_);
    InternLm2 model = fresh();
    torch::Tensor embeds = model->embed(grads.tensor("in.input_ids"));
    embeds.retain_grad();
    const auto out = model->forward({.inputs_embeds = embeds,
                                     .attention_mask = grads.tensor("in.attention_mask"),
                                     .output_logits = true});
    const torch::Tensor loss = shifted_loss(out.logits, grads.tensor("in.labels"));
    loss.backward();
    const std::string group = group_ + " gradients";
    report_.compare(group, "out.loss", loss.reshape({1}), grads.tensor("out.loss"),
                    report_.forward_limit());
    report_.compare(group, "grad_in.inputs_embeds", embeds.grad(),
                    grads.tensor("grad_in.inputs_embeds"), kGradientLimit);
    compare_gradients(group, grads, *model, report_);
  }

  std::string dir_, group_;
  GoldenReport& report_;
  GoldenFile io_;
};

void check_vit_gradients(const std::string& dir, const std::string& group, InternVit& model,
                         GoldenReport& report) {
  const GoldenFile io(dir + "/io.safetensors", report), grads(dir + "/grads.safetensors", report);
  const torch::Tensor weight = grads.tensor("in.loss_weight");
  const torch::Tensor expected = grads.tensor("grad_in.pixel_values");
  const std::string size =
      "size" + std::to_string(expected.size(2)) + "x" + std::to_string(expected.size(3));
  const torch::Tensor pixels = io.tensor(size + ".in.pixel_values").clone().set_requires_grad(true);
  const torch::Tensor loss = (model->forward(pixels).last_hidden_state * weight).sum();
  loss.backward();
  report.compare(group, "out.loss", loss.reshape({1}), grads.tensor("out.loss"), kGradientLimit);
  report.compare(group, "grad_in.pixel_values", pixels.grad(), expected, kGradientLimit);
  compare_gradients(group, grads, *model, report);
}

}  // namespace

void check_intern_vit(const std::string& root, GoldenReport& report) {
  for (const auto& variant : subfolders(root + "/intern_vit")) {
    const std::string dir = root + "/intern_vit/" + variant, group = "intern_vit/" + variant;
    report.enter(dir);
    const GoldenFile io(dir + "/io.safetensors", report);
    InternVitConfig config = read_intern_vit_config(read_file(dir + "/config.json"), dir);
    InternVit model(config);
    load_into(*model, dir + "/model.safetensors");
    report.cast(*model);
    if (report.with_gradients() && fs::exists(dir + "/grads.safetensors"))
      check_vit_gradients(dir, group + " gradients", model, report);
    const torch::NoGradGuard no_grad;
    for (const auto& size : cases(io, ".in.pixel_values")) {
      const auto out = model->forward(io.tensor(size + ".in.pixel_values"), true);
      compare_hidden(group, io, size + ".", out.hidden_states, {}, report);
      for (const auto& [name, value] :
           {std::pair<std::string, torch::Tensor>{".out.last_hidden_state", out.last_hidden_state},
            {".out.pooler_output", out.pooler_output}}) {
        report.compare(group, size + name, value, io.tensor(size + name), report.forward_limit());
      }
    }
    for (const auto& resize : cases(io, ".out.position_embedding")) {
      const int side = std::stoi(resize.substr(resize.rfind("to") + 2)) / config.patch_size;
      const std::string name = resize + ".out.position_embedding";
      report.compare(group, name, model->position_embedding(side, side), io.tensor(name),
                     report.forward_limit());
    }
  }
}

void check_internlm2(const std::string& root, GoldenReport& report) {
  for (const auto& variant : subfolders(root + "/internlm2")) {
    LanguageCheck(root + "/internlm2/" + variant, report, "internlm2/" + variant).run();
  }
}

void check_internvl(const std::string& root, GoldenReport& report) {
  const std::string dir = root + "/internvl_chat", group = "internvl_chat";
  report.enter(dir);
  const GoldenFile io(dir + "/io.safetensors", report), grads(dir + "/grads.safetensors", report);
  InternVlConfig config = read_internvl_config(read_file(dir + "/config.json"), dir);
  InternVl model(config);
  load_into(*model, dir + "/model.safetensors");
  report.cast(*model);
  const int64_t image_id = io.tensor("in.img_context_token_id").item<int64_t>();
  const torch::Tensor mask = io.tensor("in.attention_mask"), rows = mask.unsqueeze(-1);
  const torch::Tensor pixels = io.tensor("in.pixel_values").clone().set_requires_grad(true);
  const InternVlOptions all{.image_flags = io.tensor("in.image_flags"),
                            .output_hidden_states = true,
                            .output_logits = true};
  const auto out = model->forward(pixels, io.tensor("in.input_ids"), mask, image_id, all);
  const auto compare = [&](const std::string& name, const torch::Tensor& actual) {
    report.compare(group, name, actual, io.tensor(name), report.forward_limit());
  };
  compare("out.vit_embeds", out.vit_embeds);
  compare("out.inputs_embeds", out.inputs_embeds);
  compare_hidden(group, io, "", out.hidden_states, rows, report);
  report.compare(group, "out.logits", out.logits * rows, io.tensor("out.logits") * rows,
                 report.forward_limit());
  const torch::Tensor loss = shifted_loss(out.logits, io.tensor("in.labels"));
  compare("out.loss", loss.reshape({1}));
  if (report.with_gradients()) {
    loss.backward();
    report.compare(group + " gradients", "grad_in.pixel_values", pixels.grad(),
                   grads.tensor("grad_in.pixel_values"), kGradientLimit);
    compare_gradients(group + " gradients", grads, *model, report);
  }

  const torch::NoGradGuard no_grad;
  const InternVlOptions none{.image_flags = torch::zeros({1}, mask.options().dtype(torch::kInt64)),
                             .output_logits = true};
  compare("dummy_tile.out.logits",
          model
              ->forward(torch::zeros_like(pixels.slice(0, 0, 1)),
                        io.tensor("dummy_tile.in.input_ids"), {}, image_id, none)
              .logits);
  const torch::Tensor grid = io.tensor("shuffle_index.in.x");
  for (const std::string version : {"v1", "v2"}) {
    compare("shuffle_index.out." + version, pixel_shuffle(grid, 0.5, version));
  }
  config.select_layer = -2;
  InternVl earlier(config);
  load_into(*earlier, dir + "/model.safetensors");
  report.cast(*earlier);
  compare("select_layer_minus2.out.vit_embeds",
          earlier->extract(io.tensor("in.pixel_values")).vit_embeds);
}

void check_siglip(const std::string& root, GoldenReport& report) {
  for (const auto& variant : subfolders(root + "/siglip_vision")) {
    const std::string dir = root + "/siglip_vision/" + variant, group = "siglip_vision/" + variant;
    report.enter(dir);
    const GoldenFile io(dir + "/io.safetensors", report);
    SiglipVisionConfig config = read_siglip_config(read_file(dir + "/config.json"), dir);
    config.pooling_head = true;
    SiglipVision model(config);
    load_into(*model, dir + "/model.safetensors");
    report.cast(*model);
    const torch::Tensor pixels = io.tensor("in.pixel_values").clone().set_requires_grad(true);
    const auto out = model->forward(pixels, true);
    compare_hidden(group, io, "", out.hidden_states, {}, report);
    report.compare(group, "out.last_hidden_state", out.last_hidden_state,
                   io.tensor("out.last_hidden_state"), report.forward_limit());
    report.compare(group, "out.pooler_output", out.pooler_output, io.tensor("out.pooler_output"),
                   report.forward_limit());
    if (!report.with_gradients() || !fs::exists(dir + "/grads.safetensors")) continue;
    const GoldenFile grads(dir + "/grads.safetensors", report);
    const torch::Tensor loss =
        (out.last_hidden_state * grads.tensor("in.weight_last_hidden_state")).sum() +
        (out.pooler_output * grads.tensor("in.weight_pooler_output")).sum();
    loss.backward();
    report.compare(group + " gradients", "grad_in.pixel_values", pixels.grad(),
                   grads.tensor("grad_in.pixel_values"), kGradientLimit);
    compare_gradients(group + " gradients", grads, *model, report);
  }
}

}  // namespace libra::model
