"""Prepare what the coverage screen shows: the question, posts by state, ranked gaps, the proposal.

Used by `dashboard.cache.coverage` and the coverage screen. Knows nothing of languages and of
drawing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import shapely

from dashboard.viewmodels.coverage_wanted import COUNTS, DEMANDS, NETWORKS, SPEEDS_KMH, UNITS
from dashboard.viewmodels.people import SeatState, state_of
from data.analysis.coverage import STREETS, CoverageAnswer, CoverageQuestion, coverage_of
from data.analysis.coverage_layers import HOTSPOT_CHANNELS, SITE_PREFIX
from data.analysis.reach_shapes import Area, reach_shape
from data.analysis.siting import SiteQuestion
from data.frames import posts_frame
from data.kpi import BEAT_POSITIONS, MEMBER_POSITIONS
from data.repositories.people import list_posts
from geo.coverage import nearest_post
from geo.crs import to_working

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import pandas as pd
    from sqlalchemy.orm import Session

    from dashboard.viewmodels.coverage_wanted import CoverageChoice
    from dashboard.viewmodels.overview import Span
    from dashboard.viewmodels.town import Town
    from data.analysis.siting import SiteAnswer
    from data.counting import Placed
    from data.database import Database
    from data.viewer import Viewer
    from data.vocabulary import EventLayer

SITE_SECONDS: Final = 20.0
"""How long one proposal may be worked on; the best found by then is shown with its gap."""
POSITIONS: Final = {
    "beat": tuple(position.value for position in BEAT_POSITIONS),
    "members": tuple(position.value for position in MEMBER_POSITIONS),
    "all": (),
}
REACHING: Final = frozenset({SeatState.FILLED, SeatState.SUBSTITUTED, SeatState.SHORT})
"""States of a post at which somebody is."""


@dataclass(frozen=True)
class PostSpot:
    """A post with its place in degrees and how it stands on the day."""

    state: SeatState
    lon: float
    lat: float
    place_name: str
    position: str
    is_derived: bool


@dataclass(frozen=True)
class CoverageView:
    """What is shown of one question.

    Attributes
    ----------
    spots
        Posts asked for that lie somewhere.
    nearest
        Grid code → place name and position of the post nearest to a point inside the grid, and
        metres in a straight line; empty without posts.
    names
        Grid code → name.
    shape
        What is reached, EPSG:4326, for the map.
    """

    answer: CoverageAnswer
    spots: tuple[PostSpot, ...]
    nearest: dict[str, tuple[str, str, float]]
    names: dict[str, str]
    shape: Area

    def count(self, state: SeatState) -> int:
        """How many of the posts drawn are in a state."""
        return sum(spot.state is state for spot in self.spots)

    @property
    def measured(self) -> tuple[str, ...]:
        """What gaps are counted in: no area along streets."""
        return tuple(name for name in COUNTS if column_of(name) in self.answer.gaps.columns)

    def ranked(self, counts: str) -> pd.DataFrame:
        """Rank the gaps by one thing first, then by the others, then by code."""
        first = column_of(counts if counts in self.measured else COUNTS[0])
        names = [first, *(c for c in map(column_of, self.measured) if c != first)]
        table = self.answer.gaps.sort_values(
            [*names, "code"], ascending=[*(False for _ in names), True], kind="stable"
        ).reset_index(drop=True)
        table["rank"] = np.arange(1, len(table) + 1)
        return table


def column_of(counts: str) -> str:
    """Name the column of a gap table that holds a thing."""
    return "area_m2" if counts == "area" else counts


def question_of(
    choice: CoverageChoice, day: date, span: Span, kinds: tuple[str, ...], tz: str
) -> CoverageQuestion:
    """Turn a choice into the question that is answered.

    Parameters
    ----------
    day
        The day meant where the choice names none.
    tz
        Zone of the hour of the choice.
    """
    is_far = choice.unit == UNITS[0]
    at = None
    if choice.hour is not None:
        at = datetime.combine(day, time(choice.hour), ZoneInfo(tz))
    return CoverageQuestion(
        as_of=day,
        within_m=float(choice.within_m) if is_far else None,
        minutes=None if is_far else float(choice.minutes),
        speed_kmh=SPEEDS_KMH[choice.speed],
        network=choice.network,
        positions=POSITIONS[choice.who],
        on_duty_at=at,
        since=span.since,
        until=span.until,
        kinds=kinds,
        channel_groups=() if choice.channel == "all" else HOTSPOT_CHANNELS,
    )


def site_question_of(choice: CoverageChoice, asked: CoverageQuestion) -> SiteQuestion:
    """Ask for sites under the same reach, day and records; along streets they only cover."""
    is_straight = asked.network == NETWORKS[0]
    return SiteQuestion(
        posts=choice.posts,
        within_m=asked.reach_m,
        as_of=asked.as_of,
        objective="nearest" if choice.goal == "nearest" and is_straight else "cover",
        solver="greedy" if choice.solver == "greedy" else "exact",
        demand=choice.counts if choice.counts in DEMANDS else DEMANDS[0],
        since=asked.since,
        until=asked.until,
        kinds=asked.kinds,
        channel_groups=asked.channel_groups,
        keep_posts=choice.is_kept and is_straight,
        positions=asked.positions,
        on_duty_at=asked.on_duty_at,
        network=asked.network,
        time_limit_s=SITE_SECONDS,
    )


def with_sites(
    asked: CoverageQuestion, proposal: SiteQuestion, found: SiteAnswer
) -> CoverageQuestion:
    """Ask how far things are reached with the proposed sites."""
    added = tuple(
        (site.code, site.lon, site.lat)
        for site in found.chosen
        if site.lon is not None and site.lat is not None
    )
    return replace(asked, added=added, is_alone=not proposal.keep_posts)


def build_coverage(
    database: Database,
    viewer: Viewer,
    ground: tuple[Town, Mapping[EventLayer, Placed]],
    question: CoverageQuestion,
) -> CoverageView:
    """Answer a question on the places and the placed records of its day; prepare its picture.

    Raises
    ------
    ConfigError, RecordNotFound, GeoError
        As `data.analysis.coverage.coverage_of`.
    """
    town, placed = ground
    answer = coverage_of(database, viewer, question, placed)
    with database.read() as session:
        spots = _spots(session, viewer, question)
    return CoverageView(
        answer=answer,
        spots=spots,
        nearest=_nearest(answer, town),
        names=dict(zip(map(str, town.units.index), map(str, town.units["name"]), strict=True)),
        shape=reach_shape(answer, town.streets),
    )


def _spots(session: Session, viewer: Viewer, question: CoverageQuestion) -> tuple[PostSpot, ...]:
    states = {post.id: state_of(post) for post in list_posts(session, viewer, as_of=question.as_of)}
    frame = posts_frame(session, viewer, as_of=question.as_of)
    if question.positions:
        frame = frame[frame["position"].isin(question.positions)]
    frame = frame[~(frame.geometry.isna() | frame.geometry.is_empty)]
    names = ("post_id", "place_name", "position", "is_derived", "geometry")
    rows = zip(*(frame[name] for name in names), strict=True)
    return tuple(
        PostSpot(states[key], shape.x, shape.y, str(name), str(position), bool(derived))
        for key, name, position, derived, shape in rows
    )


def _nearest(answer: CoverageAnswer, town: Town) -> dict[str, tuple[str, str, float]]:
    posts = answer.posts.at_work
    if posts.empty:
        return {}
    inside = gpd.GeoDataFrame(
        geometry=shapely.point_on_surface(town.units.geometry.to_numpy()), crs=town.units.crs
    )
    found = nearest_post(to_working(inside, posts.crs), posts)
    names = posts["place_name"].to_numpy(dtype=object)[found.post]
    positions = posts["position"].to_numpy(dtype=object)[found.post]
    codes = map(str, town.units.index)
    return {
        code: (str(name), str(position), float(gap))
        for code, name, position, gap in zip(codes, names, positions, found.distance_m, strict=True)
    }


def site_rows(after: CoverageView) -> dict[str, dict[str, Any]]:
    """Give what each proposed site is nearest to: code → incidents, within reach, mean metres."""
    table = after.answer.nearest
    sites = table[table["post_code"].str.startswith(SITE_PREFIX)]
    rows = ({str(name): value for name, value in row.items()} for row in sites.to_dict("records"))
    return {str(row["place_code"]): row for row in rows}


def is_along_streets(view: CoverageView) -> bool:
    """Whether distances were measured along streets."""
    return view.answer.question.network == STREETS
