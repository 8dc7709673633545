"""Change the grids of a tiling by edits that are values: applied whole, or refused with a reason.

Used by the plans of data and by the planner's screen.
Knows nothing of plans, stores, screens and languages.
"""

from geo.edits.applying import Applied, Atoms, EditOptions, MovedArea, Report, apply
from geo.edits.checking import check_tiling, is_sound
from geo.edits.refusal import EditRefused
from geo.edits.renumbering import next_code, reading_order, renumbering
from geo.edits.tiling import EditTiling, open_tiling
from geo.edits.values import (
    Edit,
    GridState,
    Lock,
    Merge,
    MoveOuter,
    MoveVertices,
    RedrawBorder,
    Rename,
    Renumber,
    Restore,
    Split,
    Transfer,
    from_json,
    kind_of,
    to_json,
)

__all__ = [
    "Applied",
    "Atoms",
    "Edit",
    "EditOptions",
    "EditRefused",
    "EditTiling",
    "GridState",
    "Lock",
    "Merge",
    "MoveOuter",
    "MoveVertices",
    "MovedArea",
    "RedrawBorder",
    "Rename",
    "Renumber",
    "Report",
    "Restore",
    "Split",
    "Transfer",
    "apply",
    "check_tiling",
    "from_json",
    "is_sound",
    "kind_of",
    "next_code",
    "open_tiling",
    "reading_order",
    "renumbering",
    "to_json",
]
