"""Libra-VLA: policies that say where to go (a coarse intent) before they say how (a fine action).

    import libra

    policy = libra.Policy("checkpoints/libra_tiny_object")
    env = libra.Env("object", task=3)
    answer = policy.infer(env.reset(), env.instruction)
    print(answer.words, answer.actions)

Importing this loads nothing else. Env and Dataset load the simulator and the readers when they are first used,
Policy and train load LibTorch's C++ libraries; nothing imports torch. libra.gym holds the gymnasium environments.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

from .errors import BadInputError, Error, FailedError, NotFoundError, StoppedError

if TYPE_CHECKING:
    from ._policy import Inference, Policy, Session
    from ._world import Dataset, Env, Episode, StepResult, Task, suite, suites
    from .training import train

__version__ = "0.1.0"

__all__ = [
    "BadInputError",
    "Dataset",
    "Env",
    "Episode",
    "Error",
    "FailedError",
    "Inference",
    "NotFoundError",
    "Policy",
    "Session",
    "StepResult",
    "StoppedError",
    "Task",
    "suite",
    "suites",
    "train",
]

_WHERE = {
    **dict.fromkeys(["Dataset", "Env", "Episode", "StepResult", "Task", "suite", "suites"], "_world"),
    **dict.fromkeys(["Inference", "Policy", "Session"], "_policy"),
    "train": "training",
}


def __getattr__(name):
    if name not in _WHERE:
        raise AttributeError(f"module 'libra' has no attribute {name!r}")
    # Libraries read these when they are loaded; the program settles them the same way (docs/runtime.md, threads).
    os.environ.setdefault("LP_NUM_THREADS", "0")
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    value = getattr(importlib.import_module("." + _WHERE[name], __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *_WHERE])
