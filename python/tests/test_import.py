"""Importing libra is quick and brings in nothing."""

import subprocess
import sys


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_import_is_quick_and_loads_no_library():
    seen = run(
        "import time; begin = time.perf_counter(); import libra; took = time.perf_counter() - begin\n"
        "import sys; maps = open('/proc/self/maps').read()\n"
        "print(took, *[name for name in ('torch', 'numpy', 'libra._world', 'libra._policy') if name in sys.modules],\n"
        "      *[name for name in ('libtorch', 'libmujoco', 'libarrow') if name in maps])"
    ).split()
    assert float(seen[0]) < 0.5
    assert seen[1:] == []


def test_the_simulator_loads_no_torch_and_a_policy_no_python_of_it():
    seen = run(
        "import sys, libra; libra.Env('object'); world = open('/proc/self/maps').read()\n"
        "print('libtorch' in world, 'libmujoco' in world)\n"
        "libra.Policy('checkpoints/libra_tiny_object'); policy = open('/proc/self/maps').read()\n"
        "print('libtorch_cpu' in policy, 'libtorch_python' in policy, 'torch' in sys.modules)"
    )
    assert seen.split() == ["False", "True", "True", "False", "False"]


def test_names_are_listed_and_unknown_ones_refused():
    seen = run(
        "import libra; print(set(libra.__all__) <= set(dir(libra)))\n"
        "try: libra.Polcy\nexcept AttributeError as error: print(error)"
    )
    assert seen.splitlines() == ["True", "module 'libra' has no attribute 'Polcy'"]
