"""The command `libra`: the program that lies in the package."""

import os
import sys
from pathlib import Path


def main():
    program = Path(__file__).parent / "bin" / "libra"
    if not program.exists():
        sys.exit("libra: this is a build folder, whose program is in ../../libra/cli")
    os.execv(program, [str(program), *sys.argv[1:]])


if __name__ == "__main__":
    main()
