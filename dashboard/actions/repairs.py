"""Propose repairs of an uploaded file of boundaries, and make the repaired file.

Used by the repair components, through `dashboard.cache.repairs`. Knows nothing of screens; stored
boundaries are never changed here.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from data.importers.boundaries import has_shapes
from data.importers.place_columns import PlaceOptions
from data.importers.place_decisions import propose_file, write_decided
from data.importers.place_repair import ENDINGS
from data.repositories.audit import append_audit
from data.vocabulary import GridKind

if TYPE_CHECKING:
    from dashboard.actions.imports import Plan
    from dashboard.actions.uploads import Upload
    from data.database import Database
    from data.importers.place_decisions import GridsToRepair
    from data.viewer import Viewer
    from geo.repairs import RepairOutcome

_MARK: Final = "_repaired"


def can_repair(path: Path, plan: Plan) -> bool:
    """Whether a planned import is one of boundaries that must tile."""
    return plan.kind.is_place and plan.grid_kind == GridKind.BASE.value and has_shapes(path)


def propose(path: Path, plan: Plan) -> GridsToRepair:
    """Propose a repair for each fault of a file, read as planned.

    Raises
    ------
    ImportRefused
        Those of `propose_file`.
    """
    options = PlaceOptions(
        code=plan.mapping.get("code"),
        mapping={k: v for k, v in plan.mapping.items() if k in {"households", "residents"}},
        crs=plan.crs,
        datum=plan.datum,
        table=plan.table,
    )
    return propose_file(path, options)


def repaired_upload(upload: Upload, found: GridsToRepair, outcome: RepairOutcome) -> Upload:
    """Write the repaired file beside the uploaded one; the upload reads it from then on.

    Raises
    ------
    ImportRefused
        ``repair_not_written``.
    """
    source = upload.original or upload.path
    target = upload.folder.path / file_name(found)
    write_decided(found, outcome, target)
    return replace(upload, path=target, original=source)


def original_upload(upload: Upload) -> Upload:
    """Go back to the file as it was uploaded."""
    if upload.original is None:
        return upload
    return replace(upload, path=upload.original, original=None)


def file_name(found: GridsToRepair) -> str:
    """Name the repaired file: the old ending where it can be written.

    Where the file says no CRS, only GeoJSON keeps that it does not.
    """
    path = Path(found.name)
    stem = path.stem.removesuffix(_MARK)
    ending = path.suffix.lower() if path.suffix.lower() in ENDINGS else ".gpkg"
    return f"{stem}{_MARK}{ending if found.crs else '.geojson'}"


def file_of(found: GridsToRepair, outcome: RepairOutcome) -> bytes:
    """Give the repaired file for a download.

    Raises
    ------
    ImportRefused
        ``repair_not_written``.
    """
    with TemporaryDirectory() as folder:
        target = Path(folder) / file_name(found)
        write_decided(found, outcome, target)
        return target.read_bytes()


def log_export(database: Database, viewer: Viewer, found: GridsToRepair) -> None:
    """Note in the audit log that stored boundaries left as a file."""
    now = datetime.now(UTC)
    with database.write() as session:
        append_audit(session, viewer, "export", "grids", len(found.grids), {"what": "repair"}, now)
