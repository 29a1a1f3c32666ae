"""The picture files of a folder or a zip archive: their names, and their bytes when needed.

An archive may come from anyone. Nothing of it is written to a disk: members are read as bytes.
"""

from __future__ import annotations

import io
import logging
import os
import re
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from convgan.errors import DataError, counted

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"})
PARTS = ("train", "test")
_ARCHIVES = frozenset({".zip", ".npz", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"})
# Not LZMA, which allocates the 4 GB of dictionary that a member may announce.
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MAX_DIRECTORY_BYTES = 1 << 25  # some 300,000 members, for which zipfile takes some 200 MB
# What all pictures of an archive may unpack to: pictures are compressed already.
_MAX_SMALL_BYTES = 1 << 30
_MAX_RATIO = 100
_LEADING_OUT = re.compile(r"/|[A-Za-z]:|(.*/)?\.\.(/|$)", re.DOTALL)

logger = logging.getLogger("convgan")


@dataclass(frozen=True, slots=True)
class PictureFile:
    """One picture file, which may be hostile."""

    path: Path
    """Where it is, in words: a member stands below its archive."""
    parts: tuple[str, ...]
    """Its name below the folder or archive, the folders in it first."""
    size: int
    modified: int
    """When the file, or the archive, was changed: nanoseconds."""
    open: Callable[[], BinaryIO]


@contextmanager
def picture_files(root: Path) -> Iterator[list[PictureFile]]:
    """Yield the picture files in a folder or zip archive by name; none that is hidden.

    Raises:
        DataError: it cannot be read, or the archive is encrypted, a bomb or ambiguous.
    """
    if root.is_dir():
        yield sorted(_in_folder(root), key=lambda file: file.parts)
        return
    with ExitStack() as opened:
        try:
            stream = opened.enter_context(_Bounded(io.FileIO(root)))
            archive = opened.enter_context(zipfile.ZipFile(stream))
            files = sorted(_in_archive(root, archive), key=lambda file: file.parts)
        except DataError:
            raise
        # ValueError and the two before it: impossible offsets, and versions that zipfile refuses.
        except (
            zipfile.BadZipFile,
            OSError,
            struct.error,
            NotImplementedError,
            ValueError,
        ) as error:
            raise DataError(f"{root} cannot be read as a zip archive: {error}") from error
        yield files


def loose_file(path: Path, root: Path) -> PictureFile:
    """Return a file as it lies in a folder, with its name below `root`."""
    found = path.stat()
    parts = path.relative_to(root).parts
    return PictureFile(path, parts, found.st_size, found.st_mtime_ns, lambda: path.open("rb"))


def _in_folder(root: Path) -> Iterator[PictureFile]:
    """What lies in the root or a folder in it, or if it has train/ or test/, in those."""
    tops = [root / part for part in PARTS]
    for part in tops:
        if _leads_out(part, root):
            raise DataError(
                f"{part} is a link to outside of {root}; give data.folder the folder "
                "that holds both, or copy the pictures"
            )
    for top in [part for part in tops if part.is_dir()] or [root]:
        for entry in _visible(top, root):
            for path in _visible(entry, root) if entry.is_dir() else [entry]:
                if path.suffix.lower() in SUFFIXES and path.is_file():
                    yield loose_file(path, root)


def _visible(folder: Path, root: Path) -> list[Path]:
    """What is in a folder, by name, without hidden files and links that lead out of the root."""
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror or error}") from error
    leading_out = [path for path in entries if _leads_out(path, root)]
    for path in leading_out:
        logger.warning("%s is left out: it is a link to outside of %s", path, root)
    return [path for path in entries if path not in leading_out]


def _leads_out(path: Path, root: Path) -> bool:
    """Whether this is a link that leads to outside of the root, or nowhere."""
    if not path.is_symlink():
        return False
    try:
        return not path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # links that go round in a circle
        return True


class _Bounded(io.BufferedReader):
    """zipfile reads an archive's directory at once, of whatever size the archive says it has."""

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, os.fstat(self.fileno()).st_size - self.tell())
        asked = left if size is None or size < 0 else min(size, left)
        if asked > _MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile(
                f"its directory has {asked:,} bytes, more than the limit of "
                f"{_MAX_DIRECTORY_BYTES:,}; unpack it, and name the folder"
            )
        return super().read(asked)


def _in_archive(path: Path, archive: zipfile.ZipFile) -> Iterator[PictureFile]:
    """The pictures of an archive; if all lie in one folder, as they lie in that."""
    members: dict[tuple[str, ...], zipfile.ZipInfo] = {}
    left_out: dict[str, list[str]] = {}
    for info in archive.infolist():
        name = info.filename.replace("\\", "/")  # as some programs on Windows write it
        parts = tuple(part for part in name.split("/") if part not in ("", "."))
        suffix = Path(name).suffix.lower()
        hidden = any(part.startswith(".") for part in parts if part != "..")
        if name.endswith("/") or hidden or suffix not in SUFFIXES | _ARCHIVES:
            continue
        if why := _why_not(info, name, suffix):
            left_out.setdefault(why, []).append(name)
        elif info.flag_bits & 1:
            raise DataError(f"{path}: {name!r} is encrypted; unpack it, and name the folder")
        elif members.setdefault(parts, info) is not info:
            raise DataError(f"{path}: two members have the name {name!r}; pack it anew")
    for why, names in left_out.items():
        logger.warning(
            "%s: %s left out, %r: %s", path, counted(len(names), "member"), names[0], why
        )
    found, total = path.stat(), sum(info.file_size for info in members.values())
    if total > max(_MAX_SMALL_BYTES, _MAX_RATIO * found.st_size):
        raise DataError(
            f"{path} is suspiciously large: its {found.st_size:,} bytes would become {total:,}; "
            "unpack it, and name the folder"
        )
    shared = os.path.commonprefix([parts[:-1] for parts in members])  # noqa: RUF071  of tuples
    depth = next((i for i, part in enumerate(shared) if part in PARTS), len(shared))
    for parts, info in members.items():
        where, opening = path.joinpath(*parts), partial(_unpacked, archive, info)
        yield PictureFile(where, parts[depth:], info.file_size, found.st_mtime_ns, opening)


def _why_not(info: zipfile.ZipInfo, name: str, suffix: str) -> str | None:
    if _LEADING_OUT.match(name):
        return "its name leads out of the archive"
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        return "it is a link, or no file"
    return "archives in an archive are not opened" if suffix in _ARCHIVES else None


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    """A member's bytes: no more than its announced size, and with its checksum."""
    if info.compress_type not in _COMPRESSIONS:
        raise DataError(f"is compressed by method {info.compress_type}, not deflate")
    content = io.BytesIO()
    with archive.open(info) as stream:
        shutil.copyfileobj(stream, content, 1 << 20)
    content.seek(0)
    return content
