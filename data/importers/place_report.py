"""Say what an import of places did, in counts, codes and listed faults.

Used by the importer of places, the command line and the import screen.
Knows nothing of languages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from data.importers.report import Caution


@dataclass(frozen=True, slots=True)
class PlaceReport:
    """What an import of places did.

    `features = inserted + updated + unchanged + rejected`. `gaps`, `overlaps`, `slivers`,
    `invalid`, `multipart`, `duplicate_codes`, `outside_parent` count faults of the file, before
    any repair; `faults` lists them (as `CheckResult.as_json`). `ended` are codes whose place ended
    on the effective day; `moved` what the repair moved, in square metres.
    """

    features: int
    valid: int
    counts: Mapping[str, int]
    inserted: int
    updated: int
    unchanged: int
    rejected: int
    reasons: Mapping[str, int]
    faults: Mapping[str, Any]
    repaired: int = 0
    moved: Sequence[Mapping[str, Any]] = ()
    holes_left: int = 0
    ended: Sequence[str] = ()
    parents: Mapping[str, int] = field(default_factory=dict)
    vertices_added: int = 0
    max_shift_m: float = 0.0
    warnings: Sequence[Caution] = ()
    dropped_columns: Sequence[str] = ()
    unmapped_columns: Sequence[str] = ()
    encoding: str = ""
    datum: str = ""
    layer: str = ""
    effective: date | None = None
    batch_id: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Give the report as one JSON document; every key is always there."""
        return {
            "features": self.features,
            "valid": self.valid,
            "gaps": self.counts.get("gap", 0),
            "overlaps": self.counts.get("overlap", 0),
            "slivers": self.counts.get("sliver", 0),
            "invalid": self.counts.get("invalid", 0),
            "multipart": self.counts.get("multipart", 0),
            "empty": self.counts.get("empty", 0),
            "duplicate_codes": self.counts.get("duplicate_code", 0),
            "outside_parent": self.counts.get("outside_parent", 0),
            "repaired": self.repaired,
            "moved": [dict(row) for row in self.moved],
            "holes_left": self.holes_left,
            "inserted": self.inserted,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
            "reasons": dict(self.reasons),
            "ended": list(self.ended),
            "parents": dict(self.parents),
            "vertices_added": self.vertices_added,
            "max_shift_m": self.max_shift_m,
            "warnings": [warning.as_json() for warning in self.warnings],
            "faults": dict(self.faults),
            "dropped_columns": list(self.dropped_columns),
            "unmapped_columns": list(self.unmapped_columns),
            "encoding": self.encoding,
            "datum": self.datum,
            "layer": self.layer,
            "effective": self.effective.isoformat() if self.effective else None,
            "batch_id": self.batch_id,
        }
