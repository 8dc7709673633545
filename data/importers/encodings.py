"""Find out which encoding a text table is in: UTF-8, GB18030 (GBK) or Big5.

Used by `data.importers.delimited` and `data.importers.features`. Plausibility: real Chinese text
is made almost wholly of the frequent characters, which stand in one block of each double-byte set
(GB 2312 level 1: lead bytes B0-D7; Big5 level 1: A4-C6).
"""

import codecs
from collections.abc import Sequence
from typing import Final

from charset_normalizer import from_bytes

from data.errors import ImportRefused

UTF8, UTF16, GB, BIG5 = "utf-8", "utf-16", "gb18030", "cp950"
_BOMS: Final = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF16_LE, UTF16),
    (codecs.BOM_UTF16_BE, UTF16),
)
_LEVEL_1: Final = {GB: ("gb2312", 0xB0, 0xD7), BIG5: ("big5", 0xA4, 0xC6)}
_PUNCTUATION: Final = {GB: (0xA1, 0xA9), BIG5: (0xA1, 0xA3)}
_ALIASES: Final = {"gbk": GB, "gb2312": GB, "cp936": GB, "big5": BIG5, "utf-8-sig": UTF8}
_MOSTLY: Final = 0.9
_MAX_SIGNS: Final = 6000


def encoding_of_bom(head: bytes) -> str | None:
    """Name the encoding that a byte order mark states."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    return None


def stated_encoding(name: str) -> str:
    """Check a stated encoding; GBK is read as its superset GB18030, Big5 as cp950.

    Raises
    ------
    ImportRefused
        `unknown_encoding`.
    """
    try:
        known = codecs.lookup(name.strip()).name
    except LookupError as error:
        raise ImportRefused("unknown_encoding", value=name, known=[UTF8, GB, BIG5]) from error
    return _ALIASES.get(known, known)


def detect_encoding(lines: Sequence[bytes]) -> str:
    """Decide from the lines of a file that hold bytes above 7F.

    UTF-8 where nine of ten lines are valid (a single broken line is a bad row, not another
    encoding); else the double-byte set under which the text is most plausible; a draw is settled
    by charset-normalizer.
    """
    if not lines or _decodable(lines, UTF8) >= _MOSTLY:
        return UTF8
    scores = {name: _plausibility(lines, name) for name in (GB, BIG5)}
    better, other = sorted(scores, key=lambda name: -scores[name])
    if scores[better] >= 0.5 and scores[better] - scores[other] >= 0.05:  # noqa: PLR2004 - half the signs; a clear lead
        return better
    guess = from_bytes(b"\n".join(lines[:500]), cp_isolation=[GB, BIG5, "cp1252"]).best()
    return _ALIASES.get(guess.encoding, guess.encoding) if guess is not None else better


def _decodable(lines: Sequence[bytes], encoding: str) -> float:
    return sum(_is_valid(line, encoding) for line in lines) / len(lines)


def _is_valid(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _plausibility(lines: Sequence[bytes], encoding: str) -> float:
    """Share of signs above 7F that are frequent characters or punctuation of the set."""
    text = b"\n".join(lines[:2000]).decode(encoding, errors="replace")
    signs = [sign for sign in text if sign > "\x7f"][:_MAX_SIGNS]
    if not signs:
        return 0.0
    codec, low, high = _LEVEL_1[encoding]
    mark_low, mark_high = _PUNCTUATION[encoding]
    frequent = 0
    for sign in signs:
        lead = sign.encode(codec, errors="ignore")[:1]
        if lead and (low <= lead[0] <= high or mark_low <= lead[0] <= mark_high):
            frequent += 1
    return frequent / len(signs) * _decodable(lines, encoding)
