"""Say hotspot answers and back-tests in sentences, in the language of the locale.

Used by `gridbeat hotspots` and `gridbeat backtest`. Knows nothing of stores.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dashboard.commands.base import say, words

if TYPE_CHECKING:
    from data.analysis.hotspots import BacktestAnswer, HotspotAnswer

SHOWN: Final = 10


def say_hotspots(answer: "HotspotAnswer", out: Path | None, rows: int | None) -> None:
    """Say what was found, how it was worked out, and the cells that rank highest."""
    from dashboard.components.hotspot_words import class_label, report_lines, warning_lines

    report, frame = answer.report, answer.frame
    facts = {"cells": len(frame), "hot": int(frame["is_hotspot"].sum())}
    say(words("hotspot_cli.line", method=_method(report["method"]), **facts))
    for line in report_lines(words, report):
        if "{" not in line:  # at level public some figures are withheld
            say(line)
    for line in warning_lines(words, report["warnings"]):
        say(words("hotspot_cli.mind", sentence=line))
    shown = frame.sort_values("rank") if "rank" in frame else frame[frame["is_hotspot"]]
    tests = "class" if report["hot_rule"] == "class" else "rank"
    say(words(f"hotspot_cli.table_{tests}" if "score" in frame else "hotspot_cli.table_public"))
    for row in shown.head(SHOWN).to_dict("records"):
        name = " ".join(part for part in (str(row["cell_id"]), str(row["name"])) if part)
        parts = [str(row.get("rank", "")), name, _count(row)]
        if "score" in row:
            parts.append(f"{float(row['score']):,.2f}")
        if report["hot_rule"] == "class":
            parts.append(class_label(words, str(row["class"])))
        if row.get("is_estimated"):
            parts.append(words("grids_of.estimated"))
        mark = words("hotspot_cli.named") if row["is_hotspot"] else ""
        say("\t".join([*parts, mark]).strip())
    if out is not None:
        say(words("hotspot_cli.written", file=str(out), rows=rows))


def say_backtest(found: "BacktestAnswer") -> None:
    """Say how the methods did, on what, and what was left out."""
    from dashboard.components.hotspot_words import warning_lines

    report = found.report
    months = report["months"]
    span = {"first": months[0], "last": months[-1], "tests": report["tests"], "n": report["n"]}
    width = f"{report['cell_width_m']:,.0f}"
    say(words("backtest_cli.line", **span))
    say(words("backtest_cli.cells", cells=report["cells"], width=width, crs=report["crs"]))
    say(words("backtest_cli.table"))
    for row in found.frame.to_dict("records"):
        figures = (
            f"{row['area_pct']:g} %", f"{row['hits']:,.1f}", f"{row['n']:,}",
            f"{100 * row['hit_rate']:.1f} %",
            f"{100 * row['low']:.1f}–{100 * row['high']:.1f} %",
            f"{row['pai']:.2f}", f"{row['pei']:.2f}",
        )  # fmt: skip
        say("\t".join((_method(str(row["method"])), *figures)))
    winner, recommended = (_method(report[name]) for name in ("winner", "recommended"))
    say(words("backtest_cli.winner", winner=winner, recommended=recommended))
    say(words("backtest_cli.rules"))
    skipped = len(report["months_without_history"]) + len(report["months_without_events"])
    if skipped:
        say(words("backtest_cli.skipped", months=skipped))
    left = {name: n for name, n in report["left_out"].items() if n}
    for name, n in left.items():
        if words.has(f"hotspot_left.{name}"):
            say(words("hotspot_cli.left", what=words(f"hotspot_left.{name}", n=f"{n:,}")))
    if report["unlocated"]:
        say(words("hotspot_cli.unlocated", n=f"{report['unlocated']:,}"))
    for line in warning_lines(words, report["warnings"]):
        say(words("hotspot_cli.mind", sentence=line))


def _method(code: str) -> str:
    return words.label("hotspot_cli_method", code)


def _count(row: dict[Any, Any]) -> str:
    """Write a count; withheld ones as `<5`."""
    return str(row.get("note") or "") or f"{int(row['n']):,}"
