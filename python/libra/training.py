"""Training a policy."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import _policy


def _paths(value) -> list[str]:
    if value is None:
        return []
    if isinstance(value, (str, os.PathLike)):
        value = [value]
    return [os.fspath(path) for path in value]


def _assignment(field: str, value: Any) -> str:
    if isinstance(value, str):
        return f"{field}={value}"
    return f"{field}={json.dumps(value)}"


def train(
    config: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    data: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    out: str | os.PathLike[str] = "",
    *,
    set: Mapping[str, Any] | None = None,
    scenes: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    weights: Sequence[float] = (),
    init: str | os.PathLike[str] = "",
    device: str = "cpu",
    tokenizer: str | os.PathLike[str] = "assets/tokenizer",
    embodiment: str = "",
    gripper: str = "",
    skip_bad: bool = False,
    memory_gb: float = 4.0,
    cache: str | os.PathLike[str] = "",
    workers: int = 1,
    resume: bool = False,
    change: bool = False,
    evaluate: Callable[[str], tuple[int, int]] | None = None,
) -> str:
    """Trains as `libra train` does, and returns the folder of the checkpoint.

    config: a TOML file ("configs/libra_tiny.toml" comes with the package), or the same settings as a dictionary,
    {"model": {...}, "train": {"steps": 100, ...}}. set: single fields over it, {"train.steps": 100}. data: data sets in
    LIBERO's HDF5 schema or LeRobot's. out: the run's folder. Everything else is as in `libra train --help`.

    evaluate: called every train.watch.eval_every steps with the folder of a checkpoint, on another thread; says how
    many episodes of how many succeeded with it. The best checkpoint is kept in `out`/best.

    Ctrl-C ends it within a step or two: the checkpoint is kept, KeyboardInterrupt is raised, and resume=True with the
    same `out` goes on exactly there. Raises BadInputError and NotFoundError before anything is written, FailedError
    when a loss is not finite or a disk is full.
    """
    request: dict[str, Any] = {
        "data": _paths(data),
        "out": os.fspath(out),
        "scenes": _paths(scenes),
        "weights": [float(weight) for weight in weights],
        "init": os.fspath(init),
        "device": device,
        "tokenizer": os.fspath(tokenizer),
        "embodiment": embodiment,
        "gripper": gripper,
        "skip_bad": skip_bad,
        "cache": os.fspath(cache),
        "workers": workers,
        "memory": int(memory_gb * 2**30),
        "resume": resume,
        "change": change,
        "evaluate": evaluate,
        "assignments": [_assignment(field, value) for field, value in (set or {}).items()],
    }
    if isinstance(config, Mapping):
        request["config_json"] = json.dumps(config)
    elif config is not None:
        request["config"] = os.fspath(config)
    return _policy.train_run(request)
