"""Let whole-number counts follow the ground that moves, losing and making not a single one.

Used by `geo.repairs.applying`. Knows nothing of shapes beyond their sizes.

A grid's count is shared out between what it keeps and what it gives, in proportion to area, by
the largest remainder (`geo.apportion`; ties to what it keeps, then to the earlier piece): an
estimate, for nobody counted the piece. Ground that belonged to nobody brings nothing. To a grid
whose count is unknown nothing goes: the giver keeps it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.apportion import apportion


@dataclass(frozen=True, slots=True)
class Handover:
    """A piece that went from one row to another; giver -1 is nobody."""

    proposal_id: str
    giver: int
    taker: int
    piece: shapely.Geometry


@dataclass(frozen=True)
class SharedOut:
    """The frame with new counts, what went with each handover, and the sums before and after."""

    frame: gpd.GeoDataFrame
    moved: tuple[Mapping[str, int], ...]
    sums: Mapping[str, tuple[int, int]]


def shared_out(
    frame: gpd.GeoDataFrame,
    handovers: Sequence[Handover],
    sizes_m2: npt.NDArray[np.float64],
    before_m2: npt.NDArray[np.float64],
    counts: Sequence[str],
) -> SharedOut:
    """Share the counts of every giver out.

    Parameters
    ----------
    sizes_m2, before_m2
        Square metres of each handover, and of each row before.
    counts
        Columns; those the frame lacks are passed over, and cells that are no whole number stay.
    """
    result = frame.copy()
    moved: list[dict[str, int]] = [{} for _ in handovers]
    sums = {}
    for column in counts:
        if column not in frame.columns:
            continue
        told = [_whole(value) for value in frame[column].tolist()]
        held = list(told)
        for giver, places in _by_giver(handovers).items():
            total = told[giver]
            places = [k for k in places if told[handovers[k].taker] is not None]  # noqa: PLW2901
            if not total or not places:
                continue
            given_m2 = [float(sizes_m2[k]) for k in places]
            kept_m2 = max(float(before_m2[giver]) - sum(given_m2), 0.0)
            shares = apportion(total, [kept_m2, *given_m2], idle_to_first=True).tolist()
            held[giver] = (held[giver] or 0) - sum(shares[1:])
            for place, units in zip(places, shares[1:], strict=True):
                taker = handovers[place].taker
                held[taker] = (held[taker] or 0) + units
                moved[place][column] = units
        _put(result, column, told, held)
        sums[column] = (sum(n or 0 for n in told), sum(n or 0 for n in held))
    return SharedOut(result, tuple(moved), sums)


def _by_giver(handovers: Sequence[Handover]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for place, one in enumerate(handovers):
        if one.giver >= 0:
            found[one.giver].append(place)
    return found


def _whole(value: Any) -> int | None:  # noqa: ANN401 - a cell of any type
    """Read a count; None for what is none."""
    if value is None or value is pd.NA or isinstance(value, str | bool):
        return None
    number = float(value)
    return int(number) if isfinite(number) and number >= 0 and number == int(number) else None


def _put(
    frame: gpd.GeoDataFrame, column: str, told: list[int | None], held: list[int | None]
) -> None:
    """Write the counts that changed; everything else keeps its value and its type."""
    rows = [row for row, (a, b) in enumerate(zip(told, held, strict=True)) if a != b]
    values = frame[column].copy()
    for row in rows:
        values.iloc[row] = held[row]
    frame[column] = values
