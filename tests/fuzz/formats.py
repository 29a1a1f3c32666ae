"""Edits within a format, which then is closed with its checksums mended.

So the parser behind a checksum is reached too. An editor that cannot open its input, since that
is from elsewhere, edits the bytes.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from safetensors.numpy import load, save

from convgan.arrays import digest_of

from .edits import Edit

Editor = Callable[[Random, bytes, Edit], bytes]

_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 7, 0.5, 1e308, 1e999, 10**9, 2**31, 2**63, -(2**63), 10**30,
    "", "a", "\0", "float64", "channels_first", "relu", "same", "../../etc/passwd", "é" * 300,
    [], {}, [1, 1], [1, 1, 1], [None, 5], [None, 2**40], [9999, 9999], [[9999, 9999], [0, 0]],
    {"class_name": "__lambda__", "config": {"value": "x"}},
    {"class_name": "__numpy__", "config": {"value": "a", "dtype": "S1000000000"}},
    {"class_name": "function", "module": "builtins", "config": "eval", "registered_name": "eval"},
)  # fmt: skip
_KEYS = ("lora_rank", "shared_object_id", "class_name", "registered_name", "a")
_WORDS = (
    ": ", "- ", ", ", "? ", "&a ", "*a", "<<: ", "!!python/object:os.system ", "!!int ", "!!set ",
    "!!bool x",
    "{", "}", "[", "]", "|\n", ">\n", "'", '"', "#", "\t", "\n", "---\n", "...\n", "%YAML 9.9\n",
    "0x", "0x" + "f" * 5000, "0b_", "1:59:59", "9" * 5000, "1e999", ".nan", "-.inf", "2001-99-99",
    "2001-01-01T99:99:99Z", '"\\ud800"', '"\\U00110000"', '"\\0"', "~", "yes", "=", "\u2028",
    "\ufeff", "\x07", "a" * 2000, "[" * 400, "{a: " * 400, "name", "task", "model.", ".0.", "@",
)  # fmt: skip
_DTYPES = ("F64", "F32", "F16", "BF16", "I64", "I32", "U8", "BOOL", "F8_E4M3", "C64")
_MEMBERS = (
    "{}", "../{}", "a/../../{}", "/{}", "C:\\{}", "..\\{}", "./{}", "{}/a.png", "{}.zip", "a/{}",
    ".{}", "train/{}", "test/{}", "{}\0.png", "é{}", "a/" * 5000 + "{}", " {}",
)  # fmt: skip
_SIZES = (0, 1, 4, 7, 2**20, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)
_TEXT_WORD = re.compile(r"[^\s:,={}\[\]]+")
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNKS = (b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"zTXt", b"iTXt", b"acTL", b"fdAT", b"IDAT")


def edit_gzip(rng: Random, data: bytes, edit: Edit) -> bytes:
    """Edit what a gzip file holds."""
    try:
        plain = gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return edit(data)
    return gzip.compress(edit(plain), 1, mtime=0)


def edit_tar_gz(rng: Random, data: bytes, edit: Edit) -> bytes:
    """Edit a header of the tar archive in a gzip file and mend its checksum, or move a member."""
    try:
        plain = bytearray(gzip.decompress(data))
    except (OSError, EOFError, zlib.error):
        return edit(data)
    heads = [at for at in range(0, len(plain) - 511, 512) if plain[at + 257 : at + 262] == b"ustar"]
    at = rng.choice(heads or [0])
    head = (
        bytearray(edit(bytes(plain[at : at + 157]))[:157].ljust(157, b"\0"))
        + plain[at + 157 : at + 512]
    )
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    if rng.random() < 0.2:
        start = rng.choice(heads or [0])
        plain[start:start] = plain[at : at + rng.choice((512, 4096, 1 << 14))]
    plain[at : at + 512] = head
    return gzip.compress(bytes(plain), 1, mtime=0)


def edit_mat(rng: Random, data: bytes, edit: Edit) -> bytes:
    """Edit what a variable of a MAT-file holds, packed again if it was, or have it twice."""
    parts, at = [data[:128]], 128
    while at + 8 <= len(data):
        (size,) = struct.unpack_from("<I", data, at + 4)
        parts.append(data[at : at + 8 + size])
        at += 8 + size
    place = rng.randrange(len(parts))
    kind, content = parts[place][:4], parts[place][8:]
    if place == 0 or rng.random() < 0.1:
        parts[place] = edit(parts[place])
        parts.append(rng.choice(parts))
    elif kind == b"\x0f\0\0\0":
        try:
            content = zlib.compress(edit(zlib.decompress(content)), 1)
        except zlib.error:
            content = edit(content)
    else:
        content = edit(content)
    if place:
        parts[place] = kind + struct.pack("<I", len(content)) + content
    return b"".join(parts)


def edit_zip(rng: Random, data: bytes, edit: Edit) -> bytes:
    """Edit a member, or leave one out, or have it twice, or compress it otherwise."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    place = rng.randrange(len(members))
    info, content = members[place]
    what = rng.random()
    if what < 0.9:
        members[place] = (info, edit(content))
    elif what < 0.93:
        members[place : place + 1] = []
    elif what < 0.96:
        info.compress_type = rng.choice((0, 8, 12, 14))
    else:
        renamed = rng.choice((info.filename, f"../{info.filename}", "assets/a"))
        members.append((zipfile.ZipInfo(renamed, info.date_time), content))
    written = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(written, "w") as archive:
        warnings.simplefilter("ignore")  # of two members of one name
        for info, content in members:
            archive.writestr(info, content)
    return written.getvalue()


def edit_members(rng: Random, data: bytes, edit: Edit) -> bytes:
    """Have a member with a name that leads elsewhere, or twice, or a link, encrypted or nested."""
    written = io.BytesIO(data)
    with warnings.catch_warnings(), zipfile.ZipFile(written, "a") as archive:
        warnings.simplefilter("ignore")  # of two members of one name
        members = archive.infolist()
        for _ in range(rng.choice((1, 1, 3))):
            old = rng.choice(members)
            name = rng.choice(_MEMBERS).format(old.filename)
            info = zipfile.ZipInfo(name, old.date_time)
            info.external_attr = rng.choice((0, 0o644, 0o100644, 0o120777, 0o040755, 0o10644)) << 16
            info.create_system = rng.choice((0, 3, 255))
            archive.writestr(info, edit(name.encode()) if rng.random() < 0.5 else data)
            info.flag_bits |= rng.choice((0, 0, 1, 0x20, 0x40, 0x800))  # in the directory only
            info.file_size = rng.choice((info.file_size, *_SIZES[:6]))
    return written.getvalue()


def edit_safetensors(rng: Random, data: bytes, edit: Edit) -> bytes:
    """Edit the header's tree, what is told in its metadata, the arrays, or their number."""
    try:
        length = int.from_bytes(data[:8], "little")
        header, payload = json.loads(data[8 : 8 + length]), data[8 + length :]
        told = json.loads(header["__metadata__"].get("convgan", "null"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return edit(data)
    names = [name for name in header if name != "__metadata__"]
    what = rng.random()
    if what < 0.3 and told:
        told = json.loads(edit_json(rng, json.dumps(told).encode(), edit))
        header["__metadata__"]["convgan"] = json.dumps(told)
    elif what < 0.6:
        header = json.loads(edit_json(rng, json.dumps(header).encode(), edit))
    elif what < 0.75:
        entry = header[rng.choice(names)]
        key = rng.choice(("dtype", "shape", "data_offsets"))
        entry[key] = rng.choice((rng.choice(_DTYPES), rng.choice(_VALUES), [0, rng.choice(_SIZES)]))
    elif what < 0.85:
        header[rng.choice(("a", *names))] = header.pop(rng.choice(names))
    elif what < 0.95:
        payload = edit(payload)
    text = json.dumps(header).encode()
    length = len(text) if what < 0.98 else rng.choice(_SIZES)
    return _mended(length.to_bytes(8, "little") + text + payload, told)


def _mended(data: bytes, told: Any) -> bytes:
    """The file with the checksum of what it then holds, where that can be computed."""
    try:
        arrays = load(data)
        told = {key: value for key, value in told.items() if key != "sha256"}
        return save(arrays, {"convgan": json.dumps(told | {"sha256": digest_of(told, arrays)})})
    except Exception:  # it is no safetensors file now, which is for the reader to say
        return data


def edit_png(rng: Random, data: bytes, edit: Edit) -> bytes:
    """Edit a chunk, often within its compressed data, and mend the chunks' checksums."""
    if not data.startswith(_PNG_SIGNATURE):
        return edit(data)
    chunks = list(_png_chunks(data))
    place = rng.randrange(len(chunks))
    kind, content = chunks[place]
    what = rng.random()
    if kind == b"IDAT" and what < 0.5:
        chunks[place] = (kind, zlib.compress(edit(zlib.decompress(content)), 1))
    elif what < 0.8:
        chunks[place] = (kind, edit(content))
    elif what < 0.9:
        chunks.insert(place, (rng.choice(_PNG_CHUNKS), edit(content)))
    else:
        chunks[place : place + 1] = [] if what < 0.95 else [chunks[place]] * 2
    return _PNG_SIGNATURE + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_PNG_SIGNATURE)
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        yield data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        place += 12 + length


def edit_text(rng: Random, data: bytes, edit: Edit) -> bytes:
    """Put a word that means something to YAML at a word's place or anywhere, or move a line."""
    text = data.decode("utf-8", "replace")
    for _ in range(rng.choice((1, 1, 2, 3))):
        words = [match.span() for match in _TEXT_WORD.finditer(text)]
        place = rng.randint(0, len(text))
        start, end = rng.choice(words or [(place, place)])
        lines = text.splitlines(keepends=True)
        line = rng.choice(lines or [""])
        text = rng.choice(
            (
                text[:start] + rng.choice(_WORDS) + text[end:],
                text[:start] + rng.choice(_WORDS) + text[end:],
                text[:place] + rng.choice(_WORDS) + text[place:],
                text.replace(
                    line, rng.choice(("", line * 2, " " + line, rng.choice(lines or [""])))
                ),
            )
        )
    return text.encode("utf-8", "surrogatepass")


def edit_json(rng: Random, data: bytes, edit: Edit) -> bytes:
    """Put another value, or another branch of the same tree, somewhere into it."""
    tree = json.loads(data)
    places = list(_places(tree))
    for _ in range(rng.choice((1, 1, 2))):
        holder, key = rng.choice(places)
        other, its_key = rng.choice(places)
        branch = json.loads(json.dumps(other.get(its_key) if isinstance(other, dict) else other))
        what = rng.random()
        if what < 0.15 and isinstance(holder, dict):
            holder[rng.choice(_KEYS)] = rng.choice(_VALUES)
        elif what < 0.15:
            holder.append(branch)
        else:
            holder[key] = branch if what < 0.3 else rng.choice(_VALUES)
    return json.dumps(tree).encode()


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Each place of a tree, as the dict or list that it is in and its key or index there."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        yield tree, key
        if isinstance(value, (dict, list)):
            yield from _places(value)
