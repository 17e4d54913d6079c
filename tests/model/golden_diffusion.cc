#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "libra/model/checkpoint.h"
#include "libra/model/safetensors.h"
#include "libra/nn/diffusion.h"
#include "libra/nn/dit.h"
#include "libra/nn/ema.h"
#include "libra/nn/schedule.h"
#include "libra/nn/timestep.h"
#include "tests/model/golden_report.h"

namespace libra::model {
namespace {

using nlohmann::json;

constexpr double kDdimLimit = 5e-5;
constexpr double kDdpmLimit = 1e-3;
constexpr double kExactLimit = 1e-6;

// The chain of the reference: timestep embedding + condition, blocks, final layer.
struct DitChain : torch::nn::Module {
  DitChain(const json& config) {
    const int64_t width = config["hidden_size"];
    t_embedder = register_module(
        "t_embedder",
        nn::TimestepEmbedder(width, config["frequency_embedding_size"].get<int64_t>()));
    blocks = register_module("blocks", torch::nn::ModuleList());
    for (int i = 0; i < config["depth"].get<int>(); ++i) {
      blocks->push_back(nn::DitBlock(nn::DitBlockOptions{
          .width = width, .heads = config["num_heads"], .mlp_ratio = config["mlp_ratio"]}));
    }
    final_layer = register_module("final_layer",
                                  nn::DitFinalLayer(width, config["out_channels"].get<int64_t>()));
  }
  // The inputs of each block, the last block's output, and the final output.
  std::vector<torch::Tensor> forward(torch::Tensor x, const torch::Tensor& condition) {
    std::vector<torch::Tensor> out = {x};
    for (const auto& block : *blocks) {
      x = block->as<nn::DitBlock>()->forward(x, condition);
      out.push_back(x);
    }
    out.push_back(final_layer->forward(x, condition));
    return out;
  }
  nn::TimestepEmbedder t_embedder{nullptr};
  torch::nn::ModuleList blocks{nullptr};
  nn::DitFinalLayer final_layer{nullptr};
};

nn::DiffusionConfig diffusion_config(const json& c) {
  nn::DiffusionConfig out;
  ConfigFields fields = list_fields(out);
  json known = json::object();
  for (const auto& field : fields.fields()) {
    if (c.contains(field.path)) known[field.path] = c[field.path];
  }
  fields.read_json(known.dump(), "cases.json");
  return out;
}

// The stand-in for a network that the reference trajectories use.
torch::Tensor stand_in(const torch::Tensor& x, int64_t t) {
  return 0.1 * x + float(std::sin(double(t) / 50.0));
}

void check_tables(const std::string& dir, const json& all, GoldenReport& report) {
  const SafetensorsFile tables(dir + "/tables.safetensors");
  const auto compare = [&](const std::string& name, const torch::Tensor& actual) {
    report.compare("diffusion tables", name, actual, tables.tensor(name), kExactLimit);
  };
  for (const auto& [key, config] : all["tables"].items()) {
    const nn::DiffusionScheduler scheduler(diffusion_config(config));
    compare(key + ".betas", scheduler.betas());
    compare(key + ".alphas_cumprod", scheduler.alphas_cumprod());
    const std::string prefix = "add_noise." + key;
    if (!tables.contains(prefix + ".out.xt")) continue;
    const torch::Tensor t =
        tables.tensor("add_noise.T" + std::to_string(scheduler.train_steps()) + ".in.t");
    const torch::Tensor x0 = tables.tensor("add_noise.in.x0"),
                        eps = tables.tensor("add_noise.in.eps");
    compare(prefix + ".out.xt", scheduler.add_noise(x0, eps, t));
    compare(prefix + ".out.velocity", scheduler.velocity(x0, eps, t));
  }
}

void check_ddim(const std::string& dir, const json& all, GoldenReport& report) {
  const SafetensorsFile file(dir + "/ddim.safetensors");
  for (const auto& [key, config] : all["ddim"].items()) {
    const nn::DiffusionScheduler scheduler(diffusion_config(config));
    const int steps = config["num_inference_steps"];
    const std::vector<int64_t> times = scheduler.timesteps(steps);
    report.compare_absolute("diffusion timesteps", key, torch::tensor(times),
                            file.tensor(key + ".timesteps"), 0.5);
    nn::DdimOptions options{.eta = config["eta"],
                            .use_clipped_model_output = config["use_clipped_model_output"]};
    torch::Tensor x = file.tensor("in.x_T");
    std::vector<torch::Tensor> trajectory = {x}, originals;
    for (size_t i = 0; i < times.size(); ++i) {
      if (options.eta > 0) options.noise = file.tensor("extra.eta.in.noise")[int64_t(i)];
      const nn::DiffusionStep step =
          scheduler.ddim_step(stand_in(x, times[i]), times[i], x, steps, options);
      x = step.prev_sample;
      trajectory.push_back(x);
      originals.push_back(step.pred_original);
    }
    report.compare("diffusion DDIM", key, torch::stack(trajectory), file.tensor(key + ".traj"),
                   kDdimLimit);
    if (file.contains(key + ".pred_x0")) {
      report.compare("diffusion DDIM", key + ".pred_x0", torch::stack(originals),
                     file.tensor(key + ".pred_x0"), kDdimLimit);
    }
  }
}

void check_ddpm(const std::string& dir, const json& all, GoldenReport& report) {
  const SafetensorsFile file(dir + "/ddpm.safetensors");
  for (const auto& [key, config] : all["ddpm_step"].items()) {
    const nn::DiffusionScheduler scheduler(diffusion_config(config));
    const torch::Tensor x = file.tensor("step.in.x"), noise = file.tensor("step.in.noise");
    std::vector<torch::Tensor> previous, originals;
    for (const int64_t t : config["timesteps"].get<std::vector<int64_t>>()) {
      const auto step =
          scheduler.ddpm_step(stand_in(x, t), t, x, int(scheduler.train_steps()), noise);
      previous.push_back(step.prev_sample);
      originals.push_back(step.pred_original);
    }
    report.compare("diffusion DDPM steps", key, torch::stack(previous),
                   file.tensor(key + ".prev_sample"), kDdpmLimit);
    report.compare("diffusion DDPM steps", key, torch::stack(originals),
                   file.tensor(key + ".pred_x0"), kDdpmLimit);
  }
  for (const auto& [key, config] : all["ddpm_sample"].items()) {
    const nn::DiffusionScheduler scheduler(diffusion_config(config));
    const int steps = config["num_inference_steps"];
    const std::vector<int64_t> times = scheduler.timesteps(steps);
    report.compare_absolute("diffusion timesteps", key, torch::tensor(times),
                            file.tensor(key + ".timesteps"), 0.5);
    torch::Tensor x = file.tensor("sample.in.x_T");
    const torch::Tensor noise = file.tensor(key + ".noise");
    std::vector<torch::Tensor> trajectory = {x};
    for (size_t i = 0; i < times.size(); ++i) {
      x = scheduler.ddpm_step(stand_in(x, times[i]), times[i], x, steps, noise[int64_t(i)])
              .prev_sample;
      trajectory.push_back(x);
    }
    report.compare("diffusion DDPM sampling", key, torch::stack(trajectory),
                   file.tensor(key + ".traj"), kDdpmLimit);
  }
}

// What stands between `prefix` and `suffix` in the names of the set's tensors.
std::vector<std::string> between(const std::vector<std::string>& names, const std::string& prefix,
                                 const std::string& suffix) {
  std::vector<std::string> found;
  for (const std::string& name : names) {
    if (name.starts_with(prefix) && name.ends_with(suffix) &&
        name.size() > prefix.size() + suffix.size()) {
      found.push_back(name.substr(prefix.size(), name.size() - prefix.size() - suffix.size()));
    }
  }
  return found;
}

void check_clipping(const SafetensorsFile& file, GoldenReport& report) {
  for (const std::string& limit : between(file.names(), "clip", ".out.norm")) {
    const std::string key = "clip" + limit + ".out.";
    const std::vector<std::string> names = between(file.names(), "clip.in.", "");
    std::vector<torch::Tensor> parameters;
    for (const std::string& name : names) {
      const torch::Tensor grad = file.tensor("clip.in." + name);
      parameters.push_back(torch::zeros_like(grad).set_requires_grad(true));
      parameters.back().mutable_grad() = grad.clone();
    }
    const double norm = torch::nn::utils::clip_grad_norm_(parameters, std::stod(limit));
    report.compare("clipping", key + "norm", torch::tensor({norm}), file.tensor(key + "norm"),
                   kExactLimit);
    for (size_t i = 0; i < names.size(); ++i) {
      report.compare("clipping", key + names[i], parameters[i].grad(), file.tensor(key + names[i]),
                     kExactLimit);
    }
  }
}

void check_adamw(const SafetensorsFile& file, const json& all, GoldenReport& report) {
  const torch::Tensor grads = file.tensor("in.grads");
  const auto run = [&](const torch::optim::AdamWOptions& options, const auto& factor) {
    torch::Tensor p = file.tensor("in.param0").clone().set_requires_grad(true);
    torch::optim::AdamW optimizer({p}, options);
    std::vector<torch::Tensor> out;
    for (int64_t i = 0; i < grads.size(0); ++i) {
      p.mutable_grad() = grads[i].clone();
      static_cast<torch::optim::AdamWOptions&>(optimizer.param_groups()[0].options())
          .lr(options.lr() * factor(i));
      optimizer.step();
      out.push_back(p.detach().clone());
    }
    return torch::stack(out);
  };
  for (const auto& [name, c] : all["adamw"].items()) {
    const auto options = torch::optim::AdamWOptions(c["lr"].get<double>())
                             .betas({c["betas"][0], c["betas"][1]})
                             .eps(c["eps"])
                             .weight_decay(c["weight_decay"])
                             .amsgrad(c.value("amsgrad", false));
    const std::string key = "adamw." + name + ".out.param";
    report.compare("adamw", key, run(options, [](int64_t) { return 1.0; }), file.tensor(key),
                   kExactLimit);
  }
  const json& s = all["adamw_scheduled"];
  const auto factor = [&](int64_t i) { return nn::cosine_with_warmup(i, s["warmup"], s["total"]); };
  report.compare("adamw", "adamw_scheduled",
                 run(torch::optim::AdamWOptions(s["lr"].get<double>()), factor),
                 file.tensor("adamw_scheduled.out.param"), kExactLimit);
  check_clipping(file, report);
}

void check_schedules(const SafetensorsFile& file, const json& all, GoldenReport& report) {
  for (const auto& [key, c] : all["cosine_with_warmup"].items()) {
    const torch::Tensor expected = file.tensor(key + ".out.lr");
    std::vector<double> rates;
    for (int64_t i = 0; i < expected.size(0); ++i) {
      rates.push_back(c["base_lr"].get<double>() * nn::cosine_with_warmup(i, c["num_warmup_steps"],
                                                                          c["num_training_steps"],
                                                                          c["num_cycles"]));
    }
    report.compare("learning rates", key, torch::tensor(rates, torch::kFloat64), expected, 1e-12);
  }
  const torch::Tensor steps = file.tensor("ema.in.params");
  for (const auto& [name, c] : all["ema"].items()) {
    const std::string key = "ema." + name;
    torch::Tensor p = file.tensor("in.param0").clone();
    nn::Ema ema({p});
    std::vector<torch::Tensor> averages;
    std::vector<double> decays;
    for (int64_t i = 0; i < steps.size(0); ++i) {
      p.copy_(steps[i]);
      decays.push_back(c.is_string() ? std::stod(name.substr(5))  // "plain0.75"
                                     : nn::ema_decay(i + 1, {.decay = c["decay"],
                                                             .warmup = c["use_ema_warmup"],
                                                             .inv_gamma = c["inv_gamma"],
                                                             .power = c["power"]}));
      ema.update(decays.back());
      averages.push_back(ema.averages()[0].clone());
    }
    report.compare("ema", key + ".out", torch::stack(averages), file.tensor(key + ".out"),
                   kExactLimit);
    if (file.contains(key + ".decay")) {
      report.compare("ema", key + ".decay", torch::tensor(decays, torch::kFloat64),
                     file.tensor(key + ".decay"), 1e-12);
    }
  }
}

// Frequencies are e^x in f32, which every library gives to within one unit in the last place, and
// not the same one: the sets are of a LibTorch without MKL, whose exp is off by one in about a
// tenth of the entries, where MKL's is rounded correctly. At a timestep of 999 that turns the angle
// by up to 6e-5. So the difference counts beyond what one unit of the frequency makes of it.
void check_timestep_embedding(const GoldenFile& io, GoldenReport& report) {
  const std::map<std::string, nn::SinusoidOptions> kinds = {
      {"dit", {}},
      {"diffusers_default", {.cos_first = false, .frequency_shift = 1}},
      {"diffusers_flip_shift0", {}}};
  const torch::Tensor t = io.tensor("sincos.in.t");
  for (const auto& [kind, options] : kinds) {
    for (const std::string& size : between(io.names(), "sincos.out." + kind + "_dim", "")) {
      const int64_t dim = std::stoll(size), half = dim / 2;
      const std::string name = "sincos.out." + kind + "_dim" + size;
      const torch::Tensor step =
          torch::arange(half, torch::kFloat64) / (double(half) - options.frequency_shift);
      const torch::Tensor unit = torch::exp(step * -std::log(options.max_period)) *
                                 double(std::numeric_limits<float>::epsilon());
      torch::Tensor allowed =
          torch::outer(t.to(torch::kFloat64), unit.to(t.device())).repeat({1, 2});
      if (dim % 2 == 1) allowed = torch::constant_pad_nd(allowed, {0, 1});
      const torch::Tensor beyond =
          ((nn::timestep_embedding(t, dim, options) - io.tensor(name)).abs() - allowed)
              .clamp_min(0.0);
      report.add("dit_block", name, beyond.max().item<double>(), kForwardLimit);
    }
  }
}

}  // namespace

void check_dit(const std::string& root, GoldenReport& report) {
  const std::string dir = root + "/dit_block", group = "dit_block";
  report.enter(dir);
  const GoldenFile io(dir + "/io.safetensors", report), grads(dir + "/grads.safetensors", report);
  DitChain model(json::parse(read_file(dir + "/config.json")));
  load_into(model, dir + "/model.safetensors");
  report.cast(model);
  const auto compare = [&](const std::string& name, const torch::Tensor& actual) {
    report.compare(group, name, actual, io.tensor(name), report.forward_limit());
  };
  const torch::Tensor x = io.tensor("in.x").clone().set_requires_grad(true);
  const torch::Tensor cond = io.tensor("in.cond").clone().set_requires_grad(true);
  const torch::Tensor embedded = model.t_embedder->forward(io.tensor("in.t"));
  compare("out.t_embedder", embedded);
  compare("out.c", embedded + cond);
  const auto hidden = model.forward(x, embedded + cond);
  for (size_t i = 0; i + 1 < hidden.size(); ++i)
    compare("out.hidden." + std::to_string(i), hidden[i]);
  compare("out.final", hidden.back());
  if (report.with_gradients()) {
    const torch::Tensor loss = torch::mse_loss(hidden.back(), grads.tensor("in.target"));
    loss.backward();
    const std::string slopes = group + " gradients";
    report.compare(slopes, "out.loss", loss.reshape({1}), grads.tensor("out.loss"),
                   report.forward_limit());
    report.compare(slopes, "grad_in.x", x.grad(), grads.tensor("grad_in.x"), kGradientLimit);
    report.compare(slopes, "grad_in.cond", cond.grad(), grads.tensor("grad_in.cond"),
                   kGradientLimit);
    for (const auto& p : model.named_parameters()) {
      report.compare(slopes, p.key(), p.value().grad(), grads.tensor("grad." + p.key()),
                     kGradientLimit);
    }
  }

  const torch::NoGradGuard no_grad;
  check_timestep_embedding(io, report);
  compare("pos1d.out", nn::position_table(x.size(1), x.size(2)));
  for (const auto& p : model.named_parameters()) {
    if (p.key().find("adaLN") != std::string::npos) p.value().zero_();
    // The set keeps this layer's bias, so its output is that bias and not zero.
    if (p.key() == "final_layer.linear.weight") p.value().zero_();
  }
  const auto identity = model.forward(x, embedded + cond);
  compare("zero_init.out.hidden_last", identity[identity.size() - 2]);
  compare("zero_init.out.final", identity.back());
}

void check_diffusion(const std::string& root, GoldenReport& report) {
  const std::string dir = root + "/diffusion";
  const json all = json::parse(read_file(dir + "/cases.json"));
  check_tables(dir, all, report);
  check_ddim(dir, all, report);
  check_ddpm(dir, all, report);
}

void check_optimisation(const std::string& root, GoldenReport& report) {
  const SafetensorsFile file(root + "/adamw/io.safetensors");
  const json all = json::parse(read_file(root + "/adamw/cases.json"));
  check_adamw(file, all, report);
  check_schedules(file, all, report);
}

}  // namespace libra::model
