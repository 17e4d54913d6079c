"""The examples in the documents run as they stand."""

import re
import subprocess
import sys

import pytest
from conftest import ROOT


def examples(page):
    """Indented blocks that begin with an import of libra."""
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", (ROOT / page).read_text(), re.MULTILINE)
    code = [re.sub(r"^    ", "", block, flags=re.MULTILINE).strip() for block in blocks]
    return [block for block in code if block.startswith("import libra")]


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_example_does_its_task(page, tmp_path):
    (example,) = examples(page)
    assert len([line for line in example.splitlines() if line]) <= 10
    done = subprocess.run([sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"put|pick", done.stdout) and "not done" not in done.stdout and " done after" in done.stdout
