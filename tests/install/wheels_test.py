#!/usr/bin/env python3
"""scripts/wheels with a real pip and small wheels of our own: what it unpacks, and each way in which it can fail."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "wheels"
MACHINE = os.uname().machine


class Wheels(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.tree, self.index = self.folder / "tree", self.folder / "index"
        (self.tree / "scripts").mkdir(parents=True)
        (self.tree / "third_party").mkdir()
        self.index.mkdir()
        shutil.copy(SCRIPT, self.tree / "scripts")
        self.environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.index)}
        self.hash = self.make_wheel("first", {"first/lib/libfirst.so": b"one", "first/extra.py": b""})

    def make_wheel(self, name, files):
        path = self.index / f"{name}-1.0-cp311-cp311-manylinux_2_28_{MACHINE}.whl"
        meta = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
        with zipfile.ZipFile(path, "w") as archive:
            for file, content in {**files, f"{name}-1.0.dist-info/METADATA": meta,
                                  f"{name}-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\n"}.items():
                archive.writestr(file, content)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def run_script(self, *groups, sha256=None, environment=None, prefix=()):
        digest = sha256 or self.hash
        (self.tree / "third_party" / "wheels.tsv").write_text(
            f"# group\tname\n" f"base\tfirst\t1.0\t{digest}\t{digest}\tfirst/lib/*\n")
        done = subprocess.run([*prefix, sys.executable, str(self.tree / "scripts" / "wheels"), *groups],
                              capture_output=True, text=True, env={**self.environment, **(environment or {})})
        self.assertNotIn("Traceback", done.stderr)
        return done

    def site(self, name):
        return self.tree / "third_party" / "site" / name

    def expect_failure(self, done, words):
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(words, done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertFalse(self.site("first").exists())

    def test_unpacks_what_the_table_names_and_is_done_the_second_time(self):
        self.assertEqual(self.run_script().returncode, 0)
        self.assertEqual(self.site("first/lib/libfirst.so").read_bytes(), b"one")
        self.assertFalse(self.site("first/extra.py").exists())
        shutil.rmtree(self.index)
        self.assertIn("all 1 are there", self.run_script().stdout)

    def test_does_again_what_was_left_half_done(self):
        self.run_script()
        self.site(".first-1.0").unlink()
        self.site("first/lib/libfirst.so").write_bytes(b"half")
        self.assertEqual(self.run_script().returncode, 0)
        self.assertEqual(self.site("first/lib/libfirst.so").read_bytes(), b"one")

    def test_another_hash(self):
        self.expect_failure(self.run_script(sha256="0" * 64), "has another sha256")

    def test_no_such_wheel(self):
        for wheel in self.index.iterdir():
            wheel.unlink()
        self.expect_failure(self.run_script(), "first 1.0")

    def test_no_network(self):
        done = self.run_script(environment={"PIP_NO_INDEX": "0", "PIP_FIND_LINKS": "", "PIP_RETRIES": "0", "PIP_TIMEOUT": "2",
                                            "PIP_INDEX_URL": "http://127.0.0.1:9/simple"})
        self.expect_failure(done, "check the network")

    def test_an_old_pip(self):
        old = self.folder / "old" / "pip"
        old.mkdir(parents=True)
        (old / "__init__.py").write_text("")
        (old / "__main__.py").write_text("print('pip 9.0.1 from here (python 3.5)')")
        self.expect_failure(self.run_script(environment={"PYTHONPATH": str(old.parent)}), "needs pip 20.3")

    def test_a_full_disk(self):
        if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
            self.skipTest("may not mount")
        self.hash = self.make_wheel("first", {"first/lib/libfirst.so": b"x" * (4 << 20)})
        site = self.site("")
        site.mkdir()
        mount = f"mount -t tmpfs -o size=1m none '{site}' && exec \"$@\""
        self.expect_failure(self.run_script(prefix=("unshare", "-m", "sh", "-c", mount, "sh")), "pace")

    def test_an_unknown_group(self):
        self.assertIn("scripts/wheels [GROUP", self.run_script("nonsense").stderr)


if __name__ == "__main__":
    unittest.main()
