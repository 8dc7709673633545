"""Build the sample towns deterministically, as the same files that users import."""

from data.scenarios.loader import list_scenarios, load, write_files

__all__ = ["list_scenarios", "load", "write_files"]
