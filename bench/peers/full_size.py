#!/usr/bin/env python3
"""libra_2b against PyTorch: planner and refiner of the program, interleaved with the same parts in eager PyTorch, in
bf16 on the CPU. Prints medians and their ratios, and a line of JSON.

    bench/peers/full_size.py POLICY_BENCH CHECKPOINT [--repeats 7] [--threads 2] [--tokens 729]
    bench/peers/full_size.py --alone [--device cuda] [--compile]     PyTorch's parts alone, eager and compiled

POLICY_BENCH is build/bench/policy_bench, CHECKPOINT one of `libra import --random`; needs the torch wheel of
third_party/wheels.tsv in this Python. The parts are written as the published models write them (nn.Linear, f32 inside
norms, scaled_dot_product_attention) with random weights: only their time counts. --tokens: length of the prompt with
the 512 tokens of two images; 729 is what policy_bench asks with, because the random tokenizer has few words. Eager's
keys and values of the refiner are computed once a chunk, as ours are."""
import argparse
import json
import re
import statistics
import subprocess
import time

import torch
from torch import nn
from torch.nn import functional as F

BF16 = torch.bfloat16


def heads_of(x, count):
    return x.unflatten(-1, (count, -1)).transpose(1, 2)


def attend(q, k, v, **options):
    return F.scaled_dot_product_attention(q, k, v, **options).transpose(1, 2).flatten(2)


class Mlp(nn.Sequential):
    def __init__(self, width, hidden, kind="none"):
        super().__init__(nn.Linear(width, hidden), nn.GELU(approximate=kind), nn.Linear(hidden, width))


class Block(nn.Module):
    """A pre-norm transformer block: InternViT's (with layer scales), SigLIP's, and the planner's head."""

    def __init__(self, width, hidden, heads, scales=False, kind="none"):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = Mlp(width, hidden, kind)
        self.scale = nn.Parameter(torch.ones(2, width)) if scales else None

    def forward(self, x):
        a = self.out(attend(*(heads_of(y, self.heads) for y in self.qkv(self.norm1(x)).chunk(3, -1))))
        x = x + (a if self.scale is None else a * self.scale[0])
        m = self.mlp(self.norm2(x))
        return x + (m if self.scale is None else m * self.scale[1])


class Tower(nn.Module):
    def __init__(self, width, hidden, heads, layers, extra=0, **options):
        super().__init__()
        self.patch, self.extra = nn.Conv2d(3, width, 14, 14), extra
        self.blocks = nn.Sequential(*(Block(width, hidden, heads, **options) for _ in range(layers)))

    def forward(self, pixels):
        x = self.patch(pixels).flatten(2).transpose(1, 2)
        return self.blocks(torch.cat([x[:, : self.extra], x], 1))


class RmsNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        y = x.float()
        return self.weight * (y * torch.rsqrt(y.square().mean(-1, keepdim=True) + 1e-5)).to(x.dtype)


class LanguageBlock(nn.Module):
    """InternLM2's: 16 query heads on 8 key heads, rotary places, SwiGLU."""

    def __init__(self, width=2048, hidden=8192, heads=16, groups=8):
        super().__init__()
        self.heads, self.groups, self.dim = heads, groups, width // heads
        self.norm1, self.norm2 = RmsNorm(width), RmsNorm(width)
        self.q, self.o = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)
        self.kv = nn.Linear(width, 2 * groups * self.dim, bias=False)
        self.w1, self.w3 = nn.Linear(width, hidden, bias=False), nn.Linear(width, hidden, bias=False)
        self.w2 = nn.Linear(hidden, width, bias=False)

    def rotate(self, x, cos, sin):
        a, b = x.chunk(2, -1)
        return x * cos + torch.cat([-b, a], -1) * sin

    def forward(self, x, cos, sin):
        h = self.norm1(x)
        k, v = (heads_of(y, self.groups) for y in self.kv(h).chunk(2, -1))
        q = self.rotate(heads_of(self.q(h), self.heads), cos, sin)
        x = x + self.o(attend(q, self.rotate(k, cos, sin), v, is_causal=True, enable_gqa=True))
        h = self.norm2(x)
        return x + self.w2(F.silu(self.w1(h)) * self.w3(h))


class Planner(nn.Module):
    def __init__(self, tokens):
        super().__init__()
        self.vision = Tower(1024, 4096, 16, 24, extra=1, scales=True)
        self.mlp1 = nn.Sequential(nn.LayerNorm(4096), nn.Linear(4096, 2048), nn.GELU(), nn.Linear(2048, 2048))
        self.language = nn.ModuleList(LanguageBlock() for _ in range(24))
        self.norm, self.project = RmsNorm(2048), nn.Linear(2048, 1024)
        self.head = nn.Sequential(*(Block(1024, 4096, 16) for _ in range(12)))
        self.bins = nn.Linear(1024, 70)
        self.text = torch.randn(1, tokens - 512, 2048, dtype=BF16)
        self.queries = torch.randn(1, 10, 1024, dtype=BF16)
        self.pixels = torch.randn(2, 3, 448, 448, dtype=BF16)
        angle = torch.outer(torch.arange(tokens), 1e6 ** (-torch.arange(64) / 64)).repeat(1, 2)
        self.cos, self.sin = angle.cos().to(BF16), angle.sin().to(BF16)

    def forward(self):
        x = self.vision(self.pixels)[:, 1:].unflatten(1, (16, 2, 16, 2)).transpose(2, 3).reshape(1, 512, 4096)
        x = torch.cat([self.mlp1(x), self.text], 1)
        for block in self.language:
            x = block(x, self.cos, self.sin)
        x = self.head(torch.cat([self.queries, self.project(self.norm(x))], 1))
        return self.bins(x[:, :10])


class DitBlock(nn.Module):
    def __init__(self, width=1024, heads=16):
        super().__init__()
        self.heads, self.norm = heads, nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.modulation, self.mlp = nn.Linear(width, 9 * width), Mlp(width, 4 * width, "tanh")
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.q, self.kv, self.cross_out = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)

    def keys(self, context):
        return [heads_of(y, self.heads) for y in self.kv(context).chunk(2, -1)]

    def forward(self, x, condition, keys):
        m = self.modulation(F.silu(condition)).unsqueeze(1).chunk(9, -1)

        def modulated(i):
            return self.norm(x) * (1 + m[i + 1]) + m[i]

        x = x + m[2] * self.out(attend(*(heads_of(y, self.heads) for y in self.qkv(modulated(0)).chunk(3, -1))))
        x = x + m[5] * self.cross_out(attend(heads_of(self.q(modulated(3)), self.heads), *keys))
        return x + m[8] * self.mlp(modulated(6))


class Refiner(nn.Module):
    def __init__(self):
        super().__init__()
        self.vision, self.norm = Tower(1152, 4304, 16, 27, kind="tanh"), nn.LayerNorm(1152)
        self.project, self.action = nn.Linear(1152, 1024), nn.Linear(7, 1024)
        self.time = nn.Sequential(nn.Linear(256, 1024), nn.SiLU(), nn.Linear(1024, 1024))
        self.join, self.final = nn.Linear(2048, 1024), nn.Linear(1024, 7)
        self.blocks = nn.ModuleList(DitBlock() for _ in range(12))
        self.pixels = torch.randn(2, 3, 224, 224, dtype=BF16)
        self.intent, self.noise = torch.randn(1, 5, 1024, dtype=BF16), torch.randn(1, 5, 7, dtype=BF16)

    def forward(self, steps=10):
        context = self.project(self.norm(self.vision(self.pixels))).flatten(0, 1).unsqueeze(0)
        context = torch.cat([context, context[:, :1]], 1)  # the proprio token
        keys = [block.keys(context) for block in self.blocks]
        x = self.noise
        for _ in range(steps):
            y = self.join(torch.cat([self.action(x), self.intent], -1))
            condition = self.time(torch.randn(1, 256, dtype=BF16, device=x.device))
            for block, k in zip(self.blocks, keys):
                y = block(y, condition, k)
            x = (x - 0.1 * self.final(y)).clamp(-1, 1)
        return x


def seconds_of(work, device="cpu"):
    start = time.perf_counter()
    work()
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def measure_alone(arguments):
    parts = {"eager planner": Planner(arguments.tokens), "eager refiner": Refiner()}
    for part in parts.values():
        part.to(arguments.device, BF16).eval()
        for name, value in vars(part).items():
            if torch.is_tensor(value):
                setattr(part, name, value.to(arguments.device))
    calls = dict(parts)
    if arguments.compile:
        calls.update({name.replace("eager", "compiled"): torch.compile(part) for name, part in parts.items()})
    medians = {}
    for name, call in calls.items():
        try:
            for _ in range(3):
                seconds_of(call, arguments.device)
            medians[name] = statistics.median(seconds_of(call, arguments.device) for _ in range(arguments.repeats))
            print(f"{name:17} {1e3 * medians[name]:9.2f} ms", flush=True)
        except Exception as error:  # a machine without a compiler still measures the rest
            print(f"{name:17} failed: {str(error).splitlines()[0]}", flush=True)
    print(json.dumps({"device": arguments.device, "tokens": arguments.tokens, "medians_s": medians}))


def ours(arguments):
    command = [arguments.policy_bench, arguments.checkpoint, arguments.precision, "cpu", str(arguments.threads), "1"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {name: float(re.search(rf"^{name}\s+([\d.]+) s", text, re.M)[1]) for name in ("load", "planner", "refiner")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("policy_bench", nargs="?")
    parser.add_argument("checkpoint", nargs="?")
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tokens", type=int, default=729)
    parser.add_argument("--precision", default="bf16")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.alone:
        with torch.inference_mode():
            measure_alone(arguments)
        return
    if not arguments.checkpoint:
        parser.error("POLICY_BENCH and CHECKPOINT are needed, or --alone")
    times = {name: [] for name in ("load", "planner", "refiner", "eager planner", "eager refiner")}
    with torch.inference_mode():
        parts = {"eager planner": Planner(arguments.tokens).to(BF16).eval(), "eager refiner": Refiner().to(BF16).eval()}
        for part in parts.values():
            part()
        for repeat in range(arguments.repeats):
            for name, seconds in ours(arguments).items():
                times[name].append(seconds)
            for name, part in parts.items():
                times[name].append(seconds_of(part))
            print(repeat + 1, {name: round(values[-1], 3) for name, values in times.items()}, flush=True)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name in ("planner", "refiner"):
        eager = medians["eager " + name]
        print(f"{name:8} {medians[name]:7.3f} s   eager {eager:7.3f} s   ratio {medians[name] / eager:.2f}")
    print(json.dumps({"threads": arguments.threads, "tokens": arguments.tokens, "medians_s": medians}))


if __name__ == "__main__":
    main()
