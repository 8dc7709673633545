"""Keep an uploaded file in a folder of its own until it is imported, and remove it afterwards.

Used by the import screen. The folder also goes when the visitor's session ends.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import BinaryIO

_UNSAFE: Final = re.compile(r"[\x00-\x1f/\\:]")
_CHUNK_BYTES: Final = 1024 * 1024
_LONGEST_NAME: Final = 120


class Folder:
    """A folder of one upload; it goes when nobody holds it any more, or when the process ends."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="gridbeat-upload-"))
        self._remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def remove(self) -> None:
        """Remove it now."""
        self._remove()


@dataclass(frozen=True)
class Upload:
    """A file that came through the browser; it is removed together with `folder`.

    Attributes
    ----------
    file_name, size_bytes
        As it was uploaded.
    path
        What is read: the file itself, or the one repaired from it.
    original
        The file as uploaded, where `path` is a repaired one; else None.
    """

    file_name: str
    path: Path
    size_bytes: int
    folder: Folder = field(compare=False, repr=False)
    original: Path | None = None


def keep_upload(file_name: str, stream: BinaryIO) -> Upload:
    """Copy an upload into a new folder under its own name, without any path in it."""
    folder = Folder()
    name = _UNSAFE.sub("_", file_name)[-_LONGEST_NAME:] or "upload"
    path = folder.path / name
    size = 0
    with path.open("wb") as target:
        while chunk := stream.read(_CHUNK_BYTES):
            size += target.write(chunk)
    return Upload(file_name, path, size, folder)


def drop_upload(upload: Upload | None) -> None:
    """Remove the file and its folder; a second time does nothing."""
    if upload is not None:
        upload.folder.remove()
