"""Answer how far the posts of a day reach: what lies within a distance, and where the gaps are.

Used by `gridbeat coverage` and the coverage screen. Posts count when somebody fills them that day:
the holder, or a substitute while the holder is on leave. Knows nothing of sentences.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from data.analysis.coverage_layers import (
    HOTSPOT_CHANNELS,
    Ground,
    Period,
    Posts,
    Things,
    ground_of,
    hazards_of,
    households_of,
    incidents_of,
    posts_of,
    streets_of,
    with_added,
)
from data.counting import Placed
from data.database import Database
from data.errors import ConfigError
from data.viewer import Viewer
from data.vocabulary import EventLayer
from geo.coverage import (
    Nearest,
    StreetNetwork,
    StreetReach,
    area_within,
    beyond_by_unit,
    build_network,
    gaps,
    nearest_post,
    overlap,
    street_reach,
    within_minutes,
)
from geo.coverage.area import areas_of_reach
from geo.coverage.metres import point_coordinates, require_reach
from geo.coverage.streets import street_distances
from geo.coverage.within import WALKING_KMH, reach_of

STRAIGHT: Final = "straight"
STREETS: Final = "streets"
_MOST_OVERLAP: Final = 3
_PAIRS_AT_A_TIME: Final = 4_000_000

FloatArray = npt.NDArray[np.float64]


def require_network(network: str) -> None:
    """Refuse what is neither ``straight`` nor ``streets``.

    Raises
    ------
    ConfigError
        `unknown_network`.
    """
    if network not in {STRAIGHT, STREETS}:
        raise ConfigError("unknown_network", got=network, known=f"{STRAIGHT}, {STREETS}")


@dataclass(frozen=True)
class CoverageQuestion:
    """What is asked.

    Parameters
    ----------
    as_of
        The day whose posts, boundaries and open hazards count.
    within_m, minutes
        One of them: metres, or minutes at `speed_kmh`.
    network
        ``straight`` or ``streets``.
    positions
        Codes of `data.vocabulary.Position`; empty asks for any.
    on_duty_at
        Only posts with a shift at that moment (aware); none asks for all filled posts.
    since, until, kinds, channel_groups
        Which incidents.
    added
        Proposed sites: code, longitude, latitude (degrees).
    is_alone
        Whether the proposed sites stand in the stead of the posts at work.
    """

    as_of: date
    within_m: float | None = None
    minutes: float | None = None
    speed_kmh: float = WALKING_KMH
    network: str = STRAIGHT
    positions: tuple[str, ...] = ()
    on_duty_at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    kinds: tuple[str, ...] = ()
    channel_groups: tuple[str, ...] = HOTSPOT_CHANNELS
    added: tuple[tuple[str, float, float], ...] = ()
    is_alone: bool = False

    @property
    def reach_m(self) -> float:
        """The distance in metres.

        Raises
        ------
        ConfigError
            `metres_or_minutes`: both or neither are given; `unknown_network`.
        GeoError
            ``bad_reach``, ``bad_speed``.
        """
        require_network(self.network)
        if (self.within_m is None) == (self.minutes is None):
            raise ConfigError("metres_or_minutes", within_m=self.within_m, minutes=self.minutes)
        if self.within_m is not None:
            return require_reach(self.within_m)
        return within_minutes(self.minutes or 0.0, self.speed_kmh)


@dataclass(frozen=True)
class Share:
    """How much of one thing lies within reach; `unlocated` is in no share, `basis` how it stood.

    `basis` is ``points`` (events), ``buildings`` (households where they are), ``grid_area``
    (households of a grid spread evenly over it) or ``area``.
    """

    within: float
    total: float
    unlocated: int
    basis: str

    @property
    def share(self) -> float | None:
        """Within over total; None where there is nothing."""
        return self.within / self.total if self.total else None


@dataclass(frozen=True)
class CoverageAnswer:
    """How far the posts reach.

    Attributes
    ----------
    incidents, hazards, households, area
        Shares; area in square metres, None along streets.
    area_error_m2
        Bound of the rounding of the area.
    gaps
        Grids by what lies in them beyond reach: `rank, code, name, incidents, hazards, households,
        area_m2`, widest first.
    beyond_grids
        What lies beyond reach and in no grid: in the shares, in no gap.
    nearest
        Posts by how many incidents they are nearest to: `post_code, place_code, place_name,
        incidents, within, mean_m, farthest_m`.
    overlap
        How many incidents 0, 1, 2, and 3 or more posts reach.
    grid_posts
        For each grid how many posts reach its middle (a point inside it).
    streets
        Of the network: `total_m, parts, connected_share, within_m, off_street, cut_off,
        posts_off_street`; None for straight lines.
    """

    question: CoverageQuestion
    reach_m: float
    crs: str
    posts: Posts
    incidents: Share
    hazards: Share
    households: Share
    area: Share | None
    area_error_m2: float | None
    gaps: pd.DataFrame
    beyond_grids: dict[str, float]
    nearest: pd.DataFrame
    overlap: tuple[int, ...]
    grid_posts: dict[str, int]
    streets: dict[str, Any] | None


def coverage_of(
    db: Database,
    viewer: Viewer,
    question: CoverageQuestion,
    placed: Mapping[EventLayer, Placed] | None = None,
) -> CoverageAnswer:
    """Say how far the posts of a day reach; `placed` as in `ground_of`.

    Only posts, grids and events of the viewer's areas are seen: a post just outside reaches
    nothing here.

    Raises
    ------
    ConfigError
        `metres_or_minutes`, `unknown_network`.
    RecordNotFound
        `no_grids_for_reach`, `no_streets_loaded`.
    GeoError
        ``bad_reach``, ``bad_speed``.
    """
    reach_m = question.reach_m
    with db.read() as session:
        ground = ground_of(session, viewer, question.as_of, placed)
        posts = posts_of(ground, question.positions, question.on_duty_at)
        posts = with_added(ground, posts, question.added, is_alone=question.is_alone)
        period = Period(question.since, question.until, question.kinds, question.channel_groups)
        incidents, hazards = incidents_of(ground, period), hazards_of(ground)
        homes = households_of(ground)
        lines = streets_of(ground) if question.network == STREETS else None
    network = build_network(lines) if lines is not None else None
    ruler = _Ruler(ground, posts, reach_m, network)
    return _answer(question, ruler, incidents, hazards, homes)


@dataclass(frozen=True)
class _Ruler:
    """Measures from the posts, in a straight line or along streets."""

    ground: Ground
    posts: Posts
    reach_m: float
    network: StreetNetwork | None

    def nearest(self, things: Things) -> tuple[Nearest, StreetReach | None]:
        """Give the nearest post of each thing; along streets only within reach."""
        if self.network is None:
            return nearest_post(things.points, self.posts.at_work), None
        found = street_reach(self.network, things.points, self.posts.at_work, self.reach_m)
        return found.nearest, found

    def overlap(self, points: gpd.GeoDataFrame) -> npt.NDArray[np.int64]:
        """Count the posts that reach each point."""
        if self.network is None:
            return overlap(points, self.posts.at_work, self.reach_m)
        xy, places = point_coordinates(points), point_coordinates(self.posts.at_work)
        step = max(1, _PAIRS_AT_A_TIME // max(1, len(places)))
        counts = [
            np.isfinite(
                street_distances(self.network, xy[first : first + step], places, self.reach_m)
            ).sum(axis=1)
            for first in range(0, len(xy), step)
        ]
        return np.concatenate([np.empty(0, dtype=np.int64), *counts])

    def grid_areas(self) -> tuple[FloatArray, FloatArray]:
        """Give square metres within straight reach and in all, for each grid."""
        places = point_coordinates(self.posts.at_work)
        return areas_of_reach(places, self.reach_m, self.ground.sound)


def _answer(
    question: CoverageQuestion,
    ruler: _Ruler,
    incidents: Things,
    hazards: Things,
    homes: Things | None,
) -> CoverageAnswer:
    count = len(ruler.ground.grids)
    measured = {"incidents": incidents, "hazards": hazards}
    if homes is not None:
        measured["households"] = homes
    shares, beyond, nearest, outside, street = {}, {}, {}, {}, None
    for name, things in measured.items():
        nearest[name], along = ruler.nearest(things)
        street = along if name == "incidents" else street
        found = reach_of(nearest[name], ruler.reach_m, things.weight)
        basis = "buildings" if name == "households" else "points"
        shares[name] = Share(found.weight_within, found.weight_total, things.unlocated, basis)
        beyond[name] = beyond_by_unit(things.grid, things.weight, found.is_within, count)
        far = found.weight_total - found.weight_within
        outside[name] = max(0.0, far - float(beyond[name].sum()))
    is_straight, area = ruler.network is None, None
    if is_straight or homes is None:
        inside, whole = ruler.grid_areas()
    if homes is None:
        held = ruler.ground.households * inside / np.where(whole > 0, whole, 1.0)
        shares["households"] = Share(held.sum(), ruler.ground.households.sum(), 0, "grid_area")
        beyond["households"] = ruler.ground.households - held
    if is_straight:
        area = area_within(ruler.posts.at_work, ruler.reach_m, ruler.ground.plane)
        beyond["area_m2"] = np.where(whole - inside > whole * 1e-9, whole - inside, 0.0)
    counts = np.minimum(ruler.overlap(incidents.points), _MOST_OVERLAP)
    crs = ruler.ground.plane.crs
    return CoverageAnswer(
        question=question,
        reach_m=ruler.reach_m,
        crs=str(crs.to_string()) if crs is not None else "",
        posts=ruler.posts,
        incidents=shares["incidents"],
        hazards=shares["hazards"],
        households=shares["households"],
        area=None if area is None else Share(area.within_m2, area.total_m2, 0, "area"),
        area_error_m2=None if area is None else area.error_m2,
        gaps=_named(gaps(ruler.ground.grids["grid_code"].tolist(), beyond), ruler.ground),
        beyond_grids=outside,
        nearest=_by_post(nearest["incidents"], ruler),
        overlap=tuple(np.bincount(counts, minlength=_MOST_OVERLAP + 1).tolist()),
        grid_posts=_grid_posts(ruler),
        streets=_street_facts(ruler.network, street),
    )


def _named(table: pd.DataFrame, ground: Ground) -> pd.DataFrame:
    names = dict(zip(ground.grids["grid_code"], ground.grids["name"], strict=True))
    table.insert(2, "name", table["code"].map(names))
    return table


def _by_post(nearest: Nearest, ruler: _Ruler) -> pd.DataFrame:
    """Add up the incidents of each post, busiest first, then by code."""
    posts = ruler.posts.at_work
    answered = nearest.post >= 0
    row, gap = nearest.post[answered], nearest.distance_m[answered]
    count = np.bincount(row, minlength=len(posts))
    farthest = np.zeros(len(posts))
    np.maximum.at(farthest, row, gap)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(row, weights=gap, minlength=len(posts)) / count
    table = pd.DataFrame(
        {
            "post_code": posts["post_code"].to_numpy(dtype=object),
            "place_code": posts["place_code"].to_numpy(dtype=object),
            "place_name": posts["place_name"].to_numpy(dtype=object),
            "position": posts["position"].to_numpy(dtype=object),
            "incidents": count,
            "within": np.bincount(row[gap <= ruler.reach_m], minlength=len(posts)),
            "mean_m": mean,
            "farthest_m": np.where(count > 0, farthest, np.nan),
        }
    )
    table = table.sort_values(["incidents", "post_code"], ascending=[False, True], kind="stable")
    return table.reset_index(drop=True)


def _grid_posts(ruler: _Ruler) -> dict[str, int]:
    counts = ruler.overlap(ruler.ground.middles).tolist()
    return dict(zip(ruler.ground.grids["grid_code"].tolist(), counts, strict=True))


def _street_facts(
    network: StreetNetwork | None, found: StreetReach | None
) -> dict[str, Any] | None:
    if network is None or found is None:
        return None
    return {
        "total_m": network.total_m,
        "parts": len(network.component_m),
        "connected_share": network.connected_share,
        "within_m": found.street_within_m,
        "off_street": found.off_street,
        "cut_off": found.cut_off,
        "posts_off_street": found.posts_off_street,
    }
