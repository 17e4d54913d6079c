// libra._policy: policies and their training. Loading it loads LibTorch.
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

#include "libra/core/error.h"
#include "policy.h"

namespace libra::python {
namespace {

using namespace nb::literals;

void add_inference(nb::module_& m) {
  nb::class_<PyInference>(m, "Inference",
                          "What a policy answers. The arrays look at its memory without a copy.")
      .def_prop_ro(
          "actions",
          [](nb::handle self) {
            auto& a = nb::cast<PyInference&>(self);
            return FloatMatrix(a.actions.data(), {a.horizon, a.dims}, self);
          },
          nb::rv_policy::automatic,
          "float32 [horizon, action_dim]: the chunk, in the robot's own numbers.")
      .def_prop_ro(
          "bins",
          [](nb::handle self) {
            auto& a = nb::cast<PyInference&>(self);
            return nb::ndarray<nb::numpy, uint8_t, nb::ndim<3>>(
                a.bins.data(), {a.expansion, a.horizon, a.model_dims}, self);
          },
          nb::rv_policy::automatic,
          "uint8 [expansion, horizon, model_dim]: the planner's intents, a bin each.")
      .def_prop_ro(
          "probabilities",
          [](nb::handle self) {
            auto& a = nb::cast<PyInference&>(self);
            return nb::ndarray<nb::numpy, float, nb::ndim<3>>(
                a.probabilities.data(), {a.expansion, a.horizon, a.model_dims}, self);
          },
          nb::rv_policy::automatic, "float32, as bins: how sure the planner is of each.")
      .def_prop_ro(
          "entropy",
          [](nb::handle self) {
            auto& a = nb::cast<PyInference&>(self);
            return FloatMatrix(a.entropy.data(), {a.expansion, a.horizon}, self);
          },
          nb::rv_policy::automatic,
          "float32 [expansion, horizon]: 0 certain, 1 it might be any bin.")
      .def_ro("words", &PyInference::words, "The intents in plain words, one a chunk.")
      .def("__repr__", [](const PyInference& a) {
        return "<libra.Inference of " + std::to_string(a.horizon) + " actions" +
               (a.words.empty() ? "" : ": " + a.words[0]) + ">";
      });
}

void add_session(nb::module_& m) {
  nb::class_<PySession>(
      m, "Session",
      "An episode of a policy under a schedule: plans are used for several chunks, chunks for\n"
      "several steps. Made by Policy.session. One thread at a time.")
      .def(
          "reset",
          [](PySession& s, const std::string& instruction, const std::string& task, uint64_t seed,
             uint64_t episode) { s.session().reset(instruction, task, seed, episode); },
          "instruction"_a, nb::kw_only(), "task"_a = "", "seed"_a = 0, "episode"_a = 0,
          "A new episode. task, seed and episode decide what is drawn: with those of an episode\n"
          "of `libra eval` it is that episode.")
      .def("act", &PySession::act, "observation"_a = nb::none(),
           nb::sig("def act(self, observation: dict[str, typing.Any] | None = None) -> "
                   "numpy.typing.NDArray[numpy.float32]"),
           "The action of this control step, float32 [action_dim]. The observation may be left\n"
           "out where needs_observation is False. Without real time the networks work within the\n"
           "call, with the GIL released; after an error, reset the session.")
      .def_prop_ro(
          "needs_observation", [](PySession& s) { return s.session().needs_observation(); },
          "Whether act will look at its observation; in real time always.")
      .def_prop_ro(
          "step", [](PySession& s) { return s.session().step(); }, "Control steps since the reset.")
      .def_prop_ro("instruction", [](PySession& s) { return s.session().instruction(); })
      .def_prop_ro("source", &PySession::source,
                   "Where the last action came from: 'chunk', or 'hold' where none was ready.")
      .def_prop_ro(
          "last_error", [](PySession& s) { return s.session().last_error(); },
          "In real time: what a network that failed said last; '' nothing.")
      .def_prop_ro("stats", &PySession::stats, nb::sig("def stats(self) -> dict[str, int | float]"),
                   "Counts since the reset: plans, chunks, held, starved, late, stale_actions,\n"
                   "refused, mean_plan_age (steps).");
}

std::unique_ptr<PySession> make_session(const PyPolicy& policy, const std::string& instruction,
                                        const std::string& schedule, const nb::object& expansion,
                                        const std::string& stale, const std::string& starvation,
                                        bool realtime, const std::string& task, uint64_t seed,
                                        uint64_t episode) {
  ScheduleConfig config;
  config.schedule = parse_word<ScheduleKind>(schedule, "schedule");
  config.stale = parse_word<Stale>(stale, "stale");
  config.starvation = parse_word<Starvation>(starvation, "starvation");
  config.expansion = expansion.is_none()
                         ? std::min(config.expansion, std::max(1, policy.spec().expansion))
                         : nb::cast<int>(expansion);
  auto session = std::make_unique<PySession>(policy.policy(), config, realtime);
  session->session().reset(instruction, task, seed, episode);
  return session;
}

void add_policy(nb::module_& m) {
  nb::class_<PyPolicy>(
      m, "Policy",
      "A checkpoint, loaded. Observations are dictionaries: for each of camera_names a picture,\n"
      "uint8 [height, width, 3] of any size, RGB, row 0 at the top, and 'proprio', float\n"
      "[proprio_dim], as proprio_names says. numpy arrays, torch tensors of the CPU and lists are\n"
      "taken. Threads that ask the same policy wait for each other, with the GIL released.")
      .def(
          "__init__",
          [](PyPolicy* self, const std::string& checkpoint, int threads, int denoise_steps,
             const std::string& precision, const std::string& device, bool sample_intents) {
            PolicyOptions options;
            options.threads = threads;
            options.denoise_steps = denoise_steps;
            options.precision = parse_word<Precision>(precision, "precision");
            options.device = device;
            options.sample_intents = sample_intents;
            new (self) PyPolicy(checkpoint, options);
          },
          "checkpoint"_a, nb::kw_only(), "threads"_a = 1, "denoise_steps"_a = 0,
          "precision"_a = "auto", "device"_a = "cpu", "sample_intents"_a = false,
          "checkpoint: its folder; 'checkpoints/libra_tiny_object' is among those that come with\n"
          "the package. threads: of each network. denoise_steps: refiner iterations, 0: the\n"
          "checkpoint's. precision: auto, f32, bf16, bf16_narrow, bf16_wide. device: cpu, cuda,\n"
          "cuda:1. sample_intents: draw intents instead of taking the likeliest. Raises\n"
          "NotFoundError and BadInputError for folders that are no checkpoint.")
      .def("infer", &PyPolicy::infer, "observation"_a, "instruction"_a = nb::none(), nb::kw_only(),
           "seed"_a = 0,
           nb::sig("def infer(self, observation: dict[str, typing.Any], instruction: str | None = "
                   "None, *, seed: int = 0) -> Inference"),
           "Both networks once, on one observation. The instruction may stand in the observation.\n"
           "The same seed gives the same answer, that of `libra plan`. Raises BadInputError, one\n"
           "for everything about the observation that does not fit.")
      .def("session", make_session, "instruction"_a, nb::kw_only(), "schedule"_a = "amortised",
           "M"_a = nb::none(), "stale"_a = "drop", "starvation"_a = "hold_position",
           "realtime"_a = false, "task"_a = "", "seed"_a = 0, "episode"_a = 0,
           nb::sig("def session(self, instruction: str, *, schedule: str = 'amortised', M: int | "
                   "None = None, stale: str = 'drop', starvation: str = 'hold_position', realtime: "
                   "bool = False, task: str = '', seed: int = 0, episode: int = 0) -> Session"),
           "An episode under a schedule: sync, amortised, overlapped; M: chunks per plan. With\n"
           "realtime the networks work on threads of their own and Session.act never waits.")
      .def_prop_ro("name", [](const PyPolicy& p) { return p.spec().name; })
      .def_prop_ro("variant", [](const PyPolicy& p) { return p.spec().variant; })
      .def_prop_ro(
          "horizon", [](const PyPolicy& p) { return p.spec().horizon; }, "H: actions in a chunk.")
      .def_prop_ro(
          "expansion", [](const PyPolicy& p) { return p.spec().expansion; },
          "M: chunks that the planner foresees; 0 without a planner.")
      .def_prop_ro(
          "bins", [](const PyPolicy& p) { return p.spec().bins; },
          "N: bins of an action dimension.")
      .def_prop_ro(
          "image_size", [](const PyPolicy& p) { return p.spec().image_size; },
          "Side that pictures are brought to (px).")
      .def_prop_ro("control_hz", [](const PyPolicy& p) { return p.spec().embodiment.control_hz; })
      .def_prop_ro(
          "embodiment", [](const PyPolicy& p) { return embodiment_dict(p.spec().embodiment); },
          nb::sig("def embodiment(self) -> dict[str, typing.Any]"), "The robot.")
      .def_prop_ro("camera_names",
                   [](const PyPolicy& p) { return p.spec().embodiment.camera_names(); })
      .def_prop_ro("proprio_names",
                   [](const PyPolicy& p) { return p.spec().embodiment.proprio_names(); })
      .def_prop_ro("action_names",
                   [](const PyPolicy& p) { return p.spec().embodiment.action_names(); })
      .def("__repr__", [](const PyPolicy& p) {
        return "<libra.Policy " + p.spec().name + " for " + p.spec().embodiment.name + ">";
      });
}

}  // namespace

NB_MODULE(_policy, m) {
  m.doc() = "Policies and their training.";
  set_up_module();
  add_inference(m);
  add_session(m);
  add_policy(m);
  m.def("train_run", train_run, "request"_a,
        nb::sig("def train_run(request: dict[str, typing.Any]) -> str"),
        "What libra.train calls. Returns the checkpoint's folder.");
}

}  // namespace libra::python
