"""Say in one language what is proposed for a boundary fault, and why.

Used by the command line and the repair screens. Knows nothing of how proposals are found.
"""

from collections.abc import Callable

from dashboard.text import Words
from geo.repairs import RepairProposal

_MOST_CODES = 6
Shown = Callable[[object], str]


def fault_sentence(words: Words, one: RepairProposal, shown: Shown = str) -> str:
    """Name a fault: kind, grids, square metres."""
    codes = shown(codes_text(one.codes)) if one.codes else words("repairs.nobody")
    kind = words.label("fault", one.kind.value)
    key = "repairs.fault_area" if one.area_m2 else "repairs.fault"
    return words(key, kind=kind, codes=codes, m2=area_text(one.area_m2))


def action_sentence(words: Words, one: RepairProposal, shown: Shown = str) -> str:
    """Say what is proposed, with the grids it concerns."""
    return words(
        f"repair_action.{one.action.value}", giver=shown(one.giver), taker=shown(one.taker)
    )


def proposal_sentence(words: Words, one: RepairProposal, shown: Shown = str) -> str:
    """Say fault, proposal and reason in one line."""
    return words(
        "repairs.line",
        id=one.id,
        fault=fault_sentence(words, one, shown),
        action=action_sentence(words, one, shown),
        why=words(f"repair_why.{one.why}"),
    )


def codes_text(codes: tuple[str, ...]) -> str:
    """List codes, the first six of many."""
    text = ", ".join(codes[:_MOST_CODES])
    return text if len(codes) <= _MOST_CODES else f"{text} … (+{len(codes) - _MOST_CODES})"


def area_text(area_m2: float) -> str:
    """Write square metres, small ones with the digits they need."""
    if area_m2 >= 100.0:  # noqa: PLR2004
        return f"{area_m2:,.0f}"
    return f"{area_m2:,.2f}" if area_m2 >= 0.01 else f"{area_m2:.2g}"  # noqa: PLR2004
