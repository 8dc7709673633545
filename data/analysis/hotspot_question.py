"""Say what a hotspot question asks, and which events of a ground it is about.

Used by the hotspot analyses. Defaults are those of the field (domain note 6.4): reported and sensed
channels only, kinds that police find by looking left out, everything left out counted.
Knows nothing of cells and methods.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from data.analysis.coverage_layers import HOTSPOT_CHANNELS
from data.analysis.hotspot_ground import HotspotGround
from data.errors import ConfigError
from data.grids_of import AS_OF_TODAY, GridsOf
from data.repositories.event_filter import EventFilter
from data.repositories.events import EventArrays
from data.viewer import DisplayLevel, Viewer
from data.vocabulary import ChannelGroup, EventLayer
from geo.errors import FrameError
from geo.hotspots import RECOMMENDED, HotspotOptions, Method

BoolArray = npt.NDArray[np.bool_]

_DAY_MS: Final = 86_400_000
_THURSDAY: Final = 3
_DAYS: Final = 7
_HOURS: Final = 24
_COARSE: Final = frozenset({"month", "none"})


class Channel(StrEnum):
    """Which channels a question counts; what police found themselves never mixes in by default."""

    REPORTED = "reported"
    DISCOVERED = "discovered"
    ALL = "all"


class Units(StrEnum):
    """What the cells are."""

    GRIDS = "grids"
    COMMUNITIES = "communities"
    SQUARES = "squares"
    HEXAGONS = "hexagons"
    GIVEN = "given"


@dataclass(frozen=True)
class HotspotQuestion:
    """What is asked.

    Parameters
    ----------
    layer
        Which layer.
    since, until
        Aware moments, half-open; none leaves that side open.
    kinds
        Codes; empty means all.
    hours
        Local hours, half-open, 0 to 24; `(22, 6)` runs over midnight. None for all.
    weekdays
        Local days of the week on which events begin, 0 = Monday; empty means all.
    channel
        reported (with sensed), discovered or all.
    method
        One of `geo.hotspots.Method`.
    units
        What the cells are; None: grids where there are any, else squares.
    cells
        Cells of one's own (`units` given): polygons with a CRS and `cell_id`.
    cell_m
        Side of squares, width of hexagons, metres; None chooses one and says so.
    options
        Choices of the method; periods come from `since` and `until` where it names none.
    area
        Code of a place above the grids, or of one grid; empty for all that the viewer sees.
    with_proactive
        Take kinds in that police find by looking for them.
    grids_of
        Which grids are the ground and its units, in the words of `data.grids_of.GridsOf`; a ground
        that a caller hands over is of these. Those valid when each event happened must be one set.
    """

    layer: EventLayer = EventLayer.INCIDENTS
    since: datetime | None = None
    until: datetime | None = None
    kinds: tuple[str, ...] = ()
    hours: tuple[int, int] | None = None
    weekdays: frozenset[int] = frozenset()
    channel: Channel = Channel.REPORTED
    method: Method = RECOMMENDED
    units: Units | None = None
    cells: gpd.GeoDataFrame | None = field(default=None, compare=False, repr=False)
    cell_m: float | None = None
    options: HotspotOptions = field(default_factory=HotspotOptions)
    area: str = ""
    with_proactive: bool = False
    grids_of: str = AS_OF_TODAY

    def __post_init__(self) -> None:
        """Take plain words for the vocabularies, as command line and forms give them.

        Raises
        ------
        ConfigError
            `bad_hours`, `bad_weekdays`, `cells_missing`, `empty_question_period`, `bad_grids_of`.
        """
        GridsOf(self.grids_of)
        object.__setattr__(self, "layer", EventLayer(self.layer))
        object.__setattr__(self, "channel", Channel(self.channel))
        object.__setattr__(self, "method", Method(self.method))
        if self.cells is not None and self.units is None:
            object.__setattr__(self, "units", Units.GIVEN)
        if self.units is not None:
            object.__setattr__(self, "units", Units(self.units))
        if (self.units is Units.GIVEN) != (self.cells is not None):
            raise ConfigError("cells_missing", units=str(self.units or ""))
        if self.hours is not None and not all(0 <= hour <= _HOURS for hour in self.hours):
            raise ConfigError("bad_hours", got=f"{self.hours[0]}-{self.hours[1]}")
        if any(day not in range(_DAYS) for day in self.weekdays):
            raise ConfigError("bad_weekdays", got=", ".join(map(str, sorted(self.weekdays))))
        since, until = self.since, self.until
        if since is not None and until is not None and since >= until:
            raise ConfigError(
                "empty_question_period", since=since.isoformat(), until=until.isoformat()
            )

    @property
    def needs_days(self) -> bool:
        """Whether the method looks at single days."""
        return self.method in {Method.EMERGING, Method.NEAR_REPEAT}


@dataclass(frozen=True)
class Selection:
    """The events of a question.

    Attributes
    ----------
    rows
        Rows of the ground's events that count: located, of the asked channels.
    others
        Located rows that pass everything but the channel, and were found by police.
    counts
        Parts of the report: `selected`, `unlocated`, `channels` (all of them, unlocated too),
        `left_out` (`proactive, sensitive, imprecise, no_hour, no_time, unknown_channel`).
    warnings
        Dicts with `code` and fields.
    """

    rows: npt.NDArray[np.int64]
    others: npt.NDArray[np.int64]
    counts: dict[str, Any]
    warnings: tuple[dict[str, Any], ...]


def select_events(ground: HotspotGround, viewer: Viewer, question: HotspotQuestion) -> Selection:
    """Choose the events of a question and count those that it leaves out.

    Raises
    ------
    FrameError
        ``no_events`` (field `left_out`); ``times_too_coarse``: no event has an hour (or a day)
        where one is needed.
    """
    events = ground.events
    inside = in_area(ground, question.area)
    passing, apart, timeless = (part & inside for part in _timed(events, question, ground.tz))
    counted = passing.copy()
    left = {"imprecise": apart, "no_time": timeless}
    hourless = apart & events.is_hourless if question.hours is not None else np.zeros_like(apart)
    if not question.with_proactive:
        left["proactive"] = counted & ground.proactive
        counted &= ~ground.proactive
    if viewer.level <= DisplayLevel.WALL:
        left["sensitive"] = counted & ground.sensitive
        counted &= ~ground.sensitive
    channels = {
        group.value: int((counted & events.channel_group.is_in(frozenset({group.value}))).sum())
        for group in ChannelGroup
    }
    groups, warnings = _groups(question.channel, channels)
    of_channel = counted & events.channel_group.is_in(groups) if groups else counted
    rows = np.flatnonzero(of_channel & events.is_located)
    found = events.channel_group.is_in(frozenset({ChannelGroup.DISCOVERED.value}))
    left_out = dict.fromkeys(("proactive", "sensitive", "imprecise", "no_time"), 0)
    left_out |= {name: int(mask.sum()) for name, mask in left.items()}
    unknown = channels[ChannelGroup.UNKNOWN.value]
    is_out = bool(groups) and ChannelGroup.UNKNOWN.value not in groups
    left_out |= {"no_hour": int(hourless.sum()), "unknown_channel": unknown if is_out else 0}
    if len(rows) == 0:
        _refuse_none(events, question, (apart, left_out))
    counts = {
        "selected": int(of_channel.sum()),
        "unlocated": int((of_channel & ~events.is_located).sum()),
        "channel": question.channel.value,
        "channels": channels,
        "left_out": left_out,
    }
    return Selection(rows, np.flatnonzero(counted & found & events.is_located), counts, warnings)


def in_area(ground: HotspotGround, area: str) -> BoolArray:
    """Events in the grids of a place; all without one.

    Raises
    ------
    ConfigError
        `unknown_area`.
    """
    if not area:
        return np.ones(len(ground.events), dtype=bool)
    inside = grids_in(ground, area)
    return ground.placed.of_grids(inside, missing=False)


def grids_in(ground: HotspotGround, area: str) -> BoolArray:
    """Rows of the placed grids that lie in a place: its code, or `level:code`.

    Raises
    ------
    ConfigError
        `unknown_area`.
    """
    grids = ground.placed.grids
    if not area:
        return np.ones(len(grids), dtype=bool)
    level, _, code = area.rpartition(":")
    columns = [name for name in grids.columns if name.endswith("_code") and name != "parent_code"]
    if level:
        columns = [name for name in columns if name == f"{level}_code"]
    inside = np.zeros(len(grids), dtype=bool)
    for name in columns:
        inside |= (grids[name] == (code or area)).to_numpy(dtype=bool, na_value=False)
    if not inside.any():
        raise ConfigError("unknown_area", area=area)
    return inside


def _timed(
    events: EventArrays, question: HotspotQuestion, tz: str
) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Say which rows pass kinds and time, which may pass, and which lack a time asked for."""
    asked = EventFilter(question.since, question.until, question.kinds, (), hours=question.hours,
                        tz=tz)  # fmt: skip
    split = question.options.split_at
    passing, apart = asked.mask(events), asked.imprecise(events)
    needs_time = question.method in {Method.CHANGE, Method.EMERGING, Method.NEAR_REPEAT}
    bounds = (question.since, question.until, question.hours)
    needs_time |= bool(question.weekdays) or any(bound is not None for bound in bounds)
    timeless = np.zeros(len(events), dtype=bool)
    if needs_time:
        timeless = np.isnat(events.occurred_at) & EventFilter(kinds=question.kinds).mask(events)
    passing = passing & ~timeless
    untold = np.zeros(len(events), dtype=bool)
    if split is not None and question.method is Method.CHANGE and events.has_ends:
        sides = EventFilter(None, split).mask(events) | EventFilter(split, None).mask(events)
        untold |= ~sides
    if question.needs_days:
        untold |= events.precision.is_in(_COARSE)
    if question.weekdays:
        first, last = _weekday(events, tz)
        wanted = np.isin(first, sorted(question.weekdays))
        untold |= events.precision.is_in(_COARSE) | (first != last)
        passing &= wanted | untold
    apart |= passing & untold
    return passing & ~untold, apart, timeless


def _weekday(events: EventArrays, tz: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Local weekday on which each event begins, and on which it has ended at the latest."""
    begin = events.local_ms(tz)
    first, last = begin // _DAY_MS, begin // _DAY_MS
    if events.has_ends:
        last = (begin + np.maximum(events.band_ms - 1, 0)) // _DAY_MS
    return (first + _THURSDAY) % _DAYS, (last + _THURSDAY) % _DAYS


def _groups(
    channel: Channel, channels: dict[str, int]
) -> tuple[frozenset[str], tuple[dict[str, Any], ...]]:
    """Give the channel groups that count; empty for all."""
    if channel is Channel.ALL:
        found = channels[ChannelGroup.DISCOVERED.value]
        told = {"code": "discovered_counted", "n": found, "of": sum(channels.values())}
        return frozenset(), (told,) if found else ()
    if channel is Channel.DISCOVERED:
        n = channels[ChannelGroup.DISCOVERED.value]
        return frozenset({ChannelGroup.DISCOVERED.value}), ({"code": "discovered_only", "n": n},)
    unknown = channels[ChannelGroup.UNKNOWN.value]
    if unknown and unknown == sum(channels.values()):
        groups = frozenset({*HOTSPOT_CHANNELS, ChannelGroup.UNKNOWN.value})
        return groups, ({"code": "channel_not_stated", "n": unknown},)
    return frozenset(HOTSPOT_CHANNELS), ()


def _refuse_none(
    events: EventArrays, question: HotspotQuestion, left: tuple[BoolArray, dict[str, int]]
) -> None:
    apart, left_out = left
    if apart.any() and (question.hours is not None or question.needs_days or question.weekdays):
        labels = [*events.precision.labels, "none"]
        codes = np.bincount(events.precision.codes[apart] % len(labels), minlength=len(labels))
        common = labels[int(codes.argmax())]
        known = common if common in {"month", "none", "day", "band"} else "day"
        needed = "hour" if question.hours is not None else "day"
        raise FrameError("times_too_coarse", known=known, needed=needed, n=int(apart.sum()))
    raise FrameError("no_events", frame=question.layer.value, left_out=left_out)
