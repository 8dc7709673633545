"""Write what of a boundary file a plan could not take: a line for each row, and a comment to keep.

Used by the planner's page and the command line. Knows nothing of the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.repositories.plan_records import LONGEST_NOTE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dashboard.text import Words
    from data.importers.plan_files import PlanFile
    from data.importers.report import Rejection


def row_lines(words: Words, rejections: Iterable[Rejection]) -> list[str]:
    """Say of each row why it cannot be a grid."""
    return [
        words(
            "plan_files.row",
            line=row.line,
            code=row.value or words("plan_files.no_code"),
            reason=words.label("reason", row.reason),
        )
        for row in rejections
    ]


def remark_of(words: Words, file: PlanFile) -> str:
    """Write down what was left out, as long as a comment may be; empty where nothing was."""
    lines = row_lines(words, file.rejections)
    if not lines:
        return ""
    head = words("plan_files.remark", file=file.file_name, n=len(lines))
    text = "\n".join([head, *lines])
    return text if len(text) <= LONGEST_NOTE else f"{text[: LONGEST_NOTE - 1]}…"
