from __future__ import annotations

import gzip
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convgan.data import download, read_idx
from convgan.data.idx import idx_sha256
from convgan.errors import DataError

from .making import idx_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ARRAY = np.random.default_rng(0).integers(0, 256, (4, 5, 5), np.uint8)
GOOD = gzip.compress(idx_bytes(ARRAY))
SUM = idx_sha256(ARRAY)
stop = threading.Event()


def plain_sum(path: Path) -> str:
    return idx_sha256(read_idx(path))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/missing.gz":
            self.send_error(404)
        elif self.path in ("/to-http.gz", "/to-good.gz"):
            self.send_response(302)
            target = "http://elsewhere.invalid/x" if "http" in self.path else "/good.gz"
            self.send_header("Location", target)
            self.end_headers()
        elif self.path == "/hang.gz":
            stop.wait(5)
        elif self.path == "/trickle.gz":
            self._begin(len(GOOD))
            for byte in GOOD:
                if stop.wait(0.02):
                    return
                self._send(bytes([byte]))
        elif self.path == "/truncated.gz":
            self._begin(len(GOOD))
            self._send(GOOD[:-5])
        elif self.path == "/unannounced.gz":
            self._begin(None)
            self._send(bytes(5000))
        elif self.path == "/no-idx.gz":
            self._begin(3)
            self._send(b"abc")
        else:
            self._begin(len(GOOD))
            self._send(GOOD)

    def _begin(self, length: int | None) -> None:
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _send(self, content: bytes) -> None:
        try:
            self.wfile.write(content)
            self.wfile.flush()
        except OSError:
            stop.wait(0)

    def log_message(self, *args: object) -> None:
        """Silent."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    stop.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        stop.set()
        http.shutdown()
        thread.join()


def get(
    url: str, target: Path, *, max_bytes: int = 4000, timeout: float = 5.0, sha256: str = SUM
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(download, "_ALLOWED", "http://127.0.0.1")
        download.download(
            url, target, sha256=sha256, sum_of=plain_sum, max_bytes=max_bytes, timeout=timeout
        )


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", ["good.gz", "to-good.gz"])
def test_a_good_file_is_kept(server: str, tmp_path: Path, name: str) -> None:
    target = tmp_path / "new" / "x.gz"
    get(f"{server}/{name}", target)
    np.testing.assert_array_equal(read_idx(target), ARRAY)
    assert left(tmp_path) == ["x.gz"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.gz", "404"),
        ("truncated.gz", "could not be downloaded: .*IncompleteRead"),
        ("unannounced.gz", "bytes or more, the limit is"),
        ("no-idx.gz", "gave a damaged file"),
        ("to-http.gz", "only https"),
    ],
)
def test_anything_else_is_not_kept(server: str, tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "x.gz").write_bytes(b"old")
    with pytest.raises(DataError, match=message) as caught:
        get(f"{server}/{name}", tmp_path / "x.gz")
    assert "http" in str(caught.value)
    assert left(tmp_path) == ["x.gz"]
    assert (tmp_path / "x.gz").read_bytes() == b"old"


def test_another_file_than_the_published(server: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not the published one"):
        get(f"{server}/good.gz", tmp_path / "x.gz", sha256="0" * 64)
    assert left(tmp_path) == []


def test_an_announced_size_over_the_limit(server: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gz has [\d,]+ bytes or more, the limit is 50"):
        get(f"{server}/good.gz", tmp_path / "x.gz", max_bytes=50)
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "timeout", "message"),
    [("hang.gz", 0.1, "timed out"), ("trickle.gz", 0.01, "too slow|timed out")],
)
def test_a_slow_server_is_given_up(
    server: str, tmp_path: Path, name: str, timeout: float, message: str
) -> None:
    begun = time.monotonic()
    with pytest.raises(DataError, match=message):
        get(f"{server}/{name}", tmp_path / "x.gz", timeout=timeout)
    assert time.monotonic() - begun < 2
    assert left(tmp_path) == []


def test_a_trickle_meets_the_deadline(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The socket's own time-out never comes: each byte is in time.
    clock = iter(float(seconds) for seconds in range(0, 100_000, 50))
    monkeypatch.setattr("convgan.data.download.time.monotonic", lambda: next(clock))
    with pytest.raises(DataError, match="too slow"):
        get(f"{server}/trickle.gz", tmp_path / "x.gz")


def test_ctrl_c_leaves_nothing(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "_check_content", interrupt)
    with pytest.raises(KeyboardInterrupt):
        get(f"{server}/good.gz", tmp_path / "x.gz")
    assert left(tmp_path) == []


@pytest.mark.parametrize("url", ["http://example.invalid/x", "file:///etc/hosts", "ftp://x/y"])
def test_https_only(tmp_path: Path, url: str) -> None:
    with pytest.raises(DataError, match="only https"):
        download.download(url, tmp_path / "x.gz", sha256=SUM, sum_of=plain_sum)


def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"downloaded: no connection \(NewConnectionError\)$"):
        get("http://127.0.0.1:9/x.gz", tmp_path / "x.gz")
