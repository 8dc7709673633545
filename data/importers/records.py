"""Cut the bytes of a delimited text into whole records, and look such a file over once.

Used by `data.importers.delimited`. Knows nothing of columns.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Final, cast

import numpy as np

from data.errors import ImportRefused
from data.importers.encodings import UTF8
from data.importers.rows import IntArray

BLOCK_BYTES: Final = 4 * 1024 * 1024
SAMPLE_BYTES: Final = 256 * 1024
LONGEST_FIELD: Final = 1_000_000
_MOST_LINES: Final = 3000


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over the file told."""

    sample: bytes
    foreign_lines: list[bytes]
    record_count: int
    has_loose_quotes: bool


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, unpacked where it is gzipped."""
    if path.name.lower().endswith(".gz"):
        return cast("IO[bytes]", gzip.open(path))
    return path.open("rb")


def head_of(path: Path) -> bytes:
    """Read the bytes of a byte order mark.

    Raises
    ------
    ImportRefused
        `file_damaged`.
    """
    try:
        with open_bytes(path) as stream:
            return stream.read(4)
    except (EOFError, OSError, zlib.error) as error:
        raise ImportRefused("file_damaged", file=path.name) from error


def _raw_blocks(path: Path, wide: str | None) -> Iterator[bytes]:
    with open_bytes(path) as stream:
        if wide is not None:
            reader = io.TextIOWrapper(stream, encoding=wide, newline="")
            while text := reader.read(BLOCK_BYTES):
                yield text.encode(UTF8)
            return
        while block := stream.read(BLOCK_BYTES):
            yield block


def blocks_of(path: Path, max_bytes: int, wide: str | None) -> Iterator[bytes]:
    """Give the bytes of the file, UTF-16 already turned into UTF-8, lone CR into LF."""
    total, old_mac = 0, False
    try:
        for block in _raw_blocks(path, wide):
            if total == 0:
                old_mac = b"\n" not in block and b"\r" in block
            total += len(block)
            if total > max_bytes:
                raise ImportRefused("file_too_large", file=path.name, bytes=total, limit=max_bytes)
            yield block.replace(b"\r", b"\n") if old_mac else block
    except (EOFError, OSError, zlib.error, UnicodeError) as error:
        raise ImportRefused("file_damaged", file=path.name) from error


def scan_file(path: Path, max_bytes: int, wide: str | None) -> Scan:
    """Look over the whole file once.

    Parameters
    ----------
    wide
        `utf-16` for such a file, else none.

    Raises
    ------
    ImportRefused
        `file_damaged`, `file_too_large`.
    """
    sample, records, loose = b"", 0, False
    foreign: list[bytes] = []
    carry = b""
    for block in blocks_of(path, max_bytes, wide):
        if len(sample) < SAMPLE_BYTES:
            sample += block[: SAMPLE_BYTES - len(sample)]
        if len(foreign) < _MOST_LINES and not block.isascii():
            lines = block.split(b"\n")
            foreign += [line for line in lines[1:-1] or lines if not line.isascii()]
        if loose:
            continue
        whole = carry + block
        ends = record_ends(whole)
        loose = _is_loose(whole) or (not len(ends) and len(whole) > LONGEST_FIELD)
        records += len(ends)
        carry = whole[ends[-1] + 1 :] if len(ends) else whole
    if carry.strip():
        records += 1
    if not loose and carry.count(b'"') % 2:
        loose = True
    cut = sample.rfind(b"\n")
    ends_inside = len(sample) >= SAMPLE_BYTES and cut > 0
    return Scan(sample[: cut + 1] if ends_inside else sample, foreign, records, loose)


def record_ends(block: bytes) -> IntArray:
    """Positions of the line ends that stand outside quotes."""
    signs = np.frombuffer(block, dtype=np.uint8)
    ends: IntArray = np.flatnonzero(signs == 10).astype(np.int64)  # noqa: PLR2004 - LF
    if b'"' not in block:
        return ends
    quotes = np.flatnonzero(signs == 34)  # noqa: PLR2004 - quote
    outside: IntArray = ends[np.searchsorted(quotes, ends) % 2 == 0]
    return outside


def _is_loose(block: bytes) -> bool:
    """Whether a quote opens in the middle of a field, as no CSV writer would put it."""
    if b'"' not in block:
        return False
    signs = np.frombuffer(block, dtype=np.uint8)
    opening = np.flatnonzero(signs == 34)[::2]  # noqa: PLR2004 - quote
    before = signs[np.maximum(opening - 1, 0)]
    allowed = np.isin(before, np.frombuffer(b',;|\t\n\r"\xbf', dtype=np.uint8))
    return not bool(np.all(allowed | (opening == 0)))


def record_groups(blocks: Iterator[bytes], size: int) -> Iterator[tuple[bytes, IntArray]]:
    """Give `size` whole records at a time: the bytes, and where each record's line end stands.

    The first group has one more, the header.
    """
    pending, wanted = b"", size + 1
    for block in chain(blocks, [b""]):
        is_last = not block
        pending += block
        if is_last and pending and not pending.endswith(b"\n"):
            pending += b"\n"
        ends = record_ends(pending)
        at = start = 0
        while len(ends) - at >= wanted or (is_last and at < len(ends)):
            last = min(at + wanted, len(ends)) - 1
            stop = int(ends[last]) + 1
            yield pending[start:stop], ends[at : last + 1] - start
            start, at, wanted = stop, last + 1, size
        pending = pending[start:]
