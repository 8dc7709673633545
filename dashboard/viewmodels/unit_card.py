"""Build the card of one unit: who looks after it, what happened there, what is open, which import.

Used by `dashboard.cache` and the overview screen.
Knows nothing of languages.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from dashboard.viewmodels.overview import (
    Span,
    Wanted,
    filters_of,
    in_units,
    latest_moment,
    span_of,
)
from dashboard.viewmodels.posts import RosterLine, SlotGap, roster_of
from data.repositories.events import EventRecord, event_records
from data.repositories.imports import list_batches
from data.vocabulary import EventLayer

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from datetime import datetime

    import numpy as np
    from sqlalchemy.orm import Session

    from dashboard.viewmodels.town import Town
    from data.counting import Placed
    from data.viewer import Viewer

MOST_HAZARDS: Final = 50
_LOOKED_AT: Final = 500


@dataclass(frozen=True)
class UnitCard:
    """One unit and everything known of it.

    Attributes
    ----------
    community, subdistrict, station
        (code, name) of the place above; None where there is none.
    roster, missing
        Posts with who fills them, and slots of the staffing pattern that are not filled.
    by_kind
        Kind code → incidents of the span, most first.
    hazards
        Open hazards, newest first, at most 50 (`hazards_open` counts all). Texts were masked
        when they were imported.
    estimated
        Which of `households` and `residents` were shared out from grids that a plan cuts.
    has_posts
        False for a plan's grid, which nobody is appointed to: its roster is its community's.
    last_import
        (file name, when) of the newest import among the records of this unit.
    """

    code: str
    name: str
    kind: str
    community: tuple[str, str] | None
    subdistrict: tuple[str, str] | None
    station: tuple[str, str] | None
    households: int | None
    residents: int | None
    area_m2: float | None
    span: Span
    by_kind: Mapping[str, int]
    hazards: tuple[EventRecord, ...]
    hazards_open: int
    disputes_open: int
    roster: tuple[RosterLine, ...]
    missing: tuple[SlotGap, ...]
    last_import: tuple[str, datetime | None] | None
    estimated: frozenset[str] = frozenset()
    has_posts: bool = True


def build_card(
    session: Session,
    viewer: Viewer,
    town: tuple[Town, Mapping[EventLayer, Placed]],
    wanted: Wanted,
    code: str,
    *,
    tz: str,
) -> UnitCard | None:
    """Build the card of the unit with this code; None where the day has no such unit."""
    places, placed = town
    if code not in places.units.index:
        return None
    unit: Mapping[Hashable, Any] = places.units.loc[[code]].to_dict("records")[0]
    span = span_of(wanted, latest_moment(placed[EventLayer.INCIDENTS]), tz)
    filters = filters_of(wanted, span)
    here = {
        layer: placed[layer].take(in_units(places, placed[layer], frozenset({code})))
        for layer in EventLayer
    }
    found = {layer: here[layer].events.take(filters[layer].mask(here[layer].events))
             for layer in EventLayer}  # fmt: skip
    community = _above(places, unit, "community")
    near = [(str(places.level), code), *([("community", community[0])] if community else [])]
    is_plan = places.plan is not None
    near = near[1:] if is_plan else near
    roster, missing = roster_of(session, viewer, places=near, as_of=places.as_of)
    open_ids = found[EventLayer.HAZARDS].ids
    return UnitCard(
        code=code,
        name=str(unit["name"]),
        kind=str(unit["kind"]),
        community=community,
        subdistrict=_above(places, unit, "subdistrict"),
        station=_above(places, unit, "station"),
        households=_whole(unit["households"]),
        residents=_whole(unit["residents"]),
        area_m2=None if pd.isna(unit["area_m2"]) else float(unit["area_m2"]),
        span=span,
        by_kind=_by_kind(
            found[EventLayer.INCIDENTS].kind.labels, found[EventLayer.INCIDENTS].kind.codes
        ),
        hazards=event_records(session, viewer, EventLayer.HAZARDS, open_ids[-MOST_HAZARDS:]),
        hazards_open=len(open_ids),
        disputes_open=len(found[EventLayer.DISPUTES]),
        roster=roster,
        missing=() if is_plan else missing,
        estimated=frozenset(name for name, codes in places.estimated.items() if code in codes),
        has_posts=not is_plan,
        last_import=_last_import(session, viewer, here),
    )


def _above(places: Town, unit: Mapping[Hashable, Any], level: str) -> tuple[str, str] | None:
    value = unit.get(f"{level}_code")
    if value is None or pd.isna(value) or level == str(places.level):
        return None
    return str(value), places.name(level, value) or str(value)


def _whole(value: Any) -> int | None:  # noqa: ANN401 - a cell of a nullable column
    return None if pd.isna(value) else int(value)


def _by_kind(labels: tuple[str, ...], codes: np.ndarray[tuple[int], np.dtype[np.int32]]) -> dict[
    str, int
]:  # fmt: skip
    counts = Counter(labels[code] if code >= 0 else "" for code in codes.tolist())
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _last_import(
    session: Session, viewer: Viewer, here: Mapping[EventLayer, Placed]
) -> tuple[str, datetime | None] | None:
    """Find the newest import among the newest 500 records of each layer here."""
    batches = {batch.id: batch for batch in list_batches(session, viewer)}
    seen = [
        record.batch_id
        for layer in EventLayer
        for record in event_records(session, viewer, layer, here[layer].events.ids[-_LOOKED_AT:])
        if record.batch_id in batches
    ]
    if not seen:
        return None
    newest = batches[max(number for number in seen if number is not None)]
    return newest.file_name, newest.finished_at
