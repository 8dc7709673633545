"""Name the hotspot methods and everything that may be chosen about them.

Used by every module of hotspots and proof, and by the callers' forms.
Knows nothing of frames and numbers.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

MIN_EVENTS: Final = 5
"""Fewer events than this are never called a hotspot (domain rule)."""

DEFAULT_BANDWIDTH_M: Final = 250.0
"""Middle of the 150-300 m that the field uses; the cell's width where cells are wider."""

LIGHT_BANDWIDTH_M: Final = 275.0
LIGHT_SHARE: Final = 0.2
"""The light kernel of the recommended method: n + 0.2 x (events expected by the kernel)."""


class Method(StrEnum):
    """What is asked of the cells."""

    COUNT = "count"
    COUNT_KERNEL = "count-kernel"
    RATE = "rate"
    KDE = "kde"
    GISTAR = "gistar"
    GI = "gi"
    MORAN = "moran"
    CHANGE = "change"
    EMERGING = "emerging"
    NEAR_REPEAT = "near-repeat"
    RISK = "risk"


RECOMMENDED: Final = Method.COUNT_KERNEL
"""Won the back-tests: count of a long history, ties broken by a light kernel."""


class Kernel(StrEnum):
    """Shape of the density's kernel; the bandwidth is the radius, or the standard deviation."""

    QUARTIC = "quartic"
    GAUSSIAN = "gaussian"


class Contiguity(StrEnum):
    """Which cells are neighbours."""

    QUEEN = "queen"
    ROOK = "rook"
    DISTANCE = "distance"


class CellClass(StrEnum):
    """What a cell is said to be; `dashboard/text` has the words."""

    HOT_99 = "hot_99"
    HOT_95 = "hot_95"
    HOT_90 = "hot_90"
    COLD_90 = "cold_90"
    COLD_95 = "cold_95"
    COLD_99 = "cold_99"
    NONE = "none"
    FEW_EVENTS = "few_events"
    NO_BASE = "no_base"
    NO_NEIGHBOURS = "no_neighbours"
    HIGH_HIGH = "high_high"
    LOW_LOW = "low_low"
    HIGH_LOW = "high_low"
    LOW_HIGH = "low_high"
    UP = "up"
    DOWN = "down"
    NEW = "new"
    CONSECUTIVE = "consecutive"
    INTENSIFYING = "intensifying"
    PERSISTENT = "persistent"
    DIMINISHING = "diminishing"
    SPORADIC = "sporadic"
    OSCILLATING = "oscillating"
    HISTORICAL = "historical"


class Repeats(StrEnum):
    """What is done with repeated events before pairs are counted."""

    KEEP = "keep"
    DROP_IDS = "drop-ids"
    DROP_ALL = "drop-all"


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotOptions:
    """Every choice of every method; what a method does not use it does not read.

    Attributes
    ----------
    bandwidth_m
        Radius of the quartic kernel or standard deviation of the Gaussian one, metres. None: 250 m,
        or the width of the cells where that is more. A stated one below the cells is refused.
    kernel
        Shape of the kernel.
    light_share
        Weight of the kernel's expected events against the count (method `count-kernel`).
    contiguity
        Neighbours for `gistar`, `gi`, `moran`, `emerging`: by corner, by side, or by distance.
    neighbours_m
        Largest distance between cell centres, metres, inclusive; needed by, and implies, distance.
    permutations
        Conditional permutations for `p_sim`; none where 0.
    seed
        Of every random draw.
    min_events
        Fewer events than this in all, or in a cell and its neighbours, are never called hot.
    alpha
        Level of `up`, `down` and the quadrants of `moran`, after Benjamini-Hochberg.
    confidence
        Of `low` and `high`.
    rate_per
        `rate` is events per this many of the base.
    since_at, split_at, until_at
        Half-open periods of `change` and `emerging`: [since, split), [split, until). None: from the
        first event, and just past the last one. `change` needs `split_at`.
    slice_days, min_slices, slices_back
        Width of the time slices of `emerging` (the last ends at `until_at`), the fewest that may
        be classed, and how many slices back a slice's neighbourhood reaches.
    near_m, near_days
        Bands of near repeats: upper bounds, increasing. The first of each is used for the cells.
    repeats
        Whether repeated ids, or repeated ids and repeated place-and-time, are dropped for pairs.
    """

    bandwidth_m: float | None = None
    kernel: Kernel = Kernel.QUARTIC
    light_share: float = LIGHT_SHARE
    contiguity: Contiguity = Contiguity.QUEEN
    neighbours_m: float | None = None
    permutations: int = 0
    seed: int = 0
    min_events: int = MIN_EVENTS
    alpha: float = 0.05
    confidence: float = 0.95
    rate_per: float = 10_000.0
    since_at: datetime | None = None
    split_at: datetime | None = None
    until_at: datetime | None = None
    slice_days: float = 28.0
    min_slices: int = 10
    slices_back: int = 1
    near_m: tuple[float, ...] = (100.0, 200.0, 300.0, 400.0)
    near_days: tuple[float, ...] = (7.0, 14.0, 28.0)
    repeats: Repeats = Repeats.DROP_IDS

    def __post_init__(self) -> None:
        """Take plain words for the vocabularies, as command line and forms give them."""
        object.__setattr__(self, "kernel", Kernel(self.kernel))
        object.__setattr__(self, "contiguity", Contiguity(self.contiguity))
        object.__setattr__(self, "repeats", Repeats(self.repeats))
