"""Build the sample towns deterministically, as the same files that users import."""

from data.scenarios.big import NAME as BIG
from data.scenarios.big import BigSize
from data.scenarios.loader import list_scenarios, load, load_files, write_files

__all__ = ["BIG", "BigSize", "list_scenarios", "load", "load_files", "write_files"]
