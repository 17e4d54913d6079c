#!/usr/bin/env python3
"""Converts demonstrations of libra collect to LeRobot with the official package, pictures as PNG in the tables.

    tests/data/hdf5_to_lerobot.py DEMO.hdf5 OUT

For comparing what libra reads of both: the same numbers to the last bit, the same pictures, the same training.
"""
import inspect
import json
import sys

import h5py
import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset


def main():
    source, out = sys.argv[1:]
    with h5py.File(source) as file:
        side = file["data/demo_0/obs/agentview_rgb"].shape[1]
        features = {"observation.state": {"dtype": "float64", "shape": (8,), "names": [f"s{i}" for i in range(8)]},
                    "action": {"dtype": "float32", "shape": (7,), "names": [f"a{i}" for i in range(7)]}}
        for camera in ("agentview", "eye_in_hand"):
            features[f"observation.images.{camera}"] = {"dtype": "image", "shape": (side, side, 3),
                                                        "names": ["height", "width", "channels"]}
        data = LeRobotDataset.create("libra/converted", fps=20, features=features, root=out, robot_type="libero_panda",
                                     use_videos=False)
        task = json.loads(file["data"].attrs["problem_info"])["language_instruction"]
        for name in sorted(file["data"], key=lambda n: int(n.split("_")[1])):
            demo = file["data"][name]
            state = np.concatenate([demo["obs/ee_states"][()], demo["obs/gripper_states"][()]], 1)
            for t in range(len(demo["actions"])):
                frame = {"observation.state": state[t], "action": demo["actions"][t].astype(np.float32),
                         "observation.images.agentview": demo["obs/agentview_rgb"][t][::-1],
                         "observation.images.eye_in_hand": demo["obs/eye_in_hand_rgb"][t][::-1]}
                if "task" in inspect.signature(data.add_frame).parameters:
                    data.add_frame(frame, task=task)
                else:
                    data.add_frame(frame | {"task": task})
            data.save_episode()
    if hasattr(data, "finalize"):
        data.finalize()


if __name__ == "__main__":
    main()
