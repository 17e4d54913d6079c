"""What the tests share. They run in the build folder (ctest) and on an installed package alike."""

import os
import pathlib
import shutil
import subprocess

import pytest

import libra

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECKPOINT = "checkpoints/libra_tiny_object"


@pytest.fixture(scope="session")
def program():
    """The program libra: of the build folder (LIBRA_PROGRAM), or the installed one."""
    path = os.environ.get("LIBRA_PROGRAM") or shutil.which("libra")
    if path is None:
        pytest.skip("no program libra: build it, or install the package")

    def run(*arguments, **options):
        done = subprocess.run([path, *map(str, arguments)], capture_output=True, text=True, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def policy():
    return libra.Policy(CHECKPOINT)


@pytest.fixture(scope="module")
def env():
    return libra.Env("object", task=3)
