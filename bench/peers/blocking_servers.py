#!/usr/bin/env python3
"""The blocking policy servers of openpi and vla-eval with a policy that does nothing, for serving_bench to call.

  blocking_servers.py openpi PORT                 openpi's own server (package openpi-server 0.1.0)
  blocking_servers.py vla-eval PORT               vla-eval's own (package vla-eval 0.8.0)
  blocking_servers.py call-vla-eval PORT [PATH]   vla-eval's client of it, or of libra serve's /vla-eval
"""
import asyncio
import sys
import time

import numpy as np


def serve_openpi(port):
    from openpi_server.websocket_policy_server import WebsocketPolicyServer

    class Idle:
        def infer(self, obs):
            return {"actions": np.zeros((5, 7), np.float32), "policy_timing": {"infer_ms": 0.0}}

    WebsocketPolicyServer(Idle(), "127.0.0.1", port).serve_forever()


def serve_vla_eval(port):
    from vla_eval.model_servers.predict import PredictModelServer
    from vla_eval.model_servers.serve import serve

    class Idle(PredictModelServer):
        def predict(self, obs, ctx):
            return {"actions": np.zeros(7, np.float32)}

    serve(Idle(), host="127.0.0.1", port=port)


def call(port, path, calls=2000):
    """Two raw 224 px pictures with vla-eval's own client; where libra serves, path is /vla-eval."""
    from vla_eval.connection import Connection
    from vla_eval.protocol.numpy_codec import set_image_format
    set_image_format("raw")

    async def main():
        connection = Connection(f"ws://127.0.0.1:{port}{path}")
        await connection.connect()
        await connection.start_episode({"task": {"name": "idle"}})
        picture = np.zeros((224, 224, 3), np.uint8)
        observation = {"images": {"agentview": picture, "wrist": picture}, "states": np.zeros(8),
                       "task_description": "idle"}
        times = []
        for index in range(calls + 100):
            start = time.perf_counter()
            await connection.act(observation)
            if index >= 100:
                times.append((time.perf_counter() - start) * 1000)
        await connection.close()
        print("vla-eval's client, total: " + "  ".join(
            f"p{p} {np.percentile(times, p):.3f}" for p in (50, 90, 99)) + " ms")

    asyncio.run(main())


if __name__ == "__main__":
    what, port = sys.argv[1], int(sys.argv[2])
    if what == "openpi":
        serve_openpi(port)
    elif what == "vla-eval":
        serve_vla_eval(port)
    else:
        call(port, sys.argv[3] if len(sys.argv) > 3 else "")
