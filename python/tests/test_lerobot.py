"""The plugin and the robot loop, against the official lerobot where it is installed."""

import importlib.util
import json
import logging
import pathlib
import sys

import numpy as np
import pytest
from conftest import CHECKPOINT, ROOT

import libra

pytest.importorskip("lerobot")
pytest.importorskip("lerobot_policy_libra", reason="pip install ./python/lerobot_policy_libra")
torch = pytest.importorskip("torch")

from lerobot.configs import PreTrainedConfig  # noqa: E402
from lerobot.policies import make_policy_config  # noqa: E402
from lerobot.policies.factory import get_policy_class, make_pre_post_processors  # noqa: E402
from lerobot.robots import Robot, RobotConfig  # noqa: E402
from lerobot.utils.import_utils import register_third_party_plugins  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def plugins():
    register_third_party_plugins()


@pytest.fixture(scope="module")
def lerobot_policy():
    return get_policy_class("libra")(make_policy_config("libra", checkpoint=CHECKPOINT))


@pytest.fixture(scope="module")
def batch(env):
    """Two environments' observations as LeRobot hands them to a policy."""
    observations = [env.reset(seed=0, episode=episode) for episode in (0, 1)]
    pictures = {
        f"observation.images.{name}": torch.stack(
            [torch.from_numpy(o[name]).permute(2, 0, 1).float() / 255 for o in observations]
        )
        for name in env.camera_names
    }
    state = torch.stack([torch.from_numpy(o["proprio"]) for o in observations])
    return observations, {**pictures, "observation.state": state, "task": [env.instruction] * 2}


def test_lerobot_finds_the_plugin():
    assert "libra" in PreTrainedConfig.get_known_choices()


def test_features_are_those_of_the_checkpoint(lerobot_policy):
    config = lerobot_policy.config
    assert {name: feature.shape for name, feature in config.input_features.items()} == {
        "observation.images.agentview": (3, 128, 128),
        "observation.images.eye_in_hand": (3, 128, 128),
        "observation.state": (8,),
    }
    assert config.output_features["action"].shape == (7,)


def test_chunks_are_those_of_the_policy(lerobot_policy, policy, batch):
    observations, given = batch
    chunks = lerobot_policy.predict_action_chunk(given)
    for observation, chunk in zip(observations, chunks, strict=True):
        expected = policy.infer(observation, given["task"][0]).actions
        assert np.array_equal(chunk.numpy(), expected)


def test_actions_are_those_of_sessions_behind_lerobots_processors(lerobot_policy, policy, batch):
    observations, given = batch
    before, after = make_pre_post_processors(lerobot_policy.config)
    lerobot_policy.reset()
    sessions = [policy.session(given["task"][0], episode=lerobot_policy._episodes + i) for i in (0, 1)]
    for _ in range(policy.horizon + 1):
        action = after(lerobot_policy.select_action(before(dict(given))))
        expected = [session.act(observation) for session, observation in zip(sessions, observations, strict=True)]
        assert action.dtype == torch.float32
        assert np.array_equal(action.numpy(), np.stack(expected))


def test_saved_settings_load_the_same_policy(lerobot_policy, batch, tmp_path):
    lerobot_policy.save_pretrained(tmp_path)
    again = get_policy_class("libra").from_pretrained(tmp_path)
    assert again.config.checkpoint == CHECKPOINT
    given = batch[1]
    assert torch.equal(again.predict_action_chunk(given), lerobot_policy.predict_action_chunk(given))


def test_what_is_missing_is_told(lerobot_policy, batch):
    given = batch[1]
    for key in ("observation.state", "observation.images.agentview", "task"):
        with pytest.raises(libra.BadInputError, match=key.split(".")[-1] if "images" in key else key):
            lerobot_policy.predict_action_chunk({k: v for k, v in given.items() if k != key})
    with pytest.raises(libra.BadInputError, match="agentview, eye_in_hand"):
        get_policy_class("libra")(make_policy_config("libra", checkpoint=CHECKPOINT, cameras={"front": "x"}))


def test_lerobot_eval_drives_the_suite(tmp_path, monkeypatch):
    from lerobot.scripts.lerobot_eval import main

    logging.disable(logging.INFO)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(
        sys, "argv",
        [
            "lerobot-eval", "--policy.type=libra", f"--policy.checkpoint={CHECKPOINT}", "--policy.push_to_hub=false",
            "--env.type=libra", "--env.suite=object", "--env.task_ids=[3]", "--eval.n_episodes=2",
            "--eval.batch_size=2", f"--output_dir={tmp_path}",
        ],
    )
    main()
    info = json.loads((tmp_path / "eval_info.json").read_text())
    assert info["overall"]["n_episodes"] == 2
    assert info["overall"]["pc_success"] >= 50.0


@RobotConfig.register_subclass("simulated_panda")
class SimulatedPandaConfig(RobotConfig):
    pass


class SimulatedPanda(Robot):
    """A robot of LeRobot's that is the simulator: its measurements and its actions have names, as any robot's."""

    config_class = SimulatedPandaConfig
    name = "simulated_panda"

    def __init__(self, env, folder):
        super().__init__(SimulatedPandaConfig(id="one", calibration_dir=pathlib.Path(folder)))
        self.env, self.reached = env, False

    @property
    def observation_features(self):
        pictures = {name: (128, 128, 3) for name in self.env.camera_names}
        return {**pictures, **dict.fromkeys(self.env.proprio_names, float)}

    @property
    def action_features(self):
        return dict.fromkeys(self.env.action_names, float)

    is_connected = is_calibrated = property(lambda self: True)

    def connect(self, calibrate=True): ...

    def calibrate(self): ...

    def configure(self): ...

    def disconnect(self): ...

    def get_observation(self):
        seen = self.env.observe()
        return {**seen, **dict(zip(self.env.proprio_names, seen.pop("proprio"), strict=True))}

    def send_action(self, action):
        if not self.env.over:
            self.reached |= self.env.step([action[name] for name in self.env.action_names]).success
        return action


@pytest.fixture(scope="module")
def drive():
    spec = importlib.util.spec_from_file_location("drive", ROOT / "examples" / "real_robot" / "drive.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_robot_loop_drives_a_robot(drive, policy, env, tmp_path):
    """By the clock, so success is this machine's affair; that actions flow at the rate is not."""
    env.reset(seed=0, episode=0)
    robot = SimulatedPanda(env, tmp_path)
    stats = drive.drive(robot, policy, env.instruction, seconds=3.0)
    assert env.step_count == 60
    assert stats["chunks"] > 0 and stats["refused"] == 0


def test_another_robot_is_refused_before_it_moves(drive, policy, env, tmp_path):
    env.reset()
    robot = SimulatedPanda(env, tmp_path)
    sees = {"agentview": (128, 128, 3)}
    armless = type("Armless", (SimulatedPanda,), {"action_features": {}, "observation_features": sees})
    robot.__class__ = armless
    with pytest.raises(libra.BadInputError) as caught:
        drive.drive(robot, policy, env.instruction, seconds=1.0)
    assert "no eye_in_hand" in caught.value.found and "no gripper" in caught.value.found
    assert env.step_count == 0
