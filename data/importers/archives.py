"""Open an uploaded file of shapes safely: size limit, zip archives, damaged and empty files.

Used by `data.importers.boundaries`.
Knows nothing of what the file holds.
"""

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from data.errors import ImportRefused

_PARTS: Final = frozenset(
    {".shp", ".shx", ".dbf", ".prj", ".cpg", ".gpkg", ".geojson", ".json", ".fgb", ".parquet"}
)
_MAINS: Final = (".shp", ".gpkg", ".geojson", ".fgb", ".parquet", ".json")
_MAX_UNPACKED_BYTES: Final = 4 * 1024**3
_MAX_MEMBERS: Final = 2000


@contextmanager
def opened(path: Path, *, max_bytes: int | None = None) -> Iterator[Path]:
    """Give the path to read: the file itself, or the one file of shapes unpacked from a zip.

    Raises
    ------
    ImportRefused
        ``file_missing``, ``file_empty``, ``file_too_large``, ``damaged_zip``,
        ``zip_without_shapes``, ``zip_with_several``, ``shapefile_incomplete``.
    """
    if not path.is_file():
        raise ImportRefused("file_missing", file=path.name)
    size = path.stat().st_size
    if size == 0:
        raise ImportRefused("file_empty", file=path.name)
    if max_bytes is not None and size > max_bytes:
        raise ImportRefused("file_too_large", file=path.name, bytes=size, limit=max_bytes)
    if path.suffix.lower() != ".zip":
        _require_siblings(path)
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="gridbeat-") as folder:
        yield _unpacked(path, Path(folder))


def _unpacked(path: Path, folder: Path) -> Path:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if _is_wanted(m.filename)]
            unpacked = sum(member.file_size for member in members)
            if len(members) > _MAX_MEMBERS or unpacked > _MAX_UNPACKED_BYTES:
                raise ImportRefused(
                    "file_too_large",
                    file=path.name,
                    bytes=unpacked,
                    limit=_MAX_UNPACKED_BYTES,
                )
            for member in members:
                name = PurePosixPath(member.filename.replace("\\", "/")).name
                with archive.open(member) as inside, (folder / name).open("wb") as outside:
                    shutil.copyfileobj(inside, outside)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise ImportRefused("damaged_zip", file=path.name) from error
    return _main_file(path, folder)


def _is_wanted(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in _PARTS and not name.startswith("__MACOSX")


def _main_file(path: Path, folder: Path) -> Path:
    for suffix in _MAINS:
        found = sorted(p for p in folder.iterdir() if p.suffix.lower() == suffix)
        if len(found) > 1:
            raise ImportRefused("zip_with_several", file=path.name, files=[p.name for p in found])
        if found:
            _require_siblings(found[0])
            return found[0]
    raise ImportRefused("zip_without_shapes", file=path.name)


def _require_siblings(path: Path) -> None:
    if path.suffix.lower() != ".shp":
        return
    present = {p.suffix.lower() for p in path.parent.glob(f"{path.stem}.*")}
    absent = [suffix for suffix in (".dbf", ".shx") if suffix not in present]
    if absent:
        raise ImportRefused("shapefile_incomplete", file=path.name, missing=absent)
