"""Hold the rows of a table of people while they are written, and what became of each.

Used by the importers of officers and of appointments.
Knows nothing of either table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from data.importers.report import Caution, Rejection
from data.repositories.people_writes import PersonWritten


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One row: field → text as it stands, and the row's line in the file.

    Attributes
    ----------
    columns
        Field → column, for reasons that name the column.
    raw
        Whole row without columns that hold persons.
    """

    line: int
    values: Mapping[str, str]
    columns: Mapping[str, str]
    raw: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        """Text of one field; empty where the file does not have it."""
        return self.values.get(name, "")

    def rejected(self, name: str, reason: str) -> Rejection:
        """Put this row in quarantine for one field."""
        return Rejection(self.line, self.columns.get(name, ""), self[name], reason, self.raw)


@dataclass(slots=True)
class Tally:
    """Counts that grow while rows are written."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicate_ids: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    warnings: list[Caution] = field(default_factory=list)

    def reject(self, row: PersonRow, name: str, reason: str) -> None:
        """Put a row in quarantine."""
        self.rejections.append(row.rejected(name, reason))

    def count(self, outcome: PersonWritten) -> None:
        """Count a row that was taken."""
        self.inserted += outcome is PersonWritten.INSERTED
        self.updated += outcome is PersonWritten.UPDATED
        self.unchanged += outcome is PersonWritten.UNCHANGED

    @property
    def has_changes(self) -> bool:
        """Whether anything was written."""
        return bool(self.inserted or self.updated)


def first_of_each(
    rows: Sequence[PersonRow], keys: Sequence[str], tally: Tally, *, name: str
) -> list[tuple[PersonRow, str]]:
    """Keep the first row of each id; the others go to quarantine as ``duplicate_id``."""
    seen: dict[str, int] = {}
    kept = []
    for row, key in zip(rows, keys, strict=True):
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > 1:
            tally.reject(row, name, "duplicate_id")
        else:
            kept.append((row, key))
    tally.duplicate_ids += sum(count > 1 for count in seen.values())
    return kept
