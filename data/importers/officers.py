"""Read office-holders and their leave from rows of a table and hand them to the store.

Used by `data.importers.people`.
Knows nothing of files. No name of a person is read or written.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from data.importers.people_columns import (
    day_of,
    flag_of,
    holder_kind_of,
    office_phone_of,
    safe_text,
)
from data.importers.people_rows import PersonRow, Tally, first_of_each
from data.importers.report import Caution
from data.privacy import person_number
from data.repositories.people_writes import HolderChange, HolderWriter, LeaveChange

_SHOWN = 20


def write_officers(
    session: Session, rows: Sequence[PersonRow], *, source: str, batch_id: int
) -> Tally:
    """Insert or update one office-holder for each row, and the leave that the row states.

    The title defaults to the kind's code and the service number. A row may state one span of
    leave (`leave_since`, `leave_until`, half-open; `leave_reason`); leave that a later file no
    longer states stays.

    Returns
    -------
    Tally
        Reasons: ``missing_id``, ``id_is_person_number``, ``duplicate_id``,
        ``unknown_holder_kind``, ``bad_date``, ``until_before_since``. Warning:
        ``unknown_station``.
    """
    tally = Tally()
    usable = [row for row in rows if _has_id(row, tally)]
    keys = [row["external_id"].strip() for row in usable]
    writer = HolderWriter(session, source=source, batch_id=batch_id)
    unknown: set[str] = set()
    for row, key in first_of_each(usable, keys, tally, name="external_id"):
        kind = holder_kind_of(row["kind"])
        if kind is None:
            tally.reject(row, "kind", "unknown_holder_kind")
            continue
        leave, fault = _leave_of(row)
        if fault is not None:
            tally.reject(row, *fault)
            continue
        station = row["station"].strip()
        if station and station not in writer.stations:
            unknown.add(station)
        change = HolderChange(
            kind=kind.value,
            title=safe_text(row["title"]) or f"{kind.value} {key}",
            station_id=writer.stations.get(station),
            is_party_member=flag_of(row["is_party_member"]),
            office_phone=office_phone_of(row["office_phone"]),
        )
        tally.count(writer.put(key, change, leave))
    if unknown:
        fields = {"count": len(unknown), "places": sorted(unknown)[:_SHOWN]}
        tally.warnings.append(Caution("unknown_station", fields))
    return tally


def _has_id(row: PersonRow, tally: Tally) -> bool:
    key = row["external_id"].strip()
    if not key:
        tally.reject(row, "external_id", "missing_id")
    elif person_number(key) is not None:
        tally.reject(row, "external_id", "id_is_person_number")
    else:
        return True
    return False


def _leave_of(row: PersonRow) -> tuple[LeaveChange | None, tuple[str, str] | None]:
    since, is_bad_since = day_of(row["leave_since"])
    until, is_bad_until = day_of(row["leave_until"])
    if is_bad_since or is_bad_until:
        return None, ("leave_since" if is_bad_since else "leave_until", "bad_date")
    if since is None:
        return None, None
    if until is not None and until <= since:
        return None, ("leave_until", "until_before_since")
    return LeaveChange(since, until, safe_text(row["leave_reason"]) or "leave"), None
