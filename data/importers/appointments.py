"""Read posts and dated appointments from rows of a table and hand them to the store.

Used by `data.importers.people`.
Knows nothing of files. Posts are made as appointments need them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Final

import shapely
from sqlalchemy.orm import Session

from data.importers.people_columns import day_of, flag_of, position_of, safe_text
from data.importers.people_rows import PersonRow, Tally, first_of_each
from data.importers.report import Caution
from data.repositories.people_writes import (
    AppointmentChange,
    AppointmentWriter,
    PersonWritten,
)
from geo.crs import Datum
from geo.gcj02 import to_wgs84

_STAGES: Final = ("reviewed_on", "submitted_on", "decided_on", "filed_on")


@dataclass(frozen=True, slots=True)
class _Draft:
    row: PersonRow
    change: AppointmentChange


def write_appointments(
    session: Session,
    rows: Sequence[PersonRow],
    *,
    source: str,
    batch_id: int,
    datum: Datum | None,
) -> Tally:
    """Insert or update one appointment for each row; the post (place, position, title) is made.

    Without an id column the id is officer, place, position and first day (warning ``ids_made``).
    `substitutes` names the appointment id, or the service number, of whom the holder stands in
    for at the same place in the same position.

    Returns
    -------
    Tally
        Reasons: ``unknown_officer``, ``ambiguous_officer``, ``unknown_place``,
        ``unknown_position``, ``bad_date``, ``until_before_since``, ``duplicate_id``,
        ``overlapping_appointment`` (the same officer in the same post twice at a time),
        ``unknown_principal``, ``bad_coordinates``, ``count_not_a_number``, ``bad_count``.
    """
    tally = Tally()
    writer = AppointmentWriter(session, source=source, batch_id=batch_id)
    read = [_draft(row, writer, datum, tally) for row in rows]
    drafts = {draft.row.line: draft for draft in read if draft is not None}
    made = sum(not draft.row["external_id"].strip() for draft in drafts.values())
    if made:
        tally.warnings.append(Caution("ids_made", {"count": made}))
    kept = first_of_each(
        [draft.row for draft in drafts.values()],
        [_key(draft) for draft in drafts.values()],
        tally,
        name="external_id",
    )
    for row, key in sorted(kept, key=lambda pair: _order(drafts[pair[0].line].change)):
        outcome = writer.put(key, drafts[row.line].change)
        if outcome is PersonWritten.UNKNOWN_PRINCIPAL:
            tally.reject(row, "substitutes", outcome.value)
        elif outcome is PersonWritten.OVERLAPPING:
            tally.reject(row, "since", outcome.value)
        else:
            tally.count(outcome)
    return tally


def _draft(
    row: PersonRow, writer: AppointmentWriter, datum: Datum | None, tally: Tally
) -> _Draft | None:
    holder_id, fault = writer.holder(row["officer"].strip())
    place_id = writer.place(row["place"].strip(), row["place_level"].strip().lower())
    position = position_of(row["position"])
    if holder_id is None:
        tally.reject(row, "officer", fault)
        return None
    if place_id is None:
        tally.reject(row, "place", "unknown_place")
        return None
    if position is None:
        tally.reject(row, "position", "unknown_position")
        return None
    problems: list[tuple[str, str]] = []
    since, until, planned, point = _cells(row, datum, problems)
    stages = _stages(row, problems)
    criteria = _criteria(row, problems)
    if problems:
        tally.reject(row, *problems[0])
        return None
    change = AppointmentChange(
        holder_id=holder_id,
        place_id=place_id,
        position=position.value,
        post_title=safe_text(row["post_title"]) or position.value,
        since=since,
        until=until,
        substitutes=row["substitutes"].strip(),
        is_part_time=flag_of(row["is_part_time"]),
        is_seat=flag_of(row["is_seat"]),
        document_no=safe_text(row["document_no"]),
        planned_count=planned,
        point=point,
        reviewed_on=stages["reviewed_on"],
        submitted_on=stages["submitted_on"],
        decided_on=stages["decided_on"],
        filed_on=stages["filed_on"],
        criteria_met=criteria,
    )
    return _Draft(row, change)


def _cells(
    row: PersonRow, datum: Datum | None, problems: list[tuple[str, str]]
) -> tuple[date | None, date | None, int | None, shapely.Point | None]:
    since, is_bad_since = day_of(row["since"])
    until, is_bad_until = day_of(row["until"])
    planned, is_bad_count = _count(row["planned_count"])
    point, is_bad_point = _point(row, datum)
    if is_bad_since or is_bad_until:
        problems.append(("since" if is_bad_since else "until", "bad_date"))
    if since is not None and until is not None and until <= since:
        problems.append(("until", "until_before_since"))
    if is_bad_count:
        problems.append(("planned_count", "count_not_a_number"))
    if is_bad_point:
        problems.append(("lon", "bad_coordinates"))
    return since, until, planned, point


def _stages(row: PersonRow, problems: list[tuple[str, str]]) -> dict[str, date | None]:
    """Read the days on which an appointment went from review to file."""
    found: dict[str, date | None] = {}
    for name in _STAGES:
        found[name], is_bad = day_of(row[name])
        if is_bad:
            problems.append((name, "bad_date"))
    return found


def _criteria(row: PersonRow, problems: list[tuple[str, str]]) -> int | None:
    """Read how many criteria were met; none is a number here, unlike of planned posts."""
    plain = row["criteria_met"].strip().removesuffix(".0")
    if plain and not plain.isdecimal():
        problems.append(("criteria_met", "bad_count"))
        return None
    return int(plain) if plain else None


def _order(change: AppointmentChange) -> tuple[bool, date]:
    """Substitutes after those they stand in for, earlier appointments before later ones."""
    return bool(change.substitutes), change.since or date.min


def _key(draft: _Draft) -> str:
    stated = draft.row["external_id"].strip()
    if stated:
        return stated
    since = draft.change.since.isoformat() if draft.change.since else ""
    parts = (draft.row["officer"].strip(), draft.row["place"].strip(), draft.change.position, since)
    return "|".join(parts)


def _count(text: str) -> tuple[int | None, bool]:
    plain = text.strip().removesuffix(".0")
    if not plain:
        return None, False
    return (int(plain), False) if plain.isdigit() and int(plain) > 0 else (None, True)


def _point(row: PersonRow, datum: Datum | None) -> tuple[shapely.Point | None, bool]:
    lon_text, lat_text = row["lon"].strip(), row["lat"].strip()
    if datum is None or not (lon_text or lat_text):
        return None, False
    try:
        lon, lat = float(lon_text), float(lat_text)
    except ValueError:
        return None, True
    is_real = isfinite(lon) and isfinite(lat) and (lon, lat) != (0.0, 0.0)
    if not is_real or abs(lon) > 180.0 or abs(lat) > 90.0:  # noqa: PLR2004 - degrees of the globe
        return None, True
    moved = to_wgs84(lon, lat, datum)
    return shapely.Point(float(moved.lon), float(moved.lat)), False
