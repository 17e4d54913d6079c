#!/usr/bin/env bash
# `pip install .` in a fresh virtual environment of Debian's Python, and then the tests on what it installed.
#   pip_install.sh           torch, mujoco and pyarrow are those of third_party/site, which are the same files
#   pip_install.sh --whole   pip brings them (3 GB: torch wants its CUDA wheels)
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
root=$PWD
# In CI what was built makes room for the next stage.
trap 'rm -rf "$work"; [ "${CI:-}" != true ] || rm -rf "$root"/build-pip-*' EXIT

/usr/bin/python3 -m venv "$work/venv"
python="$work/venv/bin/python"
if [ "${1:-}" = --whole ]; then
  "$python" -m pip install --quiet ".[test]"
else
  "$python" -m pip install --quiet --no-deps .
  "$python" -m pip install --quiet numpy pytest gymnasium
  site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
  for library in torch mujoco pyarrow nvidia; do ln -s "$PWD/third_party/site/$library" "$site/$library"; done
fi
# Elsewhere, so that nothing of the checkout but the tests is in sight of Python.
cd "$work"
"$work/venv/bin/libra" --version
PATH="$work/venv/bin:$PATH" "$python" -m pytest -q -p no:cacheprovider "$OLDPWD/python/tests"
"$python" - <<'USE'
import pathlib, libra
package = pathlib.Path(libra.__file__).parent
assert "site-packages" in str(package), package
for name in ("py.typed", "_world.pyi", "_policy.pyi", "bin/libra", "share/libra/assets", "share/libra/checkpoints"):
    assert (package / name).exists(), name
USE
echo "pip_install: works"
