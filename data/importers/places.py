"""Import grids, communities, upper levels and stations; check files and the stored tiling.

Used by the command line, the import wizard and the scenarios.
Knows nothing of screens. A whole import is one transaction: it is there, or it is not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import geopandas as gpd
from sqlalchemy.orm import Session

from data.database import Database, bump_revision
from data.errors import ImportRefused
from data.frames import grids_frame, places_frame
from data.importers.place_check import CheckResult, areas_m2, check_frame, frame_of
from data.importers.place_columns import PlaceDraft, PlaceOptions, kind_of
from data.importers.place_files import PlaceFile, exploded, read_place_file
from data.importers.place_report import PlaceReport
from data.importers.place_stage import KnownPlaces, StagedPlaces, level_above, listed, stage
from data.importers.report import Rejection
from data.repositories.audit import append_audit
from data.repositories.imports import begin_batch, close_batch, reason_counts
from data.repositories.place_writes import REFUSED, PlaceChange, PlaceWriter, Written
from data.viewer import Viewer
from data.vocabulary import GridKind, PlaceLevel
from geo.tiling import FaultKind

__all__ = ["PlaceOptions", "PlaceReport", "check_file", "check_store", "run"]

Progress = Callable[[int, int], None]


def run(
    db: Database,
    path: Path,
    options: PlaceOptions,
    viewer: Viewer,
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> PlaceReport:
    """Import places from a file of shapes or a table, in one transaction.

    Valid features are stored, and every fault is listed. Self-crossing rings are stored as they
    are (counting reads them even-odd) and listed as invalid; nothing is repaired without
    `options.repair`. Rows that cannot stand go to quarantine: ``missing_code``,
    ``code_read_as_number``, ``duplicate_code``, ``empty_geometry``, ``not_an_area``,
    ``retired_code``, ``code_of_other_kind``, ``later_version_exists``.

    With `options.effective`, versions that differ are closed on that day and new ones opened, and
    places of the same level and kind that are not in the file and lose at least half of their
    ground to it end. Without it, boundaries hold since ever, and nothing ends.

    Parameters
    ----------
    progress
        Called with (done, total) rows.
    now
        Aware moment for the books; None is now.

    Raises
    ------
    ImportRefused
        ``boundary_has_history`` (places with dated versions, and no effective day),
        ``datum_required`` (with the audit's recommendation where stored places allow one), and
        those of reading the file.
    AccessRefused
        ``role_may_not_write``.
    """
    viewer.require_write()
    at = now or datetime.now(UTC)
    with db.read() as session:
        known = KnownPlaces.read(session, viewer, options)
    file = read_place_file(path, options, known.comparison)
    checked = stage(file, options, known)
    with db.write() as session:
        batch_id = begin_batch(
            session,
            viewer,
            path,
            layer=f"places:{options.level}",
            options=options.as_json(path),
            now=at,
        )
        written = _written(session, checked, options, path, batch_id, progress)
        report = _report(file, checked, written, options, batch_id)
        rejections = [*checked.rejections, *written.rejections]
        _close(session, batch_id, report, rejections, options=options, now=at)
        subject = f"{options.level}:{path.name}"
        detail = {"inserted": report.inserted, "updated": report.updated, "batch": batch_id}
        append_audit(session, viewer, "import_places", subject, report.features, detail, at)
    return report


def _close(
    session: Session,
    batch_id: int,
    report: PlaceReport,
    rejections: Sequence[Rejection],
    *,
    options: PlaceOptions,
    now: datetime,
) -> None:
    counts = {"rows": report.features, **report.as_json()}
    counts.pop("faults")
    close_batch(
        session,
        batch_id,
        rejections,
        counts=counts,
        now=now,
        code_columns=[*options.columns().values(), "code", "parent"],
        dropped=report.dropped_columns,
    )
    if report.inserted or report.updated or report.ended:
        bump_revision(session, "places")
    bump_revision(session, "imports")


def check_file(path: Path, options: PlaceOptions | None = None) -> CheckResult:
    """List the faults of a file of areas, without any store.

    A file that carries no CRS is read as degrees if its numbers can be degrees, else as metres
    (``crs_assumed``). Without a code column features are numbered from 1; the members of a
    collection count as features.

    Raises
    ------
    ImportRefused
        Those of reading the file.
    """
    chosen = options or PlaceOptions()
    file = exploded(path, chosen)
    codes, shapes = file.codes, file.shapes
    faults = check_frame(frame_of(codes, shapes), None, is_tiling=chosen.is_tiling)
    return CheckResult(len(codes), faults, file.warnings, file.rejections)


def check_store(
    session: Session,
    viewer: Viewer,
    *,
    level: str = PlaceLevel.GRID.value,
    kind: str | None = GridKind.BASE.value,
    as_of: date | None = None,
) -> CheckResult:
    """List the faults of the stored places of one level and kind on one day.

    Parameters
    ----------
    kind
        Grid kind; ignored for other levels.
    as_of
        The day; None is today in Asia/Shanghai.
    """
    is_grid = level == PlaceLevel.GRID.value
    if is_grid:
        frame = grids_frame(session, viewer, as_of=as_of, kind=kind or GridKind.BASE.value)
        upper = PlaceLevel.COMMUNITY.value
    else:
        frame = places_frame(session, viewer, level=level, as_of=as_of)
        frame = frame[~frame["is_derived"]].rename(columns={"code": "grid_code"})
        upper = level_above(level)
    grids = frame_of(
        frame["grid_code"].tolist(),
        list(frame.geometry),
        parent_code=frame["parent_code"].tolist(),
    )
    parents = _parent_shapes(session, viewer, upper, as_of) if upper else None
    is_tiling = not is_grid or kind == GridKind.BASE.value
    faults = check_frame(grids, parents, is_tiling=is_tiling)
    return CheckResult(len(grids), faults)


def _parent_shapes(
    session: Session, viewer: Viewer, level: str, as_of: date | None
) -> gpd.GeoDataFrame:
    frame = places_frame(session, viewer, level=level, as_of=as_of)
    own = ~frame["is_derived"] & ~frame.geometry.isna()
    return frame.loc[own, ["code", "geometry"]].reset_index(drop=True)


@dataclass(frozen=True)
class _Outcome:
    counts: Mapping[str, int]
    ended: tuple[str, ...]
    rejections: tuple[Rejection, ...]


def _written(
    session: Session,
    checked: StagedPlaces,
    options: PlaceOptions,
    path: Path,
    batch_id: int,
    progress: Progress | None,
) -> _Outcome:
    writer = PlaceWriter(
        session,
        level=options.level,
        effective=options.effective,
        source=options.source_of(path),
        batch_id=batch_id,
        revives=options.revives,
    )
    counts: dict[str, int] = {}
    rejections: list[Rejection] = []
    dated: list[str] = []
    areas = areas_m2([row.geometry for row in checked.rows])
    gone = [row for row in checked.rows if row.geometry is not None and row.geometry.is_empty]
    rejections += [_rejection(row, "swallowed_by_repair") for row in gone]
    lost = {row.line for row in gone}
    standing = [k for k, row in enumerate(checked.rows) if row.line not in lost]
    changes = [_change(checked, k, options, areas[k]) for k in standing]
    for k, outcome in zip(standing, writer.write_all(changes), strict=True):
        row = checked.rows[k]
        if outcome is Written.HAS_HISTORY:
            dated.append(row.code)
        elif outcome in REFUSED:
            rejections.append(_rejection(row, outcome.value))
        else:
            counts[outcome.value] = counts.get(outcome.value, 0) + 1
        if progress is not None:
            progress(k + 1, len(checked.rows))
    if dated:
        raise ImportRefused("boundary_has_history", **listed(dated))
    kind = options.grid_kind if options.level == PlaceLevel.GRID.value else None
    refused = {rejection.value for rejection in rejections}
    ended = writer.end_covered(
        kind,
        {row.code for row in checked.rows},
        [r.geometry for r in checked.rows if r.geometry is not None and r.code not in refused],
    )
    return _Outcome(counts, ended, tuple(rejections))


def _change(
    checked: StagedPlaces, k: int, options: PlaceOptions, area_m2: float | None
) -> PlaceChange:
    row = checked.rows[k]
    return PlaceChange(
        code=row.code,
        kind=kind_of(row, options),
        name=row.name,
        parent_id=checked.parents.keys[k],
        station_id=checked.station_ids[k],
        household_count=row.households,
        resident_count=row.residents,
        office_phone=row.office_phone,
        attributes=row.attributes or None,
        geometry=row.geometry,
        area_m2=area_m2,
    )


def _rejection(row: PlaceDraft, reason: str) -> Rejection:
    return Rejection(row.line, "code", row.code, reason, {"code": row.code, "name": row.name or ""})


def _report(
    file: PlaceFile,
    checked: StagedPlaces,
    written: _Outcome,
    options: PlaceOptions,
    batch_id: int,
) -> PlaceReport:
    rejections = [*checked.rejections, *written.rejections]
    counts = checked.check.faults.counts()
    refused = {rejection.value for rejection in rejections}
    bad = set(checked.check.faults.of_kind(FaultKind.INVALID)["grid_code"]) - refused
    accepted = sum(written.counts.values())
    return PlaceReport(
        features=len(file.lines) + len(file.rejections),
        valid=accepted - (0 if options.repair else len(bad)) if file.has_geometry else 0,
        counts=counts,
        inserted=written.counts.get("inserted", 0),
        updated=written.counts.get("updated", 0),
        unchanged=written.counts.get("unchanged", 0),
        rejected=len(rejections),
        reasons=reason_counts(rejections),
        faults=checked.check.as_json(),
        repaired=len({str(row["grid_code"]) for row in checked.moved} | bad)
        if options.repair
        else 0,
        moved=checked.moved,
        holes_left=checked.holes_left,
        ended=written.ended,
        parents=checked.parents.ways,
        vertices_added=file.vertices_added,
        max_shift_m=file.max_shift_m,
        warnings=checked.warnings,
        dropped_columns=file.dropped_columns,
        unmapped_columns=file.unmapped_columns,
        encoding=file.encoding,
        datum=file.datum,
        layer=file.layer,
        effective=options.effective,
        batch_id=batch_id,
    )
