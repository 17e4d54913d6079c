"""Libra for LeRobot: `--policy.type=libra --policy.checkpoint=DIR`, `--env.type=libra --env.suite=object`."""

from .configuration_libra import LibraConfig
from .environment_libra import LibraEnvConfig

__all__ = ["LibraConfig", "LibraEnvConfig"]
