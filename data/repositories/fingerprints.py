"""Take fingerprints of files and records, by which an import knows what it has seen.

Used by importers and by the writers of places and people.
Knows nothing of what is in them.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_BLOCK_BYTES = 1 << 20


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def content_hash(content: Mapping[str, Any], shape: bytes = b"") -> str:
    """Return the SHA-256 of a record's values and of its shape's bytes."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode() + b"\x00" + shape).hexdigest()
