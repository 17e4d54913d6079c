"""What LeRobot asks about a policy before it loads it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from lerobot.configs import FeatureType, PolicyFeature, PreTrainedConfig
from lerobot.utils.constants import ACTION, OBS_IMAGES, OBS_STATE

import libra


@PreTrainedConfig.register_subclass("libra")
@dataclass
class LibraConfig(PreTrainedConfig):
    """A checkpoint of Libra, run by its own C++ library on the CPU or the GPU that `libra_device` names.

    The checkpoint says which cameras and numbers it wants: input_features and output_features follow from it. It is
    trained by `libra train`, not by lerobot-train.
    """

    checkpoint: str = "checkpoints/libra_tiny_object"
    """Folder of the checkpoint; those that come with libra-vla by name."""
    cameras: dict[str, str] = field(default_factory=dict)
    """Names of the policy's cameras in the data, where they differ: {"agentview": "front"}."""
    schedule: str = "amortised"
    """sync, amortised or overlapped (docs/runtime.md)."""
    M: int = 0
    """Chunks per plan; 0: 2, or what the planner foresees."""
    seed: int = 0
    threads: int = 1
    precision: str = "auto"
    libra_device: str = "cpu"

    device: str | None = "cpu"

    def __post_init__(self):
        super().__post_init__()
        self.checkpoint = os.fspath(self.checkpoint)

    def feature_of(self, camera: str) -> str:
        """Key of a camera of the policy among LeRobot's observations."""
        return f"{OBS_IMAGES}.{self.cameras.get(camera, camera)}"

    def set_features(self, policy: libra.Policy) -> None:
        """What the loaded policy sees and does, in LeRobot's words."""
        unknown = set(self.cameras) - set(policy.camera_names)
        if unknown:
            raise libra.errors.bad_input(
                "cameras", "names what is no camera of the policy", ", ".join(policy.camera_names),
                ", ".join(sorted(unknown)),
            )
        sizes = {camera["name"]: (3, camera["height"], camera["width"]) for camera in policy.embodiment["cameras"]}
        features = {
            self.feature_of(name): PolicyFeature(type=FeatureType.VISUAL, shape=sizes[name])
            for name in policy.camera_names
        }
        features[OBS_STATE] = PolicyFeature(type=FeatureType.STATE, shape=(len(policy.proprio_names),))
        self.input_features = features
        self.output_features = {
            ACTION: PolicyFeature(type=FeatureType.ACTION, shape=(len(policy.action_names),))
        }

    @property
    def observation_delta_indices(self):
        return None

    @property
    def action_delta_indices(self):
        return None

    @property
    def reward_delta_indices(self):
        return None

    def get_optimizer_preset(self):
        raise NotImplementedError("Libra's policies are trained by `libra train` (libra.train in Python)")

    def get_scheduler_preset(self):
        return None

    def validate_features(self):
        """Checked against the checkpoint when it is loaded."""
