"""Answer what stands where and who passed by: devices, points, compounds (K1), patrols (K20, K21).

Used by the engine. Knows nothing of cases and of people.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from data.kpi.desk import Desk, Measure, gives
from data.kpi.figure import Figure
from data.kpi.spans import days_between
from data.repositories.force_rows import compound_states
from data.repositories.registers import (
    DeviceRecord,
    PatrolStopRecord,
    PatrolTargetRecord,
    ServicePointRecord,
)
from data.vocabulary import (
    DeviceKind,
    DeviceStatus,
    PatrolTargetKind,
    PlaceLevel,
    RegisterLayer,
    ServicePointKind,
    StopKind,
)

WEEK_DAYS: Final = 7
M2_PER_KM2: Final = 1_000_000
METRES_PER_KM: Final = 1_000
VISIBLE_FOR: Final = timedelta(hours=24)
_POLICE_STOPS: Final = frozenset({StopKind.PATROL.value})


@gives(
    "devices",
    "devices_online",
    "devices_checked",
    *(f"devices_{kind}{end}" for kind in DeviceKind for end in ("", "_online", "_checked")),
)
def _devices(desk: Desk) -> Iterable[Figure]:
    """Installed by the day; online by the state last told; checked once at least by the day."""
    day = desk.question.today
    installed = [
        device
        for device in desk.register(DeviceRecord, RegisterLayer.DEVICES)
        if device.installed_on is None or device.installed_on <= day
    ]
    groups = {"": installed} | {
        f"_{kind}": [device for device in installed if device.kind == kind] for kind in DeviceKind
    }
    for name, devices in groups.items():
        if not devices:
            continue
        online = sum(device.status == DeviceStatus.ONLINE for device in devices)
        checked = sum(d.checked_on is not None and d.checked_on <= day for d in devices)
        yield desk.figure(f"devices{name}", len(devices))
        yield desk.figure(f"devices{name}_online", online, len(devices))
        yield desk.figure(f"devices{name}_checked", checked, len(devices))


@gives(
    "contact_card_coverage",
    "service_window_coverage",
    *(f"points_{kind}" for kind in ServicePointKind),
)
def _points(desk: Desk) -> Iterable[Figure]:
    day = desk.question.today
    points = [
        point
        for point in desk.register(ServicePointRecord, RegisterLayer.SERVICE_POINTS)
        if point.opened_on is None or point.opened_on <= day
    ]
    for kind in ServicePointKind:
        n = sum(point.kind == kind for point in points)
        if n:
            yield desk.figure(f"points_{kind}", n)
    asked = [point for point in points if point.has_contact_card is not None]
    if asked:
        have = sum(bool(point.has_contact_card) for point in asked)
        yield desk.figure("contact_card_coverage", have, len(asked))
    stations = {r.code for r in desk.places.values() if r.level == PlaceLevel.STATION}
    windows = {p.place_code for p in points if p.kind == ServicePointKind.SERVICE_WINDOW}
    if stations and windows & stations:
        yield desk.figure("service_window_coverage", len(windows & stations), len(stations))


@gives("star_unit_coverage", "compounds_old", "compounds_unmanaged")
def _compounds(desk: Desk) -> Iterable[Figure]:
    known = compound_states(desk.session, desk.viewer)
    inside = desk.spots_inside(known)
    compounds = [compound for compound, is_own in zip(known, inside, strict=True) if is_own]
    if any(compound.safe_stars is not None for compound in known) and compounds:
        rated = sum((compound.safe_stars or 0) > 0 for compound in compounds)
        yield desk.figure("star_unit_coverage", rated, len(compounds))
    if any(compound.is_old is not None for compound in known):
        yield desk.figure("compounds_old", sum(bool(c.is_old) for c in compounds))
    if any(compound.is_unmanaged is not None for compound in known):
        yield desk.figure("compounds_unmanaged", sum(bool(c.is_unmanaged) for c in compounds))


@gives("grids_visited")
def _visited(desk: Desk) -> Iterable[Figure]:
    stops = _stops(desk)
    if desk.has_register(PatrolStopRecord, RegisterLayer.PATROL_STOPS) and len(desk.grids):
        visited = set(desk.grid_of(stops).tolist()) - {-1}
        yield desk.figure("grids_visited", len(visited), len(desk.grids))


@gives("visits", "households_visited")
def _visits(desk: Desk) -> Iterable[Figure]:
    """Households are those that each visit states: one visited twice counts twice."""
    visits = [stop for stop in _stops(desk) if stop.kind == StopKind.VISIT]
    if not visits:
        return
    yield desk.figure("visits", len(visits))
    households = desk.grids["households"]
    if len(households) and households.notna().all():
        seen = sum(stop.household_count or 0 for stop in visits)
        yield desk.figure("households_visited", seen, int(households.sum()))


@gives("must_points", "must_points_reached", "must_lines_walked")
def _must(desk: Desk) -> Iterable[Figure]:
    """K20: weeks of seven days from the start of the period; a part of a week owes its part.

    A stop counts where it names the target and lasts as long as the target asks; no more count in
    a week than are due. What is due in a part of a week is rounded down.
    """
    targets = desk.register(PatrolTargetRecord, RegisterLayer.PATROL_TARGETS)
    points = [t for t in targets if t.kind == PatrolTargetKind.MUST_POINT]
    lines = [t for t in targets if t.kind == PatrolTargetKind.MUST_LINE and t.length_m]
    if points:
        yield desk.figure("must_points", len(points))
    if desk.span is None or not targets:
        return
    reached = _reached(desk, targets)
    if points:
        done = sum(reached[t.external_id][0] for t in points)
        due = sum(reached[t.external_id][1] for t in points)
        yield desk.figure("must_points_reached", done, due)
    if lines:
        km = [(t.length_m or 0) / METRES_PER_KM for t in lines]
        done_km = sum(n * reached[t.external_id][0] for t, n in zip(lines, km, strict=True))
        due_km = sum(n * reached[t.external_id][1] for t, n in zip(lines, km, strict=True))
        yield desk.figure("must_lines_walked", done_km, due_km)


@gives("visibility_24h")
def _visibility(desk: Desk) -> Iterable[Figure]:
    """K21 a: grids with a police stop in the 24 hours up to the end (or tonight)."""
    layer, end = RegisterLayer.PATROL_STOPS, desk.cut
    if desk.has_register(PatrolStopRecord, layer) and len(desk.grids):
        stops = desk.register_between(PatrolStopRecord, layer, end - VISIBLE_FOR, end)
        late = [stop for stop in stops if _is_police(stop)]
        seen = set(desk.grid_of(late).tolist()) - {-1}
        yield desk.figure("visibility_24h", len(seen), len(desk.grids))


@gives("patrol_minutes_per_km2_day", "patrol_police_led")
def _minutes(desk: Desk) -> Iterable[Figure]:
    """K21 b, and how much of the patrols the police led; a stop without an end has no minutes."""
    patrols = [s for s in _stops(desk) if s.kind == StopKind.PATROL and s.left_at is not None]
    total = sum(_length_minutes(stop) for stop in patrols)
    if total <= 0:
        return
    known = [stop for stop in patrols if stop.is_police_led is not None]
    if known:
        led = sum(_length_minutes(stop) for stop in known if stop.is_police_led)
        yield desk.figure("patrol_police_led", led, sum(map(_length_minutes, known)))
    areas = desk.grids["area_m2"]
    if desk.span is not None and len(areas) and areas.notna().all():
        days = days_between(*desk.span, desk.question.tz)
        km2_days = float(areas.sum()) / M2_PER_KM2 * days
        yield desk.figure("patrol_minutes_per_km2_day", total, km2_days)


def _stops(desk: Desk) -> tuple[PatrolStopRecord, ...]:
    return desk.register(PatrolStopRecord, RegisterLayer.PATROL_STOPS, in_period=True)


def _is_police(stop: PatrolStopRecord) -> bool:
    """Whether the police stopped there: led by them, or a patrol of which nobody says otherwise."""
    if stop.is_police_led is not None:
        return stop.is_police_led
    return stop.kind in _POLICE_STOPS


def _length_minutes(stop: PatrolStopRecord) -> float:
    return 0.0 if stop.left_at is None else (stop.left_at - stop.arrived_at).total_seconds() / 60


def _reached(desk: Desk, targets: Iterable[PatrolTargetRecord]) -> dict[str, tuple[int, int]]:
    """Give times reached and times due of each target in the period."""
    since, until = desk.span or (desk.end, desk.end)
    weeks = _weeks(since, min(until, desk.cut), desk.question.tz)
    stays = {target.external_id: target.stay_minutes or 0 for target in targets}
    hits: Counter[tuple[str, int]] = Counter()
    for stop in _stops(desk):
        ref = stop.target_ref
        if ref is None or ref not in stays:
            continue
        if stop.left_at is not None and _length_minutes(stop) < stays[ref]:
            continue
        week = int(days_between(since, stop.arrived_at, desk.question.tz) // WEEK_DAYS)
        hits[ref, week] += 1
    found = {}
    for target in targets:
        due = [int(np.floor(target.due_per_week * share + 1e-9)) for share in weeks]
        done = sum(min(n, hits[target.external_id, week]) for week, n in enumerate(due))
        found[target.external_id] = (done, sum(due))
    return found


def _weeks(since: datetime, until: datetime, tz: str) -> list[float]:
    """Share of each seven-day week from `since` on that lies before `until`."""
    days = max(0.0, days_between(since, until, tz))
    whole, rest = divmod(days, WEEK_DAYS)
    return [1.0] * int(whole) + ([rest / WEEK_DAYS] if rest > 0 else [])


MEASURES: Final[tuple[Measure, ...]] = (
    _devices,
    _points,
    _compounds,
    _visited,
    _visits,
    _must,
    _visibility,
    _minutes,
)
