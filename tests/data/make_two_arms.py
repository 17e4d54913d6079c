#!/usr/bin/env python3
"""Makes a LeRobot data set of a two-armed robot with the official package (lerobot 0.4.4 writes v3.0, 0.3.3 v2.1).

    tests/data/make_two_arms.py OUT [--episodes 8] [--frames 40] [--codec h264] [--images]

Two tasks: one arm or the other moves its joints to where a bright square stands in the pictures, and shuts its gripper
there. The small sets in tests/data/two_arms_v30 and two_arms_v21 were made by this, with the defaults.
"""
import argparse
import inspect

import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset

CAMERAS = ["cam_high", "cam_left_wrist", "cam_right_wrist"]
JOINTS = ["waist", "shoulder", "elbow", "forearm_roll", "wrist_angle", "wrist_rotate", "gripper"]
SPEED = 0.07  # rad an action may ask for beyond where the arm is
TASKS = ["move the left arm to the square", "move the right arm to the square"]


def picture(camera, square, hand):
    image = np.full((480, 640, 3), 40 + 30 * camera, np.uint8)
    x, y = int(80 + 440 * square[0]), int(60 + 320 * square[1])
    image[y:y + 60, x:x + 60] = (230, 60, 40)
    image[400:470, int(40 + 500 * hand):int(40 + 500 * hand) + 40] = (60, 200, 220)
    return image


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("out")
    parser.add_argument("--episodes", type=int, default=8)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--codec", default="h264")
    parser.add_argument("--images", action="store_true", help="pictures in the tables instead of videos")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    names = [f"{side}_{joint}" for side in ("left", "right") for joint in JOINTS]
    features = {key: {"dtype": "float32", "shape": (14,), "names": names} for key in ("observation.state", "action")}
    for camera in CAMERAS:
        features[f"observation.images.{camera}"] = {"dtype": "image" if options.images else "video",
                                                    "shape": (480, 640, 3), "names": ["height", "width", "channels"]}
    more = {}
    if "vcodec" in inspect.signature(LeRobotDataset.create).parameters:
        more["vcodec"] = options.codec
    data = LeRobotDataset.create("libra/two_arms", fps=50, features=features, root=options.out, robot_type="aloha",
                                 use_videos=not options.images, **more)
    rng = np.random.default_rng(options.seed)
    for episode in range(options.episodes):
        side = episode % 2
        square = rng.uniform(0, 1, 2)
        start = rng.uniform(-0.3, 0.3, 14)
        start[[6, 13]] = 1.0  # open
        goal = start.copy()
        arm = slice(7 * side, 7 * side + 6)
        goal[arm] = np.concatenate([2 * square - 1, [square.sum() - 1], square - 0.5, [square[0] - square[1]]])
        state = start.copy()
        for t in range(options.frames):
            # What is done follows from what is seen: towards the goal at a limited speed, and the gripper shuts where
            # the arm has arrived.
            action = state + np.clip(goal - state, -SPEED, SPEED)
            arrived = np.abs(goal[arm] - state[arm]).max() < 0.02
            action[[6, 13]] = 1.0
            action[7 * side + 6] = 0.0 if arrived else 1.0
            frame = {"observation.state": state.astype(np.float32), "action": action.astype(np.float32)}
            hand = float(np.clip(0.5 + 0.5 * state[7 * side], 0, 1))
            for c, camera in enumerate(CAMERAS):
                frame[f"observation.images.{camera}"] = picture(c, square, hand)
            if "task" in inspect.signature(data.add_frame).parameters:
                data.add_frame(frame, task=TASKS[side])
            else:
                data.add_frame(frame | {"task": TASKS[side]})
            state = state + 0.6 * (action - state)  # the arm follows
        data.save_episode()
    if hasattr(data, "finalize"):
        data.finalize()


if __name__ == "__main__":
    main()
