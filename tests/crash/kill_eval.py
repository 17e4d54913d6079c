#!/usr/bin/env python3
"""Kills an evaluation at random moments until it has got to its end, and wants what an undisturbed one gives.

    tests/crash/kill_eval.py LIBRA [--seed S] [--rollouts N]

Forty episodes of the shipped policy; kill -9 after 0.5 to 6 seconds each time, then the same command again.
results.json must be the same but for times and what was measured with a clock."""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLOCK = {"wall_s", "latency_ms", "command"}
KILLS = 6


def without_times(folder):
    results = json.loads(pathlib.Path(folder, "results.json").read_text())
    return {name: value for name, value in results.items() if name not in CLOCK}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("libra")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rollouts", type=int, default=4)
    arguments = parser.parse_args()
    moments = random.Random(arguments.seed)
    command = [arguments.libra, "eval", "--checkpoint", "checkpoints/libra_tiny_object", "--suite", "object", "--videos",
               "1", "--rollouts", str(arguments.rollouts), "--out"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(command + [f"{folder}/whole"], cwd=ROOT, check=True, capture_output=True)
        killed = 0
        while True:
            after = moments.uniform(0.5, 6)
            run = subprocess.Popen(command + [f"{folder}/killed"], cwd=ROOT, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
            try:
                said = run.communicate(timeout=after if killed < KILLS else 600)[1]
                break
            except subprocess.TimeoutExpired:
                run.kill()
                run.communicate()
                killed += 1
        if run.returncode != 0:
            sys.exit(f"kill_eval: the last run ended with {run.returncode}: {said}")
        if killed == 0:
            sys.exit("kill_eval: it was never killed; take more --rollouts")
        whole, parts = without_times(f"{folder}/whole"), without_times(f"{folder}/killed")
        different = [name for name in whole if whole[name] != parts.get(name)]
        if different:
            sys.exit(f"kill_eval: after {killed} kills other values of {', '.join(different)}")
        print(f"killed {killed} times, {len(whole['episodes'])} episodes: the same results")


if __name__ == "__main__":
    main()
