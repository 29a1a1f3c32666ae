"""`python -m tests.golden record`: write the golden numbers anew, for a change that is meant."""

from __future__ import annotations

import argparse
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from .files import NAMES, record


def main() -> int:
    """Write the files that are named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["record"])
    parser.add_argument("files", nargs="*", metavar="FILE", help=f"of {', '.join(NAMES)}; or all")
    options = parser.parse_args()
    for name in options.files:
        if name not in NAMES:
            parser.error(f"there is no file {name!r}: {', '.join(NAMES)}")
    for name in options.files or NAMES:
        sys.stdout.write(f"{record(name)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
