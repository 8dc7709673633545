"""Describe the rows of the store; imported by repositories and migrations only."""

from data.models.base import SCHEMA_VERSION, Base
from data.models.events import Dispute, Hazard, Incident
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

__all__ = [
    "SCHEMA_VERSION",
    "Absence",
    "Appointment",
    "AuditEntry",
    "Base",
    "Boundary",
    "Compound",
    "DeclaredFigure",
    "Dispute",
    "Hazard",
    "ImportBatch",
    "Incident",
    "OfficeHolder",
    "Place",
    "PlaceCode",
    "Post",
    "RejectedRow",
    "Revision",
    "RosterSlot",
    "RosterTemplate",
    "Setting",
    "Street",
]
