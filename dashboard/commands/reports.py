"""Say an import's report in sentences, and list the fields that `--map` fills."""

from collections.abc import Callable, Mapping
from typing import Any

from dashboard.text import LANGUAGES, Words

COUNTS = (
    "rows",
    "features",
    "valid",
    "inserted",
    "updated",
    "unchanged",
    "stale",
    "rejected",
    "duplicate_ids",
    "unlocated",
    "outside",
    "on_border",
    "invalid",
    "gaps",
    "overlaps",
    "slivers",
    "multipart",
    "outside_parent",
    "repaired",
    "vertices_added",
)
FAULTS = (
    "invalid",
    "gaps",
    "overlaps",
    "slivers",
    "multipart",
    "duplicate_codes",
    "outside_parent",
    "empty",
    "strays",
)
MOST_FAULTS = 200
LISTS = ("dropped_columns", "kept_columns", "unmapped_columns", "ended")


def print_report(
    document: Mapping[str, Any], kind: str, say: Callable[[str], None], words: Words
) -> None:
    """Write what the JSON document says, for people."""
    for sentence in [
        *_headlines(document, words),
        *_counts(document, kind, words),
        *_details(document, words),
    ]:
        say(sentence)


def _headlines(document: Mapping[str, Any], words: Words) -> list[str]:
    told = {"was_already_done": "report.already_done", "was_resumed": "report.resumed"}
    return [words(key) for name, key in told.items() if document.get(name)]


def _counts(document: Mapping[str, Any], kind: str, words: Words) -> list[str]:
    shown = [name for name in COUNTS if document.get(name)]
    always = [name for name in ("rows", "features", "rejected") if name in document]
    lines = [
        f"{words('report.' + name)}\t{document[name]}"
        for name in COUNTS
        if name in {*shown, *always}
    ]
    if kind == "events":
        codes = {warning["code"] for warning in document.get("warnings", ())}
        key = "report.not_reconciled" if "no_grids" in codes else "report.reconciles"
        lines.append(words(key, **_accepted(document)))
    if document.get("max_shift_m"):
        lines.append(words("report.shift", shift_m=f"{document['max_shift_m']:.4f}"))
    return lines


def _details(document: Mapping[str, Any], words: Words) -> list[str]:
    lines = [
        f"{words('report.' + name)}: {words.label(group, code)}\t{n}"
        for group, name in (("reason", "reasons"), ("time_flag", "time_flags"))
        for code, n in document.get(name, {}).items()
    ]
    lines += fault_sentences(document.get("faults", {}), words)
    lines += [words("report.moved", **row) for row in document.get("moved", ())]
    lines += [
        f"  {words('report.masked', kind=words.label('person', masked), n=n)}"
        for masked, n in document.get("masked_values", {}).items()
    ]
    lines += [
        f"{words('report.' + name)}\t{', '.join(map(str, document[name]))}"
        for name in LISTS
        if document.get(name)
    ]
    return lines + [
        words("report.warning", text=warning_sentence(warning, words))
        for warning in document.get("warnings", ())
    ]


def fault_sentences(document: Mapping[str, Any], words: Words) -> list[str]:
    """Say every boundary fault of a check, with where it lies."""
    told = [
        f"{words('check.' + kind)}: {_fault(fault, words)}"
        for kind in FAULTS
        for fault in document.get(kind, ())
    ]
    more = len(told) - MOST_FAULTS
    return told[:MOST_FAULTS] + ([words("check.more", n=more)] if more > 0 else [])


def _fault(fault: Any, words: Words) -> str:  # noqa: ANN401 - a row of the document
    if not isinstance(fault, Mapping):
        return str(fault)
    return ", ".join(
        f"{words.label('fact', name)} {_fact(name, value, words)}"
        for name, value in fault.items()
        if name != "detail" or words.has(f"fault_detail.{value}")
    )


def _fact(name: str, value: Any, words: Words) -> str:  # noqa: ANN401 - a cell of the document
    if name in {"detail", "reason"}:
        return words.label("fault_detail", str(value))
    if name in {"lon", "lat"}:
        return f"{value:.6f}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def warning_sentence(warning: Mapping[str, Any], words: Words) -> str:
    """Give the sentence of a warning of the JSON document."""
    facts = {name: value for name, value in warning.items() if name != "code"}
    return words.warning(str(warning["code"]), facts)


def print_fields(command: str) -> None:
    """List the fields of one kind of import in both languages."""
    import click

    both = [Words(language) for language in LANGUAGES]
    for name in field_names(command):
        click.echo("\t".join([name, *(words.label("field", name) for words in both)]))


def field_names(command: str) -> tuple[str, ...]:
    """Name the fields of one kind of import."""
    from dashboard.commands.registers import layer_of
    from data.importers import columns, people_columns, place_columns, street_columns
    from data.importers.registers import fields as register_fields
    from data.vocabulary import EventLayer

    register = layer_of(command)
    if register is not None:
        return register_fields.field_names(register)
    if command in {layer.value for layer in EventLayer}:
        return tuple(columns.fields(EventLayer(command)))
    if command in {"grids", "places"}:
        return tuple(place_columns.FIELDS)
    if command in {"streets", "blocks"}:
        return tuple(street_columns.FIELDS[street_columns.LineLayer(command)])
    return tuple(people_columns.FIELDS[people_columns.PeopleLayer(command)])


def _accepted(document: Mapping[str, Any]) -> dict[str, int]:
    names = ("inserted", "updated", "unchanged", "stale")
    accepted = sum(int(document.get(name, 0)) for name in names)
    apart = int(document["outside"]) + int(document["unlocated"])
    return {
        "accepted": accepted,
        "inside": accepted - apart,
        "outside": int(document["outside"]),
        "unlocated": int(document["unlocated"]),
    }
