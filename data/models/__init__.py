"""Describe the rows of the store; imported by repositories and migrations only."""

from data.models.assets import Building, Device, PatrolStop, PatrolTarget, ServicePoint
from data.models.base import SCHEMA_VERSION, Base
from data.models.events import CaseStep, Dispute, Hazard, Incident
from data.models.people import (
    Absence,
    Appointment,
    OfficeHolder,
    Post,
    RosterSlot,
    RosterTemplate,
)
from data.models.places import Boundary, Compound, Place, PlaceCode, Street
from data.models.records import (
    AuditEntry,
    DeclaredFigure,
    ImportBatch,
    RejectedRow,
    Revision,
    Setting,
)
from data.models.work import (
    Agreement,
    Appraisal,
    AreaGrade,
    Campaign,
    Debrief,
    DutyShift,
    Meeting,
    ProgrammeItem,
    Talk,
    Target,
)

__all__ = [
    "SCHEMA_VERSION",
    "Absence",
    "Agreement",
    "Appointment",
    "Appraisal",
    "AreaGrade",
    "AuditEntry",
    "Base",
    "Boundary",
    "Building",
    "Campaign",
    "CaseStep",
    "Compound",
    "Debrief",
    "DeclaredFigure",
    "Device",
    "Dispute",
    "DutyShift",
    "Hazard",
    "ImportBatch",
    "Incident",
    "Meeting",
    "OfficeHolder",
    "PatrolStop",
    "PatrolTarget",
    "Place",
    "PlaceCode",
    "Post",
    "ProgrammeItem",
    "RejectedRow",
    "Revision",
    "RosterSlot",
    "RosterTemplate",
    "ServicePoint",
    "Setting",
    "Street",
    "Talk",
    "Target",
]
