"""Where the package's own assets, configurations and checkpoints are; "" in a checkout, which the library knows."""

from pathlib import Path

_shared = Path(__file__).parent / "share" / "libra"
folder = str(_shared) if (_shared / "assets").is_dir() else ""
