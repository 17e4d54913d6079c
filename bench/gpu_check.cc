// What a device does with Libra's networks, in a few minutes and without data, simulator or
// checkpoint: the reference numbers, agreement with the CPU, training steps with their memory and
// samples a second, and the latency of the full-size planner and refiner. scripts/gpu_check packs
// and runs it. Usage: gpu_check [--device cuda] [--model libra_2b] [--batch 32] [--minutes 8]
//                               [--root DIR with configs/, assets/, tests/golden]
#include <ATen/Context.h>
#include <dlfcn.h>
#include <torch/version.h>

#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 9
#include <c10/core/CachingDeviceAllocator.h>
#define LIBRA_DEVICE_STATS
#endif

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "libra/core/error.h"
#include "libra/core/rng.h"
#include "libra/nn/precision.h"
#include "libra/policy/bundle.h"
#include "libra/policy/denoise.h"
#include "libra/policy/inspect.h"
#include "libra/training/step/step.h"
#include "tests/model/golden_report.h"

namespace {

using namespace libra;
using nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string device = "cuda", model = "libra_2b", root = ".";
  int batch = 32;
  double minutes = 8;
};

constexpr int64_t kImageId = 1;      // of the placeholder of image tokens
constexpr int64_t kTextTokens = 24;  // of a prompt beside its images

class Check {
 public:
  explicit Check(const Options& options)
      : options_(options), device_(policy::find_device(options.device)), begun_(Clock::now()) {}

  int run() {
    std::printf("LibTorch %s; device %s\n", policy::torch_summary().c_str(),
                options_.device.c_str());
    section("goldens", [&] { goldens(); });
    section("agreement with the CPU", [&] { agreement(); });
    section("training libra_tiny", [&] { training_tiny(); });
    section("latency", [&] { latency(); });
    section("training the full-size model", [&] { training_large(); });
    out_["failed"] = failed_;
    out_["seconds"] = seconds_since(begun_);
    std::printf("%s\n%s after %.0f s\n", out_.dump().c_str(), failed_ ? "FAILED" : "all well",
                seconds_since(begun_));
    return failed_ ? 1 : 0;
  }

 private:
  static double seconds_since(Clock::time_point begun) {
    return std::chrono::duration<double>(Clock::now() - begun).count();
  }
  double seconds_left() const { return 60 * options_.minutes - seconds_since(begun_); }
  void wait() const {
    if (device_.is_cuda()) torch::cuda::synchronize(device_.index());
  }

  // A part that cannot run says so, and the next one runs.
  void section(const std::string& name, const std::function<void()>& part) {
    if (seconds_left() < 10) {
      std::printf("== %s: left out, the time is up\n", name.c_str());
      return;
    }
    std::printf("== %s\n", name.c_str());
    std::fflush(stdout);
    try {
      part();
    } catch (const std::exception& e) {
      failed_ = true;
      std::printf("FAILED: %s\n", e.what());
    }
    std::fflush(stdout);
  }

  // Median seconds of a call, after one that warms up; at most `most` seconds in all.
  double median(const std::function<void()>& call, int repeats = 20, double most = 20) const {
    call();
    wait();
    std::vector<double> times;
    const auto begun = Clock::now();
    for (int i = 0; i < repeats && (i == 0 || seconds_since(begun) < most); ++i) {
      const auto start = Clock::now();
      call();
      wait();
      times.push_back(seconds_since(start));
    }
    std::nth_element(times.begin(), times.begin() + std::ptrdiff_t(times.size() / 2), times.end());
    return times[times.size() / 2];
  }

  // Most bytes since reset_peak(): of the device's allocator, or of this process on the CPU.
  double peak_gb() const {
#ifdef LIBRA_DEVICE_STATS
    if (!device_.is_cpu()) {
      return double(c10::getDeviceAllocator(device_.type())
                        ->getDeviceStats(device_.index())
                        .allocated_bytes[0]
                        .peak) /
             1e9;
    }
#endif
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) return std::atof(line.c_str() + 6) / 1e6;
    }
    return 0;
  }
  void reset_peak() const {
#ifdef LIBRA_DEVICE_STATS
    if (!device_.is_cpu()) c10::getDeviceAllocator(device_.type())->resetPeakStats(device_.index());
#endif
  }

  // The reference numbers in f32, on the device.
  void goldens() {
    nn::allow_tf32(false);
    model::GoldenReport report(model::Computed::kF32, device_);
    for (const auto check : {model::check_intern_vit, model::check_internlm2, model::check_internvl,
                             model::check_siglip, model::check_dit}) {
      report.run(check, options_.root + "/tests/golden");
    }
    std::printf("%s", report.text().c_str());
    double worst = 0;
    for (const auto& [name, group] : report.groups()) worst = std::max(worst, group.worst);
    out_["goldens"] = {{"passed", report.passed()}, {"worst_share_of_limit", worst}};
    failed_ |= !report.passed();
  }

  model::LibraVlaConfig config_of(const std::string& name) const {
    training::RunConfig file;
    list_fields(file).read_toml_file(options_.root + "/configs/" + name + ".toml");
    return file.model;
  }

  // Networks with random weights.
  policy::ModelBundle bundle_of(const model::LibraVlaConfig& config) const {
    policy::ModelBundle bundle;
    bundle.config = config;
    bundle.planner = model::PlannerNet(config, kImageId);
    bundle.refiner = model::RefinerNet(config);
    // A new diffusion transformer's last layer is zero and would hide the others.
    const torch::NoGradGuard no_grad;
    for (auto& p : bundle.refiner->parameters()) p.add_(0.01 * torch::randn_like(p));
    finish(bundle);
    return bundle;
  }
  void finish(policy::ModelBundle& bundle) const {
    const auto& config = bundle.config;
    bundle.scheduler = nn::DiffusionScheduler(config.refiner.diffusion);
    bundle.transforms = std::make_shared<const policy::Transforms>(
        config, action::NormStats::identity(config.embodiment), nullptr,
        int(bundle.planner->tokens_per_image()));
  }
  // The same with bf16 weights that are made where they will be used, whatever the CPU's memory.
  policy::ModelBundle large_bundle_of(const model::LibraVlaConfig& config) const {
    policy::ModelBundle bundle;
    bundle.config = config;
    bundle.planner = model::PlannerNet(config, kImageId, nn::Fresh::kNone);
    bundle.refiner = model::RefinerNet(config, nn::Fresh::kNone);
    const torch::NoGradGuard no_grad;
    for (torch::nn::Module* half : {static_cast<torch::nn::Module*>(bundle.planner.get()),
                                    static_cast<torch::nn::Module*>(bundle.refiner.get())}) {
      for (auto& p : half->parameters()) {
        const auto type = nn::parameter_type(p, torch::kBFloat16);
        torch::Tensor fresh = torch::empty(p.sizes(), p.options().dtype(type).device(device_));
        p.dim() < 2 ? fresh.fill_(0.5) : fresh.normal_(0.0, 0.02);
        p.set_data(fresh);
      }
      for (auto& b : half->buffers()) b.set_data(b.to(device_));
    }
    bundle.narrow_products = true;
    finish(bundle);
    return bundle;
  }

  // Random samples, the same for the same seed whatever the device.
  training::Batch batch_of(const policy::ModelBundle& bundle, int64_t rows, uint64_t seed) const {
    const auto& config = bundle.config;
    auto generator = at::detail::createCPUGenerator(seed);
    const auto normal = [&](std::vector<int64_t> sizes) {
      return torch::randn(sizes, generator, torch::kFloat32);
    };
    const auto below = [&](int64_t most, std::vector<int64_t> sizes) {
      return torch::randint(most, sizes, generator, torch::kInt64);
    };
    const int64_t cameras = int64_t(config.embodiment.cameras.size());
    const int64_t dims = config.embodiment.model_dim(), horizon = config.action.horizon;
    const int64_t side = config.image_size, refiner_side = config.refiner_image_size;
    training::Batch batch;
    batch.planner.pixel_values = normal({rows, cameras, 3, side, side});
    const int64_t images = cameras * bundle.planner->tokens_per_image();
    batch.planner.input_ids = torch::cat(
        {torch::full({rows, images}, kImageId, torch::kInt64),
         below(config.planner.backbone.llm_config.vocab_size - 2, {rows, kTextTokens}) + 2},
        1);
    batch.planner.proprio = normal({rows, config.embodiment.proprio_dim()});
    const auto words = [&] {
      return model::TextQueries{below(config.planner.backbone.llm_config.vocab_size, {rows, 1, 6}),
                                torch::ones({rows, 1, 6}, torch::kBool)};
    };
    batch.planner.instruction = words();
    batch.bins = below(config.action.bins, {rows, config.queries(), dims});
    batch.plan_valid = torch::ones({rows, config.queries()});
    batch.keyframe = normal({rows, 3});
    batch.pointing = {words(), torch::rand({rows, 1, cameras, 2}, generator, torch::kFloat32),
                      torch::ones({rows, 1})};
    if (config.refiner_has_vision()) {
      batch.refiner.pixel_values = normal({rows, cameras, 3, refiner_side, refiner_side});
    }
    batch.refiner.proprio = normal({rows, config.embodiment.proprio_dim()});
    batch.slice = torch::zeros({rows}, torch::kInt64);
    batch.actions = normal({rows, horizon, dims}).clamp(-1, 1);
    batch.action_valid = torch::ones({rows, horizon});
    for (int64_t i = 0; i < rows; ++i) batch.seeds.push_back(mix_seed({seed, uint64_t(i)}));
    return batch;
  }

  // What a training step does, of one micro-batch.
  struct Step {
    Step(const training::TrainConfig& wanted, policy::ModelBundle& bundle)
        : config(wanted),
          model(bundle),
          objective(config, model),
          planner(*bundle.planner, "planner.", config.optim, 1000),
          refiner(*bundle.refiner, "refiner.", config.optim, 1000) {}
    training::StepReport operator()(const training::Batch& batch, int64_t index) {
      planner.zero_grad();
      refiner.zero_grad();
      const training::LossTotals totals = objective.totals(batch);
      training::PlannerPart part = objective.planner_part(batch, totals, {});
      const torch::Tensor bins =
          training::chunk_of(batch.bins, batch.slice, model.config.action.horizon);
      const torch::Tensor loss = objective.refiner_loss(batch, totals, bins, part.tokens);
      (part.loss + loss).backward();
      part.report.diffusion = loss.item<double>();
      part.report.planner_norm = planner.step(index);
      part.report.refiner_norm = refiner.step(index);
      return part.report;
    }
    training::TrainConfig config;
    policy::ModelBundle& model;
    training::Objective objective;
    training::Optimizer planner, refiner;
  };

  // Three training steps and an answer of libra_tiny, in f32, here and on the CPU.
  void agreement() {
    nn::allow_tf32(false);
    training::TrainConfig config;
    config.precision = training::TrainPrecision::kF32;
    config.optim.warmup_steps = 0;
    config.loss.noise_draws = 2;
    std::map<std::string, std::vector<double>> numbers;
    for (const bool here : {false, true}) {
      const torch::Device device = here ? device_ : torch::Device(torch::kCPU);
      torch::manual_seed(7);
      policy::ModelBundle bundle = bundle_of(config_of("libra_tiny"));
      policy::move_to(bundle, device);
      Step step(config, bundle);
      for (int64_t i = 0; i < 3; ++i) {
        const auto report = step(batch_of(bundle, 8, uint64_t(i)).to(device), i);
        for (const auto& [name, value] : {std::pair("plan", report.plan),
                                          {"diffusion", report.diffusion},
                                          {"planner_norm", report.planner_norm},
                                          {"refiner_norm", report.refiner_norm}}) {
          numbers[name].push_back(value);
        }
      }
      const torch::NoGradGuard no_grad;
      const training::Batch batch = batch_of(bundle, 4, 9).to(device);
      const auto out = bundle.planner->forward(batch.planner);
      numbers["logits"].push_back(out.logits.norm().item<double>());
      const torch::Tensor chunk = step.objective.denoised(
          batch, training::chunk_of(batch.bins, batch.slice, bundle.config.action.horizon),
          out.tokens);
      numbers["chunk"].push_back(chunk.norm().item<double>());
    }
    double worst = 0;
    for (const auto& [name, values] : numbers) {
      const size_t half = values.size() / 2;
      for (size_t i = 0; i < half; ++i) {
        const double off = std::abs(values[half + i] - values[i]) / std::abs(values[i]);
        worst = std::max(worst, std::isfinite(off) ? off : 1e9);
      }
      std::printf("%-14s CPU %.6g, here %.6g\n", name.c_str(), values[half - 1], values.back());
    }
    constexpr double kLimit = 2e-3;  // of three steps; one is a hundred times nearer
    std::printf("%s: apart by at most %.1e of the number, limit %.0e\n",
                worst < kLimit ? "ok" : "MISS", worst, kLimit);
    out_["agreement"] = worst;
    failed_ |= worst >= kLimit;
  }

  // Samples a second in each precision, and what moving a batch costs.
  void training_tiny() {
    for (const auto& [name, precision, tf32] :
         {std::tuple("f32", training::TrainPrecision::kF32, false),
          {"tf32", training::TrainPrecision::kF32, true},
          {"bf16", training::TrainPrecision::kBf16, false}}) {
      if (device_.is_cpu() &&
          (tf32 || (precision == training::TrainPrecision::kBf16 && !nn::bf16_is_faster()))) {
        continue;
      }
      nn::allow_tf32(tf32);
      training::TrainConfig config;
      config.precision = precision;
      policy::ModelBundle bundle = bundle_of(config_of("libra_tiny"));
      policy::move_to(bundle, device_);
      Step step(config, bundle);
      const training::Batch batch = batch_of(bundle, options_.batch, 1).to(device_);
      reset_peak();
      int64_t index = 0;
      const double seconds = median([&] { step(batch, index++); });
      std::printf("%-5s %7.2f ms a step of %d, %8.0f samples/s, %.2f GB at most\n", name,
                  1e3 * seconds, options_.batch, options_.batch / seconds, peak_gb());
      out_["training_tiny"][name] = {{"samples_per_second", options_.batch / seconds},
                                     {"peak_gb", peak_gb()}};
    }
    nn::allow_tf32(false);
    if (device_.is_cpu()) return;
    policy::ModelBundle bundle = bundle_of(config_of("libra_tiny"));
    const training::Batch batch = batch_of(bundle, options_.batch, 1);
    const double pinned = median([&] { batch.to(device_); });
    const double plain = median([&] {
      for (const auto* pixels : {&batch.planner.pixel_values, &batch.refiner.pixel_values}) {
        pixels->to(device_);
      }
    });
    const torch::Tensor held = batch.planner.pixel_values.pin_memory();
    const double direct = median([&] { held.to(device_, /*non_blocking=*/true); });
    std::printf(
        "a batch to the device: %.2f ms through pinned memory; its pictures from pageable "
        "memory %.2f ms, half of them from memory pinned before %.2f ms\n",
        1e3 * pinned, 1e3 * plain, 1e3 * direct);
    out_["transfer_ms"] = {
        {"pinned", 1e3 * pinned}, {"pageable", 1e3 * plain}, {"pinned_before", 1e3 * direct}};
    // Convolutions' weights with their channels last, as the pictures are.
    policy::move_to(bundle, device_);
    const training::Batch moved = batch.to(device_);
    const auto stem = [&] { bundle.planner->pointing_map(moved.planner.pixel_values); };
    const torch::NoGradGuard no_grad;
    const double before = median(stem);
    for (auto& p : bundle.planner->parameters()) {
      if (p.dim() == 4)
        p.set_data(p.to(torch::kFloat32, false, true, at::MemoryFormat::ChannelsLast));
    }
    const double after = median(stem);
    std::printf("stem and map: %.3f ms, with weights' channels last %.3f ms\n", 1e3 * before,
                1e3 * after);
    out_["stem_ms"] = {{"as_is", 1e3 * before}, {"channels_last", 1e3 * after}};
  }

  // Planner and refiner of one observation, in bf16, and how their time divides.
  void latency() {
    reset_peak();
    const policy::ModelBundle bundle = large_bundle_of(config_of(options_.model));
    const training::Batch batch = batch_of(bundle, 1, 3).to(device_);
    const c10::InferenceMode inference;
    const nn::NarrowProducts narrow(device_.is_cuda() || nn::bf16_is_faster());
    model::PlannerNet planner = bundle.planner;
    model::RefinerNet refiner = bundle.refiner;
    planner->eval();
    refiner->eval();
    const double plan = median([&] { planner->forward(batch.planner); });
    const model::RefinerContext context = refiner->encode(batch.refiner);
    const double encode = median([&] { refiner->encode(batch.refiner); });
    const torch::Tensor bins =
        training::chunk_of(batch.bins, batch.slice, bundle.config.action.horizon);
    const torch::Tensor noise = torch::randn_like(batch.actions);
    const int steps = bundle.config.refiner.denoise_steps;
    const double denoise = median([&] { policy::denoise(bundle, context, bins, noise, steps); });
    std::printf(
        "%s: planner %.2f ms (%lld tokens), refiner %.2f ms (pictures %.2f, %d denoising "
        "steps %.2f), %.2f GB at most\n",
        options_.model.c_str(), 1e3 * plan, static_cast<long long>(batch.planner.input_ids.size(1)),
        1e3 * (encode + denoise), 1e3 * encode, steps, 1e3 * denoise, peak_gb());
    out_["latency_ms"] = {{"model", options_.model},
                          {"tokens", batch.planner.input_ids.size(1)},
                          {"planner", 1e3 * plan},
                          {"refiner", 1e3 * (encode + denoise)},
                          {"peak_gb", peak_gb()}};
  }

  // LoRA on the language model with the heads and the refiner trained, as docs/full_size.md does.
  void training_large() {
    training::TrainConfig config;
    config.precision = device_.is_cuda() || nn::bf16_is_faster() ? training::TrainPrecision::kBf16
                                                                 : training::TrainPrecision::kF32;
    config.loss.noise_draws = 1;
    config.optim.ema_decay = 0;
    config.recompute = true;
    config.lora.rank = 16;
    config.freeze = {"planner.backbone.vision_model.*", "planner.backbone.mlp1.*"};
    config.frozen = training::TrainPrecision::kBf16;
    policy::ModelBundle bundle = large_bundle_of(config_of(options_.model));
    training::prepare_weights(bundle, config);
    policy::move_to(bundle, device_);
    for (const int64_t rows : {1, 2, 4, 8}) {
      if (seconds_left() < 30) break;
      Step step(config, bundle);
      const training::Batch batch = batch_of(bundle, rows, 5).to(device_);
      reset_peak();
      int64_t index = 0;
      training::StepReport report;
      const double seconds = median([&] { report = step(batch, index++); }, 5, 20);
      std::printf("LoRA, batch %lld: %.1f ms a step, %.2f samples/s, %.1f GB at most, plan %.3f\n",
                  static_cast<long long>(rows), 1e3 * seconds, double(rows) / seconds, peak_gb(),
                  report.plan);
      out_["training_lora"].push_back({{"batch", rows},
                                       {"samples_per_second", double(rows) / seconds},
                                       {"peak_gb", peak_gb()}});
      failed_ |= !std::isfinite(report.plan + report.planner_norm + report.refiner_norm);
    }
  }

  Options options_;
  torch::Device device_;
  Clock::time_point begun_;
  bool failed_ = false;
  ordered_json out_;
};

Options parse(int argc, char** argv) {
  Options options;
  const std::map<std::string, std::function<void(const char*)>> known = {
      {"--device", [&](const char* text) { options.device = text; }},
      {"--model", [&](const char* text) { options.model = text; }},
      {"--root", [&](const char* text) { options.root = text; }},
      {"--batch", [&](const char* text) { options.batch = std::max(1, std::atoi(text)); }},
      {"--minutes", [&](const char* text) { options.minutes = std::atof(text); }}};
  for (int i = 1; i < argc; i += 2) {
    const auto found = known.find(argv[i]);
    if (found == known.end() || i + 1 == argc) {
      throw Error(ErrorCode::kBadInput,
                  Error::Parts{.where = argv[i],
                               .problem = "is no flag with a value",
                               .expected = "--device, --model, --root, --batch or --minutes"});
    }
    found->second(argv[i + 1]);
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options = parse(argc, argv);
    // Nothing refers to CUDA's library by name: it registers itself when it is loaded.
    if (options.device.starts_with("cuda") &&
        dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
      std::fprintf(stderr, "gpu_check: %s\n", dlerror());
    }
    return Check(options).run();
  } catch (const libra::Error& e) {
    std::fprintf(stderr, "gpu_check: %s\n", e.what());
    return e.exit_code();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "gpu_check: %s\n", e.what());
    return 1;
  }
}
