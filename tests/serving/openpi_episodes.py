#!/usr/bin/env python3
"""Drives episodes of an own suite with the real openpi-client, and compares every action that was executed with
those of `libra eval` on the same seeds, bit for bit (their hash in its episodes.jsonl).

  openpi_episodes.py ENV_PIPE ws://HOST:PORT SUITE EPISODES.JSONL [SEED [COUNT]]

COUNT: of episodes, for a libra eval that is still running; else those that the file holds.
"""
import json
import os
import subprocess
import sys
import time

import numpy as np
from openpi_client import action_chunk_broker, websocket_client_policy


class Env:
    def __init__(self, program, suite, size):
        self.pipe = subprocess.Popen([program, suite, str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _read(self):
        line = json.loads(self.pipe.stdout.readline())
        images = [np.frombuffer(self.pipe.stdout.read(int(np.prod(s))), np.uint8).reshape(s) for s in line["images"]]
        state = np.frombuffer(self.pipe.stdout.read(8 * line["state"]), np.float64)
        return line, images, state

    def reset(self, task, seed, episode):
        self.pipe.stdin.write(f"reset {task} {seed} {episode}\n".encode())
        self.pipe.stdin.flush()
        return self._read()

    def step(self, action):
        self.pipe.stdin.write(b"step\n" + np.asarray(action, np.float32).tobytes())
        self.pipe.stdin.flush()
        return self._read()


def fnv(data, value):
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def episodes(journal, count):
    seen = 0
    while True:
        lines = open(journal).read().splitlines(keepends=True) if os.path.exists(journal) else []
        done = [json.loads(line) for line in lines if line.endswith("\n")]
        done = [e for e in done if "episode" in e]
        yield from done[seen:count]
        seen = len(done)
        if count is None or seen >= count:
            return
        time.sleep(0.2)


def main():
    program, url, suite, journal = sys.argv[1:5]
    seed = int(sys.argv[5]) if len(sys.argv) > 5 else 0
    count = int(sys.argv[6]) if len(sys.argv) > 6 else None
    policy = websocket_client_policy.WebsocketClientPolicy(host=url)
    metadata = policy.get_server_metadata()
    broker = action_chunk_broker.ActionChunkBroker(policy, metadata["action_horizon"])
    env = Env(program, suite, metadata["libra"]["image_size"])
    tasks = {}
    for number in range(10):
        tasks[env.reset(number, seed, 0)[0]["task"]] = number
    same = total = 0
    for wanted in episodes(journal, count):
        total += 1
        line, images, state = env.reset(tasks[wanted["task"]], seed, wanted["episode"])
        broker.reset()
        value, step = 0xCBF29CE484222325, 0
        while True:
            answer = broker.infer({
                "observation/image": images[0], "observation/wrist_image": images[1], "observation/state": state,
                "prompt": line["instruction"], "libra/seed": seed, "libra/episode": wanted["episode"],
                "libra/task": line["task"], "libra/step": step, "libra/reset": step == 0})
            value = fnv(np.asarray(answer["actions"], np.float32).tobytes(), value)
            line, images, state = env.step(answer["actions"])
            step += 1
            if line["success"] or line["done"] or step >= line["max_steps"]:
                break
        equal = (value, step, line["success"]) == (wanted["actions_hash"], wanted["steps"], wanted["success"])
        same += equal
        if not equal:
            print(f"differs: {wanted['task']} episode {wanted['episode']}: {step} steps, success {line['success']}; "
                  f"libra eval: {wanted['steps']}, {wanted['success']}")
    print(f"{same} of {total} episodes equal, action for action")
    sys.exit(0 if same == total > 0 else 1)


if __name__ == "__main__":
    main()
