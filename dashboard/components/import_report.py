"""Show what an import did, in counts that reconcile, reasons, warnings and the first bad rows.

Used by the import screen.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboard.actions.imports import ImportKind
from dashboard.components.formats import how_read, whole
from dashboard.components.notices import warning_text
from dashboard.components.plain import plain
from dashboard.components.quality_rows import reason_text, rejected_rows, report_fault_rows
from dashboard.components.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dashboard.text import Words

FIRST_ROWS: Final = 50
_COUNTS: Final = ("rows", "features", "inserted", "updated", "unchanged", "stale", "rejected",
                  "duplicate_ids", "unlocated", "outside", "on_border")  # fmt: skip
_FAULTS: Final = ("invalid", "gaps", "overlaps", "slivers", "multipart", "duplicate_codes",
                  "outside_parent", "repaired", "vertices_added")  # fmt: skip
_ACCEPTED: Final = ("inserted", "updated", "unchanged", "stale")
_LISTS: Final = ("dropped_columns", "kept_columns", "unmapped_columns", "ended")
_PER_ROW: Final = 5
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r")


def show_report(
    words: Words, document: Mapping[str, Any], rejected: Sequence[Any], *, kind: ImportKind
) -> None:
    """Show a report (the document of its `as_json`) and the rows it sent to quarantine."""
    if document.get("was_already_done"):
        st.info(words("report.already_done"))
    if document.get("was_resumed"):
        st.info(words("report.resumed"))
    _figures(words, document)
    st.success(sum_sentence(words, document, kind))
    for line in _lines(words, document):
        st.caption(line)
    for warning in document.get("warnings", ()):
        facts = {name: fact for name, fact in warning.items() if name != "code"}
        st.warning(warning_text(words, str(warning["code"]), facts))
    if document.get("reasons"):
        rows = [
            {"reason": reason_text(words, code), "n": n} for code, n in document["reasons"].items()
        ]
        table(words, rows, ("reason", "n"), key="report_reasons")
    _faults(words, document, kind)
    if rejected:
        st.markdown(f"**{words('import.first_rejected', n=whole(len(rejected)))}**")
        rows = rejected_rows(words, rejected[:FIRST_ROWS])
        table(words, rows, ("line", "column", "reason", "value"), key="report_rejected")
        st.download_button(
            words("import.download_rejected"),
            data=rejected_csv(words, rejected),
            file_name="rejected.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
        )


def sum_sentence(words: Words, document: Mapping[str, Any], kind: ImportKind) -> str:
    """Say what the accepted rows are made of: by where events lie, else by what became of them."""
    if kind.is_event:
        return words("report.reconciles", **reconciled(document))
    parts = {name: int(document.get(name, 0)) for name in _ACCEPTED}
    return words("import.taken", accepted=sum(parts.values()), **parts)


def reconciled(document: Mapping[str, Any]) -> dict[str, int]:
    """Give the parts that add up: accepted = inside + outside + unlocated."""
    accepted = sum(int(document.get(name, 0)) for name in _ACCEPTED)
    outside, unlocated = int(document["outside"]), int(document["unlocated"])
    return {
        "accepted": accepted,
        "inside": accepted - outside - unlocated,
        "outside": outside,
        "unlocated": unlocated,
    }


def rejected_csv(words: Words, rejected: Sequence[Any]) -> bytes:
    """Write quarantined rows as CSV (UTF-8 with mark): line, column, reason, value, whole row.

    Text that a spreadsheet would run gets an apostrophe in front.
    """
    names = list(dict.fromkeys(name for row in rejected for name in row.raw))
    target = io.StringIO()
    writer = csv.writer(target)
    heads = [words(f"column.{name}") for name in ("line", "column", "reason", "value")]
    writer.writerow([_harmless(head) for head in [*heads, *names]])
    for row in rejected:
        cells = [row.line, row.column or "", reason_text(words, row.reason), row.value or ""]
        writer.writerow(
            [_harmless(cell) for cell in [*cells, *(row.raw.get(n, "") for n in names)]]
        )
    return target.getvalue().encode("utf-8-sig")


def _harmless(cell: object) -> str:
    text = str(cell)
    return f"'{text}" if text.startswith(_RISKY) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _figures(words: Words, document: Mapping[str, Any]) -> None:
    always = {"rows", "features", "inserted", "rejected"}
    names = [n for n in (*_COUNTS, *_FAULTS)
             if n in document and (n in always or document[n])]  # fmt: skip
    for start in range(0, len(names), _PER_ROW):
        boxes = st.columns(_PER_ROW, gap="small")
        for box, name in zip(boxes, names[start : start + _PER_ROW], strict=False):
            box.metric(_capital(words.label("report", name)), whole(document[name]), border=True)


def _faults(words: Words, document: Mapping[str, Any], kind: ImportKind) -> None:
    """List the boundary faults of the file, and say where to see them."""
    rows = report_fault_rows(words, document.get("faults") or {})
    if not rows:
        return
    shown = rows[:FIRST_ROWS]
    st.markdown(f"**{words('import.faults', n=whole(len(rows)), shown=len(shown))}**")
    if kind is ImportKind.GRIDS and not document.get("repaired"):
        st.caption(words("import.faults_map"))
    table(words, shown, ("fault", "codes", "area_m2"), key="report_faults")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lines(words: Words, document: Mapping[str, Any]) -> list[str]:
    told = (str(document.get(name) or "") for name in ("encoding", "delimiter", "datum"))
    how = how_read(words, *told)
    lines = [words("import.read_as", what=how)] if how else []
    if document.get("max_shift_m"):
        lines.append(words("report.shift", shift_m=f"{document['max_shift_m']:.4f}"))
    lines += [
        words(
            "import.named",
            name=_capital(words(f"report.{name}")),
            what=plain(", ".join(map(str, document[name]))),
        )
        for name in _LISTS
        if document.get(name)
    ]
    lines += [
        words("report.masked", kind=words.label("person", kind), n=n)
        for kind, n in document.get("masked_values", {}).items()
    ]
    lines += [
        words("import.named", name=_capital(words.label("time_flag", flag)), what=whole(n))
        for flag, n in document.get("time_flags", {}).items()
    ]
    units = document.get("unlocated_by_stated_unit") or {}
    if units:
        listed = ", ".join(f"{name or words('quality.no_unit')} {n}" for name, n in units.items())
        lines.append(words("import.unlocated_by_unit", units=plain(listed)))
    return lines
