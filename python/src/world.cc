// libra._world: the simulator, its suites, and recorded episodes. Nothing here knows LibTorch, so
// it loads in milliseconds.
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include "convert.h"
#include "dataset.h"
#include "env.h"
#include "libra/sim/sim.h"

namespace libra::python {
namespace {

using namespace nb::literals;

const char* word_of(Goal goal) {
  return goal == Goal::kAsked ? "asked" : goal == Goal::kOld ? "old" : "none";
}

void add_suites(nb::module_& m) {
  nb::class_<Task>(m, "Task", "An entry of a suite: what is to be done, in words.")
      .def_ro("suite", &Task::suite)
      .def_ro("name", &Task::name, "Stem of its BDDL file.")
      .def_ro("instruction", &Task::instruction, "What a policy is told.")
      .def_ro("max_steps", &Task::max_steps, "Control steps after which an episode has failed.")
      .def("__repr__", [](const Task& task) {
        return "<libra.Task " + task.suite + "/" + task.name + ": \"" + task.instruction + "\">";
      });
  m.def(
      "suites", [] { return sim::suite_names(); },
      "Names of Libra's own suites, for libra.Env and libra.suite.");
  m.def(
      "suite",
      [](const std::string& name, const std::string& libero_root, const std::string& robosuite_root,
         bool allow) {
        const sim::libero::Roots roots{libero_root, robosuite_root, allow};
        return load_suite(roots, name).summary().tasks;
      },
      "name"_a, nb::kw_only(), "libero_root"_a = "", "robosuite_root"_a = "",
      "allow_missing_visuals"_a = false,
      "The tasks of a suite. LIBERO's own (libero_object, ...) are known where scripts/setup\n"
      "--libero was run, or with both roots. Raises NotFoundError, which lists the suites.");
}

void add_env(nb::module_& m) {
  nb::class_<StepResult>(m, "StepResult", "What one control step came to.")
      .def_ro("success", &StepResult::success, "The goal holds now.")
      .def_ro("done", &StepResult::done, "Success, or the step limit, or physics that blew up.")
      .def_prop_ro(
          "reached", [](const StepResult& r) { return word_of(r.reached); },
          "'asked', 'none', or 'old' where a memorisation test was done from memory.")
      .def("__repr__", [](const StepResult& r) {
        return std::string("<libra.StepResult success=") + (r.success ? "True" : "False") +
               " done=" + (r.done ? "True" : "False") + ">";
      });

  nb::class_<PyEnv>(
      m, "Env",
      "One task of a suite in simulation: a Panda arm, two cameras, MuJoCo.\n\n"
      "Observations are dictionaries: a picture for each camera, uint8\n"
      "[height, width, 3], RGB, row 0 at the top, and 'proprio', float64: position 3\n"
      "(m), axis-angle 3 (rad), fingers 2 (m). The arrays are new in every\n"
      "observation and own their memory. An Env belongs to the thread that made it;\n"
      "the GIL is released while it steps and draws.")
      .def(
          "__init__",
          [](PyEnv* self, const std::string& suite, const nb::object& task, int image_size,
             double arm_noise, int settle_steps, const std::string& libero_root,
             const std::string& robosuite_root, bool allow_missing_visuals) {
            const sim::SimConfig config{image_size, arm_noise, settle_steps};
            new (self)
                PyEnv(suite, task, config,
                      sim::libero::Roots{libero_root, robosuite_root, allow_missing_visuals});
          },
          "suite"_a = "object", "task"_a = nb::int_(0), nb::kw_only(), "image_size"_a = 128,
          "arm_noise"_a = 0.02, "settle_steps"_a = 10, "libero_root"_a = "",
          "robosuite_root"_a = "", "allow_missing_visuals"_a = false,
          nb::sig("def __init__(self, suite: str = 'object', task: int | str = 0, *, "
                  "image_size: int = 128, arm_noise: float = 0.02, settle_steps: int = 10, "
                  "libero_root: str = '', robosuite_root: str = '', "
                  "allow_missing_visuals: bool = False) -> None"),
          "task: its number in the suite, from 0, or its name. image_size: side of the pictures\n"
          "(px). arm_noise: standard deviation of the joints at the start (rad). settle_steps:\n"
          "control steps before step 0. Raises NotFoundError for suites and tasks that are not\n"
          "there, BadInputError for values out of range.")
      .def("reset", &PyEnv::reset, nb::kw_only(), "seed"_a = 0, "episode"_a = 0,
           "layout"_a = "libero", "target"_a = "", "variation"_a = "",
           nb::sig("def reset(self, *, seed: int = 0, episode: int = 0, layout: str = 'libero', "
                   "target: str = '', variation: str = '') -> dict[str, "
                   "numpy.typing.NDArray[typing.Any]]"),
           "Puts an initial state in place and returns its observation. The state is that of\n"
           "`libra eval --seed SEED`, episode number `episode`. layout: 'libero' or 'shuffled'.\n"
           "target: an item of `items` to ask for instead of the task's own. variation: what is\n"
           "changed, such as 'light' or 'camera.orbit:3'.")
      .def(
          "step", &PyEnv::step, "action"_a,
          nb::sig("def step(self, action: numpy.typing.ArrayLike) -> StepResult"),
          "Executes one action, float [7]: dx dy dz, d-axis-angle 3, gripper (-1 open, 1 closed),\n"
          "each in [-1, 1]. Pictures are drawn by `observe`, where they are wanted.")
      .def("observe", &PyEnv::observe,
           nb::sig("def observe(self) -> dict[str, numpy.typing.NDArray[typing.Any]]"),
           "What the sensors say now.")
      .def("render", &PyEnv::render, "camera"_a = "agentview", "height"_a = 512, "width"_a = 512,
           "A picture of any size, uint8 [height, width, 3].")
      .def_prop_ro("task", [](PyEnv& self) { return self.env().task(); })
      .def_prop_ro(
          "instruction", [](PyEnv& self) { return self.env().instruction(); },
          "What the policy is told in this episode.")
      .def_prop_ro(
          "items", [](PyEnv& self) { return self.env().items(); },
          "What one could ask for in this episode.")
      .def_prop_ro(
          "target", [](PyEnv& self) { return self.env().target(); }, "The item that is asked for.")
      .def_prop_ro(
          "first_lifted", [](PyEnv& self) { return self.env().first_lifted(); },
          "The first item that left its place by 3 cm; '' none so far.")
      .def_prop_ro("step_count", &PyEnv::steps, "Control steps since the reset.")
      .def_prop_ro("over", &PyEnv::over, "Whether the episode has ended.")
      .def_prop_ro(
          "state",
          [](PyEnv& self) {
            std::vector<double> state = self.env().state();
            const size_t count = state.size();
            return give<DoubleVector>(std::move(state), {count});
          },
          nb::rv_policy::automatic, "[time, qpos, qvel] in LIBERO's order.")
      .def_prop_ro(
          "embodiment", [](PyEnv& self) { return embodiment_dict(self.robot()); },
          nb::sig("def embodiment(self) -> dict[str, typing.Any]"),
          "The robot: its cameras, proprio and action segments, control rate.")
      .def_prop_ro("camera_names", [](PyEnv& self) { return self.robot().camera_names(); })
      .def_prop_ro("proprio_names", [](PyEnv& self) { return self.robot().proprio_names(); })
      .def_prop_ro("action_names", [](PyEnv& self) { return self.robot().action_names(); });
}

// A view of rows that the episode keeps: no copy.
template <class Array, class T>
Array rows_view(nb::handle owner, const Rows<T>& rows) {
  return Array(const_cast<T*>(rows.values().data()), {rows.size(), rows.width()}, owner);
}

void add_dataset(nb::module_& m) {
  nb::class_<PyEpisode>(m, "Episode",
                        "One recorded episode. Its numbers are in memory, and the arrays look at\n"
                        "them without a copy; pictures are decoded when they are asked for.")
      .def("__len__", [](const PyEpisode& e) { return e.demo().frames; })
      .def_prop_ro(
          "actions",
          [](nb::handle self) {
            return rows_view<FloatMatrix>(self, nb::cast<const PyEpisode&>(self).demo().actions);
          },
          nb::rv_policy::automatic,
          "float32 [frames, action_dim]: the action that was taken after each frame.")
      .def_prop_ro(
          "proprio",
          [](nb::handle self) {
            return rows_view<DoubleMatrix>(self, nb::cast<const PyEpisode&>(self).demo().proprio);
          },
          nb::rv_policy::automatic, "float64 [frames, proprio_dim].")
      .def_prop_ro("instruction", [](const PyEpisode& e) { return e.demo().instruction; })
      .def_prop_ro("task", [](const PyEpisode& e) { return e.demo().task; })
      .def_prop_ro("suite", [](const PyEpisode& e) { return e.demo().suite; })
      .def_prop_ro(
          "success",
          [](const PyEpisode& e) {
            const auto& success = e.demo().success;
            return !success.empty() && success.back() != 0;
          },
          "Whether the goal held at its end, where the data say so.")
      .def("pictures", &PyEpisode::pictures, "start"_a = 0, "stop"_a = -1,
           nb::sig("def pictures(self, start: int = 0, stop: int = -1) -> dict[str, "
                   "numpy.typing.NDArray[numpy.uint8]]"),
           "Pictures of each camera, uint8 [frames, height, width, 3], row 0 at the top; from\n"
           "frame `start` to before `stop`, -1: to the end. The GIL is released while it decodes.")
      .def("__repr__", [](const PyEpisode& e) {
        return "<libra.Episode of " + std::to_string(e.demo().frames) + " frames: \"" +
               e.demo().instruction + "\">";
      });

  nb::class_<PyDataset>(m, "Dataset",
                        "Recorded episodes in LIBERO's HDF5 schema or LeRobot's (v2.1, v3.0):\n"
                        "a sequence of Episode.")
      .def(nb::init<const std::string&, const std::string&>(), "path"_a, nb::kw_only(),
           "embodiment"_a = "",
           nb::sig("def __init__(self, path: str, *, embodiment: str = '') -> None"),
           "path: a file or folder. embodiment: the robot, a name in configs/embodiments/ or a\n"
           "TOML file, where the data do not say. Raises NotFoundError, BadInputError.")
      .def("__len__", [](const PyDataset& d) { return d.source().size(); })
      .def("__getitem__", &PyDataset::episode, "index"_a)
      .def(
          "__iter__",
          [](const nb::object& self) -> nb::object {
            const nb::module_ builtins = nb::module_::import_("builtins");
            return builtins.attr("map")(self.attr("__getitem__"),
                                        builtins.attr("range")(nb::len(self)));
          },
          nb::sig("def __iter__(self) -> typing.Iterator[Episode]"))
      .def_prop_ro(
          "format", [](const PyDataset& d) { return d.source().format(); },
          "What it is: 'LIBERO HDF5', 'LeRobot v3.0'.")
      .def_prop_ro(
          "embodiment", [](const PyDataset& d) { return embodiment_dict(d.source().embodiment()); },
          nb::sig("def embodiment(self) -> dict[str, typing.Any]"), "The robot.")
      .def_prop_ro("camera_names",
                   [](const PyDataset& d) { return d.source().embodiment().camera_names(); })
      .def_prop_ro("action_names",
                   [](const PyDataset& d) { return d.source().embodiment().action_names(); })
      .def_prop_ro("proprio_names",
                   [](const PyDataset& d) { return d.source().embodiment().proprio_names(); });
}

}  // namespace

NB_MODULE(_world, m) {
  m.doc() = "The simulator, its suites, and recorded episodes.";
  set_up_module();
  add_suites(m);
  add_env(m);
  add_dataset(m);
}

}  // namespace libra::python
