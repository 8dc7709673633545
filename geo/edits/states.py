"""Hold what a grid was, and the edit that puts it back.

Used by `geo.edits.values`, which hands both on, and by `geo.edits.restoring`.
Knows nothing of the edits that are undone.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GridState:
    """Everything a tiling holds of one grid.

    Attributes
    ----------
    code, name, parent
        Text; `parent` empty where there is none.
    shape
        WKB, bit for bit.
    counts
        Pairs of measure and number.
    estimated
        Measures whose number is an estimate.
    locked
        Whether the grid is locked.
    """

    code: str
    name: str
    parent: str
    shape: bytes
    counts: tuple[tuple[str, int], ...] = ()
    estimated: tuple[str, ...] = ()
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Restore:
    """Put back the former values of grids: the inverse of an edit, made by `apply` alone.

    Attributes
    ----------
    grids
        What the grids were.
    removed
        Codes that did not exist.
    seen
        Pairs of code and digest of the shapes to be replaced: an undo out of turn is refused.
    retired, unretired
        Codes to retire again, and codes to take out of the retired ones.
    """

    grids: tuple[GridState, ...]
    removed: tuple[str, ...] = ()
    seen: tuple[tuple[str, str], ...] = ()
    retired: tuple[str, ...] = ()
    unretired: tuple[str, ...] = ()
