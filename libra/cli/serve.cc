// libra serve: a checkpoint for robots, harnesses and notebooks to talk to.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "libra/cli/command.h"
#include "libra/cli/field_flags.h"
#include "libra/cli/key_file.h"
#include "libra/cli/policy_flags.h"
#include "libra/cli/server_flags.h"
#include "libra/core/core.h"
#include "libra/core/memory.h"
#include "libra/serving/serving.h"

namespace libra::cli {
namespace {

constexpr const char* kHelp =
    "serve a checkpoint on one port to any client of openpi or vla-eval, and to curl\n"
    "\n"
    "  libra serve --checkpoint checkpoints/libra_tiny_object\n"
    "\n"
    "and then, from another terminal:\n"
    "  openpi      WebsocketClientPolicy(host=\"127.0.0.1\", port=8000).infer(observation)\n"
    "  vla-eval    server: {url: \"ws://127.0.0.1:8000/vla-eval\"} in the benchmark's YAML\n"
    "  curl        curl 127.0.0.1:8000/act -F observation/image=@a.png -F wrist_image=@b.png \\\n"
    "                -F state=[0,0,0,0,0,0,0,0] -F 'prompt=pick up the milk'\n"
    "  libra       libra eval --policy ws://127.0.0.1:8000 --suite object --out out/remote\n"
    "\n"
    "GET /config says what an observation must hold, /health whether it serves, /metrics what it\n"
    "does (Prometheus). SIGTERM or Ctrl-C lets requests in work finish. Other machines are served\n"
    "with --host 0.0.0.0 --key-file F --tls-certificate C --tls-key K. All of it: docs/serving.md.";

struct ServeFlags {
  std::string checkpoint, flip = "auto", trace;
  bool inspect = false;
  serving::ServiceOptions service;
  ServerFlags server;
  PolicyOptions policy;
};

serving::MessageFlip flip_of(const std::string& word) {
  using serving::MessageFlip;
  if (word == "none") return MessageFlip::kNone;
  if (word == "vertical") return MessageFlip::kVertical;
  if (word == "horizontal") return MessageFlip::kHorizontal;
  return word == "rotated" ? MessageFlip::kRotated : MessageFlip::kAuto;
}

// Says once when the folder of the checkpoint is no longer what was loaded from it.
class CheckpointWatch {
 public:
  CheckpointWatch(const std::string& folder, serving::Log& log)
      : folder_(find_data(folder)), log_(log), loaded_(stamp()) {}
  void look() {
    if (++calls_ % 20 != 0 || told_) return;  // about once a second
    if (stamp() == loaded_) return;
    told_ = true;
    log_.line("checkpoint changed on disk",
              {{"checkpoint", folder_},
               {"note", "what was loaded is served on; start the server again for the new one"}});
  }

 private:
  std::vector<std::pair<std::string, int64_t>> stamp() const {
    std::vector<std::pair<std::string, int64_t>> files;
    std::error_code error;
    for (const char* name : {"config.json", "model.safetensors", "norm_stats.json"}) {
      const std::string path = folder_ + "/" + name;
      files.emplace_back(name,
                         std::filesystem::last_write_time(path, error).time_since_epoch().count());
      files.emplace_back(name, static_cast<int64_t>(std::filesystem::file_size(path, error)));
    }
    return files;
  }
  std::string folder_;
  serving::Log& log_;
  std::vector<std::pair<std::string, int64_t>> loaded_;
  int64_t calls_ = 0;
  bool told_ = false;
};

// Networks are slow when first called; no client need see that.
void warm_up(Policy& policy) {
  const PolicySpec& spec = policy.spec();
  Observation nothing;
  for (size_t c = 0; c < spec.embodiment.cameras.size(); ++c) {
    nothing.images.emplace_back(spec.image_size, spec.image_size);
  }
  nothing.proprio.resize(static_cast<size_t>(spec.embodiment.proprio_dim()));
  std::vector<PlanRequest> plan_requests = {{.observation = &nothing, .instruction = "nothing"}};
  std::vector<IntentPlan> plans(1);
  std::vector<RefineRequest> requests = {{.observation = &nothing, .instruction = "nothing"}};
  std::vector<ActionChunk> chunks(1);
  for (int call = 0; call < 3; ++call) {
    if (policy.planner() != nullptr) {
      policy.planner()->plan(plan_requests, plans);
      requests[0].intent = &plans[0].intents[0];
    }
    policy.refiner().refine(requests, chunks);
  }
}

void run_serve(ServeFlags& flags, Context& context) {
  keep_freed_memory();
  flags.server.options.key = read_key(flags.server.key_file);
  flags.service.flip = flip_of(flags.flip);
  flags.service.checkpoint = flags.checkpoint;
  serving::Log log(flags.server.form());
  serving::Inspector inspector(/*control=*/false);  // robots are not driven from a page
  if (flags.inspect) flags.service.inspector = &inspector;
  const auto policy = load_and_tell(flags.checkpoint, flags.policy);
  warm_up(*policy);
  Trace trace;
  if (!flags.trace.empty()) flags.service.trace = &trace;
  {
    serving::Service service(*policy, flags.service, log);
    serving::Server server(service, flags.server.options);
    if (flags.inspect) serving::add_inspector(server, inspector);
    CheckpointWatch watch(flags.checkpoint, log);
    log.line("serving", {{"url", server.url()},
                         {"policy", policy->spec().name},
                         {"robot", policy->spec().embodiment.name},
                         {"schedule", word_of(flags.service.schedule.schedule)},
                         {"key", flags.server.options.key.empty() ? "none needed" : "needed"}});
    std::printf("%s\n", server.url().c_str());
    std::fflush(stdout);
    server.run(context.stop, [&] {
      watch.look();
      if (!flags.trace.empty()) trace.collect();
    });
  }
  if (!flags.trace.empty()) {
    trace.collect();
    write_file(flags.trace, trace.chrome_json());
  }
  log.line("ended");
}

}  // namespace

void add_serve(CLI::App& app, Context& context) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* c = app.add_subcommand("serve", kHelp);
  c->add_option("--checkpoint", flags->checkpoint, "checkpoint folder")->required();
  add_server_flags(*c, flags->server, "drive the policy and read what the cameras see");
  add_field_flags(*c, list_fields(flags->service.schedule),
                  {"starvation", "stale", "max_roll", "execute", "eager", "adaptive.enabled",
                   "adaptive.replan_entropy", "adaptive.replan_outside"});
  c->add_flag("--count-steps", flags->service.counted,
              "openpi clients that send no libra/step execute whole answers: plans are used for M "
              "answers. Without it every one of their observations is planned");
  c->add_option("--seed", flags->service.seed, "of the noise, where a client names none")
      ->capture_default_str();
  c->add_option("--map", flags->service.map,
                "NAME=name in the message: where a camera, `state`, a part of it or `prompt` is "
                "found; GET /config lists them");
  c->add_option("--flip", flags->flip,
                "how pictures lie in messages; auto: as the robot's description says, and mirrored "
                "from vla-eval's LIBERO. openpi's LIBERO example: horizontal")
      ->check(CLI::IsMember({"auto", "none", "vertical", "horizontal", "rotated"}))
      ->capture_default_str();
  c->add_option("--max-batch", flags->service.inference.max_batch,
                "observations that the networks work on together")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  c->add_option("--batch-wait-ms", flags->service.inference.batch_wait_ms,
                "how long one waits for others while other connections are at work")
      ->check(CLI::Range(0.0, 10000.0))
      ->capture_default_str();
  c->add_option("--record", flags->service.record,
                "LeRobot data set (v3) that every connection's episodes are added to");
  c->add_option("--trace", flags->trace, "file for what the networks did when (ui.perfetto.dev)");
  c->add_flag("--inspect", flags->inspect,
              "a page at /inspect that shows what every connection sees and is told");
  add_field_flags(*c, list_fields(flags->service.limits));
  add_policy_flags(*c, flags->policy);
  c->callback([flags, &context] { run_serve(*flags, context); });
}

}  // namespace libra::cli
