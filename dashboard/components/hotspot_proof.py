"""Show how well a ranking would have done, and how far it hangs on the units chosen.

Used by the hotspot screen: a small figure beside the map, a page of its own, the comparison of
units.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.components.formats import DASH, percent, whole
from dashboard.components.hotspot_bars import METHOD_COLOURS, rate_bar
from dashboard.components.hotspot_words import warning_lines
from dashboard.components.plain import plain
from dashboard.components.tables import table
from geo.proof.backtest import COUNT, RANDOM

if TYPE_CHECKING:
    from dashboard.text import Words
    from data.analysis.hotspots import BacktestAnswer, UnitsAnswer

FIGURE_AREAS_PCT: Final = (5.0, 20.0)
_PROOF: Final = (
    "proof_method", "proof_area", "proof_hits", "proof_rate", "proof_interval", "proof_pai",
    "proof_pei",
)  # fmt: skip
_MAUP: Final = ("maup_system", "hotspot_place", "rank", "hotspot_n", "maup_other", "maup_share",
                "maup_flip")  # fmt: skip


def proof_figure(words: Words, proof: BacktestAnswer, method: str, *, is_other: bool) -> None:
    """Show the hit rates of the method, of plain count and of random at 5 and 20 % of ground.

    Parameters
    ----------
    is_other
        Whether the tested method is not the one asked for.
    """
    st.markdown(f"**{words('hotspot_proof.title')}**")
    if is_other:
        st.caption(words("hotspot_proof.untestable"))
    asked = "recommended" if is_other else "method"
    rows = [(asked, method)] if method != COUNT else []
    drawn = []
    for area in FIGURE_AREAS_PCT:
        head = words("hotspot_proof.at_area", area=f"{area:g}")
        drawn.append(f'<div style="font-size:.78rem;font-weight:600">{head}</div>')
        drawn += [
            _bar(words, proof, (role, name), area)
            for role, name in [*rows, ("count", COUNT), ("random", RANDOM)]
        ]
    st.html("".join(drawn))
    _tested(words, proof)
    _warn(words, proof)


def proof_lines(words: Words, proof: BacktestAnswer, method: str) -> tuple[str, ...]:
    """Write what the figure shows, and its warnings, as plain lines for paper."""
    report = proof.report
    head = words(
        "hotspot_proof.printed",
        tests=report["tests"],
        n=whole(report["n"]),
        width=whole(report["cell_width_m"]),
    )
    comma, joint = words("joint.items"), words("joint.parts")
    names = dict.fromkeys((method, COUNT, RANDOM))
    parts = []
    for area in FIGURE_AREAS_PCT:
        rates = [
            words(
                "hotspot_proof.printed_rate",
                method=method_name(words, name),
                rate=percent(found["hit_rate"]),
            )
            for name in names
            if (found := proof.hit_rate(name, area)) is not None
        ]
        told = words("hotspot_proof.printed_area", area=f"{area:g}", rates=comma.join(rates))
        parts.append(told)
    return (head + joint.join(parts), *warning_lines(words, report["warnings"]))


def proof_page(words: Words, proof: BacktestAnswer) -> None:
    """Show every method at every share of ground."""
    st.markdown(f"#### {words('hotspot_proof.table')}")
    _tested(words, proof)
    _warn(words, proof)
    rows = [
        {
            "proof_method": method_name(words, str(row["method"])),
            "proof_area": f"{row['area_pct']:g}%",
            "proof_hits": f"{_hits(row['hits'])} / {whole(row['n'])}",
            "proof_rate": percent(row["hit_rate"]),
            "proof_interval": _interval(row["low"], row["high"]),
            "proof_pai": _two(row["pai"]),
            "proof_pei": _two(row["pei"]),
        }
        for row in proof.frame.to_dict("records")
    ]
    table(words, rows, _PROOF, key="hotspot_proof_table", height_px=460)
    width = whole(proof.report["cell_width_m"])
    st.caption(words("hotspot_proof.pai", width=width))
    st.caption(words("hotspot_proof.months", months=", ".join(proof.report["months"])))
    without = (proof.report["months_without_history"], proof.report["months_without_events"])
    if any(without):
        history, events = (len(part) for part in without)
        st.caption(words("hotspot_proof.left_out", history=history, events=events))


def units_page(words: Words, found: UnitsAnswer) -> None:
    """Show which places stay on top on other units."""
    report = found.report
    st.markdown(f"#### {words('hotspot_maup.title')}")
    st.caption(words("hotspot_maup.how", area=f"{report['area_pct']:g}"))
    pairs = []
    for pair, flips in report["flips"].items():
        system, other = pair.split(">")
        agree = report["agreement"].get(f"{system}+{other}")
        agree = report["agreement"].get(f"{other}+{system}") if agree is None else agree
        pairs.append(
            {
                "maup_pair": words(
                    "hotspot_maup.pair",
                    system=words(f"hotspot_units.{system}"),
                    other=words(f"hotspot_units.{other}"),
                ),
                "maup_flips": words("hotspot_maup.flips", flips=whole(flips),
                                    tops=whole(report["tops"][system])),
                "maup_agree": percent(agree),
            }
        )  # fmt: skip
    table(words, pairs, ("maup_pair", "maup_flips", "maup_agree"), key="hotspot_maup_pairs")
    st.caption(words("hotspot_maup.note"))
    yes = {True: words("hotspot_maup.yes"), False: words("hotspot_maup.no")}
    rows = [
        {
            "maup_system": words(f"hotspot_units.{row['system']}"),
            "hotspot_place": str(row["name"] or row["cell_id"]),
            "rank": int(row["rank"]),
            "hotspot_n": int(row["n"]),
            "maup_other": words(f"hotspot_units.{row['other']}"),
            "maup_share": percent(row["share_on_top"]),
            "maup_flip": yes[bool(row["flips"])],
        }
        for row in found.frame.to_dict("records")
    ]
    table(words, rows, _MAUP, key="hotspot_maup_table")


def method_name(words: Words, code: str) -> str:
    """Name a method of a back-test shortly."""
    return words.label("hotspot_short", code)


def _bar(words: Words, proof: BacktestAnswer, who: tuple[str, str], area_pct: float) -> str:
    role, name = who
    found = proof.hit_rate(name, area_pct)
    label = words(f"hotspot_proof.{role}")
    if found is None:
        return rate_bar(label, (0.0, None, None), DASH, METHOD_COLOURS[role])
    rate = percent(found["hit_rate"])
    if role == "random":
        text = words("hotspot_proof.value_random", rate=rate)
        return rate_bar(label, (found["hit_rate"], None, None), text, METHOD_COLOURS[role])
    text = words(
        "hotspot_proof.value",
        rate=rate,
        low=percent(found["low"]),
        high=percent(found["high"]),
        hits=_hits(found["hits"]),
        n=whole(found["n"]),
    )
    ends = (found["hit_rate"], found["low"], found["high"])
    return rate_bar(label, ends, text, METHOD_COLOURS[role])


def _tested(words: Words, proof: BacktestAnswer) -> None:
    report = proof.report
    st.caption(
        words(
            "hotspot_proof.how",
            tests=report["tests"],
            n=whole(report["n"]),
            width=whole(report["cell_width_m"]),
        )
    )


def _warn(words: Words, proof: BacktestAnswer) -> None:
    for line in warning_lines(words, proof.report["warnings"]):
        st.warning(plain(line))


def _hits(value: float) -> str:
    return f"{value:,.0f}" if math.isclose(value, round(value), abs_tol=0.05) else f"{value:,.1f}"


def _interval(low: float, high: float) -> str:
    return DASH if not math.isfinite(low) else f"{percent(low)}–{percent(high)}"


def _two(value: float) -> str:
    return DASH if not math.isfinite(value) else f"{value:.2f}"
