"""A Libra policy behind LeRobot's interface."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from lerobot.policies.pretrained import PreTrainedPolicy
from lerobot.utils.constants import OBS_STATE

import libra

from .configuration_libra import LibraConfig


class LibraPolicy(PreTrainedPolicy):
    """One session of the policy for each environment or robot of the batch.

    Pictures come as LeRobot hands them over, float [batch, 3, height, width] in [0, 1], or uint8; the state as it was
    measured: no processor normalises, since the checkpoint does. The instruction is batch["task"].
    """

    config_class = LibraConfig
    name = "libra"

    def __init__(self, config: LibraConfig, **kwargs):
        super().__init__(config)
        self.policy = libra.Policy(
            config.checkpoint, threads=config.threads, precision=config.precision, device=config.libra_device
        )
        config.set_features(self.policy)
        # LeRobot asks modules where they live.
        self.register_buffer("_place", torch.zeros(0), persistent=False)
        self._sessions: list[libra.Session] = []
        self._episodes = 0  # that began before the present ones

    @classmethod
    def from_pretrained(cls, pretrained_name_or_path, *, config=None, **kwargs):
        """Of a folder that save_pretrained wrote, or of a checkpoint of `libra train` itself."""
        folder = Path(pretrained_name_or_path)
        if config is None:
            kind = json.loads((folder / "config.json").read_text()).get("type") if folder.is_dir() else None
            config = (
                LibraConfig.from_pretrained(folder) if kind == "libra" else LibraConfig(checkpoint=str(folder))
            )
        return cls(config)

    def _save_pretrained(self, save_directory: Path, state_dict=None) -> None:
        """The settings; the weights stay where `checkpoint` says."""
        self.config._save_pretrained(save_directory)

    def get_optim_params(self):
        raise NotImplementedError("Libra's policies are trained by `libra train` (libra.train in Python)")

    def forward(self, batch):
        raise NotImplementedError("Libra's policies are trained by `libra train` (libra.train in Python)")

    def reset(self):
        """The next select_action begins new episodes."""
        self._episodes += len(self._sessions)
        self._sessions = []

    @torch.no_grad()
    def select_action(self, batch, **kwargs):
        """One action for each of the batch, float32 [batch, action_dim]."""
        observations, instructions = self._observations(batch), self._instructions(batch)
        while len(self._sessions) < len(observations):
            index = len(self._sessions)
            self._sessions.append(
                self.policy.session(
                    instructions[index], schedule=self.config.schedule, M=self.config.M or None,
                    seed=self.config.seed, episode=self._episodes + index,
                )
            )
        actions = []
        for session, observation, instruction in zip(self._sessions, observations, instructions, strict=False):
            if session.instruction != instruction:  # told something else: what was planned is void
                session.reset(instruction, seed=self.config.seed, episode=self._episodes)
            actions.append(torch.from_numpy(session.act(observation)))
        return torch.stack(actions)

    @torch.no_grad()
    def predict_action_chunk(self, batch, **kwargs):
        """One chunk for each of the batch, float32 [batch, horizon, action_dim]."""
        chunks = [
            torch.from_numpy(self.policy.infer(observation, instruction, seed=self.config.seed).actions.copy())
            for observation, instruction in zip(self._observations(batch), self._instructions(batch), strict=True)
        ]
        return torch.stack(chunks)

    def _observations(self, batch) -> list[dict[str, np.ndarray]]:
        pictures = {}
        for camera in self.policy.camera_names:
            key = self.config.feature_of(camera)
            if key in batch:
                pictures[camera] = _bytes(batch[key])
        if OBS_STATE not in batch:
            raise libra.errors.bad_input(OBS_STATE, "is missing", "the robot's state", ", ".join(sorted(batch)))
        states = batch[OBS_STATE].detach().cpu().double().numpy()
        return [
            {**{camera: stack[i] for camera, stack in pictures.items()}, "proprio": states[i]}
            for i in range(len(states))
        ]

    def _instructions(self, batch) -> list[str]:
        task, count = batch.get("task"), len(batch[OBS_STATE])
        if task is None:
            raise libra.errors.bad_input("task", "is missing", "what the robot is told", next="set the data's task")
        return [task] * count if isinstance(task, str) else list(task)


def _bytes(pictures: torch.Tensor) -> np.ndarray:
    """[batch, 3, height, width] in [0, 1] as uint8 [batch, height, width, 3]."""
    pictures = pictures.detach().cpu()
    if pictures.dtype != torch.uint8:
        pictures = (pictures * 255.0).round().clamp(0, 255).to(torch.uint8)
    return pictures.permute(0, 2, 3, 1).numpy()
