"""Reads and writes demonstrations with h5py, as LIBERO, robomimic and OpenVLA do: the other side of
h5py_test.cc.

  h5py_files.py read FILE        what robomimic's and LIBERO's readers take from a file, as JSON
  h5py_files.py libero FILE      a file of LIBERO's own layout
  h5py_files.py openvla FILE     a file of the layout that OpenVLA re-records LIBERO to
"""
import json
import sys

import h5py
import numpy as np

FRAMES, SIDE = 8, 6
# dx dy dz, rotation, gripper. Entries 3 and 5 do nothing; entry 4 only closes the gripper.
ACTIONS = np.array([[0.5, 0, 0, 0, 0, 0, -1],
                    [0.25, -0.5, 0, 0, 0, 0.125, -1],
                    [0, 0, -0.75, 0, 0, 0, -1],
                    [0, 0, 0, 0, 0, 0, -1],
                    [0, 0, 0, 0, 0, 0, 1],
                    [0, 0, 0, 0, 0.00005, 0, 1],
                    [0, 0, 0.5, 0, 0, 0, 1],
                    [0, 0, 0.25, 0, 0, 0, 1]])


def image(frame, camera):
    """Bottom row first: the blue of a pixel counts its rows from the bottom of the picture."""
    out = np.zeros((SIDE, SIDE, 3), np.uint8)
    out[:, :, 0] = 10 * frame + camera
    out[:, :, 1] = np.arange(SIDE)[None, :]
    out[:, :, 2] = np.arange(SIDE)[:, None]
    return out


def write_demo(group):
    rows = np.arange(FRAMES, dtype=np.float64)
    group.create_dataset("actions", data=ACTIONS)
    group.create_dataset("states", data=rows[:, None] + np.zeros((1, 110)))
    group.create_dataset("robot_states", data=rows[:, None] + np.zeros((1, 9)))
    last = np.zeros(FRAMES, np.uint8)
    last[-1] = 1
    group.create_dataset("rewards", data=last)
    group.create_dataset("dones", data=last)
    obs = group.create_group("obs")
    position = rows[:, None] + np.array([[0.1, 0.2, 0.3]])
    turn = rows[:, None] + np.array([[0.4, 0.5, 0.6]])
    obs.create_dataset("gripper_states", data=rows[:, None] * np.array([[0.001, -0.001]]))
    obs.create_dataset("joint_states", data=rows[:, None] + np.zeros((1, 7)))
    obs.create_dataset("ee_states", data=np.hstack([position, turn]))
    obs.create_dataset("ee_pos", data=position)
    obs.create_dataset("ee_ori", data=turn)
    for camera, name in enumerate(["agentview_rgb", "eye_in_hand_rgb"]):
        obs.create_dataset(name, data=np.stack([image(t, camera) for t in range(FRAMES)]))


def write_libero(path):
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        data.attrs["env_name"] = "Libero_Floor_Manipulation"
        data.attrs["problem_info"] = json.dumps({
            "problem_name": "libero_floor_manipulation", "domain_name": "robosuite",
            "language_instruction": "Pick the milk and place it in the basket"})
        data.attrs["macros_image_convention"] = "opengl"
        data.attrs["bddl_file_name"] = "chiliocosm/bddl_files/libero_object/task.bddl"
        data.attrs["bddl_file_content"] = "(define (problem LIBERO_Floor_Manipulation))"
        data.attrs["env_args"] = json.dumps({
            "type": 1, "env_name": "Libero_Floor_Manipulation",
            "problem_name": "libero_floor_manipulation", "bddl_file": "task.bddl",
            "env_kwargs": {"robots": ["Panda"], "control_freq": 20, "camera_heights": 128}})
        data.attrs["num_demos"] = 2
        data.attrs["total"] = 2 * FRAMES
        for k in range(2):
            group = data.create_group("demo_%d" % k)
            write_demo(group)
            group.attrs["num_samples"] = FRAMES
            group.attrs["model_file"] = "<mujoco/>"
            group.attrs["init_state"] = np.zeros(110)


def write_openvla(path):
    with h5py.File(path, "w") as file:
        write_demo(file.create_group("data").create_group("demo_0"))


def read(path):
    """The reads of robomimic's SequenceDataset, of its metadata helpers and of LIBERO's get_dataset."""
    with h5py.File(path, "r") as file:
        data = file["data"]
        env = json.loads(data.attrs["env_args"])
        problem = json.loads(data.attrs["problem_info"])
        demos = sorted(data.keys(), key=lambda name: int(name[5:]))
        out = {"demos": demos, "total": int(data.attrs["total"]), "num_demos": int(data.attrs["num_demos"]),
               "env_name": env["env_name"], "env_type": env["type"],
               "robots": env["env_kwargs"]["robots"],
               "language": problem["language_instruction"],
               "images": data.attrs["macros_image_convention"], "bddl": data.attrs["bddl_file_name"]}
        out["lengths"] = [int(data[d].attrs["num_samples"]) for d in demos]
        first = data[demos[0]]
        out["shapes"] = {k: list(v.shape) for k, v in first["obs"].items()}
        out["dtypes"] = {k: str(v.dtype) for k, v in first["obs"].items()}
        for name in ["actions", "states", "robot_states", "rewards", "dones"]:
            out["shapes"][name] = list(first[name].shape)
            out["dtypes"][name] = str(first[name].dtype)
        # One sequence of length 2 from index 1, as the sampler slices it.
        out["actions"] = first["actions"][1:3].astype("float32").tolist()
        out["agentview"] = [int(x) for x in first["obs/agentview_rgb"][1, :, 0, 0]]
        out["ee_states"] = first["obs/ee_states"][1].tolist()
        out["init_state"] = first.attrs["init_state"].tolist()
        out["model_file"] = len(first.attrs["model_file"])
        out["dones"] = first["dones"][()].tolist()
    print(json.dumps(out))


if __name__ == "__main__":
    {"read": read, "libero": write_libero, "openvla": write_openvla}[sys.argv[1]](sys.argv[2])
