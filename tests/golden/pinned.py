"""A process whose float32 sums have one order, whatever the number of cores.

Training multiplies what rounding leaves: a sum taken in another order, by another number of
threads or with wider vectors, moves the losses by 1e-4 after two to fifteen steps, and by whole
hits after twenty. So the steps of the golden numbers are made with one thread, without oneDNN's
kernels but in the matrix product, and with AVX2 there. Two such processes agree to the bit; a
processor without AVX2, or with other caches, may still sum otherwise.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from unittest import mock

_VARIABLES = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
}


@contextmanager
def pinned_process() -> Iterator[ProcessPoolExecutor]:
    """Start the process; it ends with the block."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        with mock.patch.dict(os.environ, _VARIABLES):
            process.submit(os.getpid).result()  # it has started, with this environment
        yield process
