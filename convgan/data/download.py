"""Get one file from the web, and keep it only if it is the published one.

Through requests, with what it lacks: bounds for size and time. Not through pooch, which compares
hashes of files as they were sent, where for some those of the unpacked files are known, has no such
bounds, and leaves its connection open when one ends it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from convgan.errors import DataError, RunError
from convgan.files import replacing

MAX_DOWNLOAD_BYTES = 1 << 28  # SVHN's training images have 182 MB
_CHUNK = 1 << 16
_SLOWEST = 1 << 17  # bytes per second that are waited for
_ALLOWED = "https://"  # also after a redirection


def download(
    url: str,
    target: Path,
    *,
    sha256: str,
    sum_of: Callable[[Path], str],
    max_bytes: int = MAX_DOWNLOAD_BYTES,
    timeout: float = 10.0,
) -> None:
    """Download a file to `target`, whole and checked or not at all.

    `sha256` is what `sum_of` must return of it, `max_bytes` the most that is accepted. After
    `timeout` seconds without an answer it gives up, and in any case after thirty times as long and
    the time that a file of the announced size takes at 128 KiB per second.

    Raises:
        DataError: the server could not be reached, or sent something else.
    """
    import requests  # noqa: PLC0415  (70 ms, and seldom needed)
    from requests.adapters import HTTPAdapter  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    deadline = time.monotonic() + 30 * timeout
    asked = {"Accept-Encoding": "identity"}  # the file as it is
    try:
        with replacing(target) as part, requests.Session() as session:
            session.adapters.clear()
            session.mount(_ALLOWED, HTTPAdapter())
            try:
                with session.get(url, stream=True, timeout=timeout, headers=asked) as response:
                    response.raise_for_status()
                    _copy(response.raw, part, url, max_bytes, deadline)
            except requests.exceptions.InvalidSchema as error:
                raise DataError(f"{url} is not downloaded: only https addresses are") from error
            except requests.ConnectionError as error:
                why = type(getattr(error.args[0], "reason", error)).__name__
                raise DataError(f"{url} could not be downloaded: no connection ({why})") from error
            except (OSError, HTTPError) as error:  # all of requests' errors are OSErrors
                raise DataError(f"{url} could not be downloaded: {error}") from error
            _check_content(part, url, sha256, sum_of)
    except RunError as error:
        raise DataError(f"{url} is not kept: {error}") from error


def _copy(response: Any, part: Path, url: str, max_bytes: int, deadline: float) -> None:
    """Write what comes, as it is sent; fewer bytes than were announced are urllib3's error."""
    received, announced = 0, response.length_remaining
    deadline += (announced or 0) / _SLOWEST
    name = url.rpartition("/")[2]
    # disable=None: no bar where standard error is not a terminal
    with (
        part.open("wb") as file,
        tqdm(total=announced, unit="B", unit_scale=True, desc=name, disable=None) as bar,
    ):
        # read1 returns what has come, so that a server that trickles meets the deadline.
        while chunk := response.read1(_CHUNK):
            received += len(chunk)
            if (size := max(received, announced or 0)) > max_bytes:
                raise DataError(f"{url} has {size:,} bytes or more, the limit is {max_bytes:,}")
            if time.monotonic() > deadline:
                raise DataError(f"{url} is too slow: {received:,} bytes have come")
            file.write(chunk)
            bar.update(len(chunk))


def _check_content(part: Path, url: str, sha256: str, sum_of: Callable[[Path], str]) -> None:
    try:
        got = sum_of(part)
    except DataError as error:
        raise DataError(f"{url} gave a damaged file: {error}") from error
    if got != sha256:
        raise DataError(
            f"{url} gave a file that is not the published one: "
            f"its SHA-256 is {got}, expected {sha256}"
        )
