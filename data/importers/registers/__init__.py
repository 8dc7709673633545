"""Import the registers of things and work: one importer for all, driven by a table of fields."""

from data.importers.registers.importer import run
from data.importers.registers.options import RegisterOptions

__all__ = ["RegisterOptions", "run"]
