"""Answer where posts should stand, for demand of the store or of a file.

Used by `gridbeat site` and the coverage screen. Knows nothing of sentences and of file types.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from data.analysis.coverage import STRAIGHT, STREETS, require_network
from data.analysis.coverage_layers import (
    HOTSPOT_CHANNELS,
    Ground,
    Period,
    Things,
    ground_of,
    hazards_of,
    households_of,
    incidents_of,
    posts_of,
    streets_of,
)
from data.counting import Placed
from data.database import Database
from data.errors import ConfigError, RecordNotFound
from data.repositories.registers import ServicePointRecord, register_records
from data.viewer import Viewer
from data.vocabulary import EventLayer, RegisterLayer
from geo.coverage import build_network
from geo.coverage.metres import point_coordinates
from geo.coverage.siting import MOST_PAIRS, SITE_CODE, WEIGHT, Objective, Siting, Solver, site_posts
from geo.coverage.streets import street_distances
from geo.crs import STORED_CRS, to_working

DEMANDS: Final = ("incidents", "hazards", "households")
_FIRST_CELL_M: Final = 50.0

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SiteQuestion:
    """What is asked.

    Parameters
    ----------
    posts
        How many to choose.
    within_m
        Metres within which demand is covered.
    objective, solver
        As `geo.coverage.siting.site_posts`.
    demand
        Of `DEMANDS`: what is to be covered.
    as_of
        The day of boundaries, open hazards and posts.
    keep_posts
        Posts filled on the day stay, and what they cover is covered.
    positions, on_duty_at
        Which posts stay, as in `CoverageQuestion`.
    network
        ``straight`` or ``streets``; along streets only covering can be asked.
    """

    posts: int
    within_m: float
    as_of: date
    objective: Objective = "cover"
    solver: Solver = "exact"
    demand: str = "incidents"
    since: datetime | None = None
    until: datetime | None = None
    kinds: tuple[str, ...] = ()
    channel_groups: tuple[str, ...] = HOTSPOT_CHANNELS
    keep_posts: bool = False
    positions: tuple[str, ...] = ()
    on_duty_at: datetime | None = None
    network: str = STRAIGHT
    time_limit_s: float = 60.0


@dataclass(frozen=True)
class SiteTable:
    """Rows of a file: degrees (NaN where there are none), names of sites or weights of demand."""

    lon: FloatArray
    lat: FloatArray
    names: Sequence[str] = ()
    weight: FloatArray | None = None


@dataclass(frozen=True)
class ChosenSite:
    """A chosen site: its code, a name, degrees, and where it comes from."""

    code: str
    name: str
    lon: float | None
    lat: float | None
    source: str


@dataclass(frozen=True)
class SiteAnswer:
    """Where posts should stand.

    Attributes
    ----------
    siting
        What `geo` found.
    chosen
        The sites, in the order of their codes; `source` is ``service_point``, ``grid`` or ``file``.
    demand_rows, site_rows
        How much was asked of the solver.
    demand_cell_m
        Side of the cells into which demand was gathered, at their weighted middles, because there
        was too much of it for an exact answer; None where every row stood for itself.
    """

    siting: Siting
    chosen: tuple[ChosenSite, ...]
    demand_rows: int
    site_rows: int
    demand_cell_m: float | None


def site_of(
    db: Database,
    viewer: Viewer,
    question: SiteQuestion,
    sites: SiteTable | None = None,
    placed: Mapping[EventLayer, Placed] | None = None,
) -> SiteAnswer:
    """Choose sites for demand of the store; `placed` as in `ground_of`.

    Candidates are the rows of `sites`, or else service points and a point inside every base grid.

    Raises
    ------
    ConfigError
        `unknown_demand`, `unknown_network`, `nearest_along_streets`.
    RecordNotFound
        `no_grids_for_reach`, `no_streets_loaded`, `no_households`.
    GeoError
        As `geo.coverage.siting.site_posts`.
    """
    _check(question)
    with db.read() as session:
        ground = ground_of(session, viewer, question.as_of, placed)
        things = _demand(ground, question)
        candidates = _from_table(ground, sites) if sites is not None else _candidates(ground)
        stays = None
        if question.keep_posts:
            stays = posts_of(ground, question.positions, question.on_duty_at).at_work
        lines = streets_of(ground) if question.network == STREETS else None
    demand = things.points.assign(**{WEIGHT: things.weight})
    ways = None
    if lines is not None:
        xy, places = point_coordinates(demand), point_coordinates(candidates)
        ways = street_distances(build_network(lines), xy, places, question.within_m)
    demand, cell_m = _gathered(demand, len(candidates), question)
    return _solve(question, demand, candidates, (ways, stays), cell_m)


def site_of_tables(
    question: SiteQuestion,
    demand: SiteTable,
    sites: SiteTable,
    distances: FloatArray | None = None,
) -> SiteAnswer:
    """Choose sites for demand of a file; straight lines unless distances (metres) are given.

    The store is not asked.
    """
    places = _points(np.append(demand.lon, sites.lon), np.append(demand.lat, sites.lat))
    weight = demand.weight if demand.weight is not None else np.ones(len(demand.lon))
    if distances is None:
        places = to_working(places)
    first = len(demand.lon)
    wanted = places.iloc[:first].assign(**{WEIGHT: weight})
    candidates = _described(places.iloc[first:], sites)
    cell_m = None
    if distances is None:
        wanted, cell_m = _gathered(wanted, len(candidates), question)
    return _solve(question, wanted, candidates, (distances, None), cell_m)


def _check(question: SiteQuestion) -> None:
    if question.demand not in DEMANDS:
        raise ConfigError("unknown_demand", got=question.demand, known=", ".join(DEMANDS))
    require_network(question.network)
    if question.network == STREETS and (question.objective != "cover" or question.keep_posts):
        raise ConfigError("nearest_along_streets")


def _demand(ground: Ground, question: SiteQuestion) -> Things:
    if question.demand == "hazards":
        return hazards_of(ground)
    if question.demand == "incidents":
        period = Period(question.since, question.until, question.kinds, question.channel_groups)
        return incidents_of(ground, period)
    homes = households_of(ground)
    if homes is not None:
        return homes
    if not ground.households.any():
        raise RecordNotFound("no_households")
    rows = np.arange(len(ground.grids))
    return Things(ground.middles, ground.households, rows, 0)


def _candidates(ground: Ground) -> gpd.GeoDataFrame:
    """Give service points and a point inside each grid, as sites on the plane."""
    rows = register_records(ground.session, ground.viewer, RegisterLayer.SERVICE_POINTS)
    offices = [
        r for r in rows
        if isinstance(r, ServicePointRecord) and r.geometry is not None and not r.geometry.is_empty
    ]  # fmt: skip
    lonlat = shapely.get_coordinates(
        shapely.point_on_surface(np.array([r.geometry for r in offices], dtype=object))
    ).reshape(-1, 2)
    inside = shapely.get_coordinates(
        shapely.point_on_surface(
            shapely.make_valid(
                ground.grids.geometry.to_numpy(), method="structure", keep_collapsed=False
            )
        )
    )
    degrees = np.vstack([lonlat, inside])  # what is told is what was measured from
    names = [r.name or r.external_id for r in offices] + ground.grids["name"].tolist()
    codes = [f"{r.source}/{r.external_id}" for r in offices] + ground.grids["grid_code"].tolist()
    return gpd.GeoDataFrame(
        {
            SITE_CODE: _unrepeated(codes),
            "name": names,
            "lon": degrees[:, 0],
            "lat": degrees[:, 1],
            "source": ["service_point"] * len(offices) + ["grid"] * len(inside),
        },
        geometry=ground.metres(degrees[:, 0], degrees[:, 1]).geometry.to_numpy(),
        crs=ground.plane.crs,
    )


def _unrepeated(codes: Sequence[str]) -> list[str]:
    """Put a number behind codes that occur again."""
    seen: dict[str, int] = {}
    found = []
    for code in codes:
        seen[code] = seen.get(code, 0) + 1
        found.append(code if seen[code] == 1 else f"{code} ({seen[code]})")
    return found


def _points(lon: FloatArray, lat: FloatArray) -> gpd.GeoDataFrame:
    known = np.isfinite(lon) & np.isfinite(lat)
    shapes = np.full(len(lon), None, dtype=object)
    shapes[known] = shapely.points(lon[known], lat[known])
    return gpd.GeoDataFrame(geometry=shapes, crs=STORED_CRS)


def _from_table(ground: Ground, sites: SiteTable) -> gpd.GeoDataFrame:
    return _described(to_working(_points(sites.lon, sites.lat), ground.plane.crs), sites)


def _described(places: gpd.GeoDataFrame, sites: SiteTable) -> gpd.GeoDataFrame:
    names = [str(name) for name in sites.names]
    return places.assign(
        **{SITE_CODE: names}, name=names, lon=sites.lon, lat=sites.lat, source="file"
    )


def _gathered(
    demand: gpd.GeoDataFrame, sites: int, question: SiteQuestion
) -> tuple[gpd.GeoDataFrame, float | None]:
    """Gather demand into cells where an exact p-median would be too large."""
    if question.objective == "cover" or question.solver == "greedy":
        return demand, None
    most = max(1, MOST_PAIRS // max(1, sites))
    xy, weight = point_coordinates(demand), demand[WEIGHT].to_numpy(dtype=np.float64)
    if len(demand) <= most or not np.isfinite(xy).all():
        return demand, None
    cell_m, group, count = _FIRST_CELL_M, np.arange(len(xy)), len(xy)
    while count > most:
        cells = np.floor(xy / cell_m).astype(np.int64)
        found, group = np.unique(cells, axis=0, return_inverse=True)
        group, count = group.reshape(-1), len(found)
        cell_m *= 2.0
    total = np.bincount(group, weights=weight, minlength=count)
    share = np.where(total[group] > 0, weight / np.where(total > 0, total, 1.0)[group], 0.0)
    middle = np.column_stack(
        [np.bincount(group, weights=xy[:, k] * share, minlength=count) for k in (0, 1)]
    )
    kept = total > 0
    frame = gpd.GeoDataFrame(
        {WEIGHT: total[kept]}, geometry=shapely.points(middle[kept]), crs=demand.crs
    )
    return frame, cell_m / 2.0


def _solve(
    question: SiteQuestion,
    demand: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    given: tuple[FloatArray | None, gpd.GeoDataFrame | None],
    cell_m: float | None,
) -> SiteAnswer:
    distances, existing = given
    siting = site_posts(
        demand,
        sites,
        question.posts,
        question.within_m,
        objective=question.objective,
        solver=question.solver,
        existing=existing,
        distances=distances,
        time_limit_s=question.time_limit_s,
    )
    rows = sites.set_index(SITE_CODE, drop=False).loc[list(siting.chosen)]
    chosen = tuple(
        ChosenSite(str(code), str(name), _degree(lon), _degree(lat), str(source))
        for code, name, lon, lat, source in zip(
            rows[SITE_CODE], rows["name"], rows["lon"], rows["lat"], rows["source"], strict=True
        )
    )
    return SiteAnswer(siting, chosen, len(demand), len(sites), cell_m)


def _degree(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
