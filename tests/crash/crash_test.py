#!/usr/bin/env python3
"""Kills libra at its system calls, or lets them fail for want of space, and looks whether the next command goes on.

    tests/crash/crash_test.py LIBRA [--every N] [--most N] [--only collect,train,eval,import] [--journal FILE]

For every command, every system call that changes a file and every n up to --most (default 300, every N-th of them):
the command is run under strace with SIGKILL, and again with ENOSPC, injected at its n-th call; then it is run
undisturbed and must end well, with everything that was finished before. Needs strace. Whole: hours, so --journal keeps
what was passed and a second call goes on behind it. CI takes a sample.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CALLS = ["write", "pwrite64", "rename", "renameat2", "unlink", "unlinkat", "mkdir", "fsync", "fdatasync", "ftruncate"]
TASK = "pick_up_the_milk_and_place_it_in_the_basket"
ENVIRONMENT = dict(os.environ, OMP_NUM_THREADS="1", MESA_SHADER_CACHE_DISABLE="true", LP_NUM_THREADS="0",
                   GOMP_SPINCOUNT="1000")


def run(command, inject=None, trace=None):
    if inject:
        command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={inject}"] + command
    elif trace:
        command = ["strace", "-f", "-qq", "-o", trace, "-e", "trace=" + ",".join(CALLS)] + command
    return subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=600)


class Case:
    """One command: what it needs, how it goes on, what must be there in the end."""

    def __init__(self, libra, base):
        self.libra, self.base = libra, base

    def prepare(self, folder):
        pass


class Collect(Case):
    def command(self, folder):
        return [self.libra, "collect", "--tasks", TASK, "--demos", "2", "--workers", "1", "--image-size", "32",
                "--noisy-share", "0", "--detour-share", "0", "--out", f"{folder}/out"]

    def again(self, folder):
        return self.command(folder)

    def finished(self, folder):
        parts = pathlib.Path(folder, "out", f"{TASK}_demo.hdf5.parts")
        whole = pathlib.Path(folder, "out", f"{TASK}_demo.hdf5")
        return 2 if whole.exists() else len(list(parts.glob("*.hdf5")))

    def check(self, folder, finished, said):
        row = next(line for line in said.splitlines() if line.startswith(TASK))
        kept = int(row.split()[2])
        assert kept >= finished, f"{finished} demonstrations were finished, {kept} were kept"
        left = [p.name for p in pathlib.Path(folder, "out").iterdir()]
        assert sorted(left) == ["collect.json", f"{TASK}_demo.hdf5"], left


class Train(Case):
    def flags(self, folder):
        return ["--out", f"{folder}/run"]

    def command(self, folder):
        return [self.libra, "train", "--config", "configs/libra_tiny.toml", "--data", f"{self.base}/data",
                "--set", "train.grounding.steps=0", "--set", "train.batch=2", "--set", "train.steps=4",
                "--set", "train.threads=1", "--set", "train.checkpoint_every=1", "--set", "train.log_every=1",
                "--set", "train.sampling.held_out=0", "--set", "train.validate_every=1000"] + self.flags(folder)

    def again(self, folder):
        if pathlib.Path(folder, "run", "resume").exists():
            return [self.libra, "train", "--resume"] + self.flags(folder)
        return self.command(folder)

    def finished(self, folder):
        state = pathlib.Path(folder, "run", "resume", "state.json")
        return json.loads(state.read_text())["done"] if state.exists() else 0

    def check(self, folder, finished, said):
        log = [json.loads(line) for line in pathlib.Path(folder, "run", "log.jsonl").read_text().splitlines()]
        steps = [line["step"] for line in log if "plan" in line]
        assert steps == [1, 2, 3, 4], steps
        assert self.finished(folder) == 4
        done = run([self.libra, "info", f"{folder}/run/checkpoint"])
        assert done.returncode == 0, done.stderr


class Eval(Case):
    def command(self, folder):
        return [self.libra, "eval", "--checkpoint", f"{self.base}/run/checkpoint", "--tasks", TASK, "--rollouts", "11",
                "--workers", "1", "--videos", "1", "--out", f"{folder}/out"]

    def again(self, folder):
        return self.command(folder)

    def finished(self, folder):
        journal = pathlib.Path(folder, "out", "episodes.jsonl")
        return max(0, journal.read_text().count("\n") - 1) if journal.exists() else 0

    def check(self, folder, finished, said):
        results = json.loads(pathlib.Path(folder, "out", "results.json").read_text())
        assert results["complete"] and len(results["episodes"]) == 11
        for key in ("wall_s", "latency_ms"):
            results.pop(key)
        results["command"] = ""
        if not hasattr(self, "whole"):
            self.whole = results
        assert results == self.whole, "other results than an uninterrupted run"


class Import(Case):
    def command(self, folder):
        return [self.libra, "import", "--internvl", f"{self.base}/published/internvl",
                "--siglip", f"{self.base}/published/siglip", "--config", f"{self.base}/published.toml",
                "--out", f"{folder}/out"]

    def again(self, folder):
        return self.command(folder)

    def finished(self, folder):
        return 0

    def check(self, folder, finished, said):
        done = run([self.libra, "info", f"{folder}/out"])
        assert done.returncode == 0, done.stderr


def make_base(libra, base, only):
    """What the cases start from."""
    def must(command):
        done = run(command)
        if done.returncode != 0:
            sys.exit(f"crash_test: {' '.join(command)}: {done.stderr}")
    if {"train", "eval"} & only:
        must([libra, "collect", "--tasks", TASK, "--demos", "1", "--workers", "1", "--out", f"{base}/data"])
        train = Train(libra, base)
        must(train.command(base))
    if "import" in only:
        model = (ROOT / "tests" / "policy" / "published_model.toml").read_text()
        pathlib.Path(base, "published.toml").write_text("[model]\n" + re.sub(r"^\[", "[model.", model, flags=re.MULTILINE))
        must([libra, "import", "--random", f"{base}/published", "--config", f"{base}/published.toml"])


def disturb(case, folder, inject):
    """True: something was disturbed. Raises AssertionError when the next command does not put it right."""
    first = run(case.command(folder), inject=inject)
    if first.returncode == 0:
        disturbed = "ENOSPC" in inject  # perhaps in a file that does not matter
    else:
        disturbed = True
        if "ENOSPC" in inject:
            assert first.returncode in (1, 2), f"exit {first.returncode}: {first.stderr[-300:]}"
            assert len(first.stderr.strip().splitlines()[-1]) < 600
    finished = case.finished(folder)
    second = run(case.again(folder))
    assert second.returncode == 0, f"exit {second.returncode}: {second.stderr[-500:]}"
    case.check(folder, finished, second.stdout)
    return disturbed


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("libra")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--most", type=int, default=300)
    parser.add_argument("--only", default="collect,train,eval,import")
    parser.add_argument("--journal")
    options = parser.parse_args()
    if not shutil.which("strace"):
        sys.exit("crash_test: needs strace (scripts/setup --dev)")
    only = set(options.only.split(","))
    failures = runs = 0
    journal = pathlib.Path(options.journal or os.devnull)
    passed = set(journal.read_text().splitlines()) if journal.is_file() else set()
    with tempfile.TemporaryDirectory(prefix="libra_crash_") as work:
        base = f"{work}/base"
        os.mkdir(base)
        libra = os.path.abspath(options.libra)
        make_base(libra, base, only)
        for kind in (Collect, Train, Eval, Import):
            name = kind.__name__.lower()
            if name not in only:
                continue
            case = kind(libra, base)
            folder = f"{work}/{name}"
            os.mkdir(folder)
            trace = f"{work}/trace"
            plain = run(case.command(folder), trace=trace)
            assert plain.returncode == 0, plain.stderr
            case.check(folder, 0, plain.stdout)
            counts = {call: len(re.findall(rf"^\d+ +{call}\(", pathlib.Path(trace).read_text(), re.MULTILINE))
                      for call in CALLS}
            if name in ("collect", "train", "import"):
                assert counts["fsync"] > 0 and counts["rename"] + counts["renameat2"] > 0, counts
            shutil.rmtree(folder)
            for call, count in counts.items():
                for n in range(1, min(count, options.most) + 1, options.every):
                    for action in ["signal=KILL"] + (["error=ENOSPC"] if call in ("write", "pwrite64") else []):
                        runs += 1
                        if f"{name} {call} {n} {action}" in passed:
                            continue
                        os.mkdir(folder)
                        try:
                            disturb(case, folder, f"{call}:{action}:when={n}")
                            with journal.open("a") as file:
                                print(name, call, n, action, file=file)
                        except AssertionError as error:
                            failures += 1
                            print(f"crash_test: {name}: {call} {n} of {count}, {action}: {error}", flush=True)
                        shutil.rmtree(folder)
            print(f"crash_test: {name}: {counts}", flush=True)
    print(f"crash_test: {runs} disturbed runs, {failures} that the next command did not put right")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
