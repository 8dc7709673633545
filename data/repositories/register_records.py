"""Name the records of the fifteen registers, as reads give them.

Used by `data.repositories.registers` and by everything that reads a register.
Knows nothing of rows and of files. Geometry is in EPSG:4326; moments are aware and in UTC.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRecord:
    """What every record of a register carries.

    Attributes
    ----------
    source, external_id
        Together the key of the record.
    attributes
        Columns kept by name at import; None below display level INTERNAL.
    updated_at
        When the source last changed the record, where it says.
    line, batch_id
        Where the row stood in the file that wrote it last.
    """

    id: int
    source: str
    external_id: str
    attributes: dict[str, Any] | None
    updated_at: datetime | None
    line: int | None
    batch_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedRecord(RegisterRecord):
    """A record that may lie somewhere; `place_code` is the unit that the file states."""

    name: str | None
    kind: str
    place_code: str | None
    geometry: BaseGeometry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingRecord(LocatedRecord):
    """A building; `kind` is a `BuildingKind`; the shape is a point or an outline."""

    compound_ref: str | None
    stairwell_count: int | None
    floor_count: int | None
    household_count: int | None
    resident_count: int | None
    is_unmanaged: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRecord(LocatedRecord):
    """A device; `kind` is a `DeviceKind`, `status` a `DeviceStatus`."""

    status: str
    installed_on: date | None
    checked_on: date | None
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePointRecord(LocatedRecord):
    """A place where the public is served; `kind` is a `ServicePointKind`."""

    has_contact_card: bool | None
    opened_on: date | None
    office_phone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolTargetRecord(LocatedRecord):
    """A must-reach point or must-patrol line; `length_m` is None for a point."""

    due_per_week: int
    stay_minutes: int | None
    length_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolStopRecord(LocatedRecord):
    """A stop of a team; `kind` is a `StopKind`, `target_ref` the id of a patrol target."""

    team: str | None
    target_ref: str | None
    arrived_at: datetime
    left_at: datetime | None
    is_police_led: bool | None
    household_count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyShiftRecord(RegisterRecord):
    """A shift of a post at a place; `kind` is a `DutyKind`, `position` a `Position`."""

    place_code: str
    position: str | None
    holder_ref: str | None
    kind: str
    starts_at: datetime
    ends_at: datetime
    minutes_in_community: int | None
    contact_count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingRecord(RegisterRecord):
    """A meeting that was planned, held, or both; `parties` are codes of `MeetingParty`."""

    place_code: str
    kind: str
    planned_on: date | None
    held_on: date | None
    parties: list[str] | None
    is_police_present: bool | None
    hazard_ref: str | None
    subject: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkRecord(RegisterRecord):
    """A talk with an office-holder, by service number."""

    holder_ref: str
    place_code: str | None
    held_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DebriefRecord(RegisterRecord):
    """A debrief to one `DebriefBody`; without `held_on` it is still owed."""

    holder_ref: str
    body: str
    period: str
    held_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppraisalRecord(RegisterRecord):
    """A score of an office-holder, 0 to 100; `kind` is an `AppraisalKind`."""

    holder_ref: str
    kind: str
    period: str
    score: float
    appraised_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementRecord(RegisterRecord):
    """An agreement with a partner organisation, in force from `since` to before `until`."""

    place_code: str
    partner: str
    subject: str | None
    signed_on: date | None
    since: date
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRecord(RegisterRecord):
    """A plan figure of a half-open period; a share is a number between 0 and 1."""

    place_code: str | None
    measure: str
    label_zh: str
    label_en: str
    planned: float
    done: float | None
    base: float | None
    unit: str
    since: date
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRecord(RegisterRecord):
    """An action of limited days over one `EventLayer`, half-open."""

    place_code: str | None
    label_zh: str
    label_en: str
    layer: str
    since: date
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeItemRecord(RegisterRecord):
    """One tile of a programme board; `status` is a `ProgrammeStatus`."""

    programme: str
    sequence: int
    label_zh: str
    label_en: str
    status: str
    measure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaGradeRecord(RegisterRecord):
    """The grade of an area in the month that begins on `month_on`."""

    place_code: str
    month_on: date
    grade: str
    score: float | None
    indicators: dict[str, Any] | None
