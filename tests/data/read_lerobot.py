#!/usr/bin/env python3
"""Reads a data set that libra wrote with the official package and compares it with the one it was made of.

    tests/data/read_lerobot.py MADE ORIGINAL [--pixels 3.0]

Both are LeRobot sets of the version that the installed lerobot reads (0.4.4: v3.0, 0.3.3: v2.1). Numbers and texts are
equal; pictures differ by at most --pixels of 255 on average.
"""
import argparse
import sys

import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("made")
    parser.add_argument("original")
    parser.add_argument("--pixels", type=float, default=3.0)
    options = parser.parse_args()
    made, original = (LeRobotDataset("libra/test", root=root, video_backend="pyav")
                      for root in (options.made, options.original))
    assert made.fps == original.fps and made.num_episodes == original.num_episodes, "another rate or number of episodes"
    assert len(made) == len(original) and made.meta.robot_type == original.meta.robot_type
    worst = 0.0
    for i in range(0, len(made), 7):
        a, b = made[i], original[i]
        assert set(a) == set(b), f"{set(a) ^ set(b)}"
        for key, value in a.items():
            if key.startswith("observation.images."):
                worst = max(worst, 255 * float((value - b[key]).abs().mean()))
            elif key in ("task",):
                assert value == b[key], f"{i} {key}: {value} and {b[key]}"
            elif key != "task_index":  # tasks may be counted in another order
                assert np.array_equal(value, b[key]), f"{i} {key}: {value} and {b[key]}"
    assert worst <= options.pixels, f"pictures differ by {worst} of 255"
    for feature in ("action", "observation.state"):
        for name in ("min", "max", "mean", "std"):
            a, b = (np.asarray(s.meta.stats[feature][name]) for s in (made, original))
            assert np.allclose(a, b, atol=1e-5), f"{feature} {name}: {a} and {b}"
    print(f"read by the official package: {made.num_episodes} episodes, {len(made)} frames, pictures within {worst:.2f}")


if __name__ == "__main__":
    sys.exit(main())
