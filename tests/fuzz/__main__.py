"""`python -m tests.fuzz READER --count 100000 --seed 0`: one line of what came of it."""

from __future__ import annotations

import argparse
import faulthandler
import gc
import logging
import sys
import tempfile
from itertools import islice
from pathlib import Path

from .readers import READERS
from .trial import Tally, attempt, inputs


def main() -> int:
    """Return 1 as soon as a reader fails in another way than by a ValueError, slowly or large."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", type=Path, help="the input that is tried, and stays if it fails")
    options = parser.parse_args()
    save = options.save or Path(tempfile.gettempdir()) / f"fuzz-{options.reader}.bin"
    faulthandler.enable()
    logging.getLogger("convgan").setLevel(logging.CRITICAL)
    reader, tally = READERS[options.reader], Tally()
    with tempfile.TemporaryDirectory() as made_in, tempfile.TemporaryDirectory() as read_in:
        corpus = reader.corpus(Path(made_in))
        gc.freeze()  # TensorFlow's million objects need not be looked through again and again
        made = inputs(reader, corpus, seed=options.seed)
        for number, content in enumerate(islice(made, options.count)):
            save.write_bytes(content)  # before, so that a crash leaves it
            if wrong := attempt(reader, content, Path(read_in), tally):
                sys.stdout.write(f"{options.reader}: input {number} is in {save}: {wrong}\n")
                return 1
    save.unlink()
    sys.stdout.write(f"{options.reader}: {tally}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
