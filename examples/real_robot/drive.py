"""A policy on a real robot, through LeRobot's robot interface.

    pip install ./python/lerobot_policy_libra
    python examples/real_robot/drive.py --checkpoint=runs/so101/checkpoint --instruction="put the cube into the cup" \\
        --robot.type=so101_follower --robot.port=/dev/ttyACM0 \\
        --robot.cameras="{front: {type: opencv, index_or_path: 0, width: 640, height: 480, fps: 30}}"

The robot must be the one that the checkpoint was trained for: what it measures and takes is found by the names in the
checkpoint's embodiment (configs/embodiments/so101.toml). The networks work on threads of their own, so the loop keeps
the control rate; where no action is ready yet the arm holds still. Keep a hand on the switch: the first run of a policy
on a robot is a test of both.
"""

import math
import time
from dataclasses import dataclass

from lerobot.robots import Robot, RobotConfig

import libra


@dataclass
class DriveConfig:
    robot: RobotConfig
    checkpoint: str
    instruction: str
    seconds: float = 30.0
    # Largest change of one number of the action between two control steps, in its own unit; 0: none.
    max_change: float = 0.0
    threads: int = 1
    device: str = "cpu"


def check_robot(robot: Robot, policy: libra.Policy) -> None:
    """Everything that robot and policy do not share, in one error before anything moves."""
    optional = {camera["name"] for camera in policy.embodiment["cameras"] if camera["optional"]}
    wanted = [*policy.proprio_names, *(name for name in policy.camera_names if name not in optional)]
    missing = [name for name in wanted if name not in robot.observation_features]
    missing += [name for name in policy.action_names if name not in robot.action_features]
    if missing:
        raise libra.errors.bad_input(
            f"robot {robot.name}", f"is not the policy's, {policy.embodiment['name']}", ", ".join([*wanted, *policy.action_names]),
            "no " + ", no ".join(dict.fromkeys(missing)),
            "name its cameras as the embodiment does, or train for this robot",
        )


def observation_of(seen: dict, policy: libra.Policy) -> dict:
    """What the robot says, as the policy reads it."""
    cameras = {name: seen[name] for name in policy.camera_names if name in seen}
    return {**cameras, "proprio": [float(seen[name]) for name in policy.proprio_names]}


def drive(robot: Robot, policy: libra.Policy, instruction: str, seconds: float, max_change: float = 0.0) -> dict:
    """Runs one episode and returns the session's counts, and how many deadlines were missed."""
    check_robot(robot, policy)
    session = policy.session(instruction, schedule="overlapped", realtime=True)
    period = 1.0 / policy.control_hz
    last, overruns = None, 0
    session.act(observation_of(robot.get_observation(), policy))  # networks are slow when first called
    session.reset(instruction)
    start = time.perf_counter()
    for step in range(math.ceil(seconds * policy.control_hz)):
        action = session.act(observation_of(robot.get_observation(), policy))
        if last is not None and max_change > 0.0:
            action = action.clip(last - max_change, last + max_change)
        last = action
        robot.send_action({name: float(value) for name, value in zip(policy.action_names, action, strict=True)})
        rest = start + (step + 1) * period - time.perf_counter()
        if rest > 0.0:
            time.sleep(rest)
        else:
            overruns += 1
    if session.last_error:
        print(f"a network failed: {session.last_error}")
    return {**session.stats, "overruns": overruns}


def main(config: DriveConfig) -> None:
    from lerobot.robots import make_robot_from_config

    policy = libra.Policy(config.checkpoint, threads=config.threads, device=config.device)
    robot = make_robot_from_config(config.robot)
    check_robot(robot, policy)
    robot.connect()
    try:
        print(drive(robot, policy, config.instruction, config.seconds, config.max_change))
    except KeyboardInterrupt:
        print("stopped")
    finally:
        robot.disconnect()


if __name__ == "__main__":
    from lerobot.cameras.opencv import configuration_opencv  # noqa: F401
    from lerobot.configs import parser
    from lerobot.robots import bi_so_follower, hope_jr, koch_follower, omx_follower, so_follower  # noqa: F401
    from lerobot.utils.import_utils import register_third_party_plugins

    register_third_party_plugins()
    parser.wrap()(main)()
