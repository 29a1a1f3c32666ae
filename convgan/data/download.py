"""Get one idx file from the web, and keep it only if it is the published one."""

from __future__ import annotations

import http.client
import os
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from tqdm import tqdm

from convgan.data.idx import idx_sha256, read_idx
from convgan.errors import DataError

MAX_DOWNLOAD_BYTES = 64 << 20
_CHUNK = 1 << 16
_LOOPBACK = ("127.0.0.1", "localhost")


def download_idx(
    url: str,
    target: Path,
    *,
    sha256: str,
    max_bytes: int = MAX_DOWNLOAD_BYTES,
    timeout: float = 10.0,
    allow_loopback_http: bool = False,
) -> None:
    """Download an idx file (gzipped or not) to `target`, whole and checked or not at all.

    Args:
        url: https only.
        target: the file to write; its folder is made.
        sha256: of the plain idx file, in hex.
        max_bytes: the most to accept, both of the download and of the unpacked array.
        timeout: seconds without an answer before giving up; thirty times as long for all.
        allow_loopback_http: plain http from this machine itself, for tests.

    Raises:
        DataError: the server could not be reached, or sent something else.
    """
    opener = urllib.request.build_opener(_CheckedRedirects(allow_loopback_http))
    _check_scheme(url, allow_loopback_http)
    deadline = time.monotonic() + 30 * timeout
    part: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with opener.open(url, timeout=timeout) as response:
            handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
            part = Path(name)
            with os.fdopen(handle, "wb") as file:
                _copy(response, file, url, max_bytes, deadline)
        _check_content(part, url, sha256, max_bytes)
        part.replace(target)
    except (URLError, http.client.HTTPException, OSError) as error:  # includes time-outs
        if isinstance(error, HTTPError):
            error.close()
        raise DataError(f"{url} could not be downloaded: {error}") from error
    finally:  # Ctrl-C too
        if part is not None:
            part.unlink(missing_ok=True)


class _CheckedRedirects(urllib.request.HTTPRedirectHandler):
    """urllib would follow a redirection from https to http."""

    def __init__(self, allow_loopback_http: bool) -> None:
        self._allow_loopback_http = allow_loopback_http

    def redirect_request(  # noqa: PLR0917  (the signature is the standard library's)
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        try:
            _check_scheme(newurl, self._allow_loopback_http)
        except DataError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_scheme(url: str, allow_loopback_http: bool) -> None:
    parts = urlsplit(url)
    loopback = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if parts.scheme != "https" and not (loopback and allow_loopback_http):
        raise DataError(f"{url} is not downloaded: only https addresses are")


def _copy(response: Any, file: IO[bytes], url: str, max_bytes: int, deadline: float) -> None:
    announced = response.headers.get("Content-Length")
    total = int(announced) if announced and announced.isdecimal() else None
    received = 0
    # disable=None: no bar where standard error is not a terminal
    with tqdm(
        total=total, unit="B", unit_scale=True, desc=url.rpartition("/")[2], disable=None
    ) as bar:
        if total is not None and total > max_bytes:
            raise DataError(f"{url} has {total:,} bytes, more than the limit of {max_bytes:,}")
        # read1 returns what has come, so that a server that trickles meets the deadline.
        while chunk := response.read1(_CHUNK):
            received += len(chunk)
            if received > max_bytes:
                raise DataError(f"{url} sends more than the limit of {max_bytes:,} bytes")
            if time.monotonic() > deadline:
                raise DataError(f"{url} is too slow: {received:,} bytes have come")
            file.write(chunk)
            bar.update(len(chunk))
    if total is not None and received != total:
        raise DataError(f"{url} broke off after {received:,} of {total:,} bytes; try again")


def _check_content(part: Path, url: str, sha256: str, max_bytes: int) -> None:
    try:
        got = idx_sha256(read_idx(part, max_bytes=max_bytes))
    except DataError as error:
        raise DataError(f"{url} gave no idx file: {error}") from error
    if got != sha256:
        raise DataError(
            f"{url} gave a file that is not the published one: "
            f"its SHA-256 is {got}, expected {sha256}"
        )
