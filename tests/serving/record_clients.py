#!/usr/bin/env python3
"""Records what the real clients send and what a server answers: a proxy between them, frames as JSON lines.

  record_clients.py openpi|vla-eval ws://HOST:PORT OUT.jsonl      (needs openpi-client 0.1.2 or vla-eval 0.8.0)

Each line: {"from": "client" | "server", "text": bool, "base64": ...}; the last: {"decoded": what the client's own
package made of the answers}. tests/serving/replay_test.cc plays the client's frames to libra again.
"""
import asyncio
import base64
import json
import sys
import threading

import numpy as np
import websockets

frames = []


def images(seed):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (16, 16, 3), dtype=np.uint8) for _ in range(2)]


def run_openpi(url):
    from openpi_client import websocket_client_policy
    policy = websocket_client_policy.WebsocketClientPolicy(host=url)
    decoded = [policy.get_server_metadata()["action_horizon"]]
    for step in range(4):
        agent, wrist = images(step)
        answer = policy.infer({
            "observation/image": agent, "observation/wrist_image": wrist,
            "observation/state": np.linspace(-1, 1, 8) + step, "prompt": "pick up the milk"})
        assert answer["actions"].dtype == np.float32 and answer["actions"].shape == (5, 7)
        decoded.append(answer["actions"].tolist())
    return decoded


def run_vla_eval(url):
    from vla_eval.connection import Connection
    from vla_eval.protocol.numpy_codec import set_image_format

    async def play():
        decoded = []
        connection = Connection(url + "/vla-eval")
        await connection.connect(benchmark="vla_eval.benchmarks.libero.benchmark:LIBEROBenchmark")
        decoded.append(connection.server_info["observation_params"])
        for episode in range(2):
            set_image_format(["png", "jpeg", "raw"][episode])
            await connection.start_episode({"task": {"name": "pick up the milk", "suite": "libero_object",
                                                     "task_id": 3, "episode_idx": episode}})
            for step in range(7):
                agent, wrist = images(10 * episode + step)
                action = await connection.act({
                    "images": {"agentview": agent, "wrist": wrist}, "task_description": "pick up the milk",
                    "states": np.linspace(0, 1, 8) + step, "controller_states": np.zeros(8, np.float32)})
                decoded.append(np.asarray(action["actions"]).tolist())
            await connection.end_episode({"metrics": {"success": True}, "steps": 7, "elapsed_sec": 0.5})
        await connection.close()
        return decoded
    return asyncio.run(play())


async def proxy(upstream, ready, ended):
    async def serve(client):
        async with websockets.connect(upstream + client.request.path, compression=None, max_size=None) as server:
            async def pump(source, sink, name):
                async for frame in source:
                    data = frame.encode() if isinstance(frame, str) else frame
                    frames.append({"from": name, "text": isinstance(frame, str),
                                   "base64": base64.b64encode(data).decode()})
                    await sink.send(frame)
            tasks = [asyncio.create_task(pump(client, server, "client")),
                     asyncio.create_task(pump(server, client, "server"))]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
    async with websockets.serve(serve, "127.0.0.1", 0, compression=None, max_size=None) as server:
        ready.append(server.sockets[0].getsockname()[1])
        while not ended.is_set():
            await asyncio.sleep(0.02)


def main():
    which, upstream, out = sys.argv[1:4]
    ready, ended = [], threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(proxy(upstream, ready, ended)))
    thread.start()
    while not ready:
        pass
    try:
        decoded = (run_openpi if which == "openpi" else run_vla_eval)(f"ws://127.0.0.1:{ready[0]}")
    finally:
        ended.set()
        thread.join()
    with open(out, "w") as file:
        for frame in frames + [{"decoded": decoded}]:
            file.write(json.dumps(frame) + "\n")
    print(f"{len(frames)} frames in {out}")


if __name__ == "__main__":
    main()
