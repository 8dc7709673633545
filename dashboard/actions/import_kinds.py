"""Name what a file may hold, in groups, with the fields of each.

Used by the import action and the import screen. Knows nothing of screens and of rows.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from data.importers.columns import fields as event_fields
from data.importers.people_columns import FIELDS as PEOPLE_FIELDS
from data.importers.people_columns import REQUIRED as PEOPLE_REQUIRED
from data.importers.people_columns import PeopleLayer
from data.importers.place_columns import FIELDS as PLACE_FIELDS
from data.importers.registers.fields import LOCATED, field_names, required_names
from data.importers.street_columns import FIELDS as LINE_FIELDS
from data.importers.streets import LineLayer
from data.vocabulary import EventLayer, PlaceLevel, RegisterLayer


class ImportKind(StrEnum):
    """What a file holds."""

    GRIDS = "grids"
    COMMUNITY = "community"
    SUBDISTRICT = "subdistrict"
    COUNTY = "county"
    CITY = "city"
    PROVINCE = "province"
    STATION = "station"
    STREETS = "streets"
    BLOCKS = "blocks"
    INCIDENTS = "incidents"
    HAZARDS = "hazards"
    DISPUTES = "disputes"
    OFFICERS = "officers"
    APPOINTMENTS = "appointments"
    ABSENCES = "absences"
    BUILDINGS = "buildings"
    DEVICES = "devices"
    SERVICE_POINTS = "service_points"
    PATROL_TARGETS = "patrol_targets"
    PATROL_STOPS = "patrol_stops"
    DUTY_SHIFTS = "duty_shifts"
    MEETINGS = "meetings"
    TALKS = "talks"
    DEBRIEFS = "debriefs"
    APPRAISALS = "appraisals"
    AGREEMENTS = "agreements"
    TARGETS = "targets"
    CAMPAIGNS = "campaigns"
    PROGRAMMES = "programmes"
    AREA_GRADES = "area_grades"

    @property
    def is_event(self) -> bool:
        """Whether rows are things that happened."""
        return self.value in set(EventLayer)

    @property
    def is_people(self) -> bool:
        """Whether rows are officers, their appointments or their leave."""
        return self.value in set(PeopleLayer)

    @property
    def is_line(self) -> bool:
        """Whether rows are the plain ground: streets, compounds."""
        return self.value in set(LineLayer)

    @property
    def is_register(self) -> bool:
        """Whether rows belong to one of the registers of things and work."""
        return self.value in set(RegisterLayer)

    @property
    def is_place(self) -> bool:
        """Whether rows are places of the tree."""
        return not (self.is_event or self.is_people or self.is_line or self.is_register)

    @property
    def is_located(self) -> bool:
        """Whether rows may lie somewhere, as events and some registers do."""
        return self.is_event or self.value in LOCATED

    @property
    def group(self) -> str:
        """Key of the group that the kind is listed in."""
        return next(name for name, kinds in GROUPS.items() if self in kinds)

    @property
    def level(self) -> str:
        """Level of the places."""
        return PlaceLevel.GRID.value if self is ImportKind.GRIDS else self.value

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields that a column may be mapped to."""
        if self.is_event:
            return tuple(event_fields(EventLayer(self.value)))
        if self.is_people:
            return tuple(PEOPLE_FIELDS[PeopleLayer(self.value)])
        if self.is_register:
            return field_names(RegisterLayer(self.value))
        return tuple(LINE_FIELDS[LineLayer(self.value)] if self.is_line else PLACE_FIELDS)

    @property
    def required(self) -> tuple[str, ...]:
        """Fields without which nothing can be imported."""
        if self.is_people:
            return tuple(PEOPLE_REQUIRED[PeopleLayer(self.value)])
        if self.is_register:
            return required_names(RegisterLayer(self.value))
        return ("code",) if self.is_place else ()


_ALL: Final = tuple(ImportKind)


def _from_to(first: ImportKind, last: ImportKind) -> tuple[ImportKind, ...]:
    return _ALL[_ALL.index(first) : _ALL.index(last) + 1]


GROUPS: Final[dict[str, tuple[ImportKind, ...]]] = {
    "ground": _from_to(ImportKind.GRIDS, ImportKind.BLOCKS),
    "events": _from_to(ImportKind.INCIDENTS, ImportKind.DISPUTES),
    "people": _from_to(ImportKind.OFFICERS, ImportKind.ABSENCES),
    "things": _from_to(ImportKind.BUILDINGS, ImportKind.PATROL_TARGETS),
    "work": _from_to(ImportKind.PATROL_STOPS, ImportKind.AGREEMENTS),
    "plans": _from_to(ImportKind.TARGETS, ImportKind.AREA_GRADES),
}
"""Group → its kinds, in the order in which they are offered."""
