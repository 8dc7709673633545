"""State what a sample town is made of, before anything is drawn.

Used by the town builder, the event writers and the scenarios. Knows nothing of files or stores.
Lengths are metres in a local plane: x to the east, y to the north of the town centre.
"""

import math
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

XY = tuple[float, float]

_EQUATOR_M = 6_378_137.0
_SQUARED_ECCENTRICITY = 0.006_694_380_022_90


@dataclass(frozen=True)
class Plane:
    """The local plane of a town, tangent to the CGCS2000 ellipsoid at its centre.

    Affine on purpose: straight streets stay straight in lon/lat, and one vertex shared by several
    shapes stays one vertex. Over five kilometres the scale is wrong by less than one in a thousand.
    """

    lon: float
    lat: float

    @property
    def _metres_per_degree(self) -> tuple[float, float]:
        sine = math.sin(math.radians(self.lat))
        base = 1.0 - _SQUARED_ECCENTRICITY * sine * sine
        prime_vertical = _EQUATOR_M / math.sqrt(base)
        meridian = _EQUATOR_M * (1.0 - _SQUARED_ECCENTRICITY) / base**1.5
        return (
            math.radians(prime_vertical * math.cos(math.radians(self.lat))),
            math.radians(meridian),
        )

    def to_lonlat(self, xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Turn metres into degrees, rounded to seven decimals (about one centimetre)."""
        scale = np.array(self._metres_per_degree)
        degrees: npt.NDArray[np.float64] = np.asarray(xy, dtype=float) / scale
        rounded: npt.NDArray[np.float64] = np.round(degrees + np.array([self.lon, self.lat]), 7)
        return rounded


@dataclass(frozen=True)
class Road:
    """A line that was there before the blocks: main road, river or railway."""

    name: str
    street_class: str
    points: tuple[XY, ...]


@dataclass(frozen=True)
class Settlement:
    """One connected piece of town.

    `zones` names the subdistricts by a point in each; roads of class `main`, `river` and `railway`
    cut the outline into quarters, and every quarter gets its own orientation and block size.
    """

    key: str
    outline: tuple[XY, ...]
    roads: tuple[Road, ...]
    zone_cuts: tuple[tuple[XY, ...], ...] = ()
    block_m2: tuple[float, float] = (26_000.0, 52_000.0)
    twist_deg: float = 5.0
    centre: XY = (0.0, 0.0)


@dataclass(frozen=True)
class SubdistrictSpec:
    """One subdistrict: its code segment, names of its communities, and where it lies.

    `grids` counts the grids of each community (none: all alike, as the units say); `villages` names
    those communities that are villages; `county` is another county than the units' own.
    """

    code: str
    name: str
    seeds: tuple[tuple[str, XY], ...]
    communities: tuple[str, ...]
    stations: tuple[str, ...]
    relocated: tuple[tuple[str, str], ...] = ()
    grids: tuple[int, ...] = ()
    villages: tuple[str, ...] = ()
    county: tuple[str, str] | None = None


@dataclass(frozen=True)
class Units:
    """How the town is divided and peopled."""

    province: tuple[str, str]
    city: tuple[str, str]
    county: tuple[str, str]
    subdistricts: tuple[SubdistrictSpec, ...]
    grids_per_community: int
    households: tuple[int, int]
    mean_households: int
    residents_per_household: float
    evenness: float


@dataclass(frozen=True)
class Spans:
    """The days of a scenario; spans are half-open, in local time."""

    as_of: date
    since: date
    base_since: date | None = None


@dataclass(frozen=True)
class ScenarioSpec:
    """One scenario: place, division, days and names."""

    name: str
    seed: int
    plane: Plane
    settlements: tuple[Settlement, ...]
    units: Units
    spans: Spans
    words: tuple[str, ...]
    titles: dict[str, str] = field(default_factory=dict)
    tz: str = "Asia/Shanghai"

    @property
    def source(self) -> str:
        """Name under which its rows are imported."""
        return f"scenario:{self.name}"
