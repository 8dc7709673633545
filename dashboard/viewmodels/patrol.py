"""Say where a patrol should stop in some hours of the day, and what every place stands on.

Used by `dashboard.cache` for the patrol brief, its printed sheet and its map.
Knows nothing of languages.

A place is a square of 150 m (the geofence of the London stops: Williams & Coupe 2017). How places
are ranked stands in `patrol_ranking`, how well that would have done in `patrol_proof`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import shapely

from dashboard.viewmodels.patrol_ranking import (
    ranked_cells,
    read_ranking,
    recent_near,
    score_error,
    squares_of,
)
from dashboard.viewmodels.patrol_rotation import turned, walk_of_day
from dashboard.viewmodels.patrol_stops import StopsBefore
from dashboard.viewmodels.patrol_values import (
    CELL_M,
    DATES,
    HOURS,
    MOST_CASES,
    NEAR_M,
    RECENT_DAYS,
    RECENT_M,
    Brief,
    Ground,
    OpenCase,
    PatrolAsked,
    PatrolPlace,
)
from data.counting import local_midnight, moment64
from data.repositories.events import event_records
from data.vocabulary import EventLayer

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from dashboard.viewmodels.patrol_ranking import Ranking
    from dashboard.viewmodels.town import Area, Town
    from data.repositories.registers import PatrolTargetRecord
    from data.viewer import Viewer
    from geo.cells import SquareCells


def build_brief(
    session: Session, viewer: Viewer, ground: Ground, asked: PatrolAsked, *, tz: str
) -> Brief:
    """Answer one shift.

    Raises
    ------
    AccessRefused
        `level_too_low`: exact places are for `INTERNAL` and above.
    """
    town = ground.town
    area = town.area(asked.area)
    cells = squares_of(town, area)
    ranking = read_ranking(session, ground, asked, cells, tz)
    ranked = ranked_cells(ranking)
    day = asked.day.toordinal()
    last = ranked[asked.places - 1 : asked.places]
    rotation = turned(
        [score for _, score in ranked], asked.places, asked.seed, day,
        error=score_error(ranking, last[0][0]) if last else None,
    )  # fmt: skip
    starts_at = datetime.combine(asked.day, time(asked.start_hour), ZoneInfo(tz)).astimezone(UTC)
    stops = StopsBefore(ground.stops, ground.targets, cells, starts_at)
    places = [
        _with_cases(
            session, viewer, ground, cells,
            _place((ground, stops), ranking, cells, (rank, *ranked[rank]), (asked, tz)),
        )
        for rank in rotation.ranks
    ]  # fmt: skip
    xy_m = cells.metres(np.array([p.lon for p in places]), np.array([p.lat for p in places]))
    order, walk_m, shortest_m = walk_of_day(xy_m, asked.seed, day)
    return Brief(
        asked=asked,
        area=area,
        places=tuple(places),
        order=order,
        walk_m=walk_m,
        shortest_m=shortest_m,
        rotation=rotation,
        stops_since=stops.since_at,
        first_at=_moment(ranking.occurred.min()) if len(ranking.occurred) else None,
        n_ranked=len(ranking.occurred),
        n_in_hours=int(ranking.in_hours.sum()),
        n_unclocked=ranking.left_out["unclocked"],
        n_discovered=ranking.left_out["discovered"],
        n_unlocated=ranking.left_out["unlocated"],
        n_proactive=ranking.left_out["proactive"],
        n_unknown=ranking.left_out["unknown"],
        is_stated=ranking.is_stated,
        targets_due=_due(ground, area, asked, tz),
    )


def _place(
    held: tuple[Ground, StopsBefore],
    ranking: Ranking,
    cells: SquareCells,
    ranked: tuple[int, tuple[int, int], float],
    when: tuple[PatrolAsked, str],
) -> PatrolPlace:
    (ground, stops), (rank, cell, score), (asked, tz) = held, ranked, when
    inside = (ranking.cell == np.array(cell)).all(axis=1)
    chosen = inside & ranking.in_hours
    lon, lat = float(ranking.lon[chosen].mean()), float(ranking.lat[chosen].mean())
    end = local_midnight(asked.day, tz)
    kinds, counts = np.unique(ranking.kind[chosen].astype(str), return_counts=True)
    listed = sorted(zip(kinds.tolist(), counts.tolist(), strict=True), key=lambda k: (-k[1], k[0]))
    since = {days: moment64(end - timedelta(days=days)) for days in (RECENT_DAYS, 28, 365)}
    month, year = (inside & (ranking.occurred >= since[days]) for days in (28, 365))
    near = recent_near(ranking, cell, since[RECENT_DAYS], RECENT_M)
    outline = cells.outline(*cell)
    grid_code = _grid(ground.town, lon, lat)
    stop = stops.here(outline, (lon, lat))
    grid = ground.town.units.geometry[grid_code] if grid_code else None
    in_grid = None if stop else stops.inside(grid, (lon, lat))
    return PatrolPlace(
        rank=rank + 1,
        lon=lon,
        lat=lat,
        outline=outline,
        street=_street(ground.town, cells, lon, lat),
        grid_code=grid_code,
        n_hours=int(chosen.sum()),
        n_all=int(inside.sum()),
        n_28_days=int(month.sum()),
        n_365_days=int(year.sum()),
        n_hours_28_days=int((month & ranking.in_hours).sum()),
        n_hours_365_days=int((year & ranking.in_hours).sum()),
        score=score,
        near=tuple(_moment(at) for at in near),
        by_hour=tuple(np.bincount(ranking.hour[inside], minlength=HOURS).tolist()),
        kinds=tuple(listed),
        last_at=_moment(ranking.occurred[chosen].max()),
        latest=tuple(_moment(at) for at in np.sort(ranking.occurred[chosen])[::-1][:DATES]),
        last_stop=stop[0] if stop else None,
        near_stop=in_grid[0] if in_grid else None,
        stop_gap_m=stop[1] if stop else (in_grid[1] if in_grid else None),
    )


def _street(town: Town, cells: SquareCells, lon: float, lat: float) -> str:
    """Name of the nearest named street within a cell's side; empty where there is none."""
    streets = town.streets
    if streets.empty or "name" not in streets:
        return ""
    named = streets[streets["name"].notna() & (streets["name"] != "")]
    if named.empty:
        return ""
    lines = named.geometry.to_numpy()
    nearest = shapely.shortest_line(lines, shapely.Point(lon, lat))
    ends = shapely.get_coordinates(nearest).reshape(-1, 2, 2)
    near, here = (cells.metres(ends[:, side, 0], ends[:, side, 1]) for side in (0, 1))
    gaps_m = np.hypot(*(near - here).T)
    k = int(np.argmin(gaps_m))
    return str(named["name"].iloc[k]) if gaps_m[k] <= CELL_M else ""


def _grid(town: Town, lon: float, lat: float) -> str:
    hits = town.units.sindex.query(shapely.Point(lon, lat), predicate="intersects")
    return str(min(town.units.index[hits])) if len(hits) else ""


def _with_cases(
    session: Session, viewer: Viewer, ground: Ground, cells: SquareCells, place: PatrolPlace
) -> PatrolPlace:
    """Add the open hazards and disputes of a place, nearest first."""
    found: list[OpenCase] = []
    for layer in (EventLayer.HAZARDS, EventLayer.DISPUTES):
        events = ground.placed[layer].events
        rows = np.flatnonzero(events.is_open & events.is_located)
        if len(rows) == 0:
            continue
        xy = cells.metres(events.lon[rows], events.lat[rows])
        here = cells.metres(np.array([place.lon]), np.array([place.lat]))[0]
        gaps_m = np.hypot(*(xy - here).T)
        points = shapely.points(events.lon[rows], events.lat[rows])
        near = (gaps_m <= NEAR_M) | shapely.intersects(place.outline, points)
        gap_of = dict(zip(events.ids[rows[near]].tolist(), gaps_m[near].tolist(), strict=True))
        found += [
            OpenCase(
                layer, record.source, record.external_id, record.kind, record.status,
                record.due_at, gap_of[record.id],
            )
            for record in event_records(session, viewer, layer, events.ids[rows[near]])
        ]  # fmt: skip
    found.sort(key=lambda case: (case.distance_m, case.layer, case.external_id))
    return replace(place, cases=tuple(found[:MOST_CASES]), n_cases=len(found))


def _due(
    ground: Ground, area: Area | None, asked: PatrolAsked, tz: str
) -> tuple[tuple[PatrolTargetRecord, int], ...]:
    """Patrol targets of the area that had fewer stops in the last seven days than are due."""
    end = local_midnight(asked.day, tz)
    since = end - timedelta(days=7)
    seen: dict[str, int] = {}
    for stop in ground.stops:
        if stop.target_ref and since <= stop.arrived_at < end:
            seen[stop.target_ref] = seen.get(stop.target_ref, 0) + 1
    units = ground.town.units[ground.town.in_area(area)]
    outline = shapely.union_all(units.geometry.to_numpy()) if area is not None else None
    return tuple(
        (target, seen.get(target.external_id, 0))
        for target in ground.targets
        if seen.get(target.external_id, 0) < target.due_per_week
        and (
            outline is None or (target.geometry is not None and outline.intersects(target.geometry))
        )
    )


def _moment(at: np.datetime64) -> datetime:
    return pd.Timestamp(at).to_pydatetime().replace(tzinfo=UTC)
