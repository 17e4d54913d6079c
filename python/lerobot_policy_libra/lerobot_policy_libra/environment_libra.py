"""Libra's suites for lerobot-eval."""

from __future__ import annotations

from dataclasses import dataclass, field

import gymnasium
import libra.gym
from lerobot.configs import FeatureType, PolicyFeature
from lerobot.envs.configs import EnvConfig
from lerobot.utils.constants import ACTION, OBS_IMAGES, OBS_STATE

import libra


@EnvConfig.register_subclass("libra")
@dataclass
class LibraEnvConfig(EnvConfig):
    """One suite; every task of it, or those of `task_ids`, is an environment of its own."""

    suite: str = "object"
    task_ids: list[int] | None = None
    layout: str = "libero"
    image_size: int = 128
    fps: int = 20
    features: dict[str, PolicyFeature] = field(default_factory=dict)
    features_map: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        tasks = range(len(libra.suite(self.suite)))
        if self.task_ids is None:
            self.task_ids = list(tasks)
        wrong = [task for task in self.task_ids if task not in tasks]
        if wrong:
            raise libra.errors.bad_input("task_ids", "are not in the suite", f"0 to {len(tasks) - 1}", str(wrong))
        # Of Libra's own suites: all of them are done by one robot.
        robot = libra.Env(self.suite, self.task_ids[0], image_size=self.image_size)
        self.features[ACTION] = PolicyFeature(type=FeatureType.ACTION, shape=(len(robot.action_names),))
        self.features["agent_pos"] = PolicyFeature(type=FeatureType.STATE, shape=(len(robot.proprio_names),))
        self.features_map.update({ACTION: ACTION, "agent_pos": OBS_STATE})
        for camera in robot.camera_names:
            shape = (self.image_size, self.image_size, 3)
            self.features[f"pixels/{camera}"] = PolicyFeature(type=FeatureType.VISUAL, shape=shape)
            self.features_map[f"pixels/{camera}"] = f"{OBS_IMAGES}.{camera}"

    @property
    def gym_kwargs(self) -> dict:
        return {"image_size": self.image_size, "layout": self.layout, "render_mode": "rgb_array"}

    def create_envs(self, n_envs: int, use_async_envs: bool = False):
        """{suite: {task: vector environment}}."""
        kind = gymnasium.vector.AsyncVectorEnv if use_async_envs and n_envs > 1 else gymnasium.vector.SyncVectorEnv

        def maker(task):
            return lambda: libra.gym.LibraEnv(self.suite, task, **self.gym_kwargs)

        mode = gymnasium.vector.AutoresetMode.SAME_STEP
        return {
            self.suite: {task: kind([maker(task)] * n_envs, autoreset_mode=mode) for task in self.task_ids}
        }
