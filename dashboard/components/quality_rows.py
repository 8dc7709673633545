"""Turn records of the data-quality view model into rows of tables, in words.

Used by the data-quality and import screens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dashboard.components.formats import moment
from data.vocabulary import EventLayer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import geopandas as gpd

    from dashboard.text import Words
    from dashboard.viewmodels.quality import LayerQuality
    from data.repositories.audit import AuditRecord
    from data.repositories.events import EventRecord

Row = dict[str, object]
_KIND_GROUPS = {
    EventLayer.INCIDENTS: "incident_kind",
    EventLayer.HAZARDS: "hazard_kind",
    EventLayer.DISPUTES: "dispute_kind",
}
_MOST_CODES = 6
_FAULT_LISTS = {
    "invalid": "invalid",
    "gaps": "gap",
    "overlaps": "overlap",
    "slivers": "sliver",
    "multipart": "multipart",
    "duplicate_codes": "duplicate_code",
    "outside_parent": "outside_parent",
    "empty": "empty",
}
LAYER_COLUMNS = ("layer_of_event", "rows", "in_units", "outside", "unlocated", "on_border",
                 "unsound_times")  # fmt: skip
RECORD_COLUMNS = ("layer_of_event", "external_id", "kind", "at", "stated_unit", "line", "batch")


def reason_text(words: Words, code: str) -> str:
    """Say why a row was refused."""
    return words.label("reason", code)


def layer_rows(words: Words, layers: Iterable[LayerQuality]) -> list[Row]:
    """Write one row for each layer; units + outside + unlocated = rows."""
    return [
        {
            "layer_of_event": words.label("layer", layer.layer.value),
            "rows": layer.total,
            "in_units": layer.in_units,
            "outside": layer.outside,
            "unlocated": layer.unlocated,
            "on_border": layer.on_border,
            "unsound_times": layer.unsound_times,
        }
        for layer in layers
    ]


def record_rows(
    words: Words, layer: EventLayer, records: Iterable[EventRecord], tz: str
) -> list[Row]:
    """Write single records."""
    return [
        {
            "layer_of_event": words.label("layer", layer.value),
            "external_id": record.external_id,
            "kind": words.label(_KIND_GROUPS[layer], record.kind),
            "at": moment(record.occurred_at, tz),
            "stated_unit": record.stated_unit or "",
            "line": record.line,
            "batch": record.batch_id,
        }
        for record in records
    ]


def listed_rows(words: Words, layers: Iterable[LayerQuality], which: str, tz: str) -> list[Row]:
    """Write the single records of all layers that lie `outside` or on a `border`."""
    return [
        row
        for layer in layers
        for row in record_rows(
            words,
            layer.layer,
            layer.outside_records if which == "outside" else layer.border_records,
            tz,
        )
    ]


def stated_rows(words: Words, layers: Iterable[LayerQuality]) -> list[Row]:
    """Write unlocated records by the unit that the file stated."""
    return [
        {
            "layer_of_event": words.label("layer", layer.layer.value),
            "stated_unit": unit or words("quality.no_unit"),
            "n": n,
        }
        for layer in layers
        for unit, n in layer.stated.items()
    ]


def rejected_rows(words: Words, rows: Iterable[Any]) -> list[Row]:
    """Write rows in quarantine with their reasons in words."""
    return [
        {
            "batch": row.batch_id,
            "line": row.line,
            "column": row.column or "",
            "reason": reason_text(words, row.reason),
            "value": row.value or "",
        }
        for row in rows
    ]


def fault_rows(words: Words, frame: gpd.GeoDataFrame) -> list[Row]:
    """Write boundary faults."""
    names = ["kind", "codes", "area_m2", "detail"]
    return [
        {
            "fault": words.label("fault", str(fault["kind"])),
            "codes": _codes(fault["codes"]),
            "area_m2": round(float(fault["area_m2"]), 1),
            "detail": words.label("fault_detail", fault["detail"]) if fault["detail"] else "",
        }
        for fault in frame[names].to_dict("records")
    ]


def report_fault_rows(words: Words, faults: Mapping[str, Any]) -> list[Row]:
    """Write the faults that a report of places lists (the document of `CheckResult`)."""
    rows: list[Row] = []
    for listed, kind in _FAULT_LISTS.items():
        for fault in faults.get(listed, ()):
            facts = fault if isinstance(fault, Mapping) else {"code": fault}
            named = [facts[name] for name in ("code", "a", "b", "parent") if facts.get(name)]
            codes = facts.get("codes") or facts.get("neighbours") or named
            area_m2 = facts.get("area_m2")
            rows.append(
                {
                    "fault": words.label("fault", kind),
                    "codes": _codes([str(code) for code in codes]),
                    "area_m2": None if area_m2 is None else round(float(area_m2), 1),
                }
            )
    return rows


def batch_rows(words: Words, batches: Iterable[Any], tz: str) -> list[Row]:
    """Write import batches with what they counted."""
    rows: list[Row] = []
    for batch in batches:
        counts = batch.counts or {}
        names = ("inserted", "updated", "unchanged", "rejected")
        rows.append(
            {
                "batch": batch.id,
                "layer": words.label("import_kind", batch.layer),
                "file": batch.file_name,
                "state": words.label("batch_state", batch.state),
                "rows": counts.get("rows", counts.get("features")),
                "at": moment(batch.finished_at or batch.started_at, tz),
                "actor": batch.actor,
                **{name: counts.get(name) for name in names},
            }
        )
    return rows


def audit_rows(words: Words, records: Iterable[AuditRecord], tz: str) -> list[Row]:
    """Write lines of the audit log."""
    return [
        {
            "at": moment(record.at, tz),
            "actor": record.actor,
            "action": words.label("audit_action", record.action),
            "subject": words.label("import_kind", record.subject),
            "rows": record.row_count,
        }
        for record in records
    ]


def _codes(codes: Sequence[str]) -> str:
    shown = ", ".join(codes[:_MOST_CODES])
    return shown if len(codes) <= _MOST_CODES else f"{shown} … (+{len(codes) - _MOST_CODES})"
