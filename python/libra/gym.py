"""Libra's suites as gymnasium environments.

    import gymnasium
    import libra.gym

    env = gymnasium.make("libra/object-v0", task=3)
    observation, info = env.reset(seed=0)

One id a suite: libra/object-v0, libra/spatial-v0, libra/goal-v0, libra/long-v0; LIBERO's own suites are
"libra/libero-v0" with suite="libero_object", libero_root=... and robosuite_root=....

Observations are as in gym-aloha and LeRobot: {"pixels": {camera: uint8 [height, width, 3]}, "agent_pos": float64 [8]}.
`policy_observation` makes what libra.Policy takes of them. The reward is 1 when the task is done, else 0.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

import libra


def policy_observation(observation: dict[str, Any]) -> dict[str, Any]:
    """An observation of LibraEnv as libra.Policy takes it."""
    return {**observation["pixels"], "proprio": observation["agent_pos"]}


class LibraEnv(gymnasium.Env):
    """One task of a suite.

    reset(seed=S) begins episode 0 of seed S, the start of `libra eval --seed S`; reset() the next episode of the same
    seed. reset's options: "episode" (number), "layout" ("libero", "shuffled"), "target", "variation"
    (docs/benchmark.md). info holds "instruction", "task", "suite", "step", "seed", "episode", "is_success", and at the
    end "first_lifted".
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}

    def __init__(
        self,
        suite: str = "object",
        task: int | str = 0,
        *,
        image_size: int = 128,
        layout: str = "libero",
        render_mode: str | None = None,
        render_size: int = 256,
        libero_root: str = "",
        robosuite_root: str = "",
    ):
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise libra.errors.bad_input("render_mode", "is not known", "'rgb_array' or None", repr(render_mode))
        self.render_mode = render_mode
        self._env = libra.Env(
            suite, task, image_size=image_size, libero_root=libero_root, robosuite_root=robosuite_root
        )
        self._layout = layout
        self._render_size = render_size
        self._seed, self._episode = 0, -1
        robot = self._env.embodiment
        picture = spaces.Box(0, 255, (image_size, image_size, 3), np.uint8)
        proprio = len(self._env.proprio_names)
        self.observation_space = spaces.Dict(
            {
                "pixels": spaces.Dict({name: picture for name in self._env.camera_names}),
                "agent_pos": spaces.Box(-np.inf, np.inf, (proprio,), np.float64),
            }
        )
        low, high = _limits(robot["action"])
        self.action_space = spaces.Box(low, high, dtype=np.float32)

    @property
    def task_description(self) -> str:
        """The instruction, under the name that LeRobot looks for."""
        return self._env.instruction

    @property
    def task(self) -> str:
        return self._env.task.name

    @property
    def _max_episode_steps(self) -> int:
        return self._env.task.max_steps

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed)
        options = options or {}
        if seed is not None:
            self._seed, self._episode = seed, -1
        self._episode = int(options.get("episode", self._episode + 1))
        observation = self._env.reset(
            seed=self._seed,
            episode=self._episode,
            layout=options.get("layout", self._layout),
            target=options.get("target", ""),
            variation=options.get("variation", ""),
        )
        return self._observation(observation), self._info(success=False)

    def step(self, action):
        result = self._env.step(np.asarray(action, dtype=np.float32))
        truncated = result.done and not result.success and self._env.step_count >= self._env.task.max_steps
        terminated = (result.done or result.success) and not truncated
        info = self._info(success=result.success)
        if terminated or truncated:
            info["first_lifted"] = self._env.first_lifted
        return self._observation(self._env.observe()), float(result.success), terminated, truncated, info

    def render(self):
        if self.render_mode != "rgb_array":
            return None
        return self._env.render(self._env.camera_names[0], self._render_size, self._render_size)

    def _observation(self, observation):
        pixels = {name: observation[name] for name in self._env.camera_names}
        return {"pixels": pixels, "agent_pos": observation["proprio"]}

    def _info(self, success: bool) -> dict[str, Any]:
        task = self._env.task
        return {
            "instruction": self._env.instruction,
            "task": task.name,
            "suite": task.suite,
            "step": self._env.step_count,
            "seed": self._seed,
            "episode": self._episode,
            "is_success": success,
        }


def _limits(segments: list[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
    """What the robot takes, number by number; without limits where none are known."""
    low, high = [], []
    for segment in segments:
        limited = segment["low"] < segment["high"]
        low += [segment["low"] if limited else -np.inf] * segment["size"]
        high += [segment["high"] if limited else np.inf] * segment["size"]
    return np.array(low, np.float32), np.array(high, np.float32)


def register() -> None:
    """Makes the ids known to gymnasium; importing this module does it."""
    for suite in libra.suites():
        name = f"libra/{suite}-v0"
        if name not in gymnasium.registry:
            gymnasium.register(id=name, entry_point="libra.gym:LibraEnv", kwargs={"suite": suite})
    if "libra/libero-v0" not in gymnasium.registry:
        gymnasium.register(id="libra/libero-v0", entry_point="libra.gym:LibraEnv", kwargs={"suite": "libero_object"})


register()
