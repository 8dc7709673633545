"""Import street lines and residential compounds (blocks).

Used by the command line, the import wizard and the scenarios.
Knows nothing of screens. A whole import is one transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from data.database import Database, bump_revision
from data.errors import ImportRefused
from data.importers.boundaries import AREAS, LINES, ShapeFile, ShapeOptions, read_shapes
from data.importers.columns import EXACT, match_columns
from data.importers.people_columns import flag_of
from data.importers.place_columns import cell_text, code_text, count_of
from data.importers.report import Caution, ImportReport, Rejection
from data.importers.street_columns import FIELDS, LineLayer
from data.importers.tables import DEFAULT_MAX_BYTES
from data.privacy import mask_value, person_columns
from data.repositories.audit import append_audit
from data.repositories.fingerprints import content_hash
from data.repositories.imports import begin_batch, close_batch, reason_counts
from data.repositories.place_writes import as_multi
from data.repositories.street_writes import PlainChange, put_compounds, put_streets
from data.viewer import Viewer
from geo.crs import STORED_CRS
from geo.measure import length_m

__all__ = ["LineLayer", "StreetOptions", "run"]

Progress = Callable[[int, int], None]
_STARS: Final = dict(zip((*"12345", *"一二三四五"), (1, 2, 3, 4, 5) * 2, strict=True))


@dataclass(frozen=True, slots=True)
class StreetOptions:
    """How to read a file of streets or blocks.

    Parameters
    ----------
    layer
        streets (lines) or blocks (areas).
    mapping
        Field → column; what is left out is taken from known headers.
    source
        Name of the source; None takes the file's name.
    crs, datum
        What the coordinates are, for a file that does not say.
    file_layer, encoding, max_bytes
        As `ShapeOptions`.
    """

    layer: LineLayer
    mapping: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    crs: str | None = None
    datum: str | None = None
    file_layer: str | None = None
    encoding: str | None = None
    max_bytes: int = DEFAULT_MAX_BYTES

    def shapes(self) -> ShapeOptions:
        """Give the part of the options that reading shapes needs."""
        return ShapeOptions(
            layer=self.file_layer,
            crs=self.crs,
            datum=self.datum,
            encoding=self.encoding,
            max_bytes=self.max_bytes,
        )

    def as_json(self, path: Path) -> dict[str, Any]:
        """Give what tells two imports of one file apart."""
        return {
            "mapping": dict(self.mapping),
            "source": self.source or path.stem,
            "crs": self.crs,
            "datum": self.datum,
            "file_layer": self.file_layer,
        }


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    key: str
    values: Mapping[str, Any]
    shape: BaseGeometry


@dataclass(slots=True)
class _Tally:
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicate_ids: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    made_ids: int = 0


def run(
    db: Database,
    path: Path,
    options: StreetOptions,
    viewer: Viewer,
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> ImportReport:
    """Import street lines or blocks; upsert by (source, id).

    Without an id the id is made from the row's content and its ordinal among equal rows (warning
    ``ids_made``). Rows go to quarantine as ``empty_geometry``, ``not_a_line``, ``not_an_area``,
    ``duplicate_id``, ``code_read_as_number``.

    Raises
    ------
    ImportRefused
        Those of `read_shapes`; ``unknown_field``, ``unknown_column``.
    AccessRefused
        ``role_may_not_write``.
    """
    viewer.require_write()
    at = now or datetime.now(UTC)
    file = read_shapes(path, options.shapes())
    columns = _columns(file, options)
    tally = _Tally()
    rows = _rows(file, columns, options.layer, tally)
    with db.write() as session:
        batch_id = begin_batch(
            session,
            viewer,
            path,
            layer=options.layer.value,
            options=options.as_json(path),
            now=at,
        )
        written = _write(session, rows, options, options.source or path.stem, batch_id)
        tally.inserted, tally.updated = written["inserted"], written["updated"]
        tally.unchanged = written["unchanged"]
        report = _report(file, columns, tally, batch_id)
        close_batch(session, batch_id, tally.rejections, counts=report.as_json(), now=at)
        if tally.inserted or tally.updated:
            bump_revision(session, "streets")
        bump_revision(session, "imports")
        detail = {"inserted": tally.inserted, "updated": tally.updated, "batch": batch_id}
        action = f"import_{options.layer.value}"
        append_audit(session, viewer, action, path.name, report.rows, detail, at)
    if progress is not None:
        progress(report.rows, report.rows)
    return report


def _columns(file: ShapeFile, options: StreetOptions) -> dict[str, str]:
    known = FIELDS[options.layer]
    columns = list(file.attributes)
    for name, column in options.mapping.items():
        if name not in known:
            raise ImportRefused("unknown_field", field=name, known=list(known))
        if column not in columns:
            raise ImportRefused("unknown_column", column=column, columns=columns)
    taken = set(options.mapping.values())
    found = match_columns([c for c in columns if c not in taken], known)
    guessed = {n: s.column for n, s in found.items() if s.confidence >= EXACT}
    return {**guessed, **options.mapping}


def _rows(
    file: ShapeFile, columns: Mapping[str, str], layer: LineLayer, tally: _Tally
) -> list[_Row]:
    wanted = LINES if layer is LineLayer.STREETS else AREAS
    reason = "not_a_line" if layer is LineLayer.STREETS else "not_an_area"
    seen: dict[str, int] = {}
    rows: list[_Row] = []
    cells = {name: file.frame[column].tolist() for name, column in columns.items()}
    for k, shape in enumerate(file.frame.geometry):
        values = {name: column[k] for name, column in cells.items()}
        fault = ""
        if shape is None or shape.is_empty:
            fault = "empty_geometry"
        elif shape.geom_type not in wanted:
            fault = reason
        key, bad_key = _key(values, shape, seen, tally) if not fault else ("", "")
        fault = fault or bad_key
        if fault:
            raw = {columns[name]: cell_text(value) for name, value in values.items()}
            tally.rejections.append(Rejection(k + 1, columns.get("id", ""), key, fault, raw))
            continue
        rows.append(_Row(k + 1, key, _values(values, layer), _multi(shape)))
    return rows


def _key(
    values: Mapping[str, Any], shape: BaseGeometry, seen: dict[str, int], tally: _Tally
) -> tuple[str, str]:
    key, fault = code_text(values.get("id")) if "id" in values else ("", "missing_code")
    if fault == "code_read_as_number":
        return cell_text(values.get("id")), fault
    if key:
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > 1:
            tally.duplicate_ids += seen[key] == 2  # noqa: PLR2004 - counted once per id
            return key, "duplicate_id"
        return key, ""
    content = {name: cell_text(value) for name, value in values.items()}
    digest = content_hash(content, shapely.to_wkb(shape))[:16]
    seen[digest] = seen.get(digest, 0) + 1
    tally.made_ids += 1
    return f"{digest}-{seen[digest]}", ""


def _values(values: Mapping[str, Any], layer: LineLayer) -> dict[str, Any]:
    name = mask_value(cell_text(values.get("name")).strip()) or None
    if layer is LineLayer.STREETS:
        return {"name": name, "street_class": cell_text(values.get("street_class")).strip() or None}
    return {
        "name": name,
        "kind": cell_text(values.get("kind")).strip() or None,
        "household_count": count_of(values.get("households"))[0],
        "resident_count": count_of(values.get("residents"))[0],
        "is_old": flag_of(cell_text(values.get("is_old"))),
        "is_unmanaged": flag_of(cell_text(values.get("is_unmanaged"))),
        "safe_stars": _stars(values.get("safe_stars")),
    }


def _stars(value: Any) -> int | None:  # noqa: ANN401 - a cell of any type
    """Read a rating of one to five stars (`4`, `4星`, `四星`, `★★★★`); none for anything else."""
    text = cell_text(value).strip().removesuffix(".0").removesuffix("级").removesuffix("星")
    if text and set(text) == {"★"}:
        text = str(len(text))
    return _STARS.get(text)


def _multi(shape: BaseGeometry) -> BaseGeometry:
    if isinstance(shape, shapely.LineString):
        return shapely.MultiLineString([shape])
    return as_multi(shape)


def _write(
    session: Session, rows: Sequence[_Row], options: StreetOptions, source: str, batch_id: int
) -> dict[str, int]:
    changes = [PlainChange(row.key, row.values, row.shape) for row in rows]
    if options.layer is LineLayer.STREETS:
        lengths_m = _lengths(rows)
        return put_streets(session, changes, lengths_m, source=source, batch_id=batch_id)
    return put_compounds(session, changes, source=source, batch_id=batch_id)


def _lengths(rows: Sequence[_Row]) -> list[float]:
    if not rows:
        return []
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = [row.shape for row in rows]
    frame = gpd.GeoDataFrame(geometry=gpd.GeoSeries(shapes, crs=STORED_CRS))
    return [float(value) for value in length_m(frame)]


def _report(
    file: ShapeFile, columns: Mapping[str, str], tally: _Tally, batch_id: int
) -> ImportReport:
    others = [c for c in file.attributes if c not in columns.values()]
    text = file.frame[others].map(cell_text)
    persons = {found.column for found in person_columns(text, others)}
    warnings = list(file.warnings)
    if tally.made_ids:
        warnings.append(Caution("ids_made", {"count": tally.made_ids}))
    if file.vertices_added:
        fields = {"vertices_added": file.vertices_added, "max_shift_m": file.max_shift_m}
        warnings.append(Caution("densified", fields))
    return ImportReport(
        rows=len(file.frame),
        inserted=tally.inserted,
        updated=tally.updated,
        unchanged=tally.unchanged,
        rejected=len(tally.rejections),
        duplicate_ids=tally.duplicate_ids,
        reasons=reason_counts(tally.rejections),
        warnings=tuple(warnings),
        dropped_columns=tuple(c for c in others if c in persons),
        unmapped_columns=tuple(c for c in others if c not in persons),
        encoding=file.encoding,
        datum=file.datum,
        batch_id=batch_id,
    )
