"""Say what a division into grids means: work, harm, people, shapes and posts, grid by grid.

Used by the planner's screen, its prints and commands. Takes any grids: today's, a past day's, a
plan's. Knows nothing of sentences; there is no total score, only balances side by side.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from data.analysis.plan_counts import PlanCounts
from data.analysis.plan_points import DISPUTES, DUE, HAZARDS, INCIDENTS, OPEN, VISITS
from data.analysis.plan_posts import MEMBER, OFFICER, Covered, covered, read_posts
from data.analysis.plan_shapes import ShapeMeter
from data.analysis.plan_weights import PlanWeights, read_bands, read_weights
from data.viewer import Viewer
from geo.districting.balance import Balance, Bands, Workload, balances
from geo.districting.shape import farthest_m

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Columns = dict[str, npt.NDArray[Any]]
BALANCED: Final = ("load", "harm", "distance", "residents", "households")
"""What is held side by side, in order."""
_COLUMN: Final[Mapping[str, str]] = {
    "load": "load_minutes",
    "harm": "harm",
    "distance": "longest_m",
    "residents": "residents",
    "households": "households",
}
_MEASURED: Final = frozenset({"area_m2", "load_minutes", "harm"})
_SUMMED_UP: Final = frozenset(_COLUMN.values())
_SUMMED: Final = ("households", "residents", "area_m2", "hazards_open", "disputes_open",
                  "visits_week", "load_minutes", "harm")  # fmt: skip


@dataclass(frozen=True)
class PlanGround:
    """What is read once for all figures of a plan.

    Attributes
    ----------
    posts
        As `read_posts` gives them.
    weights, bands
        Settings of the store, or what the planner tries out.
    meter
        Keeps the measures of shapes between figures.
    """

    posts: gpd.GeoDataFrame
    weights: PlanWeights
    bands: Bands
    meter: ShapeMeter
    _held: list["Held"] = field(default_factory=list, repr=False, compare=False)

    def held_by(self, grids: gpd.GeoDataFrame) -> "Held":
        """Say which post looks after which grid; asked again only for other codes or parents."""
        key = (tuple(grids["grid_code"].tolist()), tuple(grids["parent_code"].tolist()))
        if not self._held or self._held[0].grids != key:
            pairs = covered(self.posts, grids)
            starts = np.searchsorted(pairs.post, np.arange(len(self.posts) + 1)).tolist()
            rows = pairs.grid.tolist()
            own = tuple(tuple(str(key[0][k]) for k in rows[a:b]) for a, b in pairwise(starts))
            self._held[:] = [Held(key, pairs, own)]
        return self._held[0]

    @cached_property
    def places_m(self) -> FloatArray:
        """Places of the posts in the meter's CRS, shape (n, 2); NaN where one has none."""
        metric = self.meter.metric(self.posts)
        found = np.full((len(metric), 2), np.nan)
        has_place = ~(shapely.is_missing(metric) | shapely.is_empty(metric))
        found[has_place] = shapely.get_coordinates(metric[has_place])
        return found

    @cached_property
    def post_ids(self) -> pd.Index:
        """Keys of the posts."""
        return pd.Index(self.posts["post_id"].astype(np.int64), name="post_id")

    @cached_property
    def told(self) -> Columns:
        """What is said of each post, whatever the grids."""
        names = ("role", "position", "title", "place_code", "place_name", "holders")
        found = {name: self.posts[name].to_numpy(dtype=object) for name in names}
        found["is_filled"] = self.posts["is_filled"].to_numpy(dtype=bool)
        places = self.posts["place_code"].astype(str) + "/" + self.posts["role"].astype(str)
        filled = pd.Series(found["is_filled"]).groupby(places.to_numpy()).transform("sum")
        return found | {"sharing": filled.to_numpy(dtype=np.int64)}


@dataclass(frozen=True)
class Held:
    """Which post looks after which grid, and the codes of each post's grids."""

    grids: tuple[tuple[object, ...], tuple[object, ...]]
    pairs: Covered
    codes: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Told:
    """Where everything of one layer and period is: the parts add up to `total`.

    Attributes
    ----------
    imprecise
        In no part and in no total.
    """

    inside: int
    outside: int
    unlocated: int
    imprecise: int

    @property
    def total(self) -> int:
        """All that passes."""
        return self.inside + self.outside + self.unlocated


@dataclass(frozen=True)
class PlanFigures:
    """Figures of a division.

    Attributes
    ----------
    codes, columns
        Grids in the order of the frame, and their figures: `name`, `parent_code`, `households`,
        `residents` (NaN unknown), `area_m2`, `polsby_popper`, `reock`, `parts`,
        `incidents_<period>`, `hazards_open`, `disputes_open`, `visits_week`, `minutes_calls` and
        those of the other weights, `load_minutes` (their sum), `harm`, `longest_m` (straight, to
        the farthest corner from the best post that looks after the grid; NaN without one),
        `officers`, `members` (filled posts that look after it), `households_state`,
        `households_off` (how many below (-) or above the band), `load_state`, `load_deviation`.
    post_ids, officer_columns
        Posts, and for each `role`, `position`, `title`, `place_code`, `place_name`, `is_filled`,
        `holders`, `grids` (how many), sums over them, `longest_m`, `parts` (pieces that hang
        together), `sharing` (filled posts of the role that look after the same grids).
    balances, officer_balances
        `BALANCED`, over grids and over filled officers' posts.
    totals
        Layer and period → where everything is.
    weeks
        Length of the period whose calls make the load.
    without_officer, without_member
        Codes of grids that no filled post of the role looks after.
    """

    codes: npt.NDArray[np.object_]
    columns: Columns
    post_ids: pd.Index
    officer_columns: Columns
    balances: tuple[Balance, ...]
    officer_balances: tuple[Balance, ...]
    totals: Mapping[tuple[str, str], Told]
    weeks: float
    weights: PlanWeights
    bands: Bands
    without_officer: tuple[str, ...] = field(default_factory=tuple)
    without_member: tuple[str, ...] = field(default_factory=tuple)

    @cached_property
    def grids(self) -> pd.DataFrame:
        """The figures of grids as a frame by `grid_code`."""
        return pd.DataFrame(self.columns, index=pd.Index(self.codes, name="grid_code"))

    @cached_property
    def officers(self) -> pd.DataFrame:
        """The figures of posts as a frame by `post_id`."""
        return pd.DataFrame(self.officer_columns, index=self.post_ids)


def read_ground(
    session: Session, viewer: Viewer, grids: gpd.GeoDataFrame, *, as_of: date
) -> PlanGround:
    """Read posts, weights and bands; the working CRS is that of the middle of `grids`."""
    posts = read_posts(session, viewer, as_of=as_of)
    return PlanGround(posts, read_weights(session), read_bands(session), ShapeMeter(grids))


def plan_figures(grids: gpd.GeoDataFrame, counts: PlanCounts, ground: PlanGround) -> PlanFigures:
    """Work out all figures of a division.

    Parameters
    ----------
    grids
        `grid_code`, `name`, `parent_code`, `households`, `residents`, geometry in EPSG:4326.
    counts
        Of these grids: `PlanCounts.update` first.
    ground
        Of the store; after the first time only changed shapes are measured.
    """
    metric, shapes = ground.meter.measure(grids)
    columns = _people(grids) | shapes | _counted(grids, counts, ground.weights)
    _add_work(columns, counts, ground.weights)
    codes = grids["grid_code"].to_numpy(dtype=object)
    held = ground.held_by(grids)
    pairs = held.pairs
    ways = farthest_m(metric[pairs.grid], ground.places_m[pairs.post])
    columns["longest_m"] = _extreme(np.minimum, pairs.grid, ways, len(grids))
    for name, role in (("officers", OFFICER), ("members", MEMBER)):
        columns[name] = pairs.filled(ground.posts, role, len(grids))
    side_by_side = _balances(columns, ground.bands)
    columns["households_state"] = ground.bands.household_states(columns["households"])
    columns["households_off"] = _off_band(columns["households"], ground.bands)
    columns["load_deviation"] = side_by_side[0].deviation
    columns["load_state"] = side_by_side[0].states
    officers = _officers(columns, ground, held, ways)
    posts = officers["grids"] > 0
    posts = posts & officers["is_filled"] & (officers["role"] == OFFICER)
    at_work = {name: values[posts] for name, values in officers.items() if name in _SUMMED_UP}
    return PlanFigures(
        codes=codes,
        columns=columns,
        post_ids=ground.post_ids,
        officer_columns=officers,
        balances=side_by_side,
        officer_balances=_balances(at_work, ground.bands),
        totals=_totals(counts),
        weeks=counts.weeks(INCIDENTS, counts.periods(INCIDENTS)[0]),
        weights=ground.weights,
        bands=ground.bands,
        without_officer=tuple(codes[columns["officers"] == 0]),
        without_member=tuple(codes[columns["members"] == 0]),
    )


def by_kind(grids: gpd.GeoDataFrame, counts: PlanCounts, layer: str, period: str) -> pd.DataFrame:
    """Count one layer and period by grid (rows) and kind (columns; kinds with no count left out).

    The empty column is of records without a kind.
    """
    codes = grids["grid_code"].astype(str)
    found = counts.table(layer, period, codes)
    kept = np.flatnonzero(found.sum(axis=0))
    kinds = [counts.kinds(layer)[column] for column in kept]
    return pd.DataFrame(found[:, kept], index=pd.Index(codes, name="grid_code"), columns=kinds)


def _people(grids: gpd.GeoDataFrame) -> Columns:
    columns: Columns = {
        name: grids[name].to_numpy(dtype=object) for name in ("name", "parent_code")
    }
    for name in ("households", "residents"):
        columns[name] = people_of(grids, name)
    return columns


def people_of(grids: gpd.GeoDataFrame, name: str) -> FloatArray:
    """Give `households` or `residents` of each grid; NaN where they are unknown."""
    if name not in grids.columns:
        return np.full(len(grids), np.nan)
    values = pd.to_numeric(grids[name])
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))


def _counted(grids: gpd.GeoDataFrame, counts: PlanCounts, weights: PlanWeights) -> Columns:
    """Give counts, minutes of calls and harm of each grid."""
    codes = grids["grid_code"].to_numpy(dtype=object)
    periods, kinds = counts.periods(INCIDENTS), counts.kinds(INCIDENTS)
    tables = {period: counts.table(INCIDENTS, period, codes) for period in periods}
    calls = tables[periods[0]].astype(np.float64)
    each = np.array([weights.call_kinds.get(kind, weights.minutes.calls) for kind in kinds])
    harm = np.array([weights.harm.get(kind, 1.0) for kind in kinds])
    return {f"incidents_{period}": table.sum(axis=1) for period, table in tables.items()} | {
        "hazards_open": counts.table(HAZARDS, OPEN, codes).sum(axis=1),
        "disputes_open": counts.table(DISPUTES, OPEN, codes).sum(axis=1),
        "visits_week": counts.table(VISITS, DUE, codes).sum(axis=1),
        "minutes_calls": calls @ each,
        "harm": calls @ harm,
    }


def _add_work(columns: Columns, counts: PlanCounts, weights: PlanWeights) -> None:
    """Add the minutes of everything but calls, and their sum."""
    weeks = counts.weeks(INCIDENTS, counts.periods(INCIDENTS)[0])
    minutes = Workload(replace(weights.minutes, calls=0.0)).parts(
        {
            "open_hazards": columns["hazards_open"],
            "disputes": columns["disputes_open"],
            "households": np.nan_to_num(columns["households"]),
            "visits": columns["visits_week"] * weeks,
        }
    )
    columns |= {f"minutes_{name}": values for name, values in minutes.items()}
    columns["load_minutes"] = np.sum([columns["minutes_calls"], *minutes.values()], axis=0)


def _officers(columns: Columns, ground: PlanGround, held: "Held", ways: FloatArray) -> Columns:
    """Add up the grids of each post; `ways` are metres to the farthest corner, for each pair."""
    count, pairs = len(ground.posts), held.pairs
    made = dict(ground.told)
    made["grids"] = np.bincount(pairs.post, minlength=count)
    for name in (*_SUMMED, *(name for name in columns if name.startswith("incidents_"))):
        values = np.nan_to_num(columns[name].astype(np.float64))
        sums = np.bincount(pairs.post, values[pairs.grid], minlength=count)
        made[name] = sums if name in _MEASURED else np.rint(sums).astype(np.int64)
    made["longest_m"] = _extreme(np.maximum, pairs.post, ways, count)
    made["parts"] = np.array([ground.meter.parts_of(own) if own else 0 for own in held.codes])
    return made


def _extreme(which: np.ufunc, rows: IntArray, values: FloatArray, count: int) -> FloatArray:
    """Give the least or the largest known value of each row; NaN without one."""
    found = np.full(count, np.nan)
    known = np.isfinite(values)
    at = rows[known]
    found[at] = np.inf if which is np.minimum else -np.inf
    which.at(found, at, values[known])
    return found


def _off_band(households: FloatArray, bands: Bands) -> FloatArray:
    """Give how far households lie below (-) or above their band; 0 inside, NaN unknown."""
    low, high = bands.households
    return np.minimum(households - low, 0.0) + np.maximum(households - high, 0.0)


def _balances(columns: Columns, bands: Bands) -> tuple[Balance, ...]:
    measures = {name: columns[_COLUMN[name]].astype(np.float64) for name in BALANCED}
    return balances(measures, bands.load)


def _totals(counts: PlanCounts) -> dict[tuple[str, str], Told]:
    found = {}
    for layer in (INCIDENTS, HAZARDS, DISPUTES, VISITS):
        for period in counts.periods(layer):
            outside, lost = counts.outside(layer, period), counts.unlocated(layer, period)
            inside = counts.total(layer, period) - outside - lost
            imprecise = counts.imprecise(layer, period)
            found[layer, period] = Told(inside, outside, lost, imprecise)
    return found
