"""Put workload, harm, distance and people side by side, and hold them against bands.

Used by the planner's figures and by proposals. Knows nothing of stores and shapes: one number for
each grid. There is no total score: every balance stands by itself, every weight is visible.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from math import isfinite
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.errors import GeoError

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
ObjectArray = npt.NDArray[np.object_]

_SAME: Final = 1e-9
"""Rounding that is forgiven at the edge of a band."""


class BandState(StrEnum):
    """Where a grid stands against a band; both edges belong to it."""

    UNDER = "under"
    WITHIN = "in"
    OVER = "over"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Weights:
    """Minutes of work that one of each costs in the period; our own proposal, to be edited.

    Attributes
    ----------
    calls, open_hazards, disputes, households, visits
        Minutes for each.
    """

    calls: float = 45.0
    open_hazards: float = 30.0
    disputes: float = 120.0
    households: float = 2.0
    visits: float = 20.0


@dataclass(frozen=True, slots=True)
class Workload:
    """Work in minutes as a sum of counts times weights.

    Parameters
    ----------
    weights
        Minutes for each thing counted.

    Raises
    ------
    GeoError
        ``bad_workload_weight`` (fields `measure`, `got`): negative or no number.
    """

    weights: Weights = field(default_factory=Weights)

    def __post_init__(self) -> None:
        for measure, minutes in self.by_measure().items():
            if not isfinite(minutes) or minutes < 0:
                raise GeoError("bad_workload_weight", measure=measure, got=f"{minutes:g}")

    def by_measure(self) -> dict[str, float]:
        """List the weights, in their fixed order."""
        return {each.name: float(getattr(self.weights, each.name)) for each in fields(Weights)}

    def parts(self, counts: Mapping[str, npt.ArrayLike]) -> dict[str, FloatArray]:
        """Give the minutes that each measure adds, for each unit.

        Parameters
        ----------
        counts
            By measure (`calls`, `open_hazards`, `disputes`, `households`, `visits`) one number for
            each unit. A measure may be left out where its weight is 0.

        Raises
        ------
        GeoError
            ``missing_measure`` (fields `measure`, `known`), ``bad_counts`` (fields `measure`,
            `bad`: how many are negative or missing).
        """
        found = {}
        for measure, minutes in self.by_measure().items():
            if measure not in counts:
                if minutes > 0:
                    known = ", ".join(sorted(counts)) or "-"
                    raise GeoError("missing_measure", measure=measure, known=known)
                continue
            found[measure] = minutes * sound_counts(measure, counts[measure])
        return found

    def minutes(self, counts: Mapping[str, npt.ArrayLike]) -> FloatArray:
        """Give the minutes of work of each unit: the sum of `parts`."""
        parts = list(self.parts(counts).values())
        return np.sum(parts, axis=0) if parts else np.zeros(0)


def sound_counts(measure: str, values: npt.ArrayLike) -> FloatArray:
    """Give counts as numbers, or refuse those that are negative, infinite or missing.

    Raises
    ------
    GeoError
        ``bad_counts`` (fields `measure`, `bad`).
    """
    found = np.asarray(values, dtype=np.float64)
    bad = int((~np.isfinite(found) | (found < 0)).sum())
    if bad:
        raise GeoError("bad_counts", measure=measure, bad=bad)
    return found


@dataclass(frozen=True, slots=True)
class Bands:
    """What grids should keep to.

    Attributes
    ----------
    households
        Fewest and most households of a grid; 300-500 is a printed standard of a Chinese district.
    load
        How far a load may lie from the mean, as a share of it; 0.10 is our own proposal.

    Raises
    ------
    GeoError
        ``bad_band`` (fields `low`, `high`).
    """

    households: tuple[float, float] = (300.0, 500.0)
    load: float = 0.10

    def __post_init__(self) -> None:
        low, high = self.households
        if not (isfinite(low) and isfinite(high) and 0 <= low < high):
            raise GeoError("bad_band", low=f"{low:g}", high=f"{high:g}")
        if not isfinite(self.load) or self.load <= 0:
            raise GeoError("bad_band", low=f"{-self.load:g}", high=f"{self.load:g}")

    def household_states(self, households: npt.ArrayLike) -> ObjectArray:
        """Tell for each grid whether its households lie under, in or over the band."""
        values = np.asarray(households, dtype=np.float64)
        return _states(values, *self.households)

    def load_states(self, loads: npt.ArrayLike) -> ObjectArray:
        """Tell for each grid whether its load lies under, in or over the mean ± the band."""
        return _states(_deviation(np.asarray(loads, dtype=np.float64)), -self.load, self.load)


def _states(values: FloatArray, low: float, high: float) -> ObjectArray:
    states = np.full(len(values), BandState.WITHIN, dtype=object)
    states[values < low - _SAME] = BandState.UNDER
    states[values > high + _SAME] = BandState.OVER
    states[~np.isfinite(values)] = BandState.UNKNOWN
    return states


def _deviation(values: FloatArray) -> FloatArray:
    known = np.isfinite(values)
    mean = float(values[known].mean()) if known.any() else 0.0
    return values / mean - 1.0 if mean > 0 else np.where(known, 0.0, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Balance:
    """How evenly one measure lies on the grids; unknown values (NaN) are left out.

    Attributes
    ----------
    name
        Of the measure: `load`, `harm`, `distance`, `residents`, ….
    values
        One for each grid.
    mean
        None where nothing is known.
    deviation
        Of each grid from the mean, as a share of it; 0 everywhere where the mean is 0.
    max_deviation
        The largest of them, without sign.
    variation
        Coefficient of variation: standard deviation of the grids over their mean.
    max_over_min
        Largest over smallest; None where the smallest is 0.
    states
        Against the band, see `Bands`.
    share_within
        Share of the known grids inside the band.
    """

    name: str
    values: FloatArray
    mean: float | None
    deviation: FloatArray
    max_deviation: float | None
    variation: float | None
    max_over_min: float | None
    states: ObjectArray
    share_within: float | None


def balance_of(name: str, values: npt.ArrayLike, band: float = 0.10) -> Balance:
    """Say how evenly one measure lies on the grids.

    Parameters
    ----------
    name
        Of the measure.
    values
        One for each grid; NaN where unknown.
    band
        How far a value may lie from the mean, as a share of it.
    """
    found = np.asarray(values, dtype=np.float64)
    known = found[np.isfinite(found)]
    deviation = _deviation(found)
    states = Bands(load=band).load_states(found)
    if len(known) == 0:
        return Balance(name, found, None, deviation, None, None, None, states, None)
    mean, least = float(known.mean()), float(known.min())
    is_known = np.isfinite(found)
    return Balance(
        name=name,
        values=found,
        mean=mean,
        deviation=deviation,
        max_deviation=float(np.abs(deviation[is_known]).max()),
        variation=float(known.std()) / mean if mean > 0 else None,
        max_over_min=float(known.max()) / least if least > 0 else None,
        states=states,
        share_within=float((states[is_known] == BandState.WITHIN).mean()),
    )


def balances(measures: Mapping[str, npt.ArrayLike], band: float = 0.10) -> tuple[Balance, ...]:
    """Put several measures side by side, in the order given; they are never added up."""
    return tuple(balance_of(name, values, band) for name, values in measures.items())
