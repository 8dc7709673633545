"""Draw incidents by the million: hot spots, streets, homes, hours, seasons and near repeats.

Used by the big scenario. All columns are drawn whole with NumPy and written with Arrow.
"""

from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from data.scenarios.big_grids import Lattice
from data.scenarios.clock import PROFILES, SEASON
from data.scenarios.incidents import CHANNELS, HABITS, OUTCOMES
from data.scenarios.spec import Plane
from data.scenarios.spots import Mix
from data.vocabulary import CaseStatus, IncidentKind

_SHARES: Final = {
    IncidentKind.HELP: 0.22, IncidentKind.OTHER: 0.19, IncidentKind.TRAFFIC: 0.18,
    IncidentKind.DISPUTE_CALL: 0.13, IncidentKind.PUBLIC_ORDER: 0.1, IncidentKind.CRIMINAL: 0.07,
    IncidentKind.FRAUD: 0.06, IncidentKind.TIP: 0.03, IncidentKind.DISASTER: 0.02,
}  # fmt: skip
_DAY_MINUTES: Final = 1_440
_SPOTS_A_GRID: Final = 0.25
_SPOT_SIGMA_M, _STREET_SIGMA_M, _REPEAT_SIGMA_M = 70.0, 9.0, 45.0
_REPEATS: Final = 0.1
_REPEAT_DAYS: Final = 14
_INSET: Final = 0.03
_FALL: Final = 0.04
"""Yearly fall of the number of incidents, as a share."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def incidents_table(
    lattice: Lattice, plane: Plane, count: int, span: tuple[date, date], dice: np.random.Generator
) -> pa.Table:
    """Draw a table of incidents in order of time, in the columns of an incidents file.

    Parameters
    ----------
    span
        First day, and the day after the last.
    """
    kinds = list(_SHARES)
    of_kind = np.sort(dice.choice(len(kinds), count, p=np.array(list(_SHARES.values()))))
    minutes, xy = np.empty(count, np.int64), np.empty((count, 2))
    ground = _Ground(lattice, dice)
    for number, kind in enumerate(kinds):
        rows = np.flatnonzero(of_kind == number)
        habit = HABITS[kind]
        minutes[rows] = _moments(habit.profile, len(rows), span, dice)
        xy[rows] = ground.draw(habit.mix, len(rows))
    _repeat(minutes, xy, of_kind, span, dice)
    order = np.lexsort((of_kind, minutes))
    minutes, of_kind = minutes[order], of_kind[order]
    lonlat = np.round(plane.to_lonlat(ground.inside(xy[order])), 6)
    return _table(kinds, of_kind, minutes, lonlat, span, dice)


def write_table(path: Path, table: pa.Table) -> Path:
    """Write a table as CSV, UTF-8, quoted where needed."""
    pcsv.write_csv(table, path, pcsv.WriteOptions(quoting_style="needed"))
    return path


class _Ground:
    """Where things happen on the lattice."""

    def __init__(self, lattice: Lattice, dice: np.random.Generator) -> None:
        self.lattice, self.dice = lattice, dice
        cells = len(lattice.places)
        self.spots = self._in_cells(dice.integers(0, cells, max(3, round(cells * _SPOTS_A_GRID))))
        rank = np.arange(len(self.spots))
        self.spot_shares = _shares(np.asarray(1.0 / (rank + 2.0) ** 0.9, dtype=np.float64))
        self.home_shares = _shares(dice.lognormal(0.0, 0.35, cells))

    def draw(self, mix: Mix, count: int) -> Floats:
        """Draw points at hot spots (public places among them), along streets and at homes."""
        shares = _shares(np.array([mix.hot + mix.public, mix.street, mix.home]))
        sort = self.dice.choice(3, count, p=shares)
        made = np.empty((count, 2))
        hot, street, home = (np.flatnonzero(sort == number) for number in range(3))
        chosen = self.dice.choice(len(self.spots), len(hot), p=self.spot_shares)
        made[hot] = self.spots[chosen] + self.dice.normal(0.0, _SPOT_SIGMA_M, (len(hot), 2))
        made[street] = self._on_streets(len(street))
        cells = self.dice.choice(len(self.home_shares), len(home), p=self.home_shares)
        made[home] = self._in_cells(cells)
        return made

    def inside(self, xy: Floats) -> Floats:
        """Bring what strayed over the edge of the town back into the cells beside it."""
        corners = self.lattice.corners
        west, east = corners[:, 0, 0].max() + 15.0, corners[:, -1, 0].min() - 15.0
        full = int(np.bincount(self.lattice.places[:, 0]).argmin()) if self._is_short() else -1
        top = corners[full] if self._is_short() else corners[-1]
        south, north = corners[0, :, 1].max() + 15.0, top[:, 1].min() - 15.0
        brought: Floats = np.clip(xy, (west, south), (east, north))
        return brought

    def _is_short(self) -> bool:
        rows, columns = self.lattice.up.shape[0], self.lattice.across.shape[1]
        return bool(len(self.lattice.places) < rows * columns)

    def _in_cells(self, cells: Ints) -> Floats:
        """Draw a point in each of some cells, between their four corners."""
        row, column = self.lattice.places[cells].T
        u, v = self.dice.uniform(_INSET, 1.0 - _INSET, (2, len(cells), 1))
        c = self.lattice.corners
        low = c[row, column] * (1 - u) + c[row, column + 1] * u
        high = c[row + 1, column] * (1 - u) + c[row + 1, column + 1] * u
        points: Floats = low * (1 - v) + high * v
        return points

    def _on_streets(self, count: int) -> Floats:
        across, up = self.lattice.across, self.lattice.up
        edges = np.concatenate(
            [across.reshape(-1, *across.shape[2:]), up.reshape(-1, *up.shape[2:])]
        )
        edge = edges[self.dice.integers(0, len(edges), count)]
        piece = self.dice.integers(0, edge.shape[1] - 1, count)
        rows, share = np.arange(count), self.dice.random((count, 1))
        points: Floats = edge[rows, piece] * (1 - share) + edge[rows, piece + 1] * share
        return points + self.dice.normal(0.0, _STREET_SIGMA_M, (count, 2))


def _moments(profile: str, count: int, span: tuple[date, date], dice: np.random.Generator) -> Ints:
    """Draw minutes since the first day: by weekday, season, hour and a slow fall over the years."""
    hours, week = (np.array(weights, dtype=float) for weights in PROFILES[profile])
    days = np.arange(np.datetime64(span[0]), np.datetime64(span[1]))
    weekday = (days.astype("datetime64[D]").astype(np.int64) + 3) % 7
    month = days.astype("datetime64[M]").astype(np.int64) % 12
    trend = (1.0 - _FALL) ** (np.arange(len(days)) / 365.25)
    weights = week[weekday] * np.array(SEASON)[month] * trend
    day = dice.choice(len(days), count, p=_shares(weights))
    hour = dice.choice(24, count, p=_shares(hours))
    minutes: Ints = day * _DAY_MINUTES + hour * 60 + dice.integers(0, 60, count)
    return minutes


def _repeat(
    minutes: Ints, xy: Floats, of_kind: Ints, span: tuple[date, date], dice: np.random.Generator
) -> None:
    """Move a tenth of the rows beside another of their kind, up to two weeks later, in place."""
    last = (span[1] - span[0]).days * _DAY_MINUTES - 1
    moved = np.flatnonzero(dice.random(len(minutes)) < _REPEATS)
    bounds = np.searchsorted(of_kind, [of_kind[moved], of_kind[moved] + 1])
    source = bounds[0] + (dice.random(len(moved)) * (bounds[1] - bounds[0])).astype(np.int64)
    wait = (dice.exponential(_REPEAT_DAYS / 3, len(moved)) * _DAY_MINUTES).astype(np.int64)
    minutes[moved] = np.minimum(
        minutes[source] + np.minimum(wait, _REPEAT_DAYS * _DAY_MINUTES), last
    )
    xy[moved] = xy[source] + dice.normal(0.0, _REPEAT_SIGMA_M, (len(moved), 2))


def _table(
    kinds: list[IncidentKind],
    of_kind: Ints,
    minutes: Ints,
    lonlat: Floats,
    span: tuple[date, date],
    dice: np.random.Generator,
) -> pa.Table:
    count = len(minutes)
    last = (span[1] - span[0]).days * _DAY_MINUTES
    reported = minutes + 1 + dice.exponential(8.0, count).astype(np.int64)
    handled = reported + 2 + dice.exponential(9.0, count).astype(np.int64)
    closed = handled + 5 + (dice.lognormal(5.4, 1.1, count)).astype(np.int64)
    is_closed = closed < last
    channel = dice.choice(len(CHANNELS), count, p=_shares(np.array(list(CHANNELS.values()))))
    text = dice.integers(0, 1 << 30, count)
    said = [HABITS[kind].texts for kind in kinds]
    first = np.cumsum([0, *(len(texts) for texts in said)])
    words = pa.array([word for texts in said for word in texts])
    lengths = np.diff(first)
    outcome = np.array([OUTCOMES.get(kind, "settled_on_site") for kind in kinds])
    numbers = pc.utf8_lpad(pc.cast(pa.array(np.arange(1, count + 1)), pa.string()), 8, "0")
    return pa.table(
        {
            "id": pc.binary_join_element_wise("JQ", numbers, ""),
            "kind": pa.array(np.array([kind.value for kind in kinds])).take(pa.array(of_kind)),
            "channel": pa.array(list(CHANNELS)).take(pa.array(channel)),
            "occurred_at": _clock(minutes, span[0], minutes >= 0),
            "reported_at": _clock(np.minimum(reported, last - 1), span[0], minutes >= 0),
            "handled_at": _clock(handled, span[0], handled < last),
            "closed_at": _clock(closed, span[0], is_closed),
            "status": pa.array([CaseStatus.HANDLING.value, CaseStatus.CLOSED.value]).take(
                pa.array(is_closed.astype(np.int64))
            ),
            "outcome": pc.if_else(
                pa.array(is_closed), pa.array(outcome).take(pa.array(of_kind)), ""
            ),
            "description": words.take(pa.array(first[of_kind] + text % lengths[of_kind])),
            "lon": lonlat[:, 0],
            "lat": lonlat[:, 1],
        }
    )


def _clock(minutes: Ints, first: date, known: npt.NDArray[np.bool_]) -> pa.Array:
    """Write moments as `2024-05-01 08:30`, nothing where they are not known."""
    moments = np.datetime64(first, "m") + minutes.astype("timedelta64[m]")
    texts = pc.strftime(pa.array(moments.astype("datetime64[s]")), format="%Y-%m-%d %H:%M")
    return pc.if_else(pa.array(known), texts, "")


def _shares(weights: Floats) -> Floats:
    shares: Floats = weights / weights.sum()
    return shares
