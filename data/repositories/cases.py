"""Read hazards, disputes and incidents as cases: their clocks, one record, its steps, its kin.

Used by `data.repositories.case_writes`, the view models and the figures; the rules themselves stand
in `data.lifecycle`. Knows nothing of grids: which unit a case lies in is counted above.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from data.config import DEFAULT_TZ
from data.errors import AccessRefused, RecordNotFound
from data.lifecycle import OWN_WORK, WAITING_STATES, Light, Limits, Rules
from data.models import CaseStep, Dispute, Hazard, Incident
from data.privacy import is_sensitive
from data.repositories.case_records import STORED_FIELDS, CaseKey, CaseRecord, StepRecord, record_of
from data.repositories.events import MODELS
from data.repositories.figures import settings
from data.repositories.kind_words import kind_words
from data.repositories.places import place_tree, shapes_of
from data.viewer import DisplayLevel, Viewer
from data.vocabulary import (
    CLOSED_STATES,
    UNCOUNTED_STATES,
    CaseStatus,
    EventLayer,
    IncidentKind,
)
from geo.measure import lonlat_distance_m

LIMITS_KEY: Final = "case_limits"
NEAR_M: Final = 30.0
NEAR_HOURS: Final = 24
_AT_A_TIME: Final = 800
LIGHTS: Final = tuple(Light)
_CASE_MODELS: Final[dict[EventLayer, type[Hazard] | type[Dispute]]] = {
    EventLayer.HAZARDS: Hazard,
    EventLayer.DISPUTES: Dispute,
}


@dataclass(frozen=True, slots=True)
class Clocks:
    """Clocks of the rows of a layer that still wait, in the order of their ids.

    Times are UTC milliseconds, NaT where unknown.
    """

    ids: npt.NDArray[np.int64]
    start_at: npt.NDArray[np.datetime64]
    due_at: npt.NDArray[np.datetime64]
    suspended_at: npt.NDArray[np.datetime64]
    suspended_minutes: npt.NDArray[np.int64]
    is_suspended: npt.NDArray[np.bool_]

    def lights(self, now: datetime) -> npt.NDArray[np.int8]:
        """Give the light of each row as a place in `LIGHTS`; the same rule as `lifecycle.light`."""
        at = np.datetime64(int(now.timestamp() * 1000), "ms")
        paused = self.suspended_minutes * np.timedelta64(60_000, "ms")
        start = np.where(np.isnat(self.start_at), self.due_at, self.start_at)
        whole = (self.due_at - start - paused).astype(np.float64)
        used = (at - start - paused).astype(np.float64)
        has_limit = ~np.isnat(self.due_at)
        is_late = has_limit & np.where(whole > 0, used > whole, at > self.due_at)
        is_near = has_limit & ~is_late & ((whole <= 0) | (used >= 0.8 * whole))
        found = np.full(len(self.ids), LIGHTS.index(Light.NONE), dtype=np.int8)
        found[has_limit] = LIGHTS.index(Light.GREEN)
        found[is_near] = LIGHTS.index(Light.YELLOW)
        found[is_late] = LIGHTS.index(Light.RED)
        found[self.is_suspended] = LIGHTS.index(Light.STOPPED)
        return found


def rules_of(session: Session) -> Rules:
    """Read the limits and the zone that hold in this store."""
    held = settings(session)
    return Rules(Limits.from_setting(held.get(LIMITS_KEY)), str(held.get("tz") or DEFAULT_TZ))


def open_clocks(session: Session, viewer: Viewer, layer: EventLayer) -> Clocks:
    """Read the clocks of every row that waits; incidents have none.

    Rows of all areas: the caller cuts them to ids from `place_events`, which the viewer may see.

    Raises
    ------
    AccessRefused
        `level_too_low`: clocks of single records are for `INTERNAL` and above.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    rows: Sequence[Any] = ()
    if layer in _CASE_MODELS:
        model: Any = _CASE_MODELS[layer]
        done = [state.value for state in CLOSED_STATES | UNCOUNTED_STATES]
        query = select(
            model.id, model.accepted_at, model.reported_at, model.occurred_at, model.due_at,
            model.suspended_at, model.suspended_minutes, model.status,
        ).where(model.status.is_(None) | model.status.not_in(done))  # fmt: skip
        rows = session.execute(query.order_by(model.id)).all()
    return Clocks(
        ids=np.array([row[0] for row in rows], dtype=np.int64),
        start_at=_moments(row[1] or row[2] or row[3] for row in rows),
        due_at=_moments(row[4] for row in rows),
        suspended_at=_moments(row[5] for row in rows),
        suspended_minutes=np.array([row[6] or 0 for row in rows], dtype=np.int64),
        is_suspended=np.array(
            [row[7] == CaseStatus.SUSPENDED or row[5] is not None for row in rows], dtype=bool
        ),
    )


def case_records(
    session: Session, viewer: Viewer, layer: EventLayer, ids: Iterable[int]
) -> dict[int, CaseRecord]:
    """Read records by id; the ids come from `place_events`, cut to the viewer's areas.

    Raises
    ------
    AccessRefused
        `level_too_low`: exact records are for `INTERNAL` and above.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    model, wanted = MODELS[layer], [int(one) for one in ids]
    found: dict[int, CaseRecord] = {}
    for at in range(0, len(wanted), _AT_A_TIME):
        part = select(model).where(model.id.in_(wanted[at : at + _AT_A_TIME]))
        found |= {made.id: made for made in (record_of(layer, r) for r in session.scalars(part))}
    return found


def find_case(session: Session, viewer: Viewer, key: CaseKey) -> CaseRecord:
    """Read one record.

    Raises
    ------
    RecordNotFound
        `no_such_case`.
    AccessRefused
        `level_too_low`, `case_not_yours`: it lies outside the viewer's areas.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    model = MODELS[key.layer]
    row = session.scalar(
        select(model).where(model.source == key.source, model.external_id == key.external_id)
    )
    if row is None:
        raise RecordNotFound("no_such_case", layer=key.layer.value, case=key.external_id)
    record = record_of(key.layer, row)
    require_inside(session, viewer, record.lon, record.lat, record.stated_unit)
    return record


def require_inside(
    session: Session, viewer: Viewer, lon: float | None, lat: float | None, unit: str | None
) -> None:
    """Refuse what lies outside the viewer's areas; a point on their border is inside.

    Raises
    ------
    AccessRefused
        `case_not_yours`.
    """
    if viewer.sees_everything:
        return
    tree = place_tree(session, viewer)
    if lon is not None and lat is not None:
        shapes = list(shapes_of(session, tree.own, as_of=tree.as_of).values())
        is_inside = bool(np.any(shapely.intersects(shapes, shapely.Point(lon, lat))))
    else:
        records = [tree.records[key] for key in tree.own]
        is_inside = unit in {name for r in records for name in (r.code, r.name)}
    if not is_inside:
        raise AccessRefused("case_not_yours", areas=list(viewer.areas))


def case_steps(session: Session, record: CaseRecord) -> tuple[StepRecord, ...]:
    """Give the steps of a record, oldest first.

    What the file's stamps tell comes first, as derived steps: nothing is written and no minute is
    invented. Stamps that a stored step has set are told by that step alone.
    """
    rows = session.scalars(
        select(CaseStep)
        .where(
            CaseStep.layer == record.layer.value,
            CaseStep.source == record.source,
            CaseStep.external_id == record.external_id,
        )
        .order_by(CaseStep.sequence)
    )
    stored = [StepRecord(*(getattr(row, name) for name in STORED_FIELDS)) for row in rows]
    until = stored[0].at if stored else None
    return (*(s for s in _derived(record) if until is None or s.at < until), *stored)


def own_steps(layer: EventLayer) -> ColumnElement[bool]:
    """Give the condition that joins the rows of a layer with the steps of their life."""
    model = MODELS[layer]
    return and_(
        CaseStep.layer == layer.value,
        CaseStep.source == model.source,
        CaseStep.external_id == model.external_id,
    )


def stepped_ids(
    session: Session, layer: EventLayer, action: str, since: datetime, until: datetime
) -> npt.NDArray[np.int64]:
    """Give the ids of a layer's rows on which an action was taken in a half-open span."""
    model = MODELS[layer]
    found = (
        select(model.id)
        .join(CaseStep, own_steps(layer))
        .where(CaseStep.action == str(action), CaseStep.at >= since, CaseStep.at < until)
        .distinct()
        .order_by(model.id)
    )
    return np.array(session.scalars(found).all(), dtype=np.int64)


def workers_of(steps: Iterable[StepRecord]) -> frozenset[str]:
    """Name who found or handled a case: they may not verify it."""
    return frozenset(s.actor for s in steps if s.action in set(OWN_WORK) and not s.is_derived)


def near_cases(
    session: Session, viewer: Viewer, record: CaseRecord, at: datetime
) -> tuple[tuple[CaseRecord, float], ...]:
    """Find what may be the same thing: same kind, within 30 m and 24 h, still waiting or newer.

    Parameters
    ----------
    record
        A stored record, or one about to be reported (id 0).
    at
        Around which moment.

    Returns
    -------
    tuple of (CaseRecord, metres)
        Nearest first; source: domain note 1.3, row 2.21.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    if record.lon is None or record.lat is None:
        return ()
    model = MODELS[record.layer]
    span = timedelta(hours=NEAR_HOURS)
    rows = session.scalars(
        select(model).where(
            model.kind == record.kind,
            model.id != record.id,
            model.occurred_at >= at - span,
            model.occurred_at <= at + span,
        )
    )
    found = []
    for row in rows:
        other = record_of(record.layer, row)
        if other.lon is None or other.lat is None:
            continue
        metres = float(lonlat_distance_m(record.lon, record.lat, other.lon, other.lat))
        if metres <= NEAR_M:
            found.append((other, metres))
    return tuple(sorted(found, key=lambda pair: pair[1]))


def root_of(session: Session, record: CaseRecord) -> CaseRecord | None:
    """Give the hazard at the root of a dispute: of the same source first, else of any."""
    if record.root_hazard_ref is None:
        return None
    rows = session.scalars(select(Hazard).where(Hazard.external_id == record.root_hazard_ref))
    found = [record_of(EventLayer.HAZARDS, row) for row in rows]
    own = [hazard for hazard in found if hazard.source == record.source]
    return next(iter(own or found), None)


def disputes_of(session: Session, record: CaseRecord) -> tuple[CaseRecord, ...]:
    """Give the disputes that name a hazard as their root."""
    if record.layer is not EventLayer.HAZARDS:
        return ()
    rows = session.scalars(select(Dispute).where(Dispute.root_hazard_ref == record.external_id))
    return tuple(record_of(EventLayer.DISPUTES, row) for row in rows)


def ids_named(session: Session, layer: EventLayer, text: str) -> npt.NDArray[np.int64]:
    """Give the ids of rows whose id in the file contains a text, whatever its case."""
    model = MODELS[layer]
    found = select(model.id).where(model.external_id.icontains(text, autoescape=True))
    return np.array(session.scalars(found.order_by(model.id)).all(), dtype=np.int64)


def ids_touched(session: Session, layer: EventLayer, actor: str) -> npt.NDArray[np.int64]:
    """Give the ids of rows in whose life an actor took a step."""
    model = MODELS[layer]
    found = (
        select(model.id).join(CaseStep, own_steps(layer)).where(CaseStep.actor == actor).distinct()
    )
    return np.array(sorted(session.scalars(found)), dtype=np.int64)


def sensitive_ids(
    session: Session, known_words: Sequence[str] | None = None
) -> npt.NDArray[np.int64]:
    """Give the ids of incidents that are never drawn as points: crowds, and sensitive kinds.

    Parameters
    ----------
    known_words
        What `kind_words` gives, where it was read already.
    """
    texts = kind_words(session) if known_words is None else known_words
    banned = [text for text in texts if is_sensitive(text)]
    chosen = Incident.kind.in_([IncidentKind.CROWD.value]) | Incident.kind_source.in_(banned)
    found = select(Incident.id).where(chosen).order_by(Incident.id)
    return np.array(session.scalars(found).all(), dtype=np.int64)


def case_names(
    session: Session, viewer: Viewer, layer: EventLayer, ids: Iterable[int]
) -> dict[int, tuple[CaseKey, str]]:
    """Give key and kind of many rows, without their other columns; ids as in `case_records`.

    Raises
    ------
    AccessRefused
        `level_too_low`.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    table, wanted = MODELS[layer].__table__, [int(one) for one in ids]
    found: dict[int, tuple[CaseKey, str]] = {}
    for at in range(0, len(wanted), _AT_A_TIME):
        columns = select(table.c.id, table.c.source, table.c.external_id, table.c.kind)
        for row in session.execute(columns.where(table.c.id.in_(wanted[at : at + _AT_A_TIME]))):
            found[row.id] = (CaseKey(layer, row.source, row.external_id), row.kind)
    return found


def root_open_count(session: Session) -> int:
    """Count disputes that are closed while the hazard at their root still waits."""
    waiting = [state.value for state in WAITING_STATES]
    done = [state.value for state in CLOSED_STATES]
    pairs = (
        select(Dispute.id)
        .join(Hazard, Hazard.external_id == Dispute.root_hazard_ref)
        .where(Dispute.status.in_(done), Hazard.status.in_(waiting))
        .distinct()
    )
    return len(session.scalars(pairs).all())


_DERIVED: Final = (
    ("accepted_at", "accept", CaseStatus.ACCEPTED),
    ("filed_at", "file", CaseStatus.FILED),
    ("assigned_at", "dispatch", CaseStatus.DISPATCHED),
    ("handled_at", "finish", CaseStatus.HANDLED),
    ("verified_at", "verify", CaseStatus.VERIFIED),
    ("closed_at", "close", CaseStatus.CLOSED),
)


def _derived(record: CaseRecord) -> list[StepRecord]:
    first_at = record.reported_at or record.occurred_at
    precision = "minute" if record.reported_at else record.time_precision
    steps: list[StepRecord] = []
    status: str | None = None
    stamps = [("report", CaseStatus.REPORTED, first_at)]
    stamps += [(action, after, getattr(record, name)) for name, action, after in _DERIVED]
    for action, after, at in stamps:
        if at is None:
            continue
        how = precision if action == "report" else "minute"
        steps.append(
            StepRecord(
                at, record.source, "", action, status, after.value, record.level, None, True, how
            )
        )
        status = after.value
    return sorted(steps, key=lambda step: step.at)


def _moments(values: Iterable[datetime | None]) -> npt.NDArray[np.datetime64]:
    none = np.iinfo(np.int64).min
    found = [none if at is None else round(at.timestamp() * 1000) for at in values]
    return np.array(found, dtype=np.int64).view("datetime64[ms]")
